//! Table inbox, alike in the three databases that are told by tickets: see [`crate::Ticket`].

use crate::error::During;
use crate::{Access, Database, Result, Statements};

/// The statements below.
pub const STATEMENTS: Statements = &[("inbox::AHEAD", AHEAD), ("inbox::LOWER", LOWER)];

/// Tokens are microseconds of a clock. One of the future comes from a clock that was put back, or of another server: it
/// would refuse every ticket until then.
const AHEAD: &str = "
    select count(*) from inbox where token > (extract(epoch from clock_timestamp() + interval '1 minute') * 1e6)::bigint";

const LOWER: &str = "
    update inbox set token = (extract(epoch from clock_timestamp()) * 1e6)::bigint
    where token > (extract(epoch from clock_timestamp() + interval '1 minute') * 1e6)::bigint";

/// How many events would refuse to be told again, because their token is of the future.
///
/// # Errors
/// Those of the session and the statement.
pub async fn ahead<D: Database>(on: impl Access<D>) -> Result<u64> {
    let mut session = on.session().await?;
    let ahead: i64 = sqlx::query_scalar(AHEAD).fetch_one(&mut *session).await.during("look for tokens")?;
    Ok(ahead.unsigned_abs())
}

/// Brings those tokens back to the present.
///
/// # Errors
/// Those of the session and the statement.
pub async fn lower<D: Database>(on: impl Access<D>) -> Result<()> {
    let mut session = on.session().await?;
    sqlx::query(LOWER).execute(&mut *session).await.during("lower tokens").map(|_| ())
}
