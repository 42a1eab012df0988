//! Table import_configs: what a supplier's imports do differently from the defaults.

use super::jobs::Priority;
use crate::error::During;
use crate::{Access, Imports, Result, Statements};

/// The statements below.
pub const STATEMENTS: Statements = &[("configs::set_priority", SET_PRIORITY), ("configs::priority", PRIORITY)];

const SET_PRIORITY: &str = "
    insert into import_configs (supplier_id, priority) values ($1, $2)
    on conflict (supplier_id) do update set priority = excluded.priority, updated_at = now()";

const PRIORITY: &str = "select priority from import_configs where supplier_id = $1 and priority is not null";

/// Where the supplier's imports stand in the queue from now on.
///
/// # Errors
/// Those of the session and the statement.
pub async fn set_priority(on: impl Access<Imports>, supplier_id: i64, priority: Priority) -> Result<()> {
    let mut session = on.session().await?;
    sqlx::query(SET_PRIORITY)
        .bind(supplier_id)
        .bind(priority as i16)
        .execute(&mut *session)
        .await
        .during("set a priority")
        .map(|_| ())
}

/// Where the supplier's imports stand in the queue.
///
/// # Errors
/// Those of the session and the statement.
pub async fn priority(on: impl Access<Imports>, supplier_id: i64) -> Result<Priority> {
    let mut session = on.session().await?;
    let kept: Option<i16> =
        sqlx::query_scalar(PRIORITY).bind(supplier_id).fetch_optional(&mut *session).await.during("find a priority")?;
    Ok(kept.map_or_else(Priority::default, Priority::of))
}
