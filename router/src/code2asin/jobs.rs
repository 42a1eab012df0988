//! Tables code2asin_jobs and code2asin_suppliers.

use crate::error::During;
use crate::fence::passes;
use crate::{Access, Code2asin, Result, Statements, Ticket};

/// The statements below.
pub const STATEMENTS: Statements = &[("jobs::add_pending", ADD_PENDING)];

/// Links that are there already are left out first: they write nothing, and ask for nothing. Rows are taken in the order
/// of their keys, because two callers that take the same ones in different orders would each wait for the other.
const ADD_PENDING: &str = concat!(
    passes!(),
    ", given as (
        select distinct on (product_id) product_id, supplier_id, gtin
        from unnest($4::bigint[], $5::bigint[], $6::text[]) with ordinality as given (product_id, supplier_id, gtin, place), mine
        order by product_id, place desc
    ), linked as (
        insert into code2asin_suppliers (product_id, supplier_id, gtin)
        select product_id, supplier_id, gtin from given
        where not exists (
            select from code2asin_suppliers as known where known.product_id = given.product_id and known.gtin = given.gtin)
        order by product_id
        on conflict (product_id) do update
        set supplier_id = excluded.supplier_id, gtin = excluded.gtin, updated_at = now()
        where code2asin_suppliers.gtin <> excluded.gtin
        returning gtin
    ), asked as (
        insert into code2asin_jobs (gtin, requested_by_publication_id)
        select distinct gtin, $7::bigint from linked order by gtin
        on conflict (gtin) do update
        set status = 'pending', attempts = 0, next_attempt_at = now(), failure_code = null, failure_message = null,
            requested_by_publication_id = excluded.requested_by_publication_id, updated_at = now()
        where code2asin_jobs.status in ('not_found', 'failed')
        returning gtin
    )
    select count(*), (select count(*) from mine) from asked"
);

/// A product's GTIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link<'a> {
    /// The product's number in db_catalog.
    pub product_id: i64,
    /// Its supplier's number in db_catalog.
    pub supplier_id: i64,
    /// Its GTIN, padded to 14 digits.
    pub gtin: &'a str,
}

/// Links products to their GTINs and returns how many look-ups are newly pending: those of GTINs never asked for, and of
/// those that were not found and now belong to another product. A GTIN that was found, or waits already, is not asked for
/// again. Meant for thousands of links at once; a second call with the same ones changes nothing. When a product stands
/// there twice, its last GTIN counts.
///
/// # Errors
/// [`crate::RouterError::Superseded`] and those of the session and the statement; nothing was changed then.
pub async fn add_pending(
    on: impl Access<Code2asin>,
    ticket: &Ticket<'_>,
    links: &[Link<'_>],
    publication_id: i64,
) -> Result<u64> {
    let mut session = on.session().await?;
    let products: Vec<i64> = links.iter().map(|link| link.product_id).collect();
    let suppliers: Vec<i64> = links.iter().map(|link| link.supplier_id).collect();
    let gtins: Vec<&str> = links.iter().map(|link| link.gtin).collect();
    let (asked, passed): (i64, i64) = sqlx::query_as(ADD_PENDING)
        .bind(ticket.import_id)
        .bind(ticket.topic)
        .bind(ticket.token)
        .bind(products)
        .bind(suppliers)
        .bind(gtins)
        .bind(publication_id)
        .fetch_one(&mut *session)
        .await
        .during("add pending look-ups")?;
    if passed == 1 { Ok(asked.unsigned_abs()) } else { Err(ticket.refused()) }
}
