//! What a child process and the server behind it cost.

use std::fs;
use std::io::{Read, Seek};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use crate::psql::Psql;

/// What one run of a child cost.
#[derive(Debug, Clone, Serialize)]
pub struct Cost {
    /// From before the start of the child to after its end.
    pub wall_seconds: f64,
    /// Processor time of the child, user and system.
    pub client_cpu_seconds: f64,
    /// Processor time of all processes of the server meanwhile; none when it runs elsewhere.
    pub server_cpu_seconds: Option<f64>,
    /// Write-ahead log of the catalog database's server meanwhile: of all databases that live on it.
    pub wal_bytes: u64,
    /// Largest resident memory of the child. Never below this program's own: the child begins as its copy.
    pub rss_bytes_max: u64,
}

/// A child that has ended.
struct Ended {
    status: ExitStatus,
    output: String,
    cpu_seconds: f64,
    rss_bytes_max: u64,
}

/// Measures children beside one PostgreSQL server.
pub struct Meter {
    server: Psql,
    postmaster: Option<u32>,
}

impl Meter {
    /// For the server of this database. Its processor time is known only when it runs on this machine.
    pub fn new(server: Psql) -> Result<Meter> {
        let checkpointer: u32 =
            server.number("select pid from pg_stat_activity where backend_type = 'checkpointer'")?;
        let postmaster =
            process(checkpointer).filter(|process| process.name == "postgres").map(|process| process.parent);
        Ok(Meter { server, postmaster })
    }

    /// Runs a child to its end; what it wrote to standard output, and its cost.
    ///
    /// # Errors
    /// When the child cannot be started or fails, with the end of what it wrote to standard error.
    pub fn run(&self, command: Command) -> Result<(String, Cost)> {
        let (log_before, server_before) = (self.log_position()?, self.server_cpu_seconds());
        let begin = Instant::now();
        let ended = run_to_end(command)?;
        let wall_seconds = begin.elapsed().as_secs_f64();
        self.await_quiet()?;
        let server_cpu_seconds = self.server_cpu_seconds().zip(server_before).map(|(after, before)| after - before);
        let cost = Cost {
            wall_seconds,
            client_cpu_seconds: ended.cpu_seconds,
            server_cpu_seconds,
            wal_bytes: self.log_position()? - log_before,
            rss_bytes_max: ended.rss_bytes_max,
        };
        Ok((ended.output, cost))
    }

    /// Waits until the child's sessions are gone: only then have they reported their row counts and their time.
    fn await_quiet(&self) -> Result<()> {
        const SESSIONS: &str = "select count(*) from pg_stat_activity
            where backend_type = 'client backend' and datname like 'arrivage-bench-%'";
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.server.number::<u32>(SESSIONS)? > 0 {
            ensure!(Instant::now() < deadline, "sessions of an ended child are still there");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Bytes of write-ahead log since the server was made.
    fn log_position(&self) -> Result<u64> {
        self.server.number("select (pg_current_wal_insert_lsn() - '0/0')::bigint")
    }

    /// The postmaster, its children that live, and those it has buried.
    fn server_cpu_seconds(&self) -> Option<f64> {
        let postmaster = process(self.postmaster?)?;
        let alive = fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let children = alive.filter_map(process).filter(|process| Some(process.parent) == self.postmaster);
        let ticks = postmaster.ticks + postmaster.ticks_of_buried + children.map(|child| child.ticks).sum::<u64>();
        // SAFETY: sysconf reads a constant of the system.
        let ticks_a_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
        (ticks_a_second > 0).then(|| ticks as f64 / ticks_a_second as f64)
    }
}

/// A process as `/proc/<pid>/stat` describes it (proc_pid_stat(5)).
struct Process {
    name: String,
    parent: u32,
    ticks: u64,
    ticks_of_buried: u64,
}

fn process(pid: u32) -> Option<Process> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse_stat(stat: &str) -> Option<Process> {
    // The name stands in parentheses and may hold anything, parentheses and spaces included.
    let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    // Field 3 of the manual is the first behind the name.
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(Process {
        name: name.to_owned(),
        parent: field(4)?.try_into().ok()?,
        ticks: field(14)? + field(15)?,
        ticks_of_buried: field(16)? + field(17)?,
    })
}

fn run_to_end(mut command: Command) -> Result<Ended> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut complaints = tempfile::tempfile()?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(complaints.try_clone()?);
    let mut child = command.spawn().with_context(|| format!("start {program}"))?;
    let mut output = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut output).with_context(|| format!("read the answer of {program}"))?;
    }
    let ended = wait_with_usage(&child, output)?;
    if !ended.status.success() {
        let mut text = String::new();
        complaints.rewind()?;
        complaints.read_to_string(&mut text)?;
        bail!("{program} ended with {}: {}{}", ended.status, ended.output, text.trim());
    }
    Ok(ended)
}

/// Waits for a child and takes its resource usage, which `Child::wait` would lose.
fn wait_with_usage(child: &Child, output: String) -> Result<Ended> {
    let mut status = 0;
    // SAFETY: rusage is plain numbers, for which zeros are a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to live values of the types that wait4(2) fills; the child is ours and unwaited.
        let waited = unsafe { libc::wait4(child.id() as libc::pid_t, &mut status, 0, &mut usage) };
        let error = std::io::Error::last_os_error();
        match waited {
            -1 if error.kind() == std::io::ErrorKind::Interrupted => continue,
            -1 => return Err(error).context("wait for a child"),
            _ => break,
        }
    }
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    Ok(Ended {
        status: ExitStatus::from_raw(status),
        output,
        cpu_seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        // Linux gives kibibytes.
        rss_bytes_max: usage.ru_maxrss as u64 * 1_024,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name_is() {
        let line = "42 (a) (b c) S 7 1 1 0 -1 0 1 2 3 4 150 50 30 20 20 0 1 0 99";
        let process = parse_stat(line).unwrap();
        assert_eq!((process.name.as_str(), process.parent), ("a) (b c", 7));
        assert_eq!((process.ticks, process.ticks_of_buried), (200, 50));
        assert!(parse_stat("42 (half").is_none());
    }

    #[test]
    fn a_child_is_timed_and_its_output_kept() {
        let mut command = Command::new("sh");
        command.args(["-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo done"]);
        let ended = run_to_end(command).unwrap();
        assert_eq!(ended.output, "done\n");
        assert!(ended.cpu_seconds > 0.0 && ended.rss_bytes_max > 100_000);
    }

    #[test]
    fn a_child_that_fails_is_an_error_with_its_complaint() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such thing >&2; exit 3"]);
        let error = run_to_end(command).err().unwrap().to_string();
        assert!(error.contains("exit status: 3") && error.contains("no such thing"), "{error}");
    }
}
