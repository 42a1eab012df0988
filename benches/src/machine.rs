//! Where a measurement was made.

use std::fs;
use std::process::Command;

use anyhow::Result;
use serde::Serialize;

use crate::psql::Psql;

/// Server settings that move these figures.
const SETTINGS: [&str; 13] = [
    "autovacuum",
    "checkpoint_timeout",
    "fsync",
    "full_page_writes",
    "jit",
    "maintenance_work_mem",
    "max_wal_size",
    "shared_buffers",
    "synchronous_commit",
    "wal_compression",
    "wal_level",
    "wal_buffers",
    "work_mem",
];

/// Machine, server and program.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// Model of the processor.
    pub cpu: String,
    /// Cores this program may use.
    pub cores: usize,
    /// Memory of the machine.
    pub memory_bytes: u64,
    /// Kernel release.
    pub kernel: String,
    /// Version of the server.
    pub postgresql: String,
    /// Name and value of the settings above.
    pub settings: Vec<(String, String)>,
    /// Commit, with `+` when the tree was changed.
    pub revision: String,
}

impl Machine {
    /// This machine and that server.
    pub fn describe(server: &Psql) -> Result<Machine> {
        let names = SETTINGS.map(|name| format!("'{name}'")).join(", ");
        let settings = server.query(&format!(
            "select name, current_setting(name) from pg_settings where name in ({names}) order by name"
        ))?;
        let settings = settings.lines().filter_map(|line| line.split_once('|'));
        Ok(Machine {
            cpu: field_of("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: memory_bytes(),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            postgresql: server.query("show server_version")?,
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            revision: revision(),
        })
    }
}

/// The value behind `name :` in a file of `/proc`.
fn field_of(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory_bytes() -> u64 {
    let total = field_of("/proc/meminfo", "MemTotal");
    let kibibytes = total.and_then(|total| total.strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1_024
}

fn revision() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let changed = git(&["status", "--porcelain"]).is_some_and(|changes| !changes.is_empty());
    let commit = git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
    format!("{commit}{}", if changed { "+" } else { "" })
}
