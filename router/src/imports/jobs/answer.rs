//! What is left to do for a supplier once its import has ended or is held: the receipt, and an empty inbox.

use super::job::{Job, job_columns};
use crate::error::During;
use crate::{Access, Imports, Result, Statements};

/// The statements below.
pub(super) const STATEMENTS: Statements = &[("jobs::unanswered", UNANSWERED), ("jobs::answered", ANSWERED)];

const UNANSWERED: &str = concat!(
    "select ",
    job_columns!(),
    " from import_jobs
     where answered_at is null and (finished_at is not null or status = 'held')
         and ($1::bigint is null or supplier_id = $1) and updated_at <= now() - make_interval(secs => $2)
     order by updated_at limit $3"
);

/// Only as long as nothing new has happened to it.
const ANSWERED: &str = "
    update import_jobs set answered_at = now()
    where id = $1 and epoch = $2 and updated_at = $3 and answered_at is null";

/// Imports that ended, or were held, at least `since_seconds` ago and have no answer yet; of one supplier or of all.
///
/// # Errors
/// Those of the session and the statement.
pub async fn unanswered(
    on: impl Access<Imports>,
    supplier_id: Option<i64>,
    since_seconds: f64,
    limit: u32,
) -> Result<Vec<Job>> {
    let mut session = on.session().await?;
    sqlx::query_as(UNANSWERED)
        .bind(supplier_id)
        .bind(since_seconds)
        .bind(i64::from(limit))
        .fetch_all(&mut *session)
        .await
        .during("list unanswered imports")
}

/// Notes that the supplier has its answer to an import as it was when `job` was read; what happened since wants another.
///
/// # Errors
/// Those of the session and the statement.
pub async fn answered(on: impl Access<Imports>, job: &Job) -> Result<()> {
    let mut session = on.session().await?;
    sqlx::query(ANSWERED)
        .bind(job.id)
        .bind(job.epoch)
        .bind(job.updated_at)
        .execute(&mut *session)
        .await
        .during("note an answer")
        .map(|_| ())
}
