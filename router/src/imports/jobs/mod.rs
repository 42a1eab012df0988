//! `import_jobs`: the queue and the record of every import.
//!
//! An import is made by [`create`] or [`offer`], taken in hand by [`claim`] or, from a worker that died, by [`rescue`].
//! Either gives an [`Attempt`], which every later write names; [`complete`], [`hold`], [`fail`], [`supersede`] and
//! [`put_back`] end it. What a person decides ([`cancel`], [`approve`], [`retry`]) fences the worker off.

/// What an attempt gives back when it ends.
macro_rules! released {
    () => {
        "lease_owner = null, lease_worker = null, lease_expires_at = null, heartbeat_at = null"
    };
}

mod answer;
mod attempt;
mod job;
mod queue;

pub use answer::{answered, unanswered};
pub(in crate::imports) use attempt::unless_fenced;
pub use attempt::{
    Attempt, adopt_object, advance, archived, attach_file, complete, complete_identical, fail, heartbeat, hold,
    note_correction, put_back, set_mapping_version, supersede,
};
pub use job::{
    Failure, Guard, Job, JobFilter, NewJob, Priority, Retry, approve, cancel, create, find, list, retry, unfinished,
};
pub use queue::{Claim, Claimant, Dropped, Superseding, claim, hurry, newer_full, of_drop, offer, rescue, set_order};

use crate::Statements;

/// The statements of one import, of the work on it, and of the queue.
pub const STATEMENTS: [Statements; 4] = [job::STATEMENTS, attempt::STATEMENTS, queue::STATEMENTS, answer::STATEMENTS];
