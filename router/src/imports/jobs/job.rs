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
         bytes_read, bytes_total, report, created_at, started_at, finished_at, updated_at, etag, arrived_at, schedule_id,
         archived_at, attempt_started_at, failures, retry, run_after, superseded_by, identical_to, answered_at"
    };
}
pub(super) use job_columns;

/// The statements below.
pub(super) const STATEMENTS: Statements = &[
    ("jobs::create", CREATE),
    ("jobs::find", FIND),
    ("jobs::unfinished", UNFINISHED),
    ("jobs::list", LIST),
    ("jobs::cancel", CANCEL),
    ("jobs::approve", APPROVE),
    ("jobs::retry", RETRY),
];

const CREATE: &str = concat!(
    "insert into import_jobs (id, supplier_id, supplier_code, mode, priority, dry_run, file_id, bucket, key, file_name,
         bytes_total, settings, schedule_id, archived_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, case when $14 then now() end)
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
const CANCEL: &str = concat!(
    "update import_jobs
     set status = 'cancelled', epoch = nextval('import_epochs'), finished_at = now(), answered_at = null,
         updated_at = now(), ",
    released!(),
    " where id = $1 and finished_at is null and status in ('queued', 'staging', 'staged', 'held')"
);

const APPROVE: &str = "
    with approved as (
        update import_jobs
        set approved = true, status = 'queued', epoch = nextval('import_epochs'), run_after = now(), failures = 0,
            answered_at = null, updated_at = now()
        where id = $1 and status = 'held'
        returning 1
    )
    select pg_notify('import_jobs', '') is not null from approved";

/// A person wants it now: it stands behind what has arrived, so that nothing newer supersedes it.
const RETRY: &str = "
    with retried as (
        update import_jobs
        set status = 'queued', epoch = nextval('import_epochs'), run_after = now(), arrived_at = now(), failures = 0,
            retry = null, failure_code = null, failure_message = null, superseded_by = null, finished_at = null,
            answered_at = null, updated_at = now()
        where id = $1 and (status = 'cancelled' or (status = 'failed' and retry = 'manual'))
        returning 1
    ), hurried as (
        update import_jobs set run_after = now(), updated_at = now()
        where id = $1 and finished_at is null and status <> 'held' and lease_owner is null
        returning 1
    )
    select pg_notify('import_jobs', '') is not null from (table retried union all table hurried) as changed";

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
    /// The schedule that asked for it, in `import_schedules`: its first attempt fetches the file.
    pub schedule_id: Option<i64>,
    /// The object lies in the archive already, under the key that the id gives.
    pub is_archived: bool,
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
    /// The store's version of the object, for a drop found in the inbox.
    pub etag: Option<String>,
    /// Its place among the supplier's files.
    pub arrived_at: DateTime<Utc>,
    /// The schedule that asked for it.
    pub schedule_id: Option<i64>,
    /// The file lies in the archive.
    pub is_archived: bool,
    /// When the newest attempt began.
    pub attempt_started_at: Option<DateTime<Utc>>,
    /// Attempts that ended badly since a person last had a say.
    pub failures: i32,
    /// What can be done about its failure.
    pub retry: Option<Retry>,
    /// Not to be claimed before.
    pub run_after: DateTime<Utc>,
    /// The import on whose account this one was cancelled.
    pub superseded_by: Option<Uuid>,
    /// The import that published these very bytes before.
    pub identical_to: Option<Uuid>,
    /// The supplier has its answer.
    pub is_answered: bool,
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

/// What can be done about a failed import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// A person may have it tried again, once the cause is gone.
    Manual,
    /// The file itself is at fault: only another one helps.
    Never,
}

impl Retry {
    /// The word in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Never => "never",
        }
    }
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
        .bind(new.schedule_id)
        .bind(new.is_archived)
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
    let changed = sqlx::query(APPROVE).bind(id).fetch_optional(&mut *session).await.during("approve an import")?;
    if changed.is_some() {
        return Ok(());
    }
    reached(&mut session, id, "approve", |state, approved| approved && !state.ended()).await
}

/// A person wants an import tried again: one that failed for a cause that can be mended, or was cancelled, is queued
/// anew behind all others of its supplier; one that waits out a pause runs at once.
///
/// # Errors
/// [`RouterError::WrongState`] when it is held, runs, has succeeded, or failed for good; [`RouterError::Missing`].
pub async fn retry(on: impl Access<Imports>, id: Uuid) -> Result<()> {
    let mut session = on.session().await?;
    let changed = sqlx::query(RETRY).bind(id).fetch_optional(&mut *session).await.during("retry an import")?;
    if changed.is_some() {
        return Ok(());
    }
    reached(&mut session, id, "retry", |_, _| false).await
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
            etag: row.try_get("etag")?,
            arrived_at: row.try_get("arrived_at")?,
            schedule_id: row.try_get("schedule_id")?,
            is_archived: row.try_get::<Option<DateTime<Utc>>, _>("archived_at")?.is_some(),
            attempt_started_at: row.try_get("attempt_started_at")?,
            failures: row.try_get("failures")?,
            retry: row.try_get::<Option<&str>, _>("retry")?.map(|word| match word {
                "never" => Retry::Never,
                // The schema knows only these two.
                _ => Retry::Manual,
            }),
            run_after: row.try_get("run_after")?,
            superseded_by: row.try_get("superseded_by")?,
            identical_to: row.try_get("identical_to")?,
            is_answered: row.try_get::<Option<DateTime<Utc>>, _>("answered_at")?.is_some(),
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
