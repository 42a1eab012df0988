//! The private PostgreSQL cluster.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

use super::install::{Account, PostgresPrograms, Programs};
use super::process::Process;
use super::service::Service;
use super::state::ROLE;
use super::{DATABASES, remove_folder};

/// Our settings, beside those that `initdb` found out about this machine.
const CONFIGURATION: &str = "arrivage.conf";
const PID_FILE: &str = "postmaster.pid";
const ANSWER_WAIT: Duration = Duration::from_secs(1);
/// Version 3.0 of the protocol. Source: PostgreSQL manual, "Message Formats", StartupMessage.
const PROTOCOL: i32 = 196_608;

pub(super) struct Postgres {
    root: PathBuf,
    password: String,
    /// Stands in the title of each of the cluster's processes.
    cluster_name: String,
}

impl Postgres {
    pub fn new(root: &Path, password: &str) -> Self {
        let cluster_name = format!("arrivage-{:016x}", fnv1a(root.as_os_str().as_encoded_bytes()));
        Self { root: root.to_owned(), password: password.to_owned(), cluster_name }
    }

    /// Where the cluster is reached: the folder itself, or a link to it.
    fn folder(&self) -> PathBuf {
        self.root.join("postgres")
    }

    /// Where it lies, or would, when the server's account cannot reach the root, as below `/root`.
    fn outside_folder(&self) -> PathBuf {
        fs::read_link(self.folder()).unwrap_or_else(|_| Path::new("/var/tmp").join(&self.cluster_name))
    }

    fn data(&self) -> PathBuf {
        let folder = self.folder();
        folder.canonicalize().unwrap_or(folder).join("data")
    }

    /// The server that runs the cluster by its own account: one that was started before the root was moved has
    /// another folder in its command line.
    fn pid_in_file(&self) -> Option<u32> {
        let text = fs::read_to_string(self.data().join(PID_FILE)).ok()?;
        text.lines().next()?.trim().parse().ok()
    }

    /// A command run by the account that owns the data.
    fn as_account(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").env_remove("PGDATA");
        if let Some(account) = Account::lookup() {
            command.uid(account.uid).gid(account.gid);
        }
        command
    }

    /// Gives a file or folder to the account, for it alone.
    fn hand_over(&self, path: &Path, mode: u32) -> anyhow::Result<()> {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        if let Some(account) = Account::lookup() {
            chown(path, Some(account.uid), Some(account.gid))?;
        }
        Ok(())
    }

    fn make_folder(&self) -> anyhow::Result<()> {
        let folder = self.folder();
        if folder.is_dir() {
            return Ok(());
        }
        let mut reach = self.as_account(Path::new("test"));
        let within_reach = reach.arg("-x").arg(&self.root).status().context("run `test`")?.success();
        if within_reach {
            fs::create_dir(&folder)?;
            return self.hand_over(&folder, 0o700);
        }
        let outside = self.outside_folder();
        // Left behind by a root that was removed by hand.
        self.remove_outside()?;
        fs::create_dir(&outside).with_context(|| format!("make {}", outside.display()))?;
        self.hand_over(&outside, 0o700)?;
        // A link whose target is gone.
        let _ = fs::remove_file(&folder);
        symlink(&outside, &folder).with_context(|| format!("link {}", folder.display()))
    }

    /// `/var/tmp` is open to everybody: only what is ours is removed.
    fn remove_outside(&self) -> anyhow::Result<()> {
        let outside = self.outside_folder();
        let (Ok(metadata), Some(account)) = (fs::symlink_metadata(&outside), Account::lookup()) else { return Ok(()) };
        if !metadata.is_dir() || metadata.uid() != account.uid {
            bail!("{} is not ours: remove it", outside.display());
        }
        remove_folder(&outside)
    }

    /// Makes the cluster with its five databases beside its place and moves it there when it is complete and on disk:
    /// written there once at the end, which is ten times faster than file by file.
    fn make_cluster(&self, postgres: &PostgresPrograms, progress: &dyn Fn(&str)) -> anyhow::Result<()> {
        progress(&format!("postgres: creating the cluster (PostgreSQL {})", postgres.major));
        let folder = self.folder().canonicalize()?;
        let (fresh, password_file) = (folder.join("data.new"), folder.join("password"));
        remove_folder(&fresh)?;
        super::state::write_secret(&password_file, &self.password)?;
        self.hand_over(&password_file, 0o600)?;

        let mut initdb = self.as_account(&postgres.program("initdb"));
        initdb.arg("--pgdata").arg(&fresh).arg("--pwfile").arg(&password_file);
        initdb.args(["--username", ROLE, "--auth", "scram-sha-256", "--encoding", "UTF8"]);
        initdb.args(["--no-sync", "--no-instructions"]);
        // Sorting by bytes is fast and the same everywhere; letters and case are those of Unicode.
        initdb.args(["--lc-collate", "C", "--lc-ctype", "C.UTF-8", "--lc-messages", "C"]);
        complete(initdb, "").context("create the cluster")?;
        fs::remove_file(password_file)?;
        let include = format!("include_if_exists = '{CONFIGURATION}'\n");
        let mut configuration = File::options().append(true).open(fresh.join("postgresql.conf"))?;
        configuration.write_all(include.as_bytes()).context("include our settings")?;

        let mut single = self.as_account(&postgres.program("postgres"));
        single.args(["--single", "-c", "fsync=off", "-D"]).arg(&fresh).arg("postgres");
        let statements: String = DATABASES.iter().map(|name| format!("create database {name}\n")).collect();
        complete(single, &statements).context("create the five databases")?;

        let mut sync = Command::new("sync");
        sync.arg("--file-system").arg(&fresh);
        complete(sync, "").context("write the cluster to disk")?;
        fs::rename(fresh, self.data()).context("put the cluster in its place")
    }

    /// Modest settings for a small machine that does one large import at a time, and full durability: what the stack
    /// shows about crashes is to hold elsewhere.
    fn configuration(&self, port: u16) -> String {
        let memory_mb = memory_bytes() >> 20;
        let shared_buffers_mb = if memory_mb >= 8 << 10 { 512 } else { 256 };
        format!(
            "# Made by `arrivage dev up`, anew each time: do not edit.\n\
             cluster_name = '{}'\n\
             listen_addresses = '127.0.0.1'\n\
             port = {port}\n\
             unix_socket_directories = ''\n\
             max_connections = 200\n\
             shared_buffers = '{shared_buffers_mb}MB'\n\
             effective_cache_size = '{}MB'\n\
             work_mem = '16MB'\n\
             maintenance_work_mem = '128MB'\n\
             fsync = on\n\
             min_wal_size = '512MB'\n\
             max_wal_size = '4GB'\n\
             checkpoint_timeout = '15min'\n\
             random_page_cost = 1.1\n\
             jit = off\n\
             timezone = 'UTC'\n\
             log_timezone = 'UTC'\n\
             log_line_prefix = '%m [%p] %d '\n",
            self.cluster_name,
            memory_mb / 2,
        )
    }
}

impl Service for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn root(&self) -> &Path {
        &self.root
    }

    fn is_main(&self, process: &Process) -> bool {
        let [_, flag, data, ..] = process.arguments.as_slice() else { return false };
        if process.program() != "postgres" || flag != "-D" {
            return false;
        }
        let ours = [self.data(), self.folder().join("data"), self.outside_folder().join("data")];
        ours.iter().any(|folder| folder == Path::new(data)) || self.pid_in_file() == Some(process.pid)
    }

    fn is_part(&self, process: &Process) -> bool {
        let title = process.arguments[0].strip_prefix("postgres: ");
        self.is_main(process) || title.is_some_and(|title| title.starts_with(&self.cluster_name))
    }

    fn command(&self, port: u16, programs: &Programs<'_>, progress: &dyn Fn(&str)) -> anyhow::Result<Command> {
        self.make_folder().context("make the folder of the cluster")?;
        let data = self.data();
        let version = fs::read_to_string(data.join("PG_VERSION")).ok();
        let postgres = programs.postgres(version.as_deref().map(str::trim))?;
        if version.is_none() {
            self.make_cluster(postgres, progress)?;
        }
        let configuration = data.join(CONFIGURATION);
        fs::write(&configuration, self.configuration(port))
            .with_context(|| format!("write {}", configuration.display()))?;
        // Left by a killed server. We know that the process in it does not run this cluster; PostgreSQL would not start
        // as long as any process has its number.
        let _ = fs::remove_file(data.join(PID_FILE));
        let mut command = self.as_account(&postgres.program("postgres"));
        command.arg("-D").arg(data);
        Ok(command)
    }

    /// A server that asks for a password takes requests; one that starts, stops or recovers sends an error.
    fn answers(&self, port: u16) -> bool {
        let ask = || {
            let mut connection = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), ANSWER_WAIT)?;
            connection.set_read_timeout(Some(ANSWER_WAIT))?;
            let body = format!("user\0{ROLE}\0database\0postgres\0\0");
            let length = i32::try_from(body.len() + 8).map_err(std::io::Error::other)?;
            connection.write_all(&[&length.to_be_bytes()[..], &PROTOCOL.to_be_bytes(), body.as_bytes()].concat())?;
            // More than the answer has: leaving none of it unread, we end the connection politely.
            let mut answer = [0; 1024];
            connection.read(&mut answer).map(|length| length > 0 && answer[0] == b'R')
        };
        let takes_requests: std::io::Result<bool> = ask();
        takes_requests.unwrap_or(false)
    }

    /// PostgreSQL's fast shutdown: sessions are ended, everything is written.
    fn stop_signal(&self) -> libc::c_int {
        libc::SIGINT
    }

    fn remove(&self) -> anyhow::Result<()> {
        self.remove_outside()?;
        let folder = self.folder();
        if folder.is_symlink() {
            return fs::remove_file(&folder).with_context(|| format!("remove {}", folder.display()));
        }
        remove_folder(&folder)
    }
}

/// Runs a command to its end with `input`; its output is quoted when it fails.
fn complete(mut command: Command, input: &str) -> anyhow::Result<()> {
    let program = command.get_program().to_owned();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("run {}", program.display()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ends early closes its input: its output says why.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output()?;
    // In single-user mode a failed statement is told, but does not fail the program.
    let told = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || told.contains("ERROR:") {
        bail!("{} failed ({})\n{told}", program.display(), output.status);
    }
    Ok(())
}

fn memory_bytes() -> u64 {
    let mut text = String::new();
    let read = File::open("/proc/meminfo").and_then(|mut file| file.read_to_string(&mut text));
    let total = read.ok().and_then(|_| text.lines().find_map(|line| line.strip_prefix("MemTotal:")));
    let kilobytes = total.and_then(|total| total.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() << 10
}

/// FNV-1a, 64 bits: the same in every build, which the folder's name must be.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
