//! What can go wrong between us and the databases.

use item::ImportState;
use sqlx::migrate::MigrateError;
use uuid::Uuid;

use crate::Intent;

/// SQLSTATE of a row that would stand twice (PostgreSQL manual, appendix A).
pub(crate) const UNIQUE_VIOLATION: &str = "23505";

/// Result of everything in this crate.
pub type Result<T, E = RouterError> = std::result::Result<T, E>;

/// A named failure; [`RouterError::transient`] tells whether trying again later can help.
#[derive(Debug, thiserror::Error)]
pub enum RouterError {
    /// Every session the pool may open was in use for as long as a caller may wait.
    #[error("no session for {intent} on database {database} came free within {waited_ms} ms (limit {limit})")]
    PoolExhausted {
        /// Name of the database.
        database: &'static str,
        /// Which of its pools.
        intent: Intent,
        /// How long the caller waited.
        waited_ms: u64,
        /// Most sessions the pool opens.
        limit: u32,
    },
    /// No session could be opened: the server is away, refuses us or lacks the database.
    #[error("cannot open a session on database {database}")]
    Unreachable {
        /// Name of the database.
        database: &'static str,
        /// What the driver said.
        #[source]
        source: Cause,
    },
    /// The server took a statement badly, or the session broke under it.
    #[error("cannot {what}")]
    Query {
        /// What was attempted, as verb and object.
        what: &'static str,
        /// What the driver said.
        #[source]
        source: Cause,
    },
    /// The schema could not be brought up to date; it is as it was before the failing migration.
    #[error("cannot migrate database {database}")]
    Migration {
        /// Name of the database.
        database: &'static str,
        /// Which migration, and why.
        #[source]
        source: MigrateError,
    },
    /// The settings of a database cannot be used.
    #[error("cannot use the settings of database {database}: {reason}")]
    Settings {
        /// Name of the database.
        database: &'static str,
        /// What is wrong with them; never repeats the URL, which may hold a password.
        reason: String,
    },
    /// Something of this name is there already.
    #[error("{what} `{name}` exists already")]
    Exists {
        /// Kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Nothing of this name is there.
    #[error("{what} `{name}` does not exist")]
    Missing {
        /// Kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A value that the schema does not take.
    #[error("cannot take {what} `{given}`: {rule}")]
    Invalid {
        /// Kind of value.
        what: &'static str,
        /// What was given.
        given: String,
        /// What would be taken.
        rule: &'static str,
    },
    /// A publish touched another number of rows than the import counted; nothing was changed.
    #[error("cannot publish: {noun} rows should be {expected} but are {actual}; nothing was changed")]
    Unbalanced {
        /// What was counted.
        noun: &'static str,
        /// What the import counted.
        expected: u64,
        /// What the database counted.
        actual: u64,
    },
    /// Another attempt, or a person's decision, has taken the import over; nothing was changed.
    #[error("epoch {epoch} of import {import} is over: epoch {found} has taken it; nothing was changed")]
    Fenced {
        /// The import.
        import: Uuid,
        /// The epoch that the write named.
        epoch: i64,
        /// The epoch that may write.
        found: i64,
    },
    /// A delivery of the outbox was claimed by another relay meanwhile; nothing was changed.
    #[error(
        "token {token} for the event of import {import} is over: another relay has claimed it; nothing was changed"
    )]
    Superseded {
        /// The import that the event tells of.
        import: Uuid,
        /// The token that the write named.
        token: i64,
    },
    /// The wanted step does not lead from where the import stands; nothing was changed.
    #[error("cannot {what} import {import}: it is {state}")]
    WrongState {
        /// The step, as a verb.
        what: &'static str,
        /// The import.
        import: Uuid,
        /// Where it stands.
        state: ImportState,
    },
    /// A test wanted it so.
    #[error(transparent)]
    Injected(#[from] fault::Injected),
    /// The server sent something that the schema does not allow.
    #[error("cannot read {what}: {reason}")]
    Unreadable {
        /// What was being read.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// What one of the two drivers said.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// sqlx, behind queries and migrations.
    #[error(transparent)]
    Queries(#[from] sqlx::Error),
    /// tokio-postgres, behind bulk work. Its own message hides the server's, so both are shown.
    #[error("{}", describe(.0))]
    Bulk(#[from] tokio_postgres::Error),
}

fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(answer) => format!("{}: {}", answer.severity(), answer.message()),
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

impl Cause {
    /// The SQLSTATE, when the server answered at all.
    pub fn sqlstate(&self) -> Option<String> {
        match self {
            Cause::Queries(error) => error.as_database_error()?.code().map(|code| code.into_owned()),
            Cause::Bulk(error) => error.code().map(|code| code.code().to_owned()),
        }
    }
}

impl RouterError {
    /// The SQLSTATE, when the server answered at all.
    pub fn sqlstate(&self) -> Option<String> {
        match self {
            Self::Unreachable { source, .. } | Self::Query { source, .. } => source.sqlstate(),
            _ => None,
        }
    }

    /// The same call may succeed later: nothing is wrong with it, the database was busy, away or being restarted.
    pub fn transient(&self) -> bool {
        match self {
            Self::PoolExhausted { .. } | Self::Unreachable { .. } | Self::Injected(_) => true,
            // Classes of SQLSTATE (PostgreSQL manual, appendix A): 08 connection, 40 serialization and deadlock,
            // 53 resources, 57 operator intervention. No SQLSTATE at all: the session broke.
            Self::Query { source, .. } => match source.sqlstate() {
                Some(code) => ["08", "40", "53", "57"].contains(&&code[..2]),
                None => broke(source),
            },
            Self::Migration { .. }
            | Self::Settings { .. }
            | Self::Exists { .. }
            | Self::Missing { .. }
            | Self::Invalid { .. }
            | Self::Unbalanced { .. }
            | Self::Fenced { .. }
            | Self::Superseded { .. }
            | Self::WrongState { .. }
            | Self::Unreadable { .. } => false,
        }
    }
}

fn broke(cause: &Cause) -> bool {
    match cause {
        Cause::Queries(error) => {
            matches!(error, sqlx::Error::Io(_) | sqlx::Error::PoolClosed | sqlx::Error::PoolTimedOut)
        }
        Cause::Bulk(error) => {
            error.is_closed() || std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>())
        }
    }
}

/// Says what was attempted when a driver fails: `.during("find a supplier")`.
pub(crate) trait During<T> {
    /// Wraps the driver's error; `what` is verb and object.
    fn during(self, what: &'static str) -> Result<T>;
}

impl<T, E: Into<Cause>> During<T> for std::result::Result<T, E> {
    fn during(self, what: &'static str) -> Result<T> {
        self.map_err(|error| RouterError::Query { what, source: error.into() })
    }
}
