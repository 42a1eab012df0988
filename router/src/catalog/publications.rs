//! Table import_publications, and product_changes beside it.

use chrono::{DateTime, Utc};
use item::{Counts, Mode};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use crate::error::During;
use crate::{Access, Catalog, Result, Statements};

/// What one import did to the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    /// Its number.
    pub id: i64,
    /// The import.
    pub import_id: Uuid,
    /// Whose catalogue.
    pub supplier_id: i64,
    /// How the file was meant.
    pub mode: Mode,
    /// SHA-256 of the file.
    pub file_sha256: Vec<u8>,
    /// Of everything besides the file that shaped the result.
    pub plan_fingerprint: Vec<u8>,
    /// The balance.
    pub counts: Counts,
    /// Created products have the ids from here on; none when nothing was created.
    pub first_created_id: Option<i64>,
    /// How many products were created.
    pub created_count: i64,
    /// When it became visible.
    pub created_at: DateTime<Utc>,
}

/// How a product was before a publication.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct ProductChange {
    /// The publication.
    pub publication_id: i64,
    /// The product.
    pub product_id: i64,
    /// updated, reactivated or deactivated.
    pub change: String,
    /// The columns that the publication changed, with their former values; image_urls, variant_group and
    /// variant_attributes when images or variant changed.
    pub before: Value,
}

/// The statements below.
pub const STATEMENTS: Statements =
    &[("publications::LATEST", LATEST), ("publications::OF_IMPORT", OF_IMPORT), ("publications::CHANGES", CHANGES)];

const LATEST: &str = "select * from import_publications where supplier_id = $1 order by id desc limit 1";

const OF_IMPORT: &str = "select * from import_publications where import_id = $1";

const CHANGES: &str = "
    select * from product_changes
    where publication_id = $1 and product_id > $2
    order by product_id
    limit $3";

/// A supplier's last publication, if it ever had one.
///
/// # Errors
/// Those of the session and the statement.
pub async fn latest(on: impl Access<Catalog>, supplier_id: i64) -> Result<Option<Publication>> {
    let mut session = on.session().await?;
    let found = sqlx::query_as(LATEST).bind(supplier_id).fetch_optional(&mut *session).await;
    found.during("find a supplier's last publication")
}

/// The publication of an import, if it was published.
///
/// # Errors
/// Those of the session and the statement.
pub async fn of_import(on: impl Access<Catalog>, import_id: Uuid) -> Result<Option<Publication>> {
    let mut session = on.session().await?;
    let found = sqlx::query_as(OF_IMPORT).bind(import_id).fetch_optional(&mut *session).await;
    found.during("find the publication of an import")
}

/// The products that a publication changed or deactivated, `limit` of them with ids above `after` (0 to begin with).
///
/// # Errors
/// Those of the session and the statement.
pub async fn changes(
    on: impl Access<Catalog>,
    publication_id: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<ProductChange>> {
    let mut session = on.session().await?;
    let found = sqlx::query_as(CHANGES).bind(publication_id).bind(after).bind(limit).fetch_all(&mut *session).await;
    found.during("list the changes of a publication")
}

impl FromRow<'_, PgRow> for Publication {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let mode: &str = row.try_get("mode")?;
        let Json(counts) = row.try_get("counts")?;
        Ok(Publication {
            id: row.try_get("id")?,
            import_id: row.try_get("import_id")?,
            supplier_id: row.try_get("supplier_id")?,
            mode: mode.parse().map_err(|unknown: item::UnknownWord| sqlx::Error::Decode(unknown.into()))?,
            file_sha256: row.try_get("file_sha256")?,
            plan_fingerprint: row.try_get("plan_fingerprint")?,
            counts,
            first_created_id: row.try_get("first_created_id")?,
            created_count: row.try_get("created_count")?,
            created_at: row.try_get("created_at")?,
        })
    }
}
