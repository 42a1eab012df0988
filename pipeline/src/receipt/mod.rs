//! The receipt: our answer to a file, beside the rejects file in the supplier's outbox. `docs/receipt.md` describes every
//! field, `docs/receipt.schema.json` is its schema; tests keep both equal to the code.

mod message;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use item::{Counts, FileCode, ImportState, Language, Mode, RejectCode, Totals};
use router::imports::jobs::Job;
use serde::Serialize;
use storage::{Bucket, Storage, keys};
use uuid::Uuid;

use crate::error::Result;
use crate::guards::Trip;
use crate::report::{Report, Seconds};

/// Name and version of the form. Fields may be added under the same version; none is removed or changes its meaning.
pub const SCHEMA: &str = "arrivage.receipt/1";

/// Our answer to one file.
#[derive(Debug, Clone, Serialize)]
pub struct Receipt {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The import; for an identical file that was imported by hand and so made none, the one that published it before.
    pub import_id: Uuid,
    /// Code of the supplier.
    pub supplier: String,
    /// Name of the file.
    pub file: String,
    /// Where the import stands.
    pub state: ImportState,
    /// The outcome in one sentence, in `language`.
    pub message: String,
    /// Language of the sentences.
    pub language: Language,
    /// Full or partial.
    pub mode: Mode,
    /// Stopped before anything became visible, as was asked.
    pub dry_run: bool,
    /// The file was a rejects file that came back corrected.
    pub correction: bool,
    /// The file is byte for byte the one published last: nothing was done.
    pub identical: bool,
    /// When the file was published to which this one is identical.
    pub identical_to: Option<DateTime<Utc>>,
    /// The newer file that took this one's place.
    pub superseded_by: Option<Newer>,
    /// How the rows ended.
    pub counts: Balance,
    /// Sums over the accepted rows, to compare with the supplier's own.
    pub totals: Totals,
    /// Rejected rows by their first problem, duplicates included.
    pub rejects: Vec<Rejected>,
    /// Key of the rejects file in the same bucket, when rows were rejected.
    pub rejects_file: Option<String>,
    /// Guards that tripped.
    pub guards: Vec<Tripped>,
    /// Why the import failed.
    pub failure: Option<Failed>,
    /// When what happened.
    pub times: Times,
}

/// The counts of an import, with the assurance that they add up.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Balance {
    /// How many rows ended how.
    #[serde(flatten)]
    pub counts: Counts,
    /// [`Counts::balances`].
    pub balances: bool,
}

/// Rows rejected under one code.
#[derive(Debug, Clone, Serialize)]
pub struct Rejected {
    /// The code.
    pub code: RejectCode,
    /// How many rows.
    pub rows: u64,
    /// What is wrong with them.
    pub problem: &'static str,
    /// What to do about it.
    pub fix: &'static str,
}

/// A guard that tripped.
#[derive(Debug, Clone, Serialize)]
pub struct Tripped {
    /// The code.
    pub code: FileCode,
    /// What was found.
    pub detail: String,
    /// What to do about it.
    pub fix: &'static str,
}

/// Why an import failed.
#[derive(Debug, Clone, Serialize)]
pub struct Failed {
    /// A file code when the file is at fault, else the word for what was.
    pub code: String,
    /// The sentence that the import ended with, in English.
    pub message: String,
    /// What to do about it, when the supplier can do something.
    pub fix: Option<&'static str>,
}

/// A newer file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Newer {
    /// Its import.
    pub import_id: Uuid,
    /// Its name.
    pub file: String,
}

/// When what happened.
#[derive(Debug, Clone, Serialize)]
pub struct Times {
    /// The import was made.
    pub received: DateTime<Utc>,
    /// Work on it began.
    pub started: Option<DateTime<Utc>>,
    /// It ended; a held import has not.
    pub finished: Option<DateTime<Utc>>,
    /// Where the time went.
    pub seconds: Option<Seconds>,
}

/// What neither the job nor its report tells.
#[derive(Debug, Clone, Default)]
pub struct Circumstances {
    /// A newer file took this one's place before it was published.
    pub superseded_by: Option<Newer>,
    /// When the file was published to which this one is identical.
    pub identical_to: Option<DateTime<Utc>>,
}

impl Receipt {
    /// The receipt of an import as it stands, in a supplier's language. Without a report it tells what the job tells.
    pub fn of(job: &Job, report: Option<&Report>, language: Language, circumstances: Circumstances) -> Receipt {
        let counts = report.map_or(job.counts, |report| report.counts);
        let rejects = report.into_iter().flat_map(|report| &report.rejects_by_code);
        let trips = report.map(|report| report.guards.clone()).filter(|trips| !trips.is_empty()).unwrap_or_else(|| {
            let guard = job.guard.iter().cloned();
            guard.map(|guard| Trip { code: guard.code, detail: guard.detail }).collect()
        });
        let mut receipt = Receipt {
            schema: SCHEMA,
            import_id: job.id,
            supplier: job.supplier_code.clone(),
            file: report.map_or(&job.file_name, |report| &report.file).clone(),
            state: report.map_or(job.state, |report| report.state),
            message: String::new(),
            language,
            mode: report.map_or(job.mode, |report| report.mode),
            dry_run: job.dry_run,
            correction: report.is_some_and(|report| report.correction),
            identical: report.is_some_and(|report| report.identical),
            identical_to: circumstances.identical_to,
            superseded_by: circumstances.superseded_by,
            counts: Balance { counts, balances: counts.balances() },
            totals: report.map(|report| report.totals).unwrap_or_default(),
            rejects: rejects.map(|(code, rows)| rejected(*code, *rows, language)).collect(),
            rejects_file: report.and_then(|report| report.rejects_key.clone()),
            guards: trips.into_iter().map(|trip| tripped(trip, &counts, language)).collect(),
            failure: job.failure.as_ref().map(|failure| Failed {
                code: failure.code.clone(),
                message: failure.message.clone(),
                fix: message::fix(&failure.code, language),
            }),
            times: Times {
                received: job.created_at,
                started: job.started_at,
                finished: job.finished_at,
                seconds: report.map(|report| report.seconds),
            },
        };
        receipt.message = message::outcome(&receipt);
        receipt
    }

    /// Its key in the imports bucket.
    pub fn key(&self) -> String {
        keys::receipt(&self.supplier, &self.file)
    }
}

fn rejected(code: RejectCode, rows: u64, language: Language) -> Rejected {
    Rejected { code, rows, problem: code.problem(language), fix: code.hint_in(language) }
}

fn tripped(trip: Trip, counts: &Counts, language: Language) -> Tripped {
    let detail = message::guard(&trip, counts, language);
    Tripped { code: trip.code, detail, fix: trip.code.hint_in(language) }
}

/// Puts a receipt into the supplier's outbox, in place of an earlier one for a file of the same name, and returns its key.
///
/// # Errors
/// Those of the store.
pub async fn keep_receipt(storage: &Storage, receipt: &Receipt) -> Result<String> {
    let key = receipt.key();
    // Texts, numbers and times always become JSON.
    let text = serde_json::to_string_pretty(receipt).unwrap_or_default() + "\n";
    storage.put_bytes(Bucket::ImportsFiles, &key, text).await?;
    Ok(key)
}
