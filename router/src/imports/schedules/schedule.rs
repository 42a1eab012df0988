//! One schedule: its making, finding and changing.

use chrono::{DateTime, Utc};
use item::Mode;
use serde::Serialize;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use crate::error::During;
use crate::imports::value::{storable, storable_json, undecodable, word};
use crate::{Access, Imports, Result, RouterError, Statements};

macro_rules! schedule_columns {
    () => {
        "id, supplier_id, supplier_code, name, cron, time_zone, every_seconds, mode, source, secret is not null as has_secret,
         missed_runs, is_paused, next_run_at, last_run_at, last_import_id, validators, last_outcome, last_detail,
         last_outcome_at, created_at"
    };
}
pub(super) use schedule_columns;

/// The statements below.
pub(super) const STATEMENTS: Statements = &[
    ("schedules::create", CREATE),
    ("schedules::list", LIST),
    ("schedules::find", FIND),
    ("schedules::find_named", FIND_NAMED),
    ("schedules::secret", SECRET),
    ("schedules::set_secret", SET_SECRET),
    ("schedules::remove", REMOVE),
    ("schedules::pause", PAUSE),
    ("schedules::resume", RESUME),
    ("schedules::now", NOW),
];

const CREATE: &str = concat!(
    "insert into import_schedules (supplier_id, supplier_code, name, cron, time_zone, every_seconds, mode, source, secret,
         missed_runs, next_run_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     on conflict (supplier_id, name) do nothing
     returning ",
    schedule_columns!()
);

const LIST: &str = concat!(
    "select ",
    schedule_columns!(),
    " from import_schedules where $1::bigint is null or supplier_id = $1 order by supplier_code, name"
);

const FIND: &str = concat!("select ", schedule_columns!(), " from import_schedules where id = $1");

const FIND_NAMED: &str =
    concat!("select ", schedule_columns!(), " from import_schedules where supplier_id = $1 and name = $2");

const SECRET: &str = "select secret from import_schedules where id = $1";

const SET_SECRET: &str = "update import_schedules set secret = $2, updated_at = now() where id = $1";

const REMOVE: &str = "delete from import_schedules where id = $1";

const PAUSE: &str = "update import_schedules set is_paused = true, updated_at = now() where id = $1";

/// What fell due during the pause was not wanted: it is not made up for.
const RESUME: &str = "
    update import_schedules set is_paused = false, next_run_at = $2, updated_at = now() where id = $1 and is_paused";

const NOW: &str = "select now()";

/// What happens to runs that nobody was there to start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MissedRuns {
    /// One run makes up for all of them.
    #[default]
    Once,
    /// None does: the next one is the next.
    Skip,
}

impl MissedRuns {
    /// The word in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Skip => "skip",
        }
    }
}

/// How a schedule's last run went, or why there was none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its import is in the queue.
    Fired,
    /// The file was fetched; how its import went, the import tells.
    Fetched,
    /// The file is the one that was imported last.
    NotModified,
    /// The file could not be fetched, or the schedule not be read.
    Failed,
    /// It was missed by more than a whole period, and missed runs are skipped.
    Missed,
    /// The import of the run before had not ended.
    Unfinished,
}

impl Outcome {
    /// The word in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Fetched => "fetched",
            Self::NotModified => "not_modified",
            Self::Failed => "failed",
            Self::Missed => "missed",
            Self::Unfinished => "unfinished",
        }
    }

    fn read(word: &str) -> Option<Self> {
        use Outcome::{Failed, Fetched, Fired, Missed, NotModified, Unfinished};
        [Fired, Fetched, NotModified, Failed, Missed, Unfinished].into_iter().find(|outcome| outcome.as_str() == word)
    }
}

/// When a schedule runs, as it was written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// By a cron expression, in the schedule's time zone.
    Cron(String),
    /// Every so many seconds.
    EverySeconds(i64),
}

/// A schedule to be made.
#[derive(Debug, Clone)]
pub struct NewSchedule<'a> {
    /// The supplier's number in db_catalog.
    pub supplier_id: i64,
    /// The supplier's code.
    pub supplier_code: &'a str,
    /// Its name, unique for the supplier.
    pub name: &'a str,
    /// When it runs.
    pub when: &'a When,
    /// IANA name of the time zone of its cron expression.
    pub time_zone: &'a str,
    /// What the files say about products that are not in them.
    pub mode: Mode,
    /// Where the file is, as JSON.
    pub source: &'a Value,
    /// The source's secret, sealed.
    pub secret: Option<&'a [u8]>,
    /// What happens to missed runs.
    pub missed_runs: MissedRuns,
    /// Its first run.
    pub next_run_at: DateTime<Utc>,
}

/// When a supplier's file is fetched, and from where. Its secret is not in it: see [`secret`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Schedule {
    /// Its number.
    pub id: i64,
    /// The supplier's number in db_catalog.
    pub supplier_id: i64,
    /// The supplier's code when the schedule was made.
    pub supplier_code: String,
    /// Its name, unique for the supplier.
    pub name: String,
    /// When it runs.
    pub when: When,
    /// IANA name of the time zone of its cron expression.
    pub time_zone: String,
    /// What the files say about products that are not in them.
    pub mode: Mode,
    /// Where the file is, as JSON.
    pub source: Value,
    /// A secret is stored with it.
    pub has_secret: bool,
    /// What happens to missed runs.
    pub missed_runs: MissedRuns,
    /// It does not run until it is resumed.
    pub is_paused: bool,
    /// Its next run; none when it cannot be told.
    pub next_run_at: Option<DateTime<Utc>>,
    /// When it last made an import.
    pub last_run_at: Option<DateTime<Utc>>,
    /// That import.
    pub last_import_id: Option<Uuid>,
    /// By what the file imported last is known again, as JSON.
    pub validators: Option<Value>,
    /// How the last run went.
    pub last_outcome: Option<Outcome>,
    /// More about it.
    pub last_detail: Option<String>,
    /// When that was noted.
    pub last_outcome_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Adds a schedule.
///
/// # Errors
/// [`RouterError::Exists`] when the supplier has one of this name.
pub async fn create(on: impl Access<Imports>, new: &NewSchedule<'_>) -> Result<Schedule> {
    let (cron, every_seconds) = match new.when {
        When::Cron(cron) => (Some(cron), None),
        When::EverySeconds(seconds) => (None, Some(*seconds)),
    };
    let mut session = on.session().await?;
    let created = sqlx::query_as(CREATE)
        .bind(new.supplier_id)
        .bind(new.supplier_code)
        .bind(storable(new.name))
        .bind(cron)
        .bind(new.time_zone)
        .bind(every_seconds)
        .bind(new.mode.as_str())
        .bind(storable_json(new.source))
        .bind(new.secret)
        .bind(new.missed_runs.as_str())
        .bind(new.next_run_at)
        .fetch_optional(&mut *session)
        .await
        .during("add a schedule")?;
    created.ok_or_else(|| RouterError::Exists { what: "schedule", name: new.name.to_owned() })
}

/// The schedules of one supplier, or of all.
///
/// # Errors
/// Those of the session and the statement.
pub async fn list(on: impl Access<Imports>, supplier_id: Option<i64>) -> Result<Vec<Schedule>> {
    let mut session = on.session().await?;
    sqlx::query_as(LIST).bind(supplier_id).fetch_all(&mut *session).await.during("list schedules")
}

/// The schedule with this number.
///
/// # Errors
/// Those of the session and the statement.
pub async fn find(on: impl Access<Imports>, id: i64) -> Result<Option<Schedule>> {
    let mut session = on.session().await?;
    sqlx::query_as(FIND).bind(id).fetch_optional(&mut *session).await.during("find a schedule")
}

/// A supplier's schedule by its name.
///
/// # Errors
/// [`RouterError::Missing`] when there is none.
pub async fn find_named(on: impl Access<Imports>, supplier_id: i64, name: &str) -> Result<Schedule> {
    let mut session = on.session().await?;
    let found = sqlx::query_as(FIND_NAMED).bind(supplier_id).bind(name).fetch_optional(&mut *session).await;
    found.during("find a schedule")?.ok_or_else(|| RouterError::Missing { what: "schedule", name: name.to_owned() })
}

/// The sealed secret of a schedule.
///
/// # Errors
/// Those of the session and the statement.
pub async fn secret(on: impl Access<Imports>, id: i64) -> Result<Option<Vec<u8>>> {
    let mut session = on.session().await?;
    let found: Option<Option<Vec<u8>>> =
        sqlx::query_scalar(SECRET).bind(id).fetch_optional(&mut *session).await.during("read a schedule's secret")?;
    Ok(found.flatten())
}

/// Stores another sealed secret.
///
/// # Errors
/// [`RouterError::Missing`] when there is no such schedule.
pub async fn set_secret(on: impl Access<Imports>, id: i64, sealed: Option<&[u8]>) -> Result<()> {
    let mut session = on.session().await?;
    let changed = sqlx::query(SET_SECRET).bind(id).bind(sealed).execute(&mut *session).await;
    one(changed.during("store a schedule's secret")?.rows_affected(), id)
}

/// Removes a schedule. Imports that it made stay.
///
/// # Errors
/// [`RouterError::Missing`] when there is no such schedule.
pub async fn remove(on: impl Access<Imports>, id: i64) -> Result<()> {
    let mut session = on.session().await?;
    let removed = sqlx::query(REMOVE).bind(id).execute(&mut *session).await.during("remove a schedule")?;
    one(removed.rows_affected(), id)
}

/// Keeps a schedule from firing until it is resumed. Pausing twice is no error.
///
/// # Errors
/// [`RouterError::Missing`] when there is no such schedule.
pub async fn pause(on: impl Access<Imports>, id: i64) -> Result<()> {
    let mut session = on.session().await?;
    let paused = sqlx::query(PAUSE).bind(id).execute(&mut *session).await.during("pause a schedule")?;
    one(paused.rows_affected(), id)
}

/// Lets a schedule fire again, from `next_run_at` on. One that is not paused keeps its next run.
///
/// # Errors
/// Those of the session and the statement.
pub async fn resume(on: impl Access<Imports>, id: i64, next_run_at: DateTime<Utc>) -> Result<()> {
    let mut session = on.session().await?;
    sqlx::query(RESUME).bind(id).bind(next_run_at).execute(&mut *session).await.during("resume a schedule")?;
    Ok(())
}

/// The database's time: the only one that schedules go by.
///
/// # Errors
/// Those of the session and the statement.
pub async fn now(on: impl Access<Imports>) -> Result<DateTime<Utc>> {
    let mut session = on.session().await?;
    sqlx::query_scalar(NOW).fetch_one(&mut *session).await.during("ask for the time")
}

fn one(rows: u64, id: i64) -> Result<()> {
    if rows == 0 { Err(missing(id)) } else { Ok(()) }
}

pub(super) fn missing(id: i64) -> RouterError {
    RouterError::Missing { what: "schedule", name: id.to_string() }
}

impl FromRow<'_, PgRow> for Schedule {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let outcome: Option<&str> = row.try_get("last_outcome")?;
        Ok(Schedule {
            id: row.try_get("id")?,
            supplier_id: row.try_get("supplier_id")?,
            supplier_code: row.try_get("supplier_code")?,
            name: row.try_get("name")?,
            when: when(row)?,
            time_zone: row.try_get("time_zone")?,
            mode: word(row, "mode")?,
            source: row.try_get("source")?,
            has_secret: row.try_get("has_secret")?,
            // The schema knows only these two.
            missed_runs: match row.try_get("missed_runs")? {
                "skip" => MissedRuns::Skip,
                _ => MissedRuns::Once,
            },
            is_paused: row.try_get("is_paused")?,
            next_run_at: row.try_get("next_run_at")?,
            last_run_at: row.try_get("last_run_at")?,
            last_import_id: row.try_get("last_import_id")?,
            validators: row.try_get("validators")?,
            last_outcome: outcome.and_then(Outcome::read),
            last_detail: row.try_get("last_detail")?,
            last_outcome_at: row.try_get("last_outcome_at")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

/// The schema keeps exactly one of the two columns filled.
fn when(row: &PgRow) -> sqlx::Result<When> {
    match (row.try_get("cron")?, row.try_get("every_seconds")?) {
        (Some(cron), _) => Ok(When::Cron(cron)),
        (None, Some(seconds)) => Ok(When::EverySeconds(seconds)),
        (None, None) => Err(undecodable("cron", std::fmt::Error)),
    }
}
