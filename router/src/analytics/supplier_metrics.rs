//! Table supplier_metrics: what a supplier's imports of one day add up to.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::error::During;
use crate::{Access, Analytics, Db, Result, Statements};

/// The statements below.
pub const STATEMENTS: Statements = &[
    ("supplier_metrics::lock", LOCK),
    ("supplier_metrics::record", RECORD),
    ("supplier_metrics::differing", DIFFERING),
    ("supplier_metrics::lock_supplier", LOCK_SUPPLIER),
    ("supplier_metrics::remove", REMOVE),
    ("supplier_metrics::recount", RECOUNT),
];

/// Two imports of one supplier that are recorded together are counted one after the other: the second sees both.
const LOCK: &str = "
    select pg_advisory_xact_lock(hashtextextended('supplier_metrics', supplier_id)) from import_metrics where import_id = $1";

const RECORD: &str = include_str!("supplier_metrics.sql");

/// Every day of every supplier, as supplier_metrics.sql counts it.
macro_rules! counted {
    () => {
        "select supplier_id, (published_at at time zone 'UTC')::date as day, count(*) as imports,
             sum(rows_read)::bigint as rows_read, sum(rows_created)::bigint as rows_created,
             sum(rows_updated)::bigint as rows_updated, sum(rows_unchanged)::bigint as rows_unchanged,
             sum(rows_rejected)::bigint as rows_rejected, sum(rows_duplicate)::bigint as rows_duplicate,
             sum(rows_held)::bigint as rows_held, sum(products_deactivated)::bigint as products_deactivated,
             sum(file_bytes)::bigint as file_bytes, sum(seconds) as seconds
         from import_metrics group by 1, 2"
    };
}

/// Sums of fractions depend on their order in the last digits: a microsecond is no difference.
const DIFFERING: &str = concat!(
    "with counted as (",
    counted!(),
    ") select supplier_id, day from counted full join supplier_metrics as stored using (supplier_id, day)
     where (supplier_id, day) > ($1, $2)
         and ((counted.imports, counted.rows_read, counted.rows_created, counted.rows_updated, counted.rows_unchanged,
             counted.rows_rejected, counted.rows_duplicate, counted.rows_held, counted.products_deactivated,
             counted.file_bytes)
         is distinct from (stored.imports, stored.rows_read, stored.rows_created, stored.rows_updated,
             stored.rows_unchanged, stored.rows_rejected, stored.rows_duplicate, stored.rows_held,
             stored.products_deactivated, stored.file_bytes)
         or abs(counted.seconds - stored.seconds) > 0.000001)
     order by supplier_id, day limit $3"
);

const LOCK_SUPPLIER: &str = "select pg_advisory_xact_lock(hashtextextended('supplier_metrics', $1))";

const REMOVE: &str = "delete from supplier_metrics where supplier_id = $1 and day = $2";

const RECOUNT: &str = concat!(
    "insert into supplier_metrics (supplier_id, day, imports, rows_read, rows_created, rows_updated, rows_unchanged,
         rows_rejected, rows_duplicate, rows_held, products_deactivated, file_bytes, seconds)
     select * from (",
    counted!(),
    ") as counted where supplier_id = $1 and day = $2"
);

/// Counts an import whose [`super::import_metrics`] are recorded in its supplier's day (UTC). The day is computed again
/// from all of them, so that counting twice changes nothing; an import without metrics changes nothing either.
///
/// # Errors
/// Those of the transaction and its statements; nothing was changed then.
pub async fn record(db: &Db<Analytics>, import_id: Uuid) -> Result<()> {
    let mut tx = db.begin().await?;
    let mut session = tx.session().await?;
    sqlx::query(LOCK).bind(import_id).execute(&mut *session).await.during("lock the metrics of a supplier")?;
    sqlx::query(RECORD).bind(import_id).execute(&mut *session).await.during("record the metrics of a supplier")?;
    drop(session);
    tx.commit().await
}

/// Days (UTC) of suppliers that are not what their import metrics add up to, `limit` of them behind `after`.
///
/// # Errors
/// Those of the session and the statement.
pub async fn differing(
    on: impl Access<Analytics>,
    after: (i64, NaiveDate),
    limit: i64,
) -> Result<Vec<(i64, NaiveDate)>> {
    let mut session = on.session().await?;
    let query = sqlx::query_as(DIFFERING).bind(after.0).bind(after.1).bind(limit);
    query.fetch_all(&mut *session).await.during("compare supplier metrics with import metrics")
}

/// Counts a supplier's day again; a day without imports goes.
///
/// # Errors
/// Those of the transaction and its statements; nothing was changed then.
pub async fn recount(db: &Db<Analytics>, supplier_id: i64, day: NaiveDate) -> Result<()> {
    let mut tx = db.begin().await?;
    let mut session = tx.session().await?;
    let what = "recount the metrics of a supplier";
    sqlx::query(LOCK_SUPPLIER).bind(supplier_id).execute(&mut *session).await.during(what)?;
    sqlx::query(REMOVE).bind(supplier_id).bind(day).execute(&mut *session).await.during(what)?;
    sqlx::query(RECOUNT).bind(supplier_id).bind(day).execute(&mut *session).await.during(what)?;
    drop(session);
    tx.commit().await
}
