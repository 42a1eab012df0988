//! Runs of the real binary.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

/// The counts of an import, in the order in which they are told.
const COUNTS: [&str; 8] = ["read", "created", "updated", "unchanged", "rejected", "duplicate", "held", "deactivated"];

/// How a run of the binary ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it answered.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Ended {
    /// Fails unless the exit code is this one.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert!(self.code == Some(code), "expected exit code {code}: {self:#?}");
        self
    }

    /// The answer of a run with `--json`.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|fault| panic!("no JSON ({fault}): {self:#?}"))
    }

    /// Fails unless the counts of an import are these, zeros left out: `20 read, 19 created, 1 rejected`.
    #[track_caller]
    pub fn expect_counts(self, expected: &str) -> Self {
        let answer = self.json();
        let told = COUNTS.iter().filter_map(|name| {
            let count = answer["counts"][name].as_u64().unwrap_or_else(|| panic!("no count `{name}`: {self:#?}"));
            (count > 0).then(|| format!("{count} {name}"))
        });
        assert_eq!(told.collect::<Vec<_>>().join(", "), expected, "{self:#?}");
        self
    }

    /// The number of the import.
    #[track_caller]
    pub fn import_id(&self) -> String {
        let answer = self.json();
        answer["import_id"].as_str().unwrap_or_else(|| panic!("no import: {self:#?}")).to_owned()
    }
}

/// A run of the binary under way; killed when it is dropped.
pub struct Running {
    child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|fault| panic!("start {command:?}: {fault}"));
        let (stdout, stderr) = (child.stdout.take().map(listen), child.stderr.take().map(listen));
        Running { child, stdout, stderr }
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        let status = self.child.wait().unwrap();
        self.ended(status)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, such as `TERM`, `STOP` or `CONT`.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").arg(format!("-{signal}")).arg(self.pid().to_string()).status();
        assert!(sent.unwrap().success(), "{signal}");
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends SIGKILL at this moment after now, unless it ends before: then how it ended.
    pub fn kill_after(mut self, delay: Duration) -> Option<Ended> {
        let begun = Instant::now();
        while begun.elapsed() < delay {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(self.ended(status));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.kill()
    }

    /// Sends SIGKILL as soon as this holds, or tells how it ended before.
    pub fn kill_when(mut self, holds: impl Fn() -> bool) -> Option<Ended> {
        while !holds() {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(self.ended(status));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.kill()
    }

    /// Sends SIGKILL and gives what it said until then.
    pub fn kill_now(mut self) -> Ended {
        // It may have ended by itself just then.
        let _ = self.child.kill();
        let status = self.child.wait().unwrap();
        self.ended(status)
    }

    fn kill(mut self) -> Option<Ended> {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        // It may have ended by itself just then.
        status.code().map(|_| self.ended(status))
    }

    fn ended(&mut self, status: ExitStatus) -> Ended {
        let heard = |listener: Option<JoinHandle<String>>| {
            listener.map(|listener| listener.join().unwrap()).unwrap_or_default()
        };
        Ended { code: status.code(), stdout: heard(self.stdout.take()), stderr: heard(self.stderr.take()) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both do nothing once it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads to the end on a thread of its own, so that a full pipe never stops the child.
fn listen(mut pipe: impl std::io::Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut heard = Vec::new();
        // What came before a broken pipe is all there is.
        let _ = pipe.read_to_end(&mut heard);
        String::from_utf8_lossy(&heard).into_owned()
    })
}
