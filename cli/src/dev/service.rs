//! What the three services have in common: being found, started, waited for and stopped.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::install::Programs;
use super::process::{self, Process};
use super::state::State;
use super::{ServiceStatus, ports};

pub(super) const LOGS: &str = "log";

/// Longest wait for a first answer: PostgreSQL may have minutes of a killed server's log to replay.
const START_WAIT: Duration = Duration::from_secs(120);
/// Longest wait for an orderly end: PostgreSQL writes its dirty pages first.
const STOP_WAIT: Duration = Duration::from_secs(60);
/// Longest wait for the end of what was killed.
const KILL_WAIT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);
/// When waiting is long enough to be mentioned.
const MENTION_WAIT: Duration = Duration::from_secs(5);
/// Starts before giving up on ports that somebody else takes in the moment between looking and listening.
const STARTS_MAX: u32 = 3;
/// How much of a log an error quotes.
const QUOTED_LINES: usize = 15;
const QUOTED_BYTES: u64 = 8 << 10;

/// One service of a stack.
pub(super) trait Service {
    fn name(&self) -> &'static str;
    fn root(&self) -> &Path;

    /// Whether a process is the one that listens and is told to stop.
    fn is_main(&self, process: &Process) -> bool;

    /// Whether a process belongs to the service in any way.
    fn is_part(&self, process: &Process) -> bool {
        self.is_main(process)
    }

    /// Makes the service's data where they are missing, and gives the command that runs it in the foreground.
    fn command(&self, port: u16, programs: &Programs<'_>, progress: &dyn Fn(&str)) -> anyhow::Result<Command>;

    /// Whether the service takes requests at this port.
    fn answers(&self, port: u16) -> bool;

    /// The signal of an orderly stop.
    fn stop_signal(&self) -> libc::c_int {
        libc::SIGTERM
    }

    /// Removes the service's data.
    fn remove(&self) -> anyhow::Result<()>;
}

/// Sees to it that a service runs and answers.
pub(super) fn ensure(
    service: &dyn Service,
    state: &mut State,
    programs: &mut Programs<'_>,
    progress: &dyn Fn(&str),
) -> anyhow::Result<()> {
    let mut patience = Patience::new(service, progress);
    while let (Some(_), Some(port)) = (find_main(service), state.port(service.name())) {
        if service.answers(port) {
            return Ok(());
        }
        patience.wait()?;
    }
    // What a killed service left behind, such as backends without their postmaster.
    end(service, &find(|process| service.is_part(process)), libc::SIGKILL, KILL_WAIT)?;
    programs.require()?;
    for start in 1.. {
        let port = state.free_port(service.name())?;
        let command = service.command(port, programs, progress)?;
        progress(&format!("{}: starting on port {port}", service.name()));
        let child =
            process::spawn_apart(command, open_log(service)?).with_context(|| format!("start {}", service.name()))?;
        let outcome = first_answer(service, port, child, progress);
        let port_was_taken = outcome.is_err() && find_main(service).is_none() && !ports::is_free(port);
        if !port_was_taken || start == STARTS_MAX {
            return outcome;
        }
    }
    Ok(())
}

fn first_answer(service: &dyn Service, port: u16, mut child: Child, progress: &dyn Fn(&str)) -> anyhow::Result<()> {
    let mut patience = Patience::new(service, progress);
    while !service.answers(port) {
        if let Some(status) = child.try_wait()? {
            bail!("{} ended before it answered ({status})\n{}", service.name(), quoted_log(service));
        }
        patience.wait()?;
    }
    Ok(())
}

/// Waiting for an answer, in small steps, with an end.
struct Patience<'a> {
    service: &'a dyn Service,
    progress: &'a dyn Fn(&str),
    since: Instant,
    mentioned: bool,
}

impl<'a> Patience<'a> {
    fn new(service: &'a dyn Service, progress: &'a dyn Fn(&str)) -> Self {
        Self { service, progress, since: Instant::now(), mentioned: false }
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        let name = self.service.name();
        if self.since.elapsed() > START_WAIT {
            bail!("{name} does not answer\n{}", quoted_log(self.service));
        }
        if !self.mentioned && self.since.elapsed() > MENTION_WAIT {
            (self.progress)(&format!("{name}: still waiting for its first answer"));
            self.mentioned = true;
        }
        std::thread::sleep(POLL);
        Ok(())
    }
}

/// Stops a service in an orderly way, by force if it takes too long.
pub(super) fn stop(service: &dyn Service, progress: &dyn Fn(&str)) -> anyhow::Result<()> {
    let main = find(|process| service.is_main(process));
    if !main.is_empty() {
        progress(&format!("{}: stopping", service.name()));
        if end(service, &main, service.stop_signal(), STOP_WAIT).is_err() {
            progress(&format!("{}: does not end by itself, killing it", service.name()));
        }
    }
    end(service, &find(|process| service.is_part(process)), libc::SIGKILL, KILL_WAIT)
}

pub(super) fn status(service: &dyn Service, state: Option<&State>) -> ServiceStatus {
    let port = state.and_then(|state| state.port(service.name()));
    let pid = find_main(service);
    let state = match (pid, port) {
        (Some(_), Some(port)) if service.answers(port) => "running",
        (Some(_), _) => "silent",
        (None, _) => "stopped",
    };
    ServiceStatus { name: service.name(), state, pid, port, log: log_path(service) }
}

fn find(wanted: impl Fn(&Process) -> bool) -> Vec<Process> {
    process::all().into_iter().filter(wanted).collect()
}

fn find_main(service: &dyn Service) -> Option<u32> {
    find(|process| service.is_main(process)).first().map(|process| process.pid)
}

/// Signals processes and waits until nothing of the service is left.
fn end(service: &dyn Service, processes: &[Process], signal: libc::c_int, wait: Duration) -> anyhow::Result<()> {
    if processes.is_empty() {
        return Ok(());
    }
    processes.iter().for_each(|process| process.signal(signal));
    let since = Instant::now();
    while let Some(left) = find(|process| service.is_part(process)).first() {
        if since.elapsed() > wait {
            bail!("{}: process {} does not end", service.name(), left.pid);
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}

fn log_path(service: &dyn Service) -> PathBuf {
    service.root().join(LOGS).join(format!("{}.log", service.name()))
}

/// A fresh log; the one before is kept beside it, older ones go.
fn open_log(service: &dyn Service) -> anyhow::Result<File> {
    let path = log_path(service);
    fs::create_dir_all(service.root().join(LOGS))?;
    // There is none the first time.
    let _ = fs::rename(&path, path.with_extension("log.before"));
    File::create(&path).with_context(|| format!("open {}", path.display()))
}

fn quoted_log(service: &dyn Service) -> String {
    let path = log_path(service);
    let read_end = || {
        let mut log = File::open(&path)?;
        let length = log.metadata()?.len();
        log.seek(SeekFrom::Start(length.saturating_sub(QUOTED_BYTES)))?;
        let mut end = Vec::new();
        log.read_to_end(&mut end).map(|_| String::from_utf8_lossy(&end).into_owned())
    };
    let end: std::io::Result<String> = read_end();
    let end = end.unwrap_or_else(|error| format!("(not readable: {error})"));
    let lines: Vec<_> = end.lines().rev().take(QUOTED_LINES).collect();
    let lines: String = lines.into_iter().rev().map(|line| format!("\n    {line}")).collect();
    format!("the end of {}:{lines}", path.display())
}
