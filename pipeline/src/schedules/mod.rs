//! Files that are fetched on a schedule.
//!
//! A worker calls [`fire_due`] now and then: whatever is due becomes a job of the queue, once, however many workers call.
//! Who takes such a job ([`schedule_of`] tells) lets [`bring`] fetch its file, imports it, and, when that has ended well,
//! calls [`keep_validators`], so that the same file is not fetched again. [`Rhythm`] is when a schedule runs.

mod bring;
mod error;
mod fire;
mod rhythm;

pub use bring::{Brought, Delivery, bring, keep_validators, secret_of};
pub use error::ScheduleError;
pub use fire::{fire_due, fire_now, schedule_of};
pub use rhythm::{Rhythm, RhythmError, next_runs};
