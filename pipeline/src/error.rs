//! Why an import stopped.

use feed::DecodeError;
use item::{Counts, FileCode};
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
    /// The connection that held the supplier's lock broke: another import may have begun.
    #[error("the supplier's lock was lost before publishing; run the import again")]
    LockLost,
    /// A spool file failed.
    #[error("spool file")]
    Spool(#[source] std::io::Error),
    /// A task of the import ended without a result.
    #[error("a task of the import ended early")]
    Task(#[from] tokio::task::JoinError),
}

impl ImportError {
    /// The stable code, when the file is at fault.
    pub fn code(&self) -> Option<FileCode> {
        match self {
            ImportError::File(fault) => fault.code(),
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
            ImportError::Storage(_) => "storage",
            ImportError::Router(_) => "database",
            ImportError::LockLost => "lock_lost",
            ImportError::Spool(_) => "spool",
            ImportError::Task(_) => "task",
        }
    }

    /// Another attempt would end the same way.
    pub fn permanent(&self) -> bool {
        match self {
            ImportError::File(fault) => fault.code().is_some(),
            ImportError::UnknownSupplier { .. }
            | ImportError::FileTooLarge { .. }
            | ImportError::Unbalanced(_)
            | ImportError::UnknownImport(_)
            | ImportError::NotHeld { .. }
            | ImportError::Mapping { .. }
            | ImportError::Key(_) => true,
            ImportError::Storage(_)
            | ImportError::Router(_)
            | ImportError::LockLost
            | ImportError::Spool(_)
            | ImportError::Task(_) => false,
        }
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
