//! What db_analytics says of publications, for comparing with the catalogue.

use chrono::{DateTime, Utc};
use item::{Counts, Mode};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use crate::error::During;
use crate::{Access, Analytics, Result, Statements};

/// What import_metrics says of one publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// The import.
    pub import_id: Uuid,
    /// Its supplier's number in db_catalog.
    pub supplier_id: i64,
    /// Its publication's number in db_catalog.
    pub publication_id: i64,
    /// How its file was meant.
    pub mode: Mode,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// How many rows ended how.
    pub counts: Counts,
}

/// The statements below.
pub const STATEMENTS: Statements =
    &[("audit::FIGURES", FIGURES), ("audit::FIGURES_OF", FIGURES_OF), ("audit::FORGET", FORGET)];

macro_rules! figures {
    () => {
        "select import_id, supplier_id, publication_id, mode, published_at, rows_read, rows_created, rows_updated,
             rows_unchanged, rows_rejected, rows_duplicate, rows_held, products_deactivated
         from import_metrics"
    };
}

const FIGURES: &str = concat!(figures!(), " where import_id > $1 order by import_id limit $2");

const FIGURES_OF: &str = concat!(figures!(), " where import_id = any($1)");

const FORGET: &str = "delete from import_metrics where import_id = any($1)";

/// Figures by import, `limit` of them behind `after`.
///
/// # Errors
/// Those of the session and the statement.
pub async fn figures(on: impl Access<Analytics>, after: Uuid, limit: i64) -> Result<Vec<Figures>> {
    let mut session = on.session().await?;
    sqlx::query_as(FIGURES).bind(after).bind(limit).fetch_all(&mut *session).await.during("list import metrics")
}

/// The figures of some imports; those that have none are left out.
///
/// # Errors
/// Those of the session and the statement.
pub async fn figures_of(on: impl Access<Analytics>, import_ids: &[Uuid]) -> Result<Vec<Figures>> {
    let mut session = on.session().await?;
    sqlx::query_as(FIGURES_OF).bind(import_ids).fetch_all(&mut *session).await.during("look for import metrics")
}

/// Forgets the figures of some imports.
///
/// # Errors
/// Those of the session and the statement.
pub async fn forget(on: impl Access<Analytics>, import_ids: &[Uuid]) -> Result<()> {
    let mut session = on.session().await?;
    sqlx::query(FORGET).bind(import_ids).execute(&mut *session).await.during("forget import metrics").map(|_| ())
}

impl FromRow<'_, PgRow> for Figures {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let count = |column: &str| row.try_get::<i64, _>(column).map(i64::unsigned_abs);
        let mode: &str = row.try_get("mode")?;
        Ok(Figures {
            import_id: row.try_get("import_id")?,
            supplier_id: row.try_get("supplier_id")?,
            publication_id: row.try_get("publication_id")?,
            mode: mode.parse().map_err(|unknown: item::UnknownWord| sqlx::Error::Decode(unknown.into()))?,
            published_at: row.try_get("published_at")?,
            counts: Counts {
                read: count("rows_read")?,
                created: count("rows_created")?,
                updated: count("rows_updated")?,
                unchanged: count("rows_unchanged")?,
                rejected: count("rows_rejected")?,
                duplicate: count("rows_duplicate")?,
                held: count("rows_held")?,
                deactivated: count("products_deactivated")?,
            },
        })
    }
}
