//! Tables media_files and media_processing_jobs.

use crate::error::During;
use crate::fence::passes;
use crate::{Access, Media, Result, Statements, Ticket};

/// The statements below.
pub const STATEMENTS: Statements = &[("files::add_pending", ADD_PENDING)];

/// Known addresses are left out before `on conflict` sees them, so that they neither burn a number of the identity nor
/// write anything. In the order of their hashes, because two callers that insert the same addresses in different orders
/// would each wait for the other.
const ADD_PENDING: &str = concat!(
    passes!(),
    ", given as (
        select distinct url, sha256(convert_to(url, 'UTF8')) as url_hash from unnest($4::text[]) as given (url), mine
    ), added as (
        insert into media_files (url, url_hash, first_supplier_id, first_publication_id)
        select url, url_hash, $5, $6 from given
        where not exists (select from media_files where media_files.url_hash = given.url_hash)
        order by url_hash
        on conflict (url_hash) do nothing
        returning id
    ), jobs as (
        insert into media_processing_jobs (media_id) select id from added
    )
    select count(*), (select count(*) from mine) from added"
);

/// Adds the files behind `urls` that are not known yet, each with one pending job, and returns how many those are. Meant
/// for thousands of addresses at once; a second call with the same ones changes nothing.
///
/// # Errors
/// [`crate::RouterError::Superseded`] and those of the session and the statement; nothing was changed then.
pub async fn add_pending(
    on: impl Access<Media>,
    ticket: &Ticket<'_>,
    urls: &[&str],
    supplier_id: i64,
    publication_id: i64,
) -> Result<u64> {
    let mut session = on.session().await?;
    let (added, passed): (i64, i64) = sqlx::query_as(ADD_PENDING)
        .bind(ticket.import_id)
        .bind(ticket.topic)
        .bind(ticket.token)
        .bind(urls)
        .bind(supplier_id)
        .bind(publication_id)
        .fetch_one(&mut *session)
        .await
        .during("add pending media files")?;
    if passed == 1 { Ok(added.unsigned_abs()) } else { Err(ticket.refused()) }
}
