//! The monthly partitions of import_logs.

use crate::error::During;
use crate::{Access, Imports, Result, Statements};

/// The statements below.
pub const STATEMENTS: Statements = &[("partitions::make_ahead", MAKE_AHEAD)];

const MAKE_AHEAD: &str = "select import_logs_make_ahead($1)";

/// Makes the partitions of this month (UTC) and of the `months` after it, and tells how many were missing. Idempotent,
/// and safe from several processes at once.
///
/// # Errors
/// Those of the session and the statement.
pub async fn make_ahead(on: impl Access<Imports>, months: u16) -> Result<u32> {
    let mut session = on.session().await?;
    let made: i32 = sqlx::query_scalar(MAKE_AHEAD)
        .bind(i32::from(months))
        .fetch_one(&mut *session)
        .await
        .during("make partitions ahead")?;
    Ok(made.unsigned_abs())
}
