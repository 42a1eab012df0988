//! Why a schedule could not run.

use router::RouterError;
use sources::{SecretError, SourceError};
use uuid::Uuid;

use super::rhythm::RhythmError;

/// Why a schedule could not run.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The import was made by no schedule.
    #[error("import {0} was made by no schedule")]
    NotScheduled(Uuid),
    /// The schedule was removed after it had made the import.
    #[error("schedule {id} has been removed, and with it where the file is")]
    Removed {
        /// The schedule's number.
        id: i64,
    },
    /// The import that the schedule made before has not ended.
    #[error("import {import} of this schedule has not ended; wait for it or cancel it")]
    UnderWay {
        /// That import.
        import: Uuid,
    },
    /// When it runs cannot be read.
    #[error(transparent)]
    Rhythm(#[from] RhythmError),
    /// Where the file is cannot be read.
    #[error("the source of schedule `{name}` cannot be read; remove the schedule and add it anew")]
    Unreadable {
        /// The schedule.
        name: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The file could not be fetched.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The stored secret cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A database failed.
    #[error("database")]
    Router(#[from] RouterError),
    /// The spool file could not be made.
    #[error("spool file")]
    Spool(#[source] std::io::Error),
}

impl ScheduleError {
    /// Another attempt, with nothing changed by a person, would end the same way.
    pub fn permanent(&self) -> bool {
        match self {
            Self::NotScheduled(_) | Self::Removed { .. } | Self::Rhythm(_) | Self::Unreadable { .. } => true,
            Self::Secret(_) => true,
            Self::Source(fault) => fault.permanent(),
            Self::Router(fault) => !fault.transient(),
            Self::UnderWay { .. } | Self::Spool(_) => false,
        }
    }

    /// The word for it in `import_jobs.failure_code`.
    pub fn code_word(&self) -> &'static str {
        match self {
            Self::NotScheduled(_) => "not_scheduled",
            Self::Removed { .. } => "schedule_removed",
            Self::UnderWay { .. } => "schedule_under_way",
            Self::Rhythm(_) => "schedule_unreadable",
            Self::Unreadable { .. } => "source_unreadable",
            Self::Source(fault) => fault.code_word(),
            Self::Secret(_) => "source_secret",
            Self::Router(_) => "database",
            Self::Spool(_) => "spool",
        }
    }
}
