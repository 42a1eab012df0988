//! Services of one test alone, which it may kill.

use std::env;
use std::fs;
use std::path::PathBuf;

use arrivage::dev::{self, Options};
use tempfile::TempDir;

use crate::world::Services;

/// A stack as `arrivage dev` makes it, gone when it is dropped.
pub struct Stack {
    /// In the folder of the stack of all tests, with which it goes if this test is killed.
    root: PathBuf,
    program: PathBuf,
    _elsewhere: Option<TempDir>,
}

impl Stack {
    /// A stack that is up.
    #[allow(clippy::new_without_default, reason = "too much happens here for a default")]
    pub fn new() -> Self {
        let elsewhere = env::var_os("ARRIVAGE_STACK").is_none().then(|| tempfile::tempdir().unwrap());
        let parent = elsewhere.as_ref().map_or_else(
            || PathBuf::from(env::var_os("ARRIVAGE_STACK").unwrap_or_default()),
            |folder| folder.path().to_owned(),
        );
        let root = parent.canonicalize().unwrap().join(format!("chaos-{}", std::process::id()));
        let program = env::var_os("ARRIVAGE_BIN").expect("ARRIVAGE_BIN names the binary").into();
        let stack = Stack { root, program, _elsewhere: elsewhere };
        stack.up();
        stack
    }

    /// Starts what is down.
    pub fn up(&self) {
        let options = Options { install: false, program: Some(self.program.clone()) };
        dev::up(&self.root, &options, |_| {}).unwrap();
    }

    /// Where its services are.
    pub fn services(&self) -> Services {
        let stack = dev::running(&self.root).unwrap();
        let environment = stack.test_environment(&self.program);
        let named = |name: &str| environment.iter().find(|(given, _)| *given == name).unwrap().1.clone();
        Services {
            server: named("ARRIVAGE_TEST_PG"),
            store: named("ARRIVAGE_TEST_S3"),
            redis: named("ARRIVAGE_TEST_REDIS"),
        }
    }

    /// Kills a service, `postgres`, `redis` or `s3`, with every process it has.
    pub fn kill(&self, service: &str) {
        let status = dev::status(&self.root).unwrap();
        let main = status.services.iter().find(|found| found.name == service).and_then(|found| found.pid);
        let main = main.unwrap_or_else(|| panic!("{service} does not run"));
        // The main process first: it would start others.
        for pid in std::iter::once(main).chain(children(main)) {
            // SAFETY: kill has no memory to misuse; a process that is gone already is fine.
            unsafe { libc::kill(libc::pid_t::try_from(pid).unwrap(), libc::SIGKILL) };
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Err(fault) = dev::down(&self.root, true, |_| {}) {
            eprintln!("a stack stays behind: {fault:#}");
        }
    }
}

/// The processes that a process has started.
fn children(parent: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect()
}
