//! Named points of an import at which tests let it fail: the steps between which a crash must lose nothing.
//!
//! A development build that is started with `FAILPOINTS="publish.committed=return(abort)"` ends right there; a release
//! build has no such door. What can happen at a point: `return(error)`, `return(abort)`, `panic`, `sleep(milliseconds)`, each
//! at once or behind a count, as in `2*off->1*panic` (crate `fail`). With `ARRIVAGE_FAULT_TRACE=FILE` every point that is
//! passed adds its name to that file.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::OnceLock;

/// Every point, in the order in which an import passes them.
pub const POINTS: &[&str] = &[
    "watch.listed",
    "watch.offered",
    "work.claimed",
    "work.admitted",
    "work.prepared",
    "import.begun",
    "import.not_superseded",
    "fetch.begun",
    "fetch.spooled",
    "import.recorded",
    "import.attached",
    "archive.copied",
    "archive.noted",
    "import.archived",
    "stage.opened",
    "stage.surveyed",
    "stage.noted",
    "stage.cleared",
    "staging.created",
    "staging.sent",
    "staging.copied",
    "staging.committed",
    "stage.ended",
    "stage.rejects_kept",
    "stage.advanced",
    "publish.advanced",
    "publish.passed",
    "publish.begun",
    "publish.opened",
    "publish.named",
    "publish.created",
    "publish.updated",
    "publish.deactivated",
    "publish.announced",
    "publish.closed",
    "publish.committed",
    "import.published",
    "import.unstaged",
    "import.completed",
    "work.settled",
    "answer.begun",
    "answer.receipt",
    "answer.cleared",
    "answer.noted",
    "relay.claimed",
    "relay.analytics",
    "relay.media",
    "relay.code2asin",
    "relay.imports",
    "relay.summed",
    "relay.delivered",
];

/// A test wanted an error here.
#[derive(Debug, thiserror::Error)]
#[error("a test let the import fail at {0}")]
pub struct Injected(pub &'static str);

/// Passes a point. Only a test lets it fail.
///
/// # Errors
/// [`Injected`], when a test says `return(error)`; never in a release build.
pub fn point(name: &'static str) -> Result<(), Injected> {
    if cfg!(debug_assertions) { passed(name) } else { Ok(()) }
}

fn passed(name: &'static str) -> Result<(), Injected> {
    debug_assert!(POINTS.contains(&name), "{name} is not in POINTS");
    trace(name);
    fail::fail_point!(name, |how| {
        if how.as_deref() == Some("abort") {
            // As a kill does: nothing is unwound, nothing is flushed.
            std::process::abort();
        }
        Err(Injected(name))
    });
    Ok(())
}

/// Notes where a process goes, for tests that prove that a point is reached.
fn trace(name: &str) {
    static TRACE: OnceLock<Option<File>> = OnceLock::new();
    let open = || OpenOptions::new().append(true).create(true).open(std::env::var_os("ARRIVAGE_FAULT_TRACE")?).ok();
    if let Some(mut file) = TRACE.get_or_init(open).as_ref() {
        // One write, so that lines of several threads do not mix.
        let _ = file.write_all(format!("{name}\n").as_bytes());
    }
}

/// Reads `FAILPOINTS`; does nothing in a release build. To be called once, at the start of the process.
pub fn arm() {
    if cfg!(debug_assertions) && std::env::var_os("FAILPOINTS").is_some() {
        // For the life of the process.
        std::mem::forget(fail::FailScenario::setup());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_fails_as_often_as_it_is_told_to() {
        let scenario = fail::FailScenario::setup();
        fail::cfg("publish.begun", "1*return(error)->off").unwrap();
        assert!(point("publish.begun").is_err());
        assert!(point("publish.begun").is_ok());
        assert!(point("publish.named").is_ok());
        scenario.teardown();
    }

    #[test]
    fn no_point_stands_twice() {
        let distinct: std::collections::BTreeSet<_> = POINTS.iter().collect();
        assert_eq!(distinct.len(), POINTS.len());
    }
}
