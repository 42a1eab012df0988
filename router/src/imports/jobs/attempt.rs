//! The work on one import: every write names its attempt and changes nothing once another has begun.

use item::{Counts, FileCode, ImportState};
use serde_json::Value;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres, Row};
use uuid::Uuid;

use super::job::{Failure, Retry, missing};
use crate::error::{During, UNIQUE_VIOLATION};
use crate::imports::value::{bigint, storable, storable_json, word};
use crate::{Access, Fence, Imports, Result, RouterError, Statements};

/// The statements below.
pub(super) const STATEMENTS: Statements = &[
    ("jobs::heartbeat", HEARTBEAT),
    ("jobs::attach_file", ATTACH_FILE),
    ("jobs::archived", ARCHIVED),
    ("jobs::adopt_object", ADOPT_OBJECT),
    ("jobs::set_mapping_version", SET_MAPPING_VERSION),
    ("jobs::note_correction", NOTE_CORRECTION),
    ("jobs::advance", ADVANCE),
    ("jobs::hold", HOLD),
    ("jobs::complete", COMPLETE),
    ("jobs::fail", FAIL),
    ("jobs::supersede", SUPERSEDE),
    ("jobs::put_back", PUT_BACK),
    ("jobs::standing", STANDING),
];

/// Lease and progress in one write: it happens twice a second for every import under way.
const HEARTBEAT: &str = "
    update import_jobs
    set heartbeat_at = now(), lease_expires_at = now() + make_interval(secs => $3), rows_read = greatest(rows_read, $4),
        bytes_read = greatest(bytes_read, $5), updated_at = now()
    where id = $1 and epoch = $2 and finished_at is null and lease_owner is not null";

const ATTACH_FILE: &str = "
    update import_jobs
    set file_id = $3, bytes_total = $4, file_name = $5, bucket = case key when '' then $6 else bucket end,
        key = case key when '' then $7 else key end, updated_at = now()
    where id = $1 and epoch = $2 and finished_at is null";

const ARCHIVED: &str = "
    update import_jobs set archived_at = coalesce(archived_at, now()), updated_at = now()
    where id = $1 and epoch = $2 and finished_at is null";

const ADOPT_OBJECT: &str = "
    update import_jobs set etag = $3, bytes_total = $4, updated_at = now()
    where id = $1 and epoch = $2 and finished_at is null";

const SET_MAPPING_VERSION: &str = "
    update import_jobs set mapping_version = $3, updated_at = now()
    where id = $1 and epoch = $2 and finished_at is null";

/// The settings say so for `jobs::unfinished`, which is asked before the file has been looked into.
const NOTE_CORRECTION: &str = "
    update import_jobs set mode = 'partial', settings = settings || '{\"correction\": true}'::jsonb, updated_at = now()
    where id = $1 and epoch = $2 and finished_at is null";

const ADVANCE: &str = "
    update import_jobs set status = $4, updated_at = now()
    where id = $1 and epoch = $2 and finished_at is null and status = any($3)";

const HOLD: &str = concat!(
    "update import_jobs
     set status = 'held', guard_code = $12, guard_detail = $13,
         read = $3, created = $4, updated = $5, unchanged = $6, rejected = $7, duplicate = $8, held = $9,
         deactivated = $10, report = $11, failure_code = null, failure_message = null, answered_at = null,
         updated_at = now(), ",
    released!(),
    " where id = $1 and epoch = $2 and finished_at is null and status in ('staging', 'staged')"
);

const COMPLETE: &str = concat!(
    "update import_jobs
     set status = case when dry_run then 'staged' else 'completed' end, identical_to = $12,
         read = $3, created = $4, updated = $5, unchanged = $6, rejected = $7, duplicate = $8, held = $9,
         deactivated = $10, report = $11, failure_code = null, failure_message = null, answered_at = null,
         finished_at = now(), updated_at = now(), ",
    released!(),
    " where id = $1 and epoch = $2 and finished_at is null and status in ('staging', 'staged', 'publishing')"
);

const FAIL: &str = concat!(
    "update import_jobs
     set status = 'failed', failure_code = $3, failure_message = $4, retry = $5, failures = failures + 1,
         answered_at = null, finished_at = now(), updated_at = now(), ",
    released!(),
    " where id = $1 and epoch = $2 and finished_at is null and status in ('staging', 'staged', 'publishing')"
);

const SUPERSEDE: &str = concat!(
    "update import_jobs
     set status = 'cancelled', superseded_by = $3, failure_code = null, failure_message = null, answered_at = null,
         finished_at = now(), updated_at = now(), ",
    released!(),
    " where id = $1 and epoch = $2 and finished_at is null and status = 'staging'"
);

/// An import that may have been published already stays `publishing`: it must not look as if it could be cancelled.
const PUT_BACK: &str = concat!(
    "update import_jobs
     set status = case status when 'publishing' then status else 'queued' end, failure_code = $3::text, failure_message = $4,
         failures = failures + case when $3::text is null then 0 else 1 end, run_after = now() + make_interval(secs => $5),
         updated_at = now(), ",
    released!(),
    " where id = $1 and epoch = $2 and finished_at is null and status in ('staging', 'staged', 'publishing')"
);

const STANDING: &str = "
    select epoch, status, approved from import_jobs where id = $1";

/// The right to write to an import: the newest attempt has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The import.
    pub import_id: Uuid,
    /// Its supplier's number in db_catalog.
    pub supplier_id: i64,
    /// The fencing token: each attempt and each decision of a person takes a higher one, over all imports.
    pub epoch: i64,
    /// 1 for the first attempt.
    pub number: i32,
}

impl Attempt {
    /// What the attempt shows to write to the supplier's catalogue.
    pub fn fence(&self) -> Fence {
        Fence { import_id: self.import_id, supplier_id: self.supplier_id, epoch: self.epoch }
    }
}

/// Where an import stands, for telling why a write changed nothing.
pub(super) struct Standing {
    pub(super) epoch: i64,
    pub(super) state: ImportState,
    pub(super) approved: bool,
}

/// Keeps the lease for another `lease_seconds`, in the database's time, and tells how far reading has come, which moves
/// only forward over all attempts. After the attempt's own end it does nothing.
///
/// # Errors
/// [`RouterError::Fenced`] when another attempt has begun or the import was cancelled: stop working.
pub async fn heartbeat(
    on: impl Access<Imports>,
    attempt: &Attempt,
    lease_seconds: u32,
    rows_read: u64,
    bytes_read: u64,
) -> Result<()> {
    let query =
        fenced(HEARTBEAT, attempt).bind(f64::from(lease_seconds)).bind(bigint(rows_read)).bind(bigint(bytes_read));
    note(on, attempt, query).await
}

/// Tells which delivery the import turned out to be about, its name, and, when it was fetched on a schedule and had no
/// place so far, the bucket and key it goes to.
///
/// # Errors
/// [`RouterError::Fenced`].
pub async fn attach_file(
    on: impl Access<Imports>,
    attempt: &Attempt,
    file_id: i64,
    bytes_total: u64,
    file_name: &str,
    (bucket, key): (&str, &str),
) -> Result<()> {
    let query = fenced(ATTACH_FILE, attempt)
        .bind(file_id)
        .bind(bigint(bytes_total))
        .bind(storable(file_name))
        .bind(bucket)
        .bind(key);
    note(on, attempt, query).await
}

/// Tells that the file lies in the archive.
///
/// # Errors
/// [`RouterError::Fenced`].
pub async fn archived(on: impl Access<Imports>, attempt: &Attempt) -> Result<()> {
    note(on, attempt, fenced(ARCHIVED, attempt)).await
}

/// The object was replaced before it was read: the import is about its new version. False when that version has an
/// import of its own.
///
/// # Errors
/// [`RouterError::Fenced`].
pub async fn adopt_object(on: impl Access<Imports>, attempt: &Attempt, etag: &str, bytes: u64) -> Result<bool> {
    let adopted = note(on, attempt, fenced(ADOPT_OBJECT, attempt).bind(etag).bind(bigint(bytes))).await;
    match adopted {
        Err(fault) if fault.sqlstate().as_deref() == Some(UNIQUE_VIOLATION) => Ok(false),
        ended => ended.map(|()| true),
    }
}

/// Tells which saved mapping was used.
///
/// # Errors
/// [`RouterError::Fenced`].
pub async fn set_mapping_version(on: impl Access<Imports>, attempt: &Attempt, version: i32) -> Result<()> {
    let query = fenced(SET_MAPPING_VERSION, attempt).bind(version);
    note(on, attempt, query).await
}

/// Tells that the file turned out to be a rejects file that came back corrected: whatever was asked for, it is partial.
///
/// # Errors
/// [`RouterError::Fenced`].
pub async fn note_correction(on: impl Access<Imports>, attempt: &Attempt) -> Result<()> {
    note(on, attempt, fenced(NOTE_CORRECTION, attempt)).await
}

/// Moves the import from one of the states `from` to the state `to`, which is staging, staged or publishing; already being
/// there is no error. [`hold`], [`complete`] and [`fail`] lead to the others.
///
/// # Errors
/// [`RouterError::Fenced`], [`RouterError::WrongState`] when it is in no state of `from`.
pub async fn advance(on: impl Access<Imports>, attempt: &Attempt, from: &[ImportState], to: ImportState) -> Result<()> {
    let from: Vec<&str> = from.iter().map(|state| state.as_str()).collect();
    let query = fenced(ADVANCE, attempt).bind(from).bind(to.as_str());
    step(on, attempt, query, "advance", &[to]).await
}

/// A guard tripped: ends the attempt, and the import waits for a person ([`super::approve`] or [`super::cancel`]).
///
/// # Errors
/// [`RouterError::Fenced`], [`RouterError::WrongState`] when it is being published or has ended.
pub async fn hold(
    on: impl Access<Imports>,
    attempt: &Attempt,
    guard: FileCode,
    detail: &str,
    counts: &Counts,
    report: &Value,
) -> Result<()> {
    let query = outcome(HOLD, attempt, counts, report).bind(guard.as_str()).bind(storable(detail));
    step(on, attempt, query, "hold", &[ImportState::Held]).await
}

/// Ends the import well: `completed`, or `staged` when it was a dry run.
///
/// # Errors
/// [`RouterError::Fenced`], [`RouterError::WrongState`]; [`RouterError::Query`] when the counts do not balance: the
/// schema completes no such import.
pub async fn complete(on: impl Access<Imports>, attempt: &Attempt, counts: &Counts, report: &Value) -> Result<()> {
    end_well(on, attempt, counts, report, None).await
}

/// Ends the import of a file that the import `of` had published before, byte for byte: nothing was left to do.
///
/// # Errors
/// As [`complete`].
pub async fn complete_identical(
    on: impl Access<Imports>,
    attempt: &Attempt,
    of: Uuid,
    counts: &Counts,
    report: &Value,
) -> Result<()> {
    end_well(on, attempt, counts, report, Some(of)).await
}

async fn end_well(
    on: impl Access<Imports>,
    attempt: &Attempt,
    counts: &Counts,
    report: &Value,
    identical_to: Option<Uuid>,
) -> Result<()> {
    let query = outcome(COMPLETE, attempt, counts, report).bind(identical_to);
    step(on, attempt, query, "complete", &[ImportState::Completed, ImportState::Staged]).await
}

/// Ends the import with its reason, and what can be done about it. Nothing of it may have been published.
///
/// # Errors
/// [`RouterError::Fenced`], [`RouterError::WrongState`].
pub async fn fail(on: impl Access<Imports>, attempt: &Attempt, failure: &Failure, retry: Retry) -> Result<()> {
    let Failure { code, message } = failure;
    let query = fenced(FAIL, attempt).bind(storable(code)).bind(storable(message)).bind(retry.as_str());
    step(on, attempt, query, "fail", &[ImportState::Failed]).await
}

/// Ends an import that another one, `by`, has made pointless before anything of it was published.
///
/// # Errors
/// [`RouterError::Fenced`], [`RouterError::WrongState`].
pub async fn supersede(on: impl Access<Imports>, attempt: &Attempt, by: Uuid) -> Result<()> {
    let query = fenced(SUPERSEDE, attempt).bind(by);
    step(on, attempt, query, "supersede", &[ImportState::Cancelled]).await
}

/// Ends the attempt, and the import waits for the next one: after a fault for `pause_seconds`, or, handed back without
/// a fault, for nothing.
///
/// # Errors
/// [`RouterError::Fenced`], [`RouterError::WrongState`].
pub async fn put_back(
    on: impl Access<Imports>,
    attempt: &Attempt,
    fault: Option<&Failure>,
    pause_seconds: f64,
) -> Result<()> {
    let query = fenced(PUT_BACK, attempt)
        .bind(fault.map(|fault| storable(&fault.code)))
        .bind(fault.map(|fault| storable(&fault.message)))
        .bind(pause_seconds);
    step(on, attempt, query, "put back", &[ImportState::Queued, ImportState::Publishing]).await
}

type Update<'q> = Query<'q, Postgres, PgArguments>;

/// A statement whose first two parameters are the import and the epoch.
fn fenced<'q>(sql: &'static str, attempt: &Attempt) -> Update<'q> {
    sqlx::query(sql).bind(attempt.import_id).bind(attempt.epoch)
}

/// A fenced statement whose next nine parameters are the counts and the report.
fn outcome<'q>(sql: &'static str, attempt: &Attempt, counts: &Counts, report: &Value) -> Update<'q> {
    let Counts { read, created, updated, unchanged, rejected, duplicate, held, deactivated } = *counts;
    [read, created, updated, unchanged, rejected, duplicate, held, deactivated]
        .into_iter()
        .fold(fenced(sql, attempt), |query, count| query.bind(bigint(count)))
        .bind(storable_json(report))
}

/// A write that leads to no other state. After the attempt's own end it comes too late to matter, and does nothing.
async fn note(on: impl Access<Imports>, attempt: &Attempt, query: Update<'_>) -> Result<()> {
    write(on, attempt, query).await.map(|_| ())
}

/// A write that leads to another state. Having led there before is no error.
async fn step(
    on: impl Access<Imports>,
    attempt: &Attempt,
    query: Update<'_>,
    what: &'static str,
    to: &[ImportState],
) -> Result<()> {
    match write(on, attempt, query).await? {
        Some(state) if !to.contains(&state) => Err(RouterError::WrongState { what, import: attempt.import_id, state }),
        _ => Ok(()),
    }
}

/// Runs a fenced statement. When it changed nothing although the attempt is the newest, the answer is the state that
/// stood in its way.
async fn write(on: impl Access<Imports>, attempt: &Attempt, query: Update<'_>) -> Result<Option<ImportState>> {
    let mut session = on.session().await?;
    let changed = query.execute(&mut *session).await.during("write to an import")?;
    if changed.rows_affected() == 1 {
        return Ok(None);
    }
    let found = standing(&mut session, attempt.import_id).await?;
    if found.epoch != attempt.epoch {
        return Err(RouterError::Fenced { import: attempt.import_id, epoch: attempt.epoch, found: found.epoch });
    }
    Ok(Some(found.state))
}

/// The answer of a statement that found the attempt's row (`mine`) or did not, because another attempt has begun.
pub(in crate::imports) async fn unless_fenced(session: &mut PgConnection, attempt: &Attempt, mine: i64) -> Result<()> {
    if mine == 1 {
        return Ok(());
    }
    let found = standing(session, attempt.import_id).await?.epoch;
    Err(RouterError::Fenced { import: attempt.import_id, epoch: attempt.epoch, found })
}

pub(super) async fn standing(session: &mut PgConnection, import_id: Uuid) -> Result<Standing> {
    let found = sqlx::query(STANDING)
        .bind(import_id)
        .try_map(|row: PgRow| {
            Ok(Standing {
                epoch: row.try_get("epoch")?,
                state: word(&row, "status")?,
                approved: row.try_get("approved")?,
            })
        })
        .fetch_optional(session)
        .await
        .during("find an import")?;
    found.ok_or_else(|| missing(import_id))
}
