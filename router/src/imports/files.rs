//! Table import_files: deliveries by content.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};

use super::value::{bigint, count, storable, storable_json, undecodable};
use crate::error::During;
use crate::{Access, Imports, Result, RouterError, Statements};

/// The statements below.
pub const STATEMENTS: Statements = &[
    ("files::record", RECORD),
    ("files::find", FIND),
    ("files::find_content", FIND_CONTENT),
    ("files::set_facts", SET_FACTS),
];

/// Two who record the same new file at once meet in `on conflict`; all others do not burn a number of the identity.
const RECORD: &str = "
    with known as (
        update import_files
        set times_received = times_received + 1, last_received_at = now(), file_name = $4,
            archive_key = coalesce(archive_key, $5)
        where supplier_id = $1 and sha256 = $2
        returning id
    ), added as (
        insert into import_files (supplier_id, sha256, size_bytes, file_name, archive_key)
        select $1, $2, $3, $4, $5 where not exists (select from known)
        on conflict (supplier_id, sha256) do update
        set times_received = import_files.times_received + 1, last_received_at = now()
        returning id
    )
    select id from known union all select id from added";

const FIND: &str = "
    select id, supplier_id, sha256, size_bytes, file_name, archive_key, format, encoding, dialect, header, evidence,
        first_received_at, last_received_at, times_received
    from import_files where id = $1";

const FIND_CONTENT: &str = "
    select id, supplier_id, sha256, size_bytes, file_name, archive_key, format, encoding, dialect, header, evidence,
        first_received_at, last_received_at, times_received
    from import_files where supplier_id = $1 and sha256 = $2";

const SET_FACTS: &str = "
    update import_files set format = $2, encoding = $3, dialect = $4, header = $5, evidence = $6 where id = $1";

const SET_ARCHIVE_KEY: &str = "update import_files set archive_key = $2 where id = $1";

/// A delivery that has just arrived.
#[derive(Debug, Clone, Copy)]
pub struct NewFile<'a> {
    /// The supplier's number in db_catalog.
    pub supplier_id: i64,
    /// SHA-256 of the bytes as received, before unpacking.
    pub sha256: [u8; 32],
    /// How many bytes.
    pub size_bytes: u64,
    /// The name the supplier gave it.
    pub file_name: &'a str,
    /// Key of its copy in the archive; the first one stays.
    pub archive_key: Option<&'a str>,
}

/// What was understood of a file's content.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Its format, such as `csv`.
    pub format: String,
    /// Its encoding, when it is text.
    pub encoding: Option<String>,
    /// Its delimiter and quote as JSON, when it is delimited text.
    pub dialect: Option<Value>,
    /// The header's cells.
    pub header: Vec<String>,
    /// The reasons for all of this, as JSON.
    pub evidence: Value,
}

/// One delivery. The same bytes from the same supplier are the same delivery, however often they come.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// Its number.
    pub id: i64,
    /// The supplier's number in db_catalog.
    pub supplier_id: i64,
    /// SHA-256 of the bytes as received.
    pub sha256: [u8; 32],
    /// How many bytes.
    pub size_bytes: u64,
    /// The name under which it came last.
    pub file_name: String,
    /// Key of its copy in the archive.
    pub archive_key: Option<String>,
    /// What was understood of its content, once it was read.
    pub facts: Option<Facts>,
    /// When it came first.
    pub first_received_at: DateTime<Utc>,
    /// When it came last.
    pub last_received_at: DateTime<Utc>,
    /// How often it came.
    pub times_received: i32,
}

/// Notes a delivery and returns its number: a new one, or that of the same bytes received before.
///
/// # Errors
/// Those of the session and the statement.
pub async fn record(on: impl Access<Imports>, new: &NewFile<'_>) -> Result<i64> {
    let mut session = on.session().await?;
    sqlx::query_scalar(RECORD)
        .bind(new.supplier_id)
        .bind(new.sha256.as_slice())
        .bind(bigint(new.size_bytes))
        .bind(storable(new.file_name))
        .bind(new.archive_key)
        .fetch_one(&mut *session)
        .await
        .during("record a file")
}

/// The file with this number.
///
/// # Errors
/// Those of the session and the statement.
pub async fn find(on: impl Access<Imports>, id: i64) -> Result<Option<File>> {
    let mut session = on.session().await?;
    sqlx::query_as(FIND).bind(id).fetch_optional(&mut *session).await.during("find a file")
}

/// The file with these bytes from this supplier.
///
/// # Errors
/// Those of the session and the statement.
pub async fn find_content(on: impl Access<Imports>, supplier_id: i64, sha256: &[u8; 32]) -> Result<Option<File>> {
    let mut session = on.session().await?;
    sqlx::query_as(FIND_CONTENT)
        .bind(supplier_id)
        .bind(sha256.as_slice())
        .fetch_optional(&mut *session)
        .await
        .during("find a file")
}

/// Notes what was understood of a file, in place of what was before.
///
/// # Errors
/// [`RouterError::Missing`] when there is no such file.
pub async fn set_facts(on: impl Access<Imports>, id: i64, facts: &Facts) -> Result<()> {
    let mut session = on.session().await?;
    let header: Vec<_> = facts.header.iter().map(|cell| storable(cell)).collect();
    let changed = sqlx::query(SET_FACTS)
        .bind(id)
        .bind(&facts.format)
        .bind(&facts.encoding)
        .bind(facts.dialect.as_ref().map(storable_json))
        .bind(header)
        .bind(storable_json(&facts.evidence))
        .execute(&mut *session)
        .await
        .during("set the facts of a file")?;
    match changed.rows_affected() {
        0 => Err(RouterError::Missing { what: "file", name: id.to_string() }),
        _ => Ok(()),
    }
}

/// Notes where the delivery is archived.
///
/// # Errors
/// Those of the session and the statement.
pub async fn set_archive_key(on: impl Access<Imports>, id: i64, key: &str) -> Result<()> {
    let mut session = on.session().await?;
    sqlx::query(SET_ARCHIVE_KEY)
        .bind(id)
        .bind(key)
        .execute(&mut *session)
        .await
        .during("note the archive of a file")?;
    Ok(())
}

impl FromRow<'_, PgRow> for File {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let sha256: &[u8] = row.try_get("sha256")?;
        let format: Option<String> = row.try_get("format")?;
        Ok(File {
            id: row.try_get("id")?,
            supplier_id: row.try_get("supplier_id")?,
            sha256: sha256.try_into().map_err(|wrong_length| undecodable("sha256", wrong_length))?,
            size_bytes: count(row, "size_bytes")?,
            file_name: row.try_get("file_name")?,
            archive_key: row.try_get("archive_key")?,
            facts: format.map(|format| facts(row, format)).transpose()?,
            first_received_at: row.try_get("first_received_at")?,
            last_received_at: row.try_get("last_received_at")?,
            times_received: row.try_get("times_received")?,
        })
    }
}

fn facts(row: &PgRow, format: String) -> sqlx::Result<Facts> {
    Ok(Facts {
        format,
        encoding: row.try_get("encoding")?,
        dialect: row.try_get("dialect")?,
        header: row.try_get::<Option<_>, _>("header")?.unwrap_or_default(),
        evidence: row.try_get::<Option<_>, _>("evidence")?.unwrap_or_default(),
    })
}
