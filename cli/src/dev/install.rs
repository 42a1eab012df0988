//! PostgreSQL and Redis on this machine: finding them, and installing them when that is asked for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// Oldest PostgreSQL that will do: the first with `merge`.
const POSTGRES_MAJOR_MIN: u32 = 15;
/// Where Debian and its descendants keep the servers, out of PATH.
const POSTGRES_VERSIONS: &str = "/usr/lib/postgresql";
/// The user that PostgreSQL runs as when we are root.
const ACCOUNT: &str = "postgres";
/// Installs the packages it is given, without the services they would set up and start.
const INSTALL: &str = include_str!("install.sh");

/// The programs that services need. Looked for when the first of them has to start.
pub(super) struct Programs<'a> {
    install: bool,
    progress: &'a dyn Fn(&str),
    found: Option<Found>,
}

struct Found {
    /// Newest first.
    postgres: Vec<PostgresPrograms>,
    redis: Option<PathBuf>,
}

/// One installed version of PostgreSQL.
pub(super) struct PostgresPrograms {
    pub major: u32,
    folder: PathBuf,
}

/// A user of this machine.
#[derive(Clone, Copy)]
pub(super) struct Account {
    pub uid: u32,
    pub gid: u32,
}

impl<'a> Programs<'a> {
    pub fn new(install: bool, progress: &'a dyn Fn(&str)) -> Self {
        Self { install, progress, found: None }
    }

    /// Sees to it that everything is there, or says what is missing and how to get it.
    pub fn require(&mut self) -> anyhow::Result<()> {
        if self.found.is_some() {
            return Ok(());
        }
        let mut found = Found::search();
        let missing = found.missing_packages();
        if self.install && !missing.is_empty() {
            (self.progress)(&format!("installing {} by apt-get", missing.join(" and ")));
            install(&missing)?;
            found = Found::search();
        }
        let missing = found.missing_packages();
        if !missing.is_empty() {
            bail!(
                "PostgreSQL {POSTGRES_MAJOR_MIN} or newer and redis-server are needed. Run\n\n    {}\n\nor `arrivage \
                 dev up --install`, which does that as root or through sudo without password, and starts no service",
                by_hand(&missing)
            );
        }
        if is_root() && Account::lookup().is_none() {
            (self.progress)(&format!("adding the system user {ACCOUNT}: PostgreSQL refuses to run as root"));
            Account::create()?;
        }
        self.found = Some(found);
        Ok(())
    }

    /// The newest PostgreSQL, or the one of the major version that made a cluster.
    pub fn postgres(&self, cluster_major: Option<&str>) -> anyhow::Result<&PostgresPrograms> {
        let mut versions = self.found.iter().flat_map(|found| &found.postgres);
        match cluster_major {
            None => versions.next().context("find PostgreSQL"),
            Some(major) => versions.find(|version| version.major.to_string() == major).with_context(|| {
                format!(
                    "the stack's cluster was made by PostgreSQL {major}, which is not installed: install it, or begin \
                     anew after `arrivage dev down --purge`"
                )
            }),
        }
    }

    pub fn redis(&self) -> anyhow::Result<&Path> {
        self.found.as_ref().and_then(|found| found.redis.as_deref()).context("find redis-server")
    }
}

impl PostgresPrograms {
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A folder that holds the programs of a version that will do.
    fn in_folder(folder: PathBuf) -> Option<Self> {
        if !folder.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
        // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
        let text = String::from_utf8(output.stdout).ok()?;
        let version = text.split_whitespace().nth(2)?;
        let major = version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        (major >= POSTGRES_MAJOR_MIN).then_some(Self { major, folder })
    }
}

impl Found {
    fn search() -> Self {
        let versions = fs::read_dir(POSTGRES_VERSIONS).into_iter().flatten().flatten();
        let folders = versions.map(|version| version.path().join("bin")).chain(path_folders());
        let mut postgres: Vec<_> = folders.filter_map(PostgresPrograms::in_folder).collect();
        postgres.sort_by_key(|version| std::cmp::Reverse(version.major));
        let redis = path_folders().map(|folder| folder.join("redis-server")).find(|program| program.is_file());
        Self { postgres, redis }
    }

    fn missing_packages(&self) -> Vec<&'static str> {
        let mut packages = Vec::new();
        if self.postgres.is_empty() {
            packages.push("postgresql");
        }
        if self.redis.is_none() {
            packages.push("redis-server");
        }
        packages
    }
}

fn path_folders() -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

/// What a person runs.
fn by_hand(packages: &[&str]) -> String {
    let sudo = if is_root() { "" } else { "sudo " };
    format!("{sudo}apt-get update && {sudo}apt-get install -y --no-install-recommends {}", packages.join(" "))
}

fn install(packages: &[&str]) -> anyhow::Result<()> {
    let mut command = Command::new(if is_root() { "sh" } else { "sudo" });
    if !is_root() {
        command.args(["-n", "sh"]);
    }
    command.args(["-c", INSTALL, "install"]).args(packages).stdin(Stdio::null());
    let outcome = command.output();
    let told = match &outcome {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => format!("run {}: {error}", command.get_program().display()),
    };
    bail!("could not install {}. Run\n\n    {}\n\n{told}", packages.join(" and "), by_hand(packages))
}

pub(super) fn is_root() -> bool {
    // SAFETY: geteuid takes nothing, touches no memory and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

impl Account {
    /// The user that PostgreSQL runs as; `None` when we are not root and it runs as we do, or there is no such user.
    pub fn lookup() -> Option<Self> {
        if !is_root() {
            return None;
        }
        let users = fs::read_to_string("/etc/passwd").ok()?;
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let named = fields.next() == Some(ACCOUNT);
            let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
            named.then_some(Self { uid, gid })
        })
    }

    fn create() -> anyhow::Result<()> {
        let mut useradd = Command::new("useradd");
        useradd.args([
            "--system",
            "--user-group",
            "--home-dir",
            "/nonexistent",
            "--shell",
            "/usr/sbin/nologin",
            ACCOUNT,
        ]);
        let output = useradd.output().context("run useradd")?;
        if !output.status.success() {
            bail!("could not add the system user {ACCOUNT}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }
}
