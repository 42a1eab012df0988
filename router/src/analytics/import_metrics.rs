//! Table import_metrics: the figures of one published import.

use chrono::{DateTime, Utc};
use item::{Counts, Mode};
use serde_json::Value;

use crate::error::During;
use crate::fence::passes;
use crate::{Access, Analytics, Result, Statements, Ticket};

/// The statements below.
pub const STATEMENTS: Statements = &[("import_metrics::record", RECORD)];

/// When it was published is a fact that no second telling changes: a supplier's day is found by it.
const RECORD: &str = concat!(
    passes!(),
    " insert into import_metrics (import_id, supplier_id, publication_id, mode, published_at, file_bytes, seconds,
        stage_seconds, memory_bytes_max, rows_read, rows_created, rows_updated, rows_unchanged, rows_rejected,
        rows_duplicate, rows_held, products_deactivated)
    select $1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19 from mine
    on conflict (import_id) do update
    set file_bytes = excluded.file_bytes, seconds = excluded.seconds, stage_seconds = excluded.stage_seconds,
        memory_bytes_max = excluded.memory_bytes_max, rows_read = excluded.rows_read,
        rows_created = excluded.rows_created, rows_updated = excluded.rows_updated,
        rows_unchanged = excluded.rows_unchanged, rows_rejected = excluded.rows_rejected,
        rows_duplicate = excluded.rows_duplicate, rows_held = excluded.rows_held,
        products_deactivated = excluded.products_deactivated"
);

/// The figures of one published import.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportMetrics {
    /// Its supplier's number in db_catalog.
    pub supplier_id: i64,
    /// Its publication's number in db_catalog.
    pub publication_id: i64,
    /// What its file said about products that are not in it.
    pub mode: Mode,
    /// When the publication was committed, by db_catalog's clock.
    pub published_at: DateTime<Utc>,
    /// How many rows ended how.
    pub counts: Counts,
    /// Size of the file as received.
    pub file_bytes: u64,
    /// From the first byte read to the publication.
    pub seconds: f64,
    /// Seconds by stage, as a JSON object.
    pub stage_seconds: Value,
    /// Peak of the importing process's memory, when it is known.
    pub memory_bytes_max: Option<u64>,
}

/// Records the figures of an import; those of a second call replace the first's, but never when it was published.
///
/// # Errors
/// [`crate::RouterError::Superseded`] and those of the session and the statement.
pub async fn record(on: impl Access<Analytics>, ticket: &Ticket<'_>, metrics: &ImportMetrics) -> Result<()> {
    let mut session = on.session().await?;
    let Counts { read, created, updated, unchanged, rejected, duplicate, held, deactivated } = metrics.counts;
    let query = sqlx::query(RECORD)
        .bind(ticket.import_id)
        .bind(ticket.topic)
        .bind(ticket.token)
        .bind(metrics.supplier_id)
        .bind(metrics.publication_id)
        .bind(metrics.mode.as_str())
        .bind(metrics.published_at)
        .bind(bigint(metrics.file_bytes))
        .bind(metrics.seconds)
        .bind(&metrics.stage_seconds)
        .bind(metrics.memory_bytes_max.map(bigint));
    let recorded = [read, created, updated, unchanged, rejected, duplicate, held, deactivated]
        .into_iter()
        .fold(query, |query, count| query.bind(bigint(count)))
        .execute(&mut *session)
        .await
        .during("record the metrics of an import")?;
    if recorded.rows_affected() == 1 { Ok(()) } else { Err(ticket.refused()) }
}

/// A count as PostgreSQL keeps it. No count of ours comes near 2^63.
fn bigint(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
