//! The development stack: a private PostgreSQL cluster, a private redis-server and an S3 server, in one folder.
//!
//! ```text
//! .arrivage/           the stack's root; `--stack` or ARRIVAGE_STACK name another
//!   stack.toml         configuration overlay: the URLs of the services (mode 600)
//!   state.toml         ports and passwords (mode 600); all else follows from it
//!   lock               held while the stack goes up or down
//!   log/               what the services print
//!   postgres/ redis/ s3/
//! ```
//!
//! [`up`] is idempotent: it starts what is not running and answers at once when everything is. There are no pid
//! files to go stale: a service's processes are known by what they run and where. Services listen on 127.0.0.1 at
//! ports chosen once and kept as long as they are free, and outlive the command that started them.
//!
//! Nothing outside the root is touched, with one exception: PostgreSQL refuses to run as root, so for root it runs as
//! the user `postgres`, and where that user cannot reach the root its data lie under `/var/tmp`.

mod command;
mod install;
mod lock;
mod ports;
mod postgres;
mod process;
mod redis;
mod s3;
mod service;
mod state;

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;

pub use command::{Command, run};
use install::Programs;
use lock::Lock;
use postgres::Postgres;
use redis::Redis;
use s3::ObjectStore;
use service::Service;
use state::State;

/// The five databases of the cluster.
pub const DATABASES: [&str; 5] = ["catalog", "imports", "media", "code2asin", "analytics"];

/// How a stack is brought up.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Install PostgreSQL and Redis by apt-get when they are missing, as root or through `sudo -n`.
    pub install: bool,
    /// The `arrivage` binary, which is the S3 server too; the running program when `None`.
    pub program: Option<PathBuf>,
}

/// How the services of a stack are.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The stack's folder.
    pub root: PathBuf,
    /// Whether every service runs and answers.
    pub up: bool,
    /// Each service.
    pub services: Vec<ServiceStatus>,
}

/// How one service is.
#[derive(Debug, Clone, Serialize)]
pub struct ServiceStatus {
    /// `postgres`, `redis` or `s3`.
    pub name: &'static str,
    /// `running`; `silent` when there is a process that does not answer; `stopped`.
    pub state: &'static str,
    /// Its process.
    pub pid: Option<u32>,
    /// Its port on 127.0.0.1, once it has one.
    pub port: Option<u16>,
    /// What it prints.
    pub log: PathBuf,
}

/// A stack that is up: where its services are.
#[derive(Clone)]
pub struct Stack {
    root: PathBuf,
    state: State,
}

impl Stack {
    /// The stack's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The configuration overlay that names the services, in the shape of `config/default.toml`.
    pub fn overlay_path(&self) -> PathBuf {
        self.root.join(state::OVERLAY)
    }

    /// The URL of a database: one of [`DATABASES`], or `postgres` to make and drop others. The role may do all.
    pub fn database_url(&self, database: &str) -> String {
        self.state.database_url(database)
    }

    /// The URL of the Redis server.
    pub fn redis_url(&self) -> String {
        self.state.redis_url()
    }

    /// Where the S3 server is, for path-style requests in region `us-east-1`.
    pub fn s3_endpoint(&self) -> String {
        self.state.s3_endpoint()
    }

    /// Access key and secret key of the S3 server.
    pub fn s3_keys(&self) -> (&str, &str) {
        (&self.state.s3_access_key, &self.state.s3_secret_key)
    }

    /// What tests find the stack by, as environment variables. `program` is the `arrivage` binary.
    pub fn test_environment(&self, program: &Path) -> Vec<(&'static str, String)> {
        let (access_key, secret_key) = self.s3_keys();
        let s3 = self.s3_endpoint().replacen("://", &format!("://{access_key}:{secret_key}@"), 1);
        vec![
            ("ARRIVAGE_STACK", self.root.display().to_string()),
            ("ARRIVAGE_BIN", program.display().to_string()),
            ("ARRIVAGE_TEST_PG", self.database_url("postgres")),
            ("ARRIVAGE_TEST_REDIS", self.redis_url()),
            ("ARRIVAGE_TEST_S3", s3),
        ]
    }
}

/// Brings the stack in `root` up, whatever state it is in, and returns when every service answers. `progress` is
/// told what is going on, a line at a time. Safe to call from several processes at once.
///
/// # Errors
/// When a program is missing (with the command that installs it), a service does not start (with the last lines of
/// its log), or `root` is a folder of something else.
pub fn up(root: &Path, options: &Options, progress: impl Fn(&str)) -> anyhow::Result<Stack> {
    let progress: &dyn Fn(&str) = &progress;
    let (root, _lock) = Lock::create(root, progress)?;
    let mut state = State::load_or_create(&root)?;
    let mut programs = Programs::new(options.install, progress);
    for service in services(&root, &state, options)? {
        service::ensure(&*service, &mut state, &mut programs, progress)?;
    }
    state.write_overlay()?;
    Ok(Stack { root, state })
}

/// Stops the stack in `root`, each service in its own orderly way. With `purge` everything the stack made goes,
/// including stacks in folders below it; files of others stay.
///
/// # Errors
/// When a service does not end, or something cannot be removed.
pub fn down(root: &Path, purge: bool, progress: impl Fn(&str)) -> anyhow::Result<()> {
    let progress: &dyn Fn(&str) = &progress;
    let Some((root, lock)) = Lock::of_existing(root, progress)? else {
        progress(&format!("there is no stack in {}", root.display()));
        return Ok(());
    };
    let state = State::load_or_create(&root)?;
    let services = services(&root, &state, &Options::default())?;
    for service in services.iter().rev() {
        service::stop(&**service, progress)?;
    }
    if purge {
        for inner in inner_stacks(&root)? {
            down(&inner, true, progress)?;
        }
        for service in &services {
            service.remove().with_context(|| format!("remove the data of {}", service.name()))?;
        }
        remove_folder(&root.join(service::LOGS))?;
        lock.remove_stack(&root)?;
        progress(&format!("removed {}", root.display()));
    }
    Ok(())
}

/// How the services of the stack in `root` are. Changes nothing.
///
/// # Errors
/// When the stack's state cannot be read.
pub fn status(root: &Path) -> anyhow::Result<Status> {
    let root = root.canonicalize().or_else(|_| std::path::absolute(root))?;
    let state = State::load(&root)?;
    let services = match &state {
        Some(state) => services(&root, state, &Options::default())?,
        None => Vec::new(),
    };
    let services: Vec<_> = services.iter().map(|service| service::status(&**service, state.as_ref())).collect();
    let up = !services.is_empty() && services.iter().all(|service| service.state == "running");
    Ok(Status { root, up, services })
}

/// The stack in `root` if it is up.
///
/// # Errors
/// When it is not.
pub fn running(root: &Path) -> anyhow::Result<Stack> {
    let status = status(root)?;
    let state = State::load(&status.root)?.filter(|_| status.up);
    let state =
        state.with_context(|| format!("the stack in {} is not up: `arrivage dev up`", status.root.display()))?;
    Ok(Stack { root: status.root, state })
}

fn services(root: &Path, state: &State, options: &Options) -> anyhow::Result<Vec<Box<dyn Service>>> {
    let program = match &options.program {
        Some(program) => program.clone(),
        None => std::env::current_exe().context("find the running program")?,
    };
    Ok(vec![
        Box::new(Postgres::new(root, &state.postgres_password)),
        Box::new(Redis::new(root, &state.redis_password)),
        Box::new(ObjectStore::new(root, program)),
    ])
}

/// Stacks that lie directly in a stack's folder, such as that of the tests.
fn inner_stacks(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(root).with_context(|| format!("list {}", root.display()))?;
    Ok(entries.flatten().map(|entry| entry.path()).filter(|folder| state::is_stack(folder)).collect())
}

/// Makes a folder that is its owner's alone.
fn make_private_folder(folder: &Path) -> anyhow::Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("make {}", folder.display()))
}

fn remove_folder(folder: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
