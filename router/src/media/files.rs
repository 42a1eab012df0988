//! Tables media_files and media_processing_jobs.

use crate::error::During;
use crate::{Access, Media, Result, Statements};

/// The statements below.
pub const STATEMENTS: Statements = &[("files::add_pending", ADD_PENDING)];

/// Known addresses are left out before `on conflict` sees them, so that they neither burn a number of the identity nor
/// write anything. In the order of their hashes, because two callers that insert the same addresses in different orders
/// would each wait for the other.
const ADD_PENDING: &str = "
    with given as (
        select distinct url, sha256(convert_to(url, 'UTF8')) as url_hash from unnest($1::text[]) as given (url)
    ), added as (
        insert into media_files (url, url_hash, first_supplier_id, first_publication_id)
        select url, url_hash, $2, $3 from given
        where not exists (select from media_files where media_files.url_hash = given.url_hash)
        order by url_hash
        on conflict (url_hash) do nothing
        returning id
    ), jobs as (
        insert into media_processing_jobs (media_id) select id from added
    )
    select count(*) from added";

/// Adds the files behind `urls` that are not known yet, each with one pending job, and returns how many those are. Meant
/// for thousands of addresses at once; a second call with the same ones changes nothing.
///
/// # Errors
/// Those of the session and the statement; nothing was changed then.
pub async fn add_pending(on: impl Access<Media>, urls: &[&str], supplier_id: i64, publication_id: i64) -> Result<u64> {
    let mut session = on.session().await?;
    let added: i64 = sqlx::query_scalar(ADD_PENDING)
        .bind(urls)
        .bind(supplier_id)
        .bind(publication_id)
        .fetch_one(&mut *session)
        .await
        .during("add pending media files")?;
    Ok(added.unsigned_abs())
}
