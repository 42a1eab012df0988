//! `import_jobs`: the queue and the record of every import.

mod attempt;
mod job;

pub use attempt::{
    Attempt, advance, attach_file, begin_attempt, complete, fail, heartbeat, hold, note_correction, progress,
    set_mapping_version,
};
pub use job::{Failure, Guard, Job, JobFilter, NewJob, Priority, approve, cancel, create, find, list, unfinished};

use crate::Statements;

/// The statements of one import and of the work on it.
pub const STATEMENTS: [Statements; 2] = [job::STATEMENTS, attempt::STATEMENTS];
