//! Table import_statistics: how a supplier's imports went on a day.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::error::During;
use crate::{Access, Db, Imports, Result, Statements};

/// The statements below.
pub const STATEMENTS: Statements = &[
    ("statistics::lock", LOCK),
    ("statistics::record", RECORD),
    ("statistics::differing", DIFFERING),
    ("statistics::lock_supplier", LOCK_SUPPLIER),
    ("statistics::remove", REMOVE),
    ("statistics::recount", RECOUNT),
];

/// Two imports of one supplier that end together are counted one after the other: the second sees both.
const LOCK: &str = "
    select pg_advisory_xact_lock(hashtextextended('import_statistics', supplier_id)) from import_jobs where id = $1";

const RECORD: &str = include_str!("statistics.sql");

/// Every day of every supplier, as statistics.sql counts it.
macro_rules! counted {
    () => {
        "select supplier_id, (finished_at at time zone 'UTC')::date as day, count(*) as imports,
             count(*) filter (where status = 'completed') as completed, count(*) filter (where status = 'failed') as failed,
             coalesce(sum(read) filter (where status = 'completed'), 0)::bigint as rows_read,
             coalesce(sum(created) filter (where status = 'completed'), 0)::bigint as rows_created,
             coalesce(sum(updated) filter (where status = 'completed'), 0)::bigint as rows_updated,
             coalesce(sum(unchanged) filter (where status = 'completed'), 0)::bigint as rows_unchanged,
             coalesce(sum(rejected) filter (where status = 'completed'), 0)::bigint as rows_rejected,
             coalesce(sum(duplicate) filter (where status = 'completed'), 0)::bigint as rows_duplicate,
             coalesce(sum(held) filter (where status = 'completed'), 0)::bigint as rows_held,
             coalesce(sum(deactivated) filter (where status = 'completed'), 0)::bigint as products_deactivated,
             coalesce(sum(extract(epoch from finished_at - started_at)), 0)::double precision as seconds
         from import_jobs where finished_at is not null and not dry_run group by 1, 2"
    };
}

const DIFFERING: &str = concat!(
    "with counted as (",
    counted!(),
    ") select supplier_id, day from counted full join import_statistics as stored using (supplier_id, day)
     where (supplier_id, day) > ($1, $2)
         and (counted.imports, counted.completed, counted.failed, counted.rows_read, counted.rows_created,
             counted.rows_updated, counted.rows_unchanged, counted.rows_rejected, counted.rows_duplicate,
             counted.rows_held, counted.products_deactivated, counted.seconds)
         is distinct from (stored.imports, stored.completed, stored.failed, stored.rows_read, stored.rows_created,
             stored.rows_updated, stored.rows_unchanged, stored.rows_rejected, stored.rows_duplicate,
             stored.rows_held, stored.products_deactivated, stored.seconds)
     order by supplier_id, day limit $3"
);

const LOCK_SUPPLIER: &str = "select pg_advisory_xact_lock(hashtextextended('import_statistics', $1))";

const REMOVE: &str = "delete from import_statistics where supplier_id = $1 and day = $2";

const RECOUNT: &str = concat!(
    "insert into import_statistics (supplier_id, day, imports, completed, failed, rows_read, rows_created, rows_updated,
         rows_unchanged, rows_rejected, rows_duplicate, rows_held, products_deactivated, seconds)
     select * from (",
    counted!(),
    ") as counted where supplier_id = $1 and day = $2"
);

/// Counts a finished import, dry runs excepted, in its supplier's day (UTC). The day is computed again from import_jobs,
/// so that counting twice changes nothing; an import that has not ended changes nothing either.
///
/// # Errors
/// Those of the transaction and its statements; nothing was changed then.
pub async fn record(db: &Db<Imports>, import_id: Uuid) -> Result<()> {
    let mut tx = db.begin().await?;
    let mut session = tx.session().await?;
    sqlx::query(LOCK).bind(import_id).execute(&mut *session).await.during("lock the statistics of a supplier")?;
    sqlx::query(RECORD).bind(import_id).execute(&mut *session).await.during("record statistics")?;
    drop(session);
    tx.commit().await
}

/// Days (UTC) of suppliers that are not what their imports add up to, `limit` of them behind `after`.
///
/// # Errors
/// Those of the session and the statement.
pub async fn differing(on: impl Access<Imports>, after: (i64, NaiveDate), limit: i64) -> Result<Vec<(i64, NaiveDate)>> {
    let mut session = on.session().await?;
    let query = sqlx::query_as(DIFFERING).bind(after.0).bind(after.1).bind(limit);
    query.fetch_all(&mut *session).await.during("compare statistics with imports")
}

/// Counts a supplier's day again; a day without imports goes.
///
/// # Errors
/// Those of the transaction and its statements; nothing was changed then.
pub async fn recount(db: &Db<Imports>, supplier_id: i64, day: NaiveDate) -> Result<()> {
    let mut tx = db.begin().await?;
    let mut session = tx.session().await?;
    let what = "recount statistics";
    sqlx::query(LOCK_SUPPLIER).bind(supplier_id).execute(&mut *session).await.during(what)?;
    sqlx::query(REMOVE).bind(supplier_id).bind(day).execute(&mut *session).await.during(what)?;
    sqlx::query(RECOUNT).bind(supplier_id).bind(day).execute(&mut *session).await.during(what)?;
    drop(session);
    tx.commit().await
}
