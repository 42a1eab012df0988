//! Why an import stopped.

use feed::DecodeError;
use item::{Counts, FileCode};
use router::RouterError;
use storage::StorageError;
use uuid::Uuid;

/// Why an import stopped. Before the publish transaction the catalogue is as it was; after it, running the import again
/// takes up the fan-out where it stopped.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is at fault, by name. Running it again changes nothing.
    #[error(transparent)]
    File(DecodeError),
    /// Nobody has told us of this supplier.
    #[error("unknown supplier `{code}`: create it with `arrivage supplier add {code} --name \"…\"`")]
    UnknownSupplier {
        /// The code that was given.
        code: String,
    },
    /// The file is larger than we take.
    #[error("the file has {bytes} bytes; `import.file_bytes_max` allows {limit}")]
    FileTooLarge {
        /// Size of the object.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The counts do not add up: a bug of ours, so nothing is published.
    #[error("the import does not balance: {0:?}")]
    Unbalanced(Box<Counts>),
    /// There is no such import.
    #[error("no import {0}")]
    UnknownImport(Uuid),
    /// The import is not in a state that allows this.
    #[error("import {id} is {state}; only a held one can be published or discarded")]
    NotHeld {
        /// The import.
        id: Uuid,
        /// Its state.
        state: item::ImportState,
    },
    /// A saved or given mapping cannot be read.
    #[error("read mapping of supplier `{supplier}`")]
    Mapping {
        /// The supplier's code.
        supplier: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A job names a file that is no inbox key.
    #[error(transparent)]
    Key(storage::KeyError),
    /// A bucket failed.
    #[error("storage")]
    Storage(#[from] storage::StorageError),
    /// A database failed.
    #[error("database")]
    Router(#[from] router::RouterError),
    /// The import ended in other hands than these.
    #[error("import {id} failed: {message} ({code})")]
    Failed {
        /// The import.
        id: Uuid,
        /// The word for the fault.
        code: String,
        /// The sentence.
        message: String,
    },
    /// A person cancelled the import.
    #[error("import {0} was cancelled")]
    Cancelled(Uuid),
    /// The object that an import is about is nowhere any more.
    #[error("`{key}` was gone before it could be read; drop the file again")]
    Gone {
        /// Where it was.
        key: String,
    },
    /// Its worker died with it again and again.
    #[error("{attempts} workers ended without a word while they had this import in hand")]
    WorkersLost {
        /// How many.
        attempts: i32,
    },
    /// The inbox cannot be watched.
    #[error("watch the inbox")]
    Watch(#[from] crate::watch::WatchError),
    /// The file of a schedule could not be fetched.
    #[error(transparent)]
    Schedule(#[from] crate::schedules::ScheduleError),
    /// A spool file failed.
    #[error("spool file")]
    Spool(#[source] std::io::Error),
    /// A test wanted it so.
    #[error(transparent)]
    Injected(#[from] fault::Injected),
    /// A task of the import ended without a result.
    #[error("a task of the import ended early")]
    Task(#[from] tokio::task::JoinError),
}

impl ImportError {
    /// The stable code, when the file is at fault.
    pub fn code(&self) -> Option<FileCode> {
        match self {
            ImportError::File(fault) => fault.code(),
            ImportError::Failed { code, .. } => code.parse().ok(),
            _ => None,
        }
    }

    /// The word for the fault in `import_jobs.failure_code`.
    pub fn code_word(&self) -> &'static str {
        match self {
            ImportError::File(fault) => fault.code().map_or("spool", |code| code.as_str()),
            ImportError::UnknownSupplier { .. } => "unknown_supplier",
            ImportError::FileTooLarge { .. } => "file_too_large",
            ImportError::Unbalanced(_) => "unbalanced",
            ImportError::UnknownImport(_) => "unknown_import",
            ImportError::NotHeld { .. } => "not_held",
            ImportError::Mapping { .. } => "mapping_unreadable",
            ImportError::Key(_) => "key_invalid",
            // The store is well: it is our own disk.
            ImportError::Storage(StorageError::Sink { .. } | StorageError::File { .. }) => "spool",
            ImportError::Storage(_) => "storage",
            ImportError::Router(_) => "database",
            ImportError::Failed { .. } => "failed",
            ImportError::Cancelled(_) => "cancelled",
            ImportError::Gone { .. } => "gone",
            ImportError::WorkersLost { .. } => "workers_lost",
            ImportError::Watch(_) => "watch",
            ImportError::Schedule(fault) => fault.code_word(),
            ImportError::Spool(_) => "spool",
            ImportError::Injected(_) => "injected",
            ImportError::Task(_) => "task",
        }
    }

    /// The attempt is over because somebody else has the import, or a person cancelled it.
    pub fn fenced(&self) -> bool {
        matches!(self, ImportError::Router(RouterError::Fenced { .. }))
    }
}

impl From<DecodeError> for ImportError {
    fn from(fault: DecodeError) -> Self {
        match fault {
            DecodeError::Read(source) => ImportError::Spool(source),
            fault => ImportError::File(fault),
        }
    }
}

/// The result of a pipeline step.
pub type Result<T, E = ImportError> = std::result::Result<T, E>;
