//! One import, its making and finding, and what a person decides about it.

use chrono::{DateTime, Utc};
use item::{Counts, FileCode, ImportState, Mode, UnknownWord};
use serde::Serialize;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Row};
use uuid::Uuid;

use super::attempt::standing;
use crate::error::During;
use crate::imports::value::{bigint, count, storable, storable_json, undecodable, word};
use crate::{Access, Imports, Result, RouterError, Statements};

macro_rules! job_columns {
    () => {
        "id, supplier_id, supplier_code, status, mode, priority, dry_run, attempt, epoch, lease_owner, lease_expires_at,
         file_id, bucket, key, file_name, mapping_version, settings, approved, guard_code, guard_detail, failure_code,
         failure_message, read, created, updated, unchanged, rejected, duplicate, held, deactivated, rows_read,
         bytes_read, bytes_total, report, created_at, started_at, finished_at, updated_at"
    };
}

/// The statements below.
pub(super) const STATEMENTS: Statements = &[
    ("jobs::create", CREATE),
    ("jobs::find", FIND),
    ("jobs::unfinished", UNFINISHED),
    ("jobs::list", LIST),
    ("jobs::cancel", CANCEL),
    ("jobs::approve", APPROVE),
];

const CREATE: &str = concat!(
    "insert into import_jobs (id, supplier_id, supplier_code, mode, priority, dry_run, file_id, bucket, key, file_name,
         bytes_total, settings)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     on conflict (id) do nothing
     returning ",
    job_columns!()
);

const FIND: &str = concat!("select ", job_columns!(), " from import_jobs where id = $1");

const UNFINISHED: &str = concat!(
    "select ",
    job_columns!(),
    " from import_jobs
     where file_id in (select id from import_files where supplier_id = $1 and sha256 = $2)
         and (mode = $3 or settings @> '{\"correction\": true}') and dry_run = $4 and finished_at is null
     order by created_at, id limit 1"
);

const LIST: &str = concat!(
    "select ",
    job_columns!(),
    " from import_jobs
     where ($1::bigint is null or supplier_id = $1) and (cardinality($2::text[]) = 0 or status = any($2))
     order by created_at desc, id desc limit $3"
);

/// The raised epoch fences off the worker that may have the import in hand.
const CANCEL: &str = "
    update import_jobs
    set status = 'cancelled', epoch = epoch + 1, lease_owner = null, lease_expires_at = null, finished_at = now(),
        updated_at = now()
    where id = $1 and finished_at is null and status in ('queued', 'staging', 'staged', 'held')";

const APPROVE: &str = "
    update import_jobs
    set approved = true, status = 'queued', epoch = epoch + 1, run_after = now(), updated_at = now()
    where id = $1 and status = 'held'";

/// Where an import stands in the queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Before all others.
    Priority = 0,
    /// In order of arrival.
    #[default]
    Default = 1,
    /// When nothing else waits.
    Bulk = 2,
}

/// An import to be made.
#[derive(Debug, Clone)]
pub struct NewJob<'a> {
    /// Its id, a UUIDv7.
    pub id: Uuid,
    /// The supplier's number in db_catalog.
    pub supplier_id: i64,
    /// The supplier's code, kept for people.
    pub supplier_code: &'a str,
    /// What the file says about products that are not in it.
    pub mode: Mode,
    /// Where it stands in the queue.
    pub priority: Priority,
    /// Stop after staging.
    pub dry_run: bool,
    /// The delivery in `import_files`, when it is known already.
    pub file_id: Option<i64>,
    /// Bucket of the object.
    pub bucket: &'a str,
    /// Key of the object.
    pub key: &'a str,
    /// The name the supplier gave it.
    pub file_name: &'a str,
    /// Size of the object.
    pub bytes_total: Option<u64>,
    /// The settings it runs with, as JSON.
    pub settings: &'a Value,
}

/// One import.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Job {
    /// Its id, a UUIDv7.
    pub id: Uuid,
    /// The supplier's number in db_catalog.
    pub supplier_id: i64,
    /// The supplier's code when the import was made.
    pub supplier_code: String,
    /// Where it stands (column `status`).
    pub state: ImportState,
    /// What the file says about products that are not in it.
    pub mode: Mode,
    /// Where it stands in the queue.
    pub priority: Priority,
    /// Stop after staging.
    pub dry_run: bool,
    /// Attempts begun so far.
    pub attempt: i32,
    /// The epoch that may write; see [`super::Attempt`].
    pub epoch: i64,
    /// Who works on it.
    pub lease_owner: Option<String>,
    /// Until when, in the database's time, unless the lease is renewed.
    pub lease_expires_at: Option<DateTime<Utc>>,
    /// The delivery in `import_files`, once it is known.
    pub file_id: Option<i64>,
    /// Bucket of the object.
    pub bucket: String,
    /// Key of the object.
    pub key: String,
    /// The name the supplier gave it.
    pub file_name: String,
    /// The saved mapping it used.
    pub mapping_version: Option<i32>,
    /// The settings it runs with, as JSON.
    pub settings: Value,
    /// A person wants it published in spite of the guard.
    pub approved: bool,
    /// What stopped it before it was published.
    pub guard: Option<Guard>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// How many rows ended how; all zero until it is held or completed.
    pub counts: Counts,
    /// Records read so far, over all attempts the furthest.
    pub rows_read: u64,
    /// Bytes read so far, over all attempts the furthest.
    pub bytes_read: u64,
    /// Bytes there are to read.
    pub bytes_total: Option<u64>,
    /// What is to be shown to people at the end, as JSON.
    pub report: Option<Value>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its first attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended; a held import has not ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// When anything of it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A guard that tripped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Guard {
    /// Its code.
    pub code: FileCode,
    /// What it saw.
    pub detail: String,
}

/// Why an import failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// A [`FileCode`] when the file is at fault, else the word for what was.
    pub code: String,
    /// The sentence.
    pub message: String,
}

/// Which imports to list.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Only this supplier's.
    pub supplier_id: Option<i64>,
    /// Only those in one of these states; none given means all.
    pub states: Vec<ImportState>,
}

/// Puts an import into the queue. An id that is there already is left as it is and returned.
///
/// # Errors
/// [`RouterError::Query`] when the database fails.
pub async fn create(on: impl Access<Imports>, new: &NewJob<'_>) -> Result<Job> {
    let mut session = on.session().await?;
    let created = sqlx::query_as(CREATE)
        .bind(new.id)
        .bind(new.supplier_id)
        .bind(new.supplier_code)
        .bind(new.mode.as_str())
        .bind(new.priority as i16)
        .bind(new.dry_run)
        .bind(new.file_id)
        .bind(new.bucket)
        .bind(new.key)
        .bind(storable(new.file_name))
        .bind(new.bytes_total.map(bigint))
        .bind(storable_json(new.settings))
        .fetch_optional(&mut *session)
        .await
        .during("create an import")?;
    match created {
        Some(job) => Ok(job),
        None => find(&mut session, new.id).await?.ok_or_else(|| missing(new.id)),
    }
}

/// The import with this id.
///
/// # Errors
/// [`RouterError::Query`] when the database fails.
pub async fn find(on: impl Access<Imports>, id: Uuid) -> Result<Option<Job>> {
    let mut session = on.session().await?;
    sqlx::query_as(FIND).bind(id).fetch_optional(&mut *session).await.during("find an import")
}

/// The oldest import of the same bytes from the same supplier in the same manner that has not ended; held ones are among
/// them, and corrections whatever the mode that is asked for. It is to be run again rather than a second one be made.
///
/// # Errors
/// [`RouterError::Query`] when the database fails.
pub async fn unfinished(
    on: impl Access<Imports>,
    supplier_id: i64,
    sha256: &[u8; 32],
    mode: Mode,
    dry_run: bool,
) -> Result<Option<Job>> {
    let mut session = on.session().await?;
    sqlx::query_as(UNFINISHED)
        .bind(supplier_id)
        .bind(sha256.as_slice())
        .bind(mode.as_str())
        .bind(dry_run)
        .fetch_optional(&mut *session)
        .await
        .during("find an unfinished import")
}

/// The newest imports first, at most `limit`.
///
/// # Errors
/// [`RouterError::Query`] when the database fails.
pub async fn list(on: impl Access<Imports>, filter: &JobFilter, limit: u32) -> Result<Vec<Job>> {
    let mut session = on.session().await?;
    let states: Vec<&str> = filter.states.iter().map(|state| state.as_str()).collect();
    sqlx::query_as(LIST)
        .bind(filter.supplier_id)
        .bind(states)
        .bind(i64::from(limit))
        .fetch_all(&mut *session)
        .await
        .during("list imports")
}

/// Ends an import that nobody may have seen the result of: from queued, staging, staged or held. A worker that has it in
/// hand is fenced off. Cancelling twice is no error.
///
/// # Errors
/// [`RouterError::WrongState`] when it is being published or has ended, [`RouterError::Missing`].
pub async fn cancel(on: impl Access<Imports>, id: Uuid) -> Result<()> {
    let mut session = on.session().await?;
    let changed = sqlx::query(CANCEL).bind(id).execute(&mut *session).await.during("cancel an import")?;
    if changed.rows_affected() == 1 {
        return Ok(());
    }
    reached(&mut session, id, "cancel", |state, _| state == ImportState::Cancelled).await
}

/// A person wants a held import published: it is queued again and its guards no longer stop it. Approving twice is no
/// error.
///
/// # Errors
/// [`RouterError::WrongState`] when it is not held, [`RouterError::Missing`].
pub async fn approve(on: impl Access<Imports>, id: Uuid) -> Result<()> {
    let mut session = on.session().await?;
    let changed = sqlx::query(APPROVE).bind(id).execute(&mut *session).await.during("approve an import")?;
    if changed.rows_affected() == 1 {
        return Ok(());
    }
    reached(&mut session, id, "approve", |state, approved| approved && !state.ended()).await
}

/// A decision changed nothing: no error when it had been taken before.
async fn reached(
    session: &mut PgConnection,
    id: Uuid,
    what: &'static str,
    before: impl Fn(ImportState, bool) -> bool,
) -> Result<()> {
    let standing = standing(session, id).await?;
    if before(standing.state, standing.approved) {
        return Ok(());
    }
    Err(RouterError::WrongState { what, import: id, state: standing.state })
}

pub(super) fn missing(id: Uuid) -> RouterError {
    RouterError::Missing { what: "import", name: id.to_string() }
}

impl FromRow<'_, PgRow> for Job {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let failure_message: Option<String> = row.try_get("failure_message")?;
        Ok(Job {
            id: row.try_get("id")?,
            supplier_id: row.try_get("supplier_id")?,
            supplier_code: row.try_get("supplier_code")?,
            state: word(row, "status")?,
            mode: word(row, "mode")?,
            priority: match row.try_get::<i16, _>("priority")? {
                0 => Priority::Priority,
                2 => Priority::Bulk,
                _ => Priority::Default,
            },
            dry_run: row.try_get("dry_run")?,
            attempt: row.try_get("attempt")?,
            epoch: row.try_get("epoch")?,
            lease_owner: row.try_get("lease_owner")?,
            lease_expires_at: row.try_get("lease_expires_at")?,
            file_id: row.try_get("file_id")?,
            bucket: row.try_get("bucket")?,
            key: row.try_get("key")?,
            file_name: row.try_get("file_name")?,
            mapping_version: row.try_get("mapping_version")?,
            settings: row.try_get("settings")?,
            approved: row.try_get("approved")?,
            guard: guard(row)?,
            failure: row
                .try_get::<Option<String>, _>("failure_code")?
                .map(|code| Failure { code, message: failure_message.unwrap_or_default() }),
            counts: counts(row)?,
            rows_read: count(row, "rows_read")?,
            bytes_read: count(row, "bytes_read")?,
            bytes_total: row.try_get::<Option<i64>, _>("bytes_total")?.map(|bytes| bytes.max(0) as u64),
            report: row.try_get("report")?,
            created_at: row.try_get("created_at")?,
            started_at: row.try_get("started_at")?,
            finished_at: row.try_get("finished_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

fn guard(row: &PgRow) -> sqlx::Result<Option<Guard>> {
    let Some(code) = row.try_get::<Option<&str>, _>("guard_code")? else {
        return Ok(None);
    };
    let code = code.parse().map_err(|unknown: UnknownWord| undecodable("guard_code", unknown))?;
    let detail = row.try_get::<Option<String>, _>("guard_detail")?.unwrap_or_default();
    Ok(Some(Guard { code, detail }))
}

fn counts(row: &PgRow) -> sqlx::Result<Counts> {
    Ok(Counts {
        read: count(row, "read")?,
        created: count(row, "created")?,
        updated: count(row, "updated")?,
        unchanged: count(row, "unchanged")?,
        rejected: count(row, "rejected")?,
        duplicate: count(row, "duplicate")?,
        held: count(row, "held")?,
        deactivated: count(row, "deactivated")?,
    })
}
