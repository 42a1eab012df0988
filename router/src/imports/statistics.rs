//! Table import_statistics: how a supplier's imports went on a day.

use uuid::Uuid;

use crate::error::During;
use crate::{Access, Db, Imports, Result, Statements};

/// The statements below.
pub const STATEMENTS: Statements = &[("statistics::lock", LOCK), ("statistics::record", RECORD)];

/// Two imports of one supplier that end together are counted one after the other: the second sees both.
const LOCK: &str = "
    select pg_advisory_xact_lock(hashtextextended('import_statistics', supplier_id)) from import_jobs where id = $1";

const RECORD: &str = include_str!("statistics.sql");

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
