//! Table import_mappings: every mapping a supplier ever had.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};

use super::value::storable_json;
use crate::error::During;
use crate::{Access, Db, Imports, Result, Statements};

/// The statements below.
pub const STATEMENTS: Statements = &[
    ("mappings::active", ACTIVE),
    ("mappings::history", HISTORY),
    ("mappings::lock", LOCK),
    ("mappings::equal", EQUAL),
    ("mappings::retire", RETIRE),
    ("mappings::add", ADD),
];

const ACTIVE: &str = "
    select supplier_id, version, mapping, source, is_active, created_at
    from import_mappings where supplier_id = $1 and is_active";

const HISTORY: &str = "
    select supplier_id, version, mapping, source, is_active, created_at
    from import_mappings where supplier_id = $1 order by version desc";

/// Who saves waits for who is saving. A row to lock does not exist before the first version.
const LOCK: &str = "select pg_advisory_xact_lock(hashtextextended('import_mappings', $1))";

/// Compared by the server, as it stored it: a number may come back written in another way.
const EQUAL: &str = "select version from import_mappings where supplier_id = $1 and is_active and mapping = $2";

const RETIRE: &str = "update import_mappings set is_active = false where supplier_id = $1 and is_active";

const ADD: &str = "
    insert into import_mappings (supplier_id, version, mapping, source)
    select $1, coalesce(max(version), 0) + 1, $2, $3 from import_mappings where supplier_id = $1
    returning version";

/// Where a mapping comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MappingSource {
    /// Found from header and values.
    Automatic,
    /// Given or confirmed by a person.
    Person,
}

impl MappingSource {
    /// The word in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Person => "person",
        }
    }
}

/// One version of a supplier's mapping.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mapping {
    /// The supplier's number in db_catalog.
    pub supplier_id: i64,
    /// From 1 for each supplier.
    pub version: i32,
    /// The mapping, as JSON.
    pub mapping: Value,
    /// Where it comes from.
    pub source: MappingSource,
    /// The one in use.
    pub is_active: bool,
    /// When it was saved.
    pub created_at: DateTime<Utc>,
}

/// The mapping in use.
///
/// # Errors
/// Those of the session and the statement.
pub async fn active(on: impl Access<Imports>, supplier_id: i64) -> Result<Option<Mapping>> {
    let mut session = on.session().await?;
    sqlx::query_as(ACTIVE).bind(supplier_id).fetch_optional(&mut *session).await.during("find a mapping")
}

/// Every version, the newest first.
///
/// # Errors
/// Those of the session and the statement.
pub async fn history(on: impl Access<Imports>, supplier_id: i64) -> Result<Vec<Mapping>> {
    let mut session = on.session().await?;
    sqlx::query_as(HISTORY).bind(supplier_id).fetch_all(&mut *session).await.during("list mappings")
}

/// Puts a mapping into use and returns its version. A mapping equal to the one in use (as JSON: the order of fields does
/// not matter) makes no new version.
///
/// # Errors
/// Those of the transaction and its statements; then the former mapping is still in use.
pub async fn save(db: &Db<Imports>, supplier_id: i64, mapping: &Value, source: MappingSource) -> Result<i32> {
    let mapping = storable_json(mapping);
    let mut tx = db.begin().await?;
    let mut session = tx.session().await?;
    sqlx::query(LOCK).bind(supplier_id).execute(&mut *session).await.during("lock the mappings of a supplier")?;
    let equal = sqlx::query_scalar(EQUAL).bind(supplier_id).bind(&mapping).fetch_optional(&mut *session).await;
    if let Some(version) = equal.during("compare a mapping")? {
        return Ok(version);
    }
    sqlx::query(RETIRE).bind(supplier_id).execute(&mut *session).await.during("retire a mapping")?;
    let version = sqlx::query_scalar(ADD)
        .bind(supplier_id)
        .bind(mapping)
        .bind(source.as_str())
        .fetch_one(&mut *session)
        .await
        .during("add a mapping")?;
    drop(session);
    tx.commit().await?;
    Ok(version)
}

impl FromRow<'_, PgRow> for Mapping {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Mapping {
            supplier_id: row.try_get("supplier_id")?,
            version: row.try_get("version")?,
            mapping: row.try_get("mapping")?,
            // The schema knows only these two.
            source: match row.try_get("source")? {
                "automatic" => MappingSource::Automatic,
                _ => MappingSource::Person,
            },
            is_active: row.try_get("is_active")?,
            created_at: row.try_get("created_at")?,
        })
    }
}
