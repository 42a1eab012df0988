//! What the jobs say, page by page, for comparing the other databases with them; and what puts a job right again.

use chrono::{DateTime, Utc};
use item::{Counts, ImportState, Mode};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::value::{bigint, count, storable, storable_json, word};
use crate::error::During;
use crate::{Access, Imports, Result, Statements};

/// An import that says it has been published.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Done {
    /// The import.
    pub id: Uuid,
    /// Its supplier's number in db_catalog.
    pub supplier_id: i64,
    /// Its supplier's code.
    pub supplier_code: String,
    /// The name the supplier gave its file.
    pub file_name: String,
    /// When it ended; of one that is run again, when it had first ended.
    pub finished_at: DateTime<Utc>,
}

/// Where a published import stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The import.
    pub id: Uuid,
    /// Its state.
    pub state: ImportState,
    /// What it counted.
    pub counts: Counts,
    /// A worker has it in hand, or will have soon.
    pub is_under_way: bool,
}

/// An import that no living worker has in hand although it says so.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Lapsed {
    /// The import.
    pub id: Uuid,
    /// Its supplier's code.
    pub supplier_code: String,
    /// Who had it.
    pub lease_owner: String,
    /// Until when.
    pub lease_expires_at: DateTime<Utc>,
}

/// A published import that is not known here any more.
#[derive(Debug, Clone)]
pub struct Recalled<'a> {
    /// The import.
    pub id: Uuid,
    /// Its supplier's number in db_catalog.
    pub supplier_id: i64,
    /// Its supplier's code.
    pub supplier_code: &'a str,
    /// How its file was meant.
    pub mode: Mode,
    /// Its file in `import_files`.
    pub file_id: i64,
    /// Bucket of the archived file.
    pub bucket: &'a str,
    /// Key of the archived file.
    pub key: &'a str,
    /// The name the supplier gave it; empty when the archive does not have it.
    pub file_name: &'a str,
    /// Its size.
    pub bytes: Option<u64>,
    /// What it counted.
    pub counts: Counts,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// What is to be shown to people, as JSON.
    pub report: &'a Value,
}

/// The statements below.
pub const STATEMENTS: Statements = &[
    ("audit::done", DONE),
    ("audit::unfinished_replays", UNFINISHED_REPLAYS),
    ("audit::standings", STANDINGS),
    ("audit::lapsed", LAPSED),
    ("audit::suppliers", SUPPLIERS),
    ("audit::is_busy", IS_BUSY),
    ("audit::replayed_before", REPLAYED_BEFORE),
    ("audit::replay", REPLAY),
    ("audit::reopen", REOPEN),
    ("audit::outdate", OUTDATE),
    ("audit::recall", RECALL),
    ("audit::last_epoch", LAST_EPOCH),
    ("audit::raise_epoch", RAISE_EPOCH),
];

/// A scheduled import whose source had nothing new has no file and no publication.
const DONE: &str = "
    select id, supplier_id, supplier_code, file_name, finished_at from import_jobs
    where status = 'completed' and not dry_run and identical_to is null and file_id is not null
        and finished_at is not null and (supplier_id, finished_at, id) > ($1, $2, $3)
    order by supplier_id, finished_at, id
    limit $4";

const UNFINISHED_REPLAYS: &str = "
    select id, supplier_id, supplier_code, file_name, (settings->>'published_before')::timestamptz as finished_at
    from import_jobs
    where settings ? 'published_before' and status not in ('completed', 'cancelled', 'undone')
        and (lease_owner is null or lease_expires_at < now())
    order by supplier_id, finished_at, id
    limit $1";

const STANDINGS: &str = "
    select id, status, read, created, updated, unchanged, rejected, duplicate, held, deactivated,
        finished_at is null and status <> 'held'
            and coalesce(lease_expires_at, run_after) > now() - make_interval(secs => $2) as is_under_way
    from import_jobs where id = any($1)";

const LAPSED: &str = "
    select id, supplier_code, lease_owner, lease_expires_at from import_jobs
    where lease_owner is not null and lease_expires_at < now() - make_interval(secs => $1) and id > $2
    order by id
    limit $3";

const SUPPLIERS: &str = "
    select supplier_id, max(supplier_code) from import_jobs
    where supplier_id > $1
    group by supplier_id
    order by supplier_id
    limit $2";

const IS_BUSY: &str = "
    select exists (
        select from import_jobs
        where supplier_id = $1
            and ((finished_at is null and status <> 'held') or (finished_at is not null and answered_at is null)))";

const REPLAYED_BEFORE: &str = "
    select id from import_jobs
    where id = any($1) and (settings->>'published_before')::timestamptz <= $2";

/// It was published once: no guard and no newer file stops it, and when that was keeps the order of those that follow.
const REPLAY: &str = "
    update import_jobs
    set status = 'queued', approved = true, epoch = nextval('import_epochs'), run_after = now(), failures = 0,
        settings = settings || jsonb_build_object('published_before', coalesce(settings->'published_before', to_jsonb(finished_at))),
        finished_at = null, answered_at = null, updated_at = now()
    where id = $1 and (status = 'completed' or (status = 'failed' and settings ? 'published_before'))
    returning 1";

/// An import that is `publishing` cannot be cancelled or superseded; its next attempt finds the publication.
const REOPEN: &str = "
    update import_jobs
    set status = 'publishing', epoch = nextval('import_epochs'), run_after = now(), failures = 0, retry = null,
        failure_code = null, failure_message = null, superseded_by = null, identical_to = null, finished_at = null,
        answered_at = null, updated_at = now(), lease_owner = null, lease_worker = null, lease_expires_at = null,
        heartbeat_at = null
    where id = $1 and (lease_owner is null or lease_expires_at < now())
    returning 1";

const OUTDATE: &str = "
    update import_jobs
    set status = 'cancelled', superseded_by = $2, answered_at = null, updated_at = now()
    where id = $1 and (status = 'completed' or (status = 'failed' and settings ? 'published_before'))
    returning 1";

/// The supplier had its answer then.
const RECALL: &str = "
    insert into import_jobs (id, supplier_id, supplier_code, status, mode, attempt, file_id, bucket, key, file_name,
        bytes_total, report, created_at, arrived_at, started_at, finished_at, answered_at, archived_at, read, created,
        updated, unchanged, rejected, duplicate, held, deactivated)
    values ($1, $2, $3, 'completed', $4, 1, $5, $6, $7, $8, $9::bigint, $10, $11, date_trunc('second', $11::timestamptz),
        $11, $12, now(), case when $9 is not null then $12::timestamptz end, $13, $14, $15, $16, $17, $18, $19, $20)
    on conflict (id) do nothing
    returning 1";

const LAST_EPOCH: &str = "select last_value from import_epochs";

const RAISE_EPOCH: &str = "select setval('import_epochs', greatest(last_value, $1)) from import_epochs";

/// Imports that say they have been published, in the order in which each supplier's ended, `limit` of them behind
/// `after`: supplier, end and import.
///
/// # Errors
/// Those of the session and the statement.
pub async fn done(on: impl Access<Imports>, after: (i64, DateTime<Utc>, Uuid), limit: i64) -> Result<Vec<Done>> {
    let mut session = on.session().await?;
    let query = sqlx::query_as(DONE).bind(after.0).bind(after.1).bind(after.2).bind(limit);
    query.fetch_all(&mut *session).await.during("list published imports")
}

/// Imports that were [`replay`]ed and have come to no end, or to a bad one, and that nobody has in hand.
///
/// # Errors
/// Those of the session and the statement.
pub async fn unfinished_replays(on: impl Access<Imports>, limit: i64) -> Result<Vec<Done>> {
    let mut session = on.session().await?;
    let query = sqlx::query_as(UNFINISHED_REPLAYS).bind(limit);
    query.fetch_all(&mut *session).await.during("list replayed imports")
}

/// Where some imports stand; those that are not known are left out. What nobody took up for `grace_seconds` is not under
/// way.
///
/// # Errors
/// Those of the session and the statement.
pub async fn standings(on: impl Access<Imports>, ids: &[Uuid], grace_seconds: f64) -> Result<Vec<Standing>> {
    let mut session = on.session().await?;
    let query = sqlx::query_as(STANDINGS).bind(ids).bind(grace_seconds);
    query.fetch_all(&mut *session).await.during("look for imports")
}

/// Imports whose lease ran out `grace_seconds` ago and that nobody took over, by id, `limit` of them behind `after`.
///
/// # Errors
/// Those of the session and the statement.
pub async fn lapsed(on: impl Access<Imports>, grace_seconds: f64, after: Uuid, limit: i64) -> Result<Vec<Lapsed>> {
    let mut session = on.session().await?;
    let query = sqlx::query_as(LAPSED).bind(grace_seconds).bind(after).bind(limit);
    query.fetch_all(&mut *session).await.during("list lapsed leases")
}

/// Whom the imports are of: number and code, `limit` of them above `after` (0 to begin with).
///
/// # Errors
/// Those of the session and the statement.
pub async fn suppliers(on: impl Access<Imports>, after: i64, limit: i64) -> Result<Vec<(i64, String)>> {
    let mut session = on.session().await?;
    let query = sqlx::query_as(SUPPLIERS).bind(after).bind(limit);
    query.fetch_all(&mut *session).await.during("list the suppliers of imports")
}

/// Whether a supplier has imports that wait, run, or have no answer yet; held ones are not under way.
///
/// # Errors
/// Those of the session and the statement.
pub async fn is_busy(on: impl Access<Imports>, supplier_id: i64) -> Result<bool> {
    let mut session = on.session().await?;
    let query = sqlx::query_scalar(IS_BUSY).bind(supplier_id);
    query.fetch_one(&mut *session).await.during("look for imports under way")
}

/// Those of some imports that were [`replay`]ed and had first been published at `moment` or before.
///
/// # Errors
/// Those of the session and the statement.
pub async fn replayed_before(on: impl Access<Imports>, ids: &[Uuid], moment: DateTime<Utc>) -> Result<Vec<Uuid>> {
    let mut session = on.session().await?;
    let query = sqlx::query_scalar(REPLAYED_BEFORE).bind(ids).bind(moment);
    query.fetch_all(&mut *session).await.during("look for replayed imports")
}

/// Queues an import once more whose publication is lost; false when it is not completed any more.
///
/// # Errors
/// Those of the session and the statement.
pub async fn replay(on: impl Access<Imports>, id: Uuid) -> Result<bool> {
    let mut session = on.session().await?;
    let done = sqlx::query(REPLAY).bind(id).fetch_optional(&mut *session).await.during("queue an import again")?;
    Ok(done.is_some())
}

/// Queues an import that is published, so that its next attempt notes that it is; false when a worker has it in hand.
///
/// # Errors
/// Those of the session and the statement.
pub async fn reopen(on: impl Access<Imports>, id: Uuid) -> Result<bool> {
    let mut session = on.session().await?;
    let done = sqlx::query(REOPEN).bind(id).fetch_optional(&mut *session).await.during("reopen an import")?;
    Ok(done.is_some())
}

/// An import whose publication is lost, and which the later import `by` has made pointless.
///
/// # Errors
/// Those of the session and the statement.
pub async fn outdate(on: impl Access<Imports>, id: Uuid, by: Uuid) -> Result<bool> {
    let mut session = on.session().await?;
    let query = sqlx::query(OUTDATE).bind(id).bind(by);
    Ok(query.fetch_optional(&mut *session).await.during("give an import up")?.is_some())
}

/// Notes a published import that is not known here any more; one that is known is left as it is.
///
/// # Errors
/// Those of the session and the statement.
pub async fn recall(on: impl Access<Imports>, import: &Recalled<'_>) -> Result<()> {
    let mut session = on.session().await?;
    let Counts { read, created, updated, unchanged, rejected, duplicate, held, deactivated } = import.counts;
    let query = sqlx::query(RECALL)
        .bind(import.id)
        .bind(import.supplier_id)
        .bind(import.supplier_code)
        .bind(import.mode.as_str())
        .bind(import.file_id)
        .bind(import.bucket)
        .bind(import.key)
        .bind(storable(import.file_name))
        .bind(import.bytes.map(bigint))
        .bind(storable_json(import.report))
        .bind(import.made_at)
        .bind(import.published_at);
    [read, created, updated, unchanged, rejected, duplicate, held, deactivated]
        .into_iter()
        .fold(query, |query, count| query.bind(bigint(count)))
        .execute(&mut *session)
        .await
        .during("recall an import")
        .map(|_| ())
}

/// The last epoch that was given out.
///
/// # Errors
/// Those of the session and the statement.
pub async fn last_epoch(on: impl Access<Imports>) -> Result<i64> {
    let mut session = on.session().await?;
    sqlx::query_scalar(LAST_EPOCH).fetch_one(&mut *session).await.during("find the last epoch")
}

/// Lets epochs go on above this one.
///
/// # Errors
/// Those of the session and the statement.
pub async fn raise_epoch(on: impl Access<Imports>, above: i64) -> Result<()> {
    let mut session = on.session().await?;
    sqlx::query(RAISE_EPOCH).bind(above).execute(&mut *session).await.during("raise epochs").map(|_| ())
}

impl FromRow<'_, PgRow> for Standing {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Standing {
            id: row.try_get("id")?,
            state: word(row, "status")?,
            counts: Counts {
                read: count(row, "read")?,
                created: count(row, "created")?,
                updated: count(row, "updated")?,
                unchanged: count(row, "unchanged")?,
                rejected: count(row, "rejected")?,
                duplicate: count(row, "duplicate")?,
                held: count(row, "held")?,
                deactivated: count(row, "deactivated")?,
            },
            is_under_way: row.try_get("is_under_way")?,
        })
    }
}
