//! What came of an import.

use std::collections::BTreeMap;

use feed::{Evidence, Precedent};
use item::{Counts, ImportState, Mode, RejectCode, Totals};
use router::imports::jobs::Job;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::guards::Trip;

/// What came of an import: the summary for people, kept in `import_jobs.report`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// The import; for an identical file that was imported by hand and so made none, the one that published it before.
    pub import_id: Uuid,
    /// Code of the supplier.
    pub supplier: String,
    /// Name of the file.
    pub file: String,
    /// Where the import stands.
    pub state: ImportState,
    /// Full or partial.
    pub mode: Mode,
    /// Stopped after staging, as was asked.
    pub dry_run: bool,
    /// The file is byte for byte the one published last: nothing was done.
    pub identical: bool,
    /// Name of the newer file that made this one pointless before it was read.
    #[serde(default)]
    pub superseded_by: Option<String>,
    /// How the rows ended.
    pub counts: Counts,
    /// Sums over the accepted rows, for the supplier to compare.
    #[serde(default)]
    pub totals: Totals,
    /// The file was a rejects file that came back corrected.
    #[serde(default)]
    pub correction: bool,
    /// Rows in the staging table.
    pub staged_rows: u64,
    /// The supplier's latest publication when the difference was made; it holds only for that one.
    pub base_publication: Option<i64>,
    /// Rejected rows by their first problem, duplicates included.
    pub rejects_by_code: BTreeMap<RejectCode, u64>,
    /// Guards that tripped.
    pub guards: Vec<Trip>,
    /// Key of the rejects file in the imports bucket, when rows were rejected.
    pub rejects_key: Option<String>,
    /// What was decided about the file, and why.
    pub evidence: Vec<Evidence>,
    /// How the file was understood, for corrections of its rejects to follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precedent: Option<Precedent>,
    /// Where the time went.
    pub seconds: Seconds,
    /// Largest resident memory of the process so far, in bytes.
    pub peak_rss_bytes: u64,
}

/// Where the time of an import went, in seconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Seconds {
    /// From the bucket to the spool file.
    pub fetch: f64,
    /// Deciding conventions, while the supplier's catalogue is read.
    pub survey: f64,
    /// Reading, normalising, comparing, staging.
    pub stage: f64,
    /// The publish transaction.
    pub publish: f64,
    /// The other databases.
    pub fan_out: f64,
    /// From the first byte to the published catalogue.
    pub to_published: f64,
    /// Everything.
    pub total: f64,
}

impl Report {
    /// What is known before anything was read.
    pub(crate) fn begin(job: &Job) -> Report {
        Report {
            import_id: job.id,
            supplier: job.supplier_code.clone(),
            file: job.file_name.clone(),
            state: job.state,
            mode: job.mode,
            dry_run: job.dry_run,
            identical: false,
            superseded_by: None,
            counts: job.counts,
            totals: Totals::default(),
            correction: false,
            staged_rows: 0,
            base_publication: None,
            rejects_by_code: BTreeMap::new(),
            guards: Vec::new(),
            rejects_key: None,
            evidence: Vec::new(),
            precedent: None,
            seconds: Seconds::default(),
            peak_rss_bytes: 0,
        }
    }

    /// The report kept with a job; what the job itself knows when a crash left none.
    pub(crate) fn kept(job: &Job) -> Report {
        let kept = job.report.clone().and_then(|report| serde_json::from_value(report).ok());
        Report { state: job.state, ..kept.unwrap_or_else(|| Report::begin(job)) }
    }

    /// The form that is kept with a job.
    pub(crate) fn to_json(&self) -> Value {
        // Field names and values are plain: nothing here can fail to become JSON.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Rows a second, from the first byte to the published catalogue.
    pub fn rows_per_second(&self) -> f64 {
        let seconds = if self.seconds.to_published > 0.0 { self.seconds.to_published } else { self.seconds.total };
        if seconds > 0.0 { self.counts.read as f64 / seconds } else { 0.0 }
    }

    /// Rows that were refused, duplicates included.
    pub fn refused(&self) -> u64 {
        self.counts.rejected + self.counts.duplicate
    }
}

/// Largest resident memory of this process so far, in bytes; 0 where the system does not tell.
pub fn peak_rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kibibytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kibibytes.unwrap_or(0) << 10
}
