//! Table import_schedules: when suppliers' files are fetched, and from where.
//!
//! All times are the database's: what is due is decided by its clock, however wrong a worker's may be.

mod firing;
mod schedule;

pub use firing::{Claimed, claim, claim_due, fired, keep_validators, note, passed_over, under_way};
pub use schedule::{
    MissedRuns, NewSchedule, Outcome, Schedule, When, create, find, find_named, list, now, pause, remove, resume,
    secret, set_secret,
};

use crate::Statements;

/// The statements of schedules and of their runs.
pub const STATEMENTS: [Statements; 2] = [schedule::STATEMENTS, firing::STATEMENTS];
