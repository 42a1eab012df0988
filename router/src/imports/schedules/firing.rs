//! The runs of schedules: who may fire which, and how it went.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::schedule::{Outcome, Schedule, missing, schedule_columns};
use crate::error::During;
use crate::imports::value::{storable, storable_json};
use crate::{Access, Imports, Result, Statements, Tx};

/// The statements below.
pub(super) const STATEMENTS: Statements = &[
    ("schedules::claim_due", CLAIM_DUE),
    ("schedules::claim", CLAIM),
    ("schedules::under_way", UNDER_WAY),
    ("schedules::fired", FIRED),
    ("schedules::passed_over", PASSED_OVER),
    ("schedules::note", NOTE),
    ("schedules::keep_validators", KEEP_VALIDATORS),
];

/// Rows that another worker has in hand are its to fire; when it is done they are no longer due.
const CLAIM_DUE: &str = concat!(
    "select ",
    schedule_columns!(),
    ", now() as claimed_at
     from import_schedules
     where next_run_at <= now() and not is_paused
     order by next_run_at, id
     limit $1
     for update skip locked"
);

const CLAIM: &str =
    concat!("select ", schedule_columns!(), ", now() as claimed_at from import_schedules where id = $1 for update");

/// A held import waits for a person, perhaps for days: the next file need not wait with it.
const UNDER_WAY: &str = "
    select exists (select from import_jobs where id = $1 and finished_at is null and status <> 'held')";

const FIRED: &str = "
    update import_schedules
    set last_run_at = now(), last_import_id = $2, next_run_at = $3, last_outcome = 'fired', last_detail = null,
        last_outcome_at = now(), updated_at = now()
    where id = $1";

const PASSED_OVER: &str = "
    update import_schedules
    set next_run_at = $2, last_outcome = $3, last_detail = $4, last_outcome_at = now(), updated_at = now()
    where id = $1";

/// Only its last import may say how a schedule fares: an earlier one may end later.
const NOTE: &str = "
    update import_schedules
    set last_outcome = $3, last_detail = $4, last_outcome_at = now(), updated_at = now()
    where id = $1 and last_import_id = $2";

const KEEP_VALIDATORS: &str = "
    update import_schedules set validators = $3, updated_at = now() where id = $1 and last_import_id = $2";

/// A schedule that this transaction alone may fire, and the database's time.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// The schedule.
    pub schedule: Schedule,
    /// The database's time when the transaction began.
    pub now: DateTime<Utc>,
}

/// Schedules that are due, the longest overdue first, at most `limit`. Until the transaction ends nobody else gets them;
/// end it with every one of them [`fired`] or [`passed_over`].
///
/// # Errors
/// Those of the statement.
pub async fn claim_due(tx: &mut Tx<Imports>, limit: u32) -> Result<Vec<Claimed>> {
    let mut session = tx.session().await?;
    sqlx::query_as(CLAIM_DUE).bind(i64::from(limit)).fetch_all(&mut *session).await.during("claim the schedules due")
}

/// One schedule, due or not, paused or not; waits for whoever has it in hand.
///
/// # Errors
/// [`crate::RouterError::Missing`] when there is no such schedule.
pub async fn claim(tx: &mut Tx<Imports>, id: i64) -> Result<Claimed> {
    let mut session = tx.session().await?;
    let found = sqlx::query_as(CLAIM).bind(id).fetch_optional(&mut *session).await.during("claim a schedule")?;
    found.ok_or_else(|| missing(id))
}

/// Whether an import that a schedule made is still queued or worked on.
///
/// # Errors
/// Those of the session and the statement.
pub async fn under_way(on: impl Access<Imports>, import_id: Uuid) -> Result<bool> {
    let mut session = on.session().await?;
    sqlx::query_scalar(UNDER_WAY).bind(import_id).fetch_one(&mut *session).await.during("look at a schedule's import")
}

/// A claimed schedule has made an import, created in the same transaction.
///
/// # Errors
/// Those of the statement.
pub async fn fired(tx: &mut Tx<Imports>, id: i64, import_id: Uuid, next_run_at: Option<DateTime<Utc>>) -> Result<()> {
    let mut session = tx.session().await?;
    let query = sqlx::query(FIRED).bind(id).bind(import_id).bind(next_run_at);
    query.execute(&mut *session).await.during("note a schedule's run")?;
    Ok(())
}

/// A claimed schedule makes no import this time.
///
/// # Errors
/// Those of the statement.
pub async fn passed_over(
    tx: &mut Tx<Imports>,
    id: i64,
    next_run_at: Option<DateTime<Utc>>,
    outcome: Outcome,
    detail: &str,
) -> Result<()> {
    let mut session = tx.session().await?;
    let query = sqlx::query(PASSED_OVER).bind(id).bind(next_run_at).bind(outcome.as_str()).bind(storable(detail));
    query.execute(&mut *session).await.during("note a schedule that was passed over")?;
    Ok(())
}

/// Notes how the run of an import went; nothing when the schedule is gone or has made another since.
///
/// # Errors
/// Those of the session and the statement.
pub async fn note(
    on: impl Access<Imports>,
    id: i64,
    import_id: Uuid,
    outcome: Outcome,
    detail: Option<&str>,
) -> Result<()> {
    let mut session = on.session().await?;
    let query = sqlx::query(NOTE).bind(id).bind(import_id).bind(outcome.as_str()).bind(detail.map(storable));
    query.execute(&mut *session).await.during("note how a schedule's run went")?;
    Ok(())
}

/// Keeps by what the file of an import is known again; nothing when the schedule is gone or has made another since.
///
/// # Errors
/// Those of the session and the statement.
pub async fn keep_validators(
    on: impl Access<Imports>,
    id: i64,
    import_id: Uuid,
    validators: Option<&Value>,
) -> Result<()> {
    let mut session = on.session().await?;
    let query = sqlx::query(KEEP_VALIDATORS).bind(id).bind(import_id).bind(validators.map(storable_json));
    query.execute(&mut *session).await.during("keep what a schedule fetched")?;
    Ok(())
}

impl FromRow<'_, PgRow> for Claimed {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Claimed { schedule: Schedule::from_row(row)?, now: row.try_get("claimed_at")? })
    }
}
