//! What db_media knows of the catalogue's pictures, and the removal of what the catalogue does not bear out.

use sqlx::FromRow;

use crate::error::During;
use crate::{Access, Media, Result, Statements};

/// A picture that is known.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Known {
    /// Its number.
    pub id: i64,
    /// Where the supplier keeps it.
    pub url: String,
    /// The publication that it came with.
    pub first_publication_id: i64,
    /// It is to be fetched, and nothing will fetch it.
    pub is_stranded: bool,
}

/// The statements below.
pub const STATEMENTS: Statements = &[
    ("audit::UNKNOWN_URLS", UNKNOWN_URLS),
    ("audit::FILES", FILES),
    ("audit::FORGET", FORGET),
    ("audit::QUEUE", QUEUE),
];

const UNKNOWN_URLS: &str = "
    select given.place from unnest($1::text[]) with ordinality as given (url, place)
    where not exists (select from media_files where url_hash = sha256(convert_to(given.url, 'UTF8')))
    order by given.place";

const FILES: &str = "
    select id, url, first_publication_id,
        status = 'pending' and not exists (select from media_processing_jobs where media_id = id) as is_stranded
    from media_files where id > $1
    order by id
    limit $2";

const FORGET: &str = "
    with jobs as (delete from media_processing_jobs where media_id = any($1))
    delete from media_files where id = any($1)";

const QUEUE: &str = "
    insert into media_processing_jobs (media_id) select unnest($1::bigint[]) on conflict do nothing";

/// The places, from 0, of those addresses that are not known.
///
/// # Errors
/// Those of the session and the statement.
pub async fn unknown_urls(on: impl Access<Media>, urls: &[&str]) -> Result<Vec<usize>> {
    let mut session = on.session().await?;
    let places: Vec<i64> =
        sqlx::query_scalar(UNKNOWN_URLS).bind(urls).fetch_all(&mut *session).await.during("look for media files")?;
    Ok(places.into_iter().map(|place| place.unsigned_abs() as usize - 1).collect())
}

/// Known pictures, `limit` of them above `after` (0 to begin with).
///
/// # Errors
/// Those of the session and the statement.
pub async fn files(on: impl Access<Media>, after: i64, limit: i64) -> Result<Vec<Known>> {
    let mut session = on.session().await?;
    sqlx::query_as(FILES).bind(after).bind(limit).fetch_all(&mut *session).await.during("list media files")
}

/// Forgets pictures and their jobs; objects in the buckets stay.
///
/// # Errors
/// Those of the session and the statement.
pub async fn forget(on: impl Access<Media>, ids: &[i64]) -> Result<()> {
    let mut session = on.session().await?;
    sqlx::query(FORGET).bind(ids).execute(&mut *session).await.during("forget media files").map(|_| ())
}

/// Queues pictures to be fetched.
///
/// # Errors
/// Those of the session and the statement.
pub async fn queue(on: impl Access<Media>, ids: &[i64]) -> Result<()> {
    let mut session = on.session().await?;
    sqlx::query(QUEUE).bind(ids).execute(&mut *session).await.during("queue media files").map(|_| ())
}
