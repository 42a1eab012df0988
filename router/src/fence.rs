//! What keeps a worker that was given up for dead from writing when it wakes.

use uuid::Uuid;

/// What an attempt shows to write to a supplier's catalogue: its epoch, and for whom and what it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence {
    /// The import.
    pub import_id: Uuid,
    /// Its supplier's number in db_catalog.
    pub supplier_id: i64,
    /// The epoch of the attempt.
    pub epoch: i64,
}

/// What a relay shows to write the effects of an event to a database that follows the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket<'a> {
    /// The import that the event tells of.
    pub import_id: Uuid,
    /// What happened.
    pub topic: &'a str,
    /// Raised by each claim of the delivery.
    pub token: i64,
}

/// Passes a ticket at the inbox of a database, as the first part of the statement that writes: `mine` has one row when it
/// is valid, and none when a newer claim has passed. Takes the first three parameters.
macro_rules! passes {
    () => {
        "with mine as (
            insert into inbox (import_id, topic, token) values ($1, $2, $3)
            on conflict (import_id, topic) do update set token = excluded.token where inbox.token <= excluded.token
            returning 1
        )"
    };
}
pub(crate) use passes;

impl Ticket<'_> {
    /// The error of a ticket that did not pass.
    pub(crate) fn refused(&self) -> crate::RouterError {
        crate::RouterError::Superseded { import: self.import_id, token: self.token }
    }
}
