//! What happens after a fault: the one place that decides.

use std::time::Duration;

use item::FileCode;
use router::imports::jobs::Retry;
use serde::{Deserialize, Serialize};
use storage::StorageError;

use crate::error::ImportError;

/// How often and when an import is tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetrySettings {
    /// Attempts of one import before it waits for a person.
    pub attempts_max: u32,
    /// Pause after a database or a bucket failed, doubled each time.
    pub pause_seconds: f64,
    /// Pause after something ran out: disk, memory, sessions. It takes longer to come back.
    pub exhausted_pause_seconds: f64,
    /// The longest pause.
    pub pause_seconds_max: f64,
}

impl Default for RetrySettings {
    fn default() -> Self {
        RetrySettings { attempts_max: 24, pause_seconds: 1.0, exhausted_pause_seconds: 5.0, pause_seconds_max: 45.0 }
    }
}

/// What happens after a fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// Tried again by itself after a pause.
    Timed(Duration),
    /// Ended; a person may have it tried again once the cause is gone.
    Manual,
    /// Ended; only another file helps.
    Never,
    /// Somebody else has the import: this attempt has nothing more to say.
    Fenced,
}

/// The verdict on a fault of an import that has failed `failures` times before.
pub fn verdict(fault: &ImportError, failures: i32, settings: &RetrySettings) -> Verdict {
    let failures = failures.max(0).unsigned_abs();
    match nature(fault) {
        Nature::Fenced => Verdict::Fenced,
        Nature::File => Verdict::Never,
        Nature::Asking => Verdict::Manual,
        Nature::Passing | Nature::Exhausted if failures + 1 >= settings.attempts_max => Verdict::Manual,
        Nature::Passing => Verdict::Timed(pause(settings.pause_seconds, failures, settings)),
        Nature::Exhausted => Verdict::Timed(pause(settings.exhausted_pause_seconds, failures, settings)),
    }
}

/// The state a fault leaves on an import.
impl Verdict {
    /// What can be done about a failed import; `None` when it has not failed for good.
    pub fn retry(self) -> Option<Retry> {
        match self {
            Verdict::Timed(_) | Verdict::Fenced => None,
            Verdict::Manual => Some(Retry::Manual),
            Verdict::Never => Some(Retry::Never),
        }
    }
}

/// The kinds of faults.
enum Nature {
    /// The file is at fault.
    File,
    /// A person has to do something first.
    Asking,
    /// It passes by itself.
    Passing,
    /// Something ran out.
    Exhausted,
    /// Another attempt has the import.
    Fenced,
}

fn nature(fault: &ImportError) -> Nature {
    match fault {
        ImportError::File(fault) => fault.code().map_or(Nature::Exhausted, file),
        ImportError::Router(fault) => database(fault),
        ImportError::Storage(fault) => store(fault),
        ImportError::Schedule(fault) if fault.permanent() => Nature::Asking,
        ImportError::Schedule(_) => Nature::Passing,
        ImportError::Gone { .. } | ImportError::Key(_) => Nature::File,
        ImportError::UnknownSupplier { .. }
        | ImportError::FileTooLarge { .. }
        | ImportError::Unbalanced(_)
        | ImportError::UnknownImport(_)
        | ImportError::NotHeld { .. }
        | ImportError::Mapping { .. }
        | ImportError::WorkersLost { .. }
        | ImportError::Failed { .. }
        | ImportError::Watch(_)
        | ImportError::Cancelled(_) => Nature::Asking,
        ImportError::Spool(_) => Nature::Exhausted,
        // A panic: a bug of ours that may be met again, or memory that ran out.
        ImportError::Task(_) | ImportError::Injected(_) => Nature::Passing,
    }
}

/// Faults of a file that a mapping or a setting can cure are a person's to retry.
fn file(code: FileCode) -> Nature {
    match code {
        FileCode::NoMapping
        | FileCode::NoHeader
        | FileCode::ArchiveTooLarge
        | FileCode::ArchiveManyFiles
        | FileCode::StructureChanged
        | FileCode::TotalsDisagree
        | FileCode::TooManyRejects
        | FileCode::TooManyRemovals => Nature::Asking,
        FileCode::EmptyFile | FileCode::UnknownFormat | FileCode::Encrypted | FileCode::Truncated => Nature::File,
    }
}

fn database(fault: &router::RouterError) -> Nature {
    use router::RouterError;
    match fault {
        RouterError::Fenced { .. } => Nature::Fenced,
        RouterError::PoolExhausted { .. } => Nature::Exhausted,
        // Class 53: disk full, out of memory, too many connections.
        fault if fault.sqlstate().is_some_and(|code| code.starts_with("53")) => Nature::Exhausted,
        fault if fault.transient() => Nature::Passing,
        // A staging table that a crash of the server emptied: it is staged anew.
        RouterError::Unbalanced { .. } | RouterError::Superseded { .. } => Nature::Passing,
        RouterError::Unreachable { .. }
        | RouterError::Query { .. }
        | RouterError::Injected(_)
        | RouterError::Migration { .. }
        | RouterError::Settings { .. }
        | RouterError::Exists { .. }
        | RouterError::Missing { .. }
        | RouterError::Invalid { .. }
        | RouterError::WrongState { .. }
        | RouterError::Unreadable { .. } => Nature::Asking,
    }
}

fn store(fault: &StorageError) -> Nature {
    match fault {
        StorageError::NotFound { .. } => Nature::File,
        StorageError::AccessDenied { .. }
        | StorageError::BucketMissing { .. }
        | StorageError::TooLarge { .. }
        | StorageError::Settings(_) => Nature::Asking,
        // The spool file could not be written, or read again.
        StorageError::Sink { .. } | StorageError::File { .. } => Nature::Exhausted,
        StorageError::Unreachable { .. }
        | StorageError::TimedOut { .. }
        | StorageError::Changed { .. }
        | StorageError::Truncated { .. }
        | StorageError::Refused { .. } => Nature::Passing,
    }
}

/// Doubled with every failure, and up to a quarter longer by chance, so that many do not come back at once.
fn pause(first: f64, failures: u32, settings: &RetrySettings) -> Duration {
    let doubled = first * 2_f64.powi(failures.min(30) as i32);
    let chance = f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 255.0;
    Duration::from_secs_f64(doubled.min(settings.pause_seconds_max) * (1.0 + chance / 4.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fault: ImportError, failures: i32) -> Verdict {
        verdict(&fault, failures, &RetrySettings::default())
    }

    fn away() -> ImportError {
        ImportError::Spool(std::io::Error::other("no space left"))
    }

    #[test]
    fn pauses_double_up_to_their_limit_and_attempts_end() {
        let seconds = |failures| match of(away(), failures) {
            Verdict::Timed(pause) => pause.as_secs_f64(),
            other => panic!("{other:?}"),
        };
        assert!((5.0..=6.25).contains(&seconds(0)));
        assert!((20.0..=25.0).contains(&seconds(2)));
        assert!((45.0..=56.25).contains(&seconds(10)));
        assert_eq!(of(away(), 23), Verdict::Manual);
        assert_eq!(of(away(), 500), Verdict::Manual);
    }

    #[test]
    fn a_file_at_fault_is_never_tried_again_and_a_missing_supplier_asks_a_person() {
        assert_eq!(of(ImportError::Gone { key: String::new() }, 0), Verdict::Never);
        assert_eq!(of(ImportError::UnknownSupplier { code: "acme".to_owned() }, 0), Verdict::Manual);
        let fenced = router::RouterError::Fenced { import: uuid::Uuid::nil(), epoch: 1, found: 2 };
        assert_eq!(of(fenced.into(), 0), Verdict::Fenced);
    }
}
