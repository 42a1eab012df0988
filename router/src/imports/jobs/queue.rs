//! The queue: who gets which import next.
//!
//! Of each supplier only the first file by arrival may be claimed, and only while no other of its imports runs, which a
//! unique index sees to as well. A claim looks at the suppliers that have something waiting, not at all that waits.

use chrono::{DateTime, Utc};
use item::Mode;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::attempt::Attempt;
use super::job::{Job, job_columns};
use crate::error::{During, UNIQUE_VIOLATION};
use crate::imports::value::{bigint, storable, storable_json};
use crate::imports::workers::alive;
use crate::{Access, Imports, Result, RouterError, Statements};

/// The statements below.
pub(super) const STATEMENTS: Statements = &[
    ("jobs::offer", OFFER),
    ("jobs::claim", CLAIM),
    ("jobs::rescue", RESCUE),
    ("jobs::newer_full", NEWER_FULL),
    ("jobs::of_drop", OF_DROP),
    ("jobs::set_order", SET_ORDER),
    ("jobs::hurry", HURRY),
];

/// A drop is known by its key, version and time; the inbox may be listed, and an event may come, as often as they like.
const OFFER: &str = "
    with offered as (
        insert into import_jobs
            (id, supplier_id, supplier_code, mode, priority, bucket, key, file_name, bytes_total, etag, arrived_at, settings)
        select id, $1, $2, $3, coalesce((select priority from import_configs where supplier_id = $1), 1), $4, key,
            file_name, bytes, etag, arrived_at, $11
        from unnest($5::uuid[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::timestamptz[])
            as given (id, key, file_name, bytes, etag, arrived_at)
        order by arrived_at, key
        on conflict (bucket, key, etag, arrived_at) where etag is not null do nothing
        returning 1
    )
    select count(*) from offered";

macro_rules! waiting {
    () => {
        "finished_at is null and status <> 'held' and lease_owner is null"
    };
}

/// $1 owner, $2 worker, $3 lease seconds.
macro_rules! taken {
    () => {
        "status = case status when 'publishing' then status else 'staging' end, attempt = attempt + 1,
         epoch = nextval('import_epochs'), lease_owner = $1, lease_worker = $2,
         lease_expires_at = now() + make_interval(secs => $3), heartbeat_at = now(), attempt_started_at = now(),
         started_at = coalesce(started_at, now()), updated_at = now()"
    };
}

/// The recursion steps from supplier to supplier along the index of what waits; it is asked for in that index's order, so
/// that no other one, in which everything that ever ran stands too, looks as good to the planner.
const CLAIM: &str = concat!(
    "with recursive supplier as (
        (select supplier_id from import_jobs where ",
    waiting!(),
    " and ($4::bigint is null or supplier_id = $4) order by supplier_id, arrived_at, id limit 1)
        union all
        select (select supplier_id from import_jobs where ",
    waiting!(),
    " and supplier_id > supplier.supplier_id and $4 is null order by supplier_id, arrived_at, id limit 1)
        from supplier where supplier_id is not null
    ), head as (
        select first.id
        from supplier
        cross join lateral (
            select id, priority, arrived_at, run_after, bytes_total from import_jobs
            where supplier_id = supplier.supplier_id and ",
    waiting!(),
    " order by arrived_at, id limit 1
        ) as first
        where run_after <= now() and ($5::bigint is null or bytes_total <= $5)
            and not exists (
                select from import_jobs as running
                where running.supplier_id = supplier.supplier_id and running.lease_owner is not null)
        order by priority, arrived_at, id
        limit 32
    ), next as (
        select id from import_jobs
        where id in (select id from head) and ",
    waiting!(),
    " order by priority, arrived_at, id
        limit 1 for update skip locked
    )
    update import_jobs set ",
    taken!(),
    " where id = (select id from next) returning ",
    job_columns!()
);

/// Leases that ran out, and those of workers that are gone. A worker that is merely cut off from the database for a
/// moment beats again before $6 seconds are over.
const RESCUE: &str = concat!(
    "with living as materialized (",
    alive!(),
    "), lost as (
        select id from import_jobs
        where lease_owner is not null and ($4::bigint is null or supplier_id = $4)
            and ($5::bigint is null or bytes_total <= $5)
            and (lease_expires_at < now()
                or (heartbeat_at < now() - make_interval(secs => $6) and not exists (
                    select from living where living.number = lease_worker)))
        order by lease_expires_at
        limit 1 for update skip locked
    )
    update import_jobs set failures = failures + 1, ",
    taken!(),
    " where id = (select id from lost) returning ",
    job_columns!()
);

/// What arrived later and says all there is to say: published already, or waiting behind. The same bytes are no news.
const NEWER_FULL: &str = "
    select id, file_name, arrived_at from import_jobs as newer
    where supplier_id = $1 and (arrived_at, id) > ($2, $3) and mode = 'full' and not dry_run
        and (file_id is null or file_id is distinct from $4)
        and (status = 'completed' or (finished_at is null and status <> 'held'))
    order by arrived_at desc, id desc limit 1";

const OF_DROP: &str = "select id from import_jobs where bucket = $1 and key = $2 and etag = $3 and arrived_at = $4";

/// Whoever found it first may have queued it already, without what a person wants of it.
const SET_ORDER: &str = "
    update import_jobs set mode = $2, settings = $3, run_after = now(), updated_at = now()
    where id = $1 and status = 'queued' and lease_owner is null and attempt = 0";

const HURRY: &str =
    concat!("update import_jobs set run_after = now() where supplier_id = $1 and run_after > now() and ", waiting!());

/// A worker's silence after which it may be given up when its session is gone; it beats twice a second.
const SILENCE_SECONDS: f64 = 2.0;

/// Who claims.
#[derive(Debug, Clone)]
pub struct Claimant {
    /// Its name for people: host and process.
    pub name: String,
    /// Its number: see [`crate::imports::workers::Worker`].
    pub number: i32,
    /// How long its leases run without a heartbeat, in the database's time.
    pub lease_seconds: u32,
}

/// What it may claim.
#[derive(Debug, Clone, Copy, Default)]
pub struct Claim {
    /// Only this supplier's files.
    pub supplier_id: Option<i64>,
    /// Only files of at most so many bytes.
    pub bytes_max: Option<u64>,
}

/// An object seen in the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Its key.
    pub key: String,
    /// The name the supplier gave it.
    pub file_name: String,
    /// The store's version of it.
    pub etag: String,
    /// Its size.
    pub bytes: u64,
    /// The store's time of it, cut to whole seconds: some of its answers tell no more.
    pub arrived_at: DateTime<Utc>,
}

/// A newer file that makes an older one pointless.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Superseding {
    /// Its import.
    pub id: Uuid,
    /// Its name.
    pub file_name: String,
    /// When it arrived.
    pub arrived_at: DateTime<Utc>,
}

/// Queues what of one supplier's drops is not known yet, in order of arrival, and returns how many that were.
///
/// # Errors
/// Those of the session and the statement; nothing was queued then.
pub async fn offer(
    on: impl Access<Imports>,
    supplier: (i64, &str),
    mode: Mode,
    bucket: &str,
    drops: &[Dropped],
) -> Result<u64> {
    let mut session = on.session().await?;
    let column =
        |of: fn(&Dropped) -> &str| drops.iter().map(|drop| storable(of(drop)).into_owned()).collect::<Vec<_>>();
    let offered: i64 = sqlx::query_scalar(OFFER)
        .bind(supplier.0)
        .bind(supplier.1)
        .bind(mode.as_str())
        .bind(bucket)
        .bind(drops.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>())
        .bind(column(|drop| &drop.key))
        .bind(column(|drop| &drop.file_name))
        .bind(drops.iter().map(|drop| bigint(drop.bytes)).collect::<Vec<_>>())
        .bind(column(|drop| &drop.etag))
        .bind(drops.iter().map(|drop| drop.arrived_at).collect::<Vec<_>>())
        .bind(Value::Object(Default::default()))
        .fetch_one(&mut *session)
        .await
        .during("offer drops")?;
    Ok(offered.unsigned_abs())
}

/// The import whose turn it is, taken in hand; `None` when nothing may be claimed.
///
/// # Errors
/// Those of the session and the statement.
pub async fn claim(on: impl Access<Imports>, who: &Claimant, what: Claim) -> Result<Option<(Job, Attempt)>> {
    let mut session = on.session().await?;
    let claimed = sqlx::query(CLAIM)
        .bind(&who.name)
        .bind(who.number)
        .bind(f64::from(who.lease_seconds))
        .bind(what.supplier_id)
        .bind(what.bytes_max.map(bigint))
        .try_map(taken)
        .fetch_optional(&mut *session)
        .await
        .during("claim an import");
    unless_taken(claimed)
}

/// An import whose worker is gone, taken over: its former attempt can write nothing to db_imports from now on, and
/// [`crate::catalog::fence::raise`] keeps it from the catalogue.
///
/// # Errors
/// Those of the session and the statement.
pub async fn rescue(on: impl Access<Imports>, who: &Claimant, what: Claim) -> Result<Option<(Job, Attempt)>> {
    let mut session = on.session().await?;
    let rescued = sqlx::query(RESCUE)
        .bind(&who.name)
        .bind(who.number)
        .bind(f64::from(who.lease_seconds))
        .bind(what.supplier_id)
        .bind(what.bytes_max.map(bigint))
        .bind(SILENCE_SECONDS)
        .try_map(taken)
        .fetch_optional(&mut *session)
        .await
        .during("rescue an import");
    unless_taken(rescued)
}

/// The newest full file of the supplier that arrived after this import's and makes it pointless, if there is one.
///
/// # Errors
/// Those of the session and the statement.
pub async fn newer_full(on: impl Access<Imports>, job: &Job) -> Result<Option<Superseding>> {
    let mut session = on.session().await?;
    sqlx::query_as(NEWER_FULL)
        .bind(job.supplier_id)
        .bind(job.arrived_at)
        .bind(job.id)
        .bind(job.file_id)
        .fetch_optional(&mut *session)
        .await
        .during("look for a newer file")
}

/// The import of a drop, if it was offered.
///
/// # Errors
/// Those of the session and the statement.
pub async fn of_drop(on: impl Access<Imports>, bucket: &str, dropped: &Dropped) -> Result<Option<Uuid>> {
    let mut session = on.session().await?;
    sqlx::query_scalar(OF_DROP)
        .bind(bucket)
        .bind(&dropped.key)
        .bind(&dropped.etag)
        .bind(dropped.arrived_at)
        .fetch_optional(&mut *session)
        .await
        .during("find the import of a drop")
}

/// Says how a drop is to be imported; false when a worker has begun with it.
///
/// # Errors
/// Those of the session and the statement.
pub async fn set_order(on: impl Access<Imports>, id: Uuid, mode: Mode, settings: &Value) -> Result<bool> {
    let mut session = on.session().await?;
    let set = sqlx::query(SET_ORDER)
        .bind(id)
        .bind(mode.as_str())
        .bind(storable_json(settings))
        .execute(&mut *session)
        .await
        .during("set the order of an import")?;
    Ok(set.rows_affected() == 1)
}

/// Ends the pauses of a supplier's waiting imports: somebody waits for them.
///
/// # Errors
/// Those of the session and the statement.
pub async fn hurry(on: impl Access<Imports>, supplier_id: i64) -> Result<()> {
    let mut session = on.session().await?;
    sqlx::query(HURRY).bind(supplier_id).execute(&mut *session).await.during("hurry imports").map(|_| ())
}

fn taken(row: PgRow) -> sqlx::Result<(Job, Attempt)> {
    let job = Job::from_row(&row)?;
    let attempt = Attempt {
        import_id: job.id,
        supplier_id: job.supplier_id,
        epoch: row.try_get("epoch")?,
        number: row.try_get("attempt")?,
    };
    Ok((job, attempt))
}

/// Another worker may have begun with the same supplier at the same moment: then there was nothing to claim.
fn unless_taken(claimed: Result<Option<(Job, Attempt)>>) -> Result<Option<(Job, Attempt)>> {
    match claimed {
        Err(RouterError::Query { ref source, .. }) if source.sqlstate().as_deref() == Some(UNIQUE_VIOLATION) => {
            Ok(None)
        }
        claimed => claimed,
    }
}
