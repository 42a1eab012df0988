//! Processes: finding them by what they run, starting them apart from us, ending them.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running process, as `/proc` shows it. Zombies have no command line and are not among them.
pub(super) struct Process {
    pub pid: u32,
    /// Its command line.
    pub arguments: Vec<String>,
    /// Its working folder, where we may know it.
    folder: Option<PathBuf>,
}

/// Every process of this machine.
pub(super) fn all() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Process::read(entry.file_name().to_str()?.parse().ok()?)).collect()
}

impl Process {
    fn read(pid: u32) -> Option<Self> {
        let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line);
        let arguments: Vec<_> = line.trim_end_matches('\0').split('\0').map(str::to_owned).collect();
        let folder = fs::read_link(format!("/proc/{pid}/cwd")).ok();
        (!arguments[0].is_empty()).then_some(Self { pid, arguments, folder })
    }

    /// The name of its program.
    pub fn program(&self) -> &str {
        self.arguments[0].rsplit('/').next().unwrap_or_default()
    }

    /// Whether it works in this folder, or did until the folder was deleted.
    pub fn works_in(&self, folder: &Path) -> bool {
        let Some(own) = self.folder.as_deref().and_then(Path::to_str) else { return false };
        Path::new(own.trim_end_matches(" (deleted)")) == folder
    }

    /// Asks it to end, or ends it. That it is gone already is fine.
    pub fn signal(&self, signal: libc::c_int) {
        let Ok(pid) = libc::pid_t::try_from(self.pid) else { return };
        // SAFETY: kill has no memory to misuse; the worst outcome is an error, which the caller sees as a process
        // that stays.
        unsafe { libc::kill(pid, signal) };
    }
}

/// Starts a command in a session of its own, so that it outlives us, our terminal and our process group. It has its
/// standard output and error in `log`, an environment with `PATH` only, and no file of ours.
pub(super) fn spawn_apart(mut command: Command, log: File) -> io::Result<Child> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    command.env_clear().env("PATH", path);
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    // SAFETY: the closure makes two system calls and touches no memory, so it may run between fork and exec.
    unsafe {
        command.pre_exec(|| {
            if libc::setsid() == -1 {
                return Err(io::Error::last_os_error());
            }
            // Pipes inherited from make, a test runner or a shell would never close. Kernels before 5.11 refuse
            // the flag: then they stay open, as they always did.
            libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
            Ok(())
        });
    }
    command.spawn()
}
