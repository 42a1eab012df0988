//! Table supplier_metrics: what a supplier's imports of one day add up to.

use uuid::Uuid;

use crate::error::During;
use crate::{Access, Analytics, Db, Result, Statements};

/// The statements below.
pub const STATEMENTS: Statements = &[("supplier_metrics::lock", LOCK), ("supplier_metrics::record", RECORD)];

/// Two imports of one supplier that are recorded together are counted one after the other: the second sees both.
const LOCK: &str = "
    select pg_advisory_xact_lock(hashtextextended('supplier_metrics', supplier_id)) from import_metrics where import_id = $1";

const RECORD: &str = include_str!("supplier_metrics.sql");

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
