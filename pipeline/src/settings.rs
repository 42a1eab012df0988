//! Settings of the import pipeline; each stands with its reason in `config/default.toml`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::guards::GuardSettings;
use crate::policy::RetrySettings;
use crate::unpack::UnpackSettings;

/// Settings of the import pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Folder for spool files; the system's temporary folder when empty.
    pub spool_dir: Option<PathBuf>,
    /// The `arrivage` program that decodes spreadsheets as a child; this very program when empty.
    pub decoder: Option<PathBuf>,
    /// Address space of the decoding child, in bytes.
    pub decoder_memory_bytes_max: u64,
    /// Processor time of the decoding child, in seconds.
    pub decoder_cpu_seconds_max: u64,
    /// Most bytes of a file as received.
    pub file_bytes_max: u64,
    /// Bytes of COPY data sent to the database at once.
    pub copy_chunk_bytes: usize,
    /// COPY chunks waiting for the database.
    pub copy_chunks_waiting_max: usize,
    /// Rejected rows whose problems are kept in `import_errors`; all are counted and all stand in the rejects file.
    pub rejects_stored_max: u64,
    /// Seconds a worker may stay silent before its import may be taken over.
    pub lease_seconds: u32,
    /// Products handed to the other databases at once after a publish.
    pub fan_out_page_rows: u32,
    /// Limits of unpacking.
    pub unpack: UnpackSettings,
    /// Limits of the guards.
    pub guards: GuardSettings,
    /// How often and when an import is tried again.
    pub retry: RetrySettings,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            spool_dir: None,
            decoder: None,
            decoder_memory_bytes_max: 1 << 30,
            decoder_cpu_seconds_max: 120,
            file_bytes_max: 16 << 30,
            copy_chunk_bytes: 512 << 10,
            copy_chunks_waiting_max: 8,
            rejects_stored_max: 100_000,
            lease_seconds: 30,
            fan_out_page_rows: 10_000,
            unpack: UnpackSettings::default(),
            guards: GuardSettings::default(),
            retry: RetrySettings::default(),
        }
    }
}
