//! What db_code2asin knows of the catalogue's GTINs, and the removal of what the catalogue does not bear out.

use crate::catalog::fanout::PublishedGtin;
use crate::error::During;
use crate::{Access, Code2asin, Result, Statements};

/// The statements below.
pub const STATEMENTS: Statements = &[("audit::UNLINKED", UNLINKED), ("audit::LINKS", LINKS), ("audit::FORGET", FORGET)];

/// A link whose GTIN nobody looks up is as good as none.
const UNLINKED: &str = "
    select given.product_id from unnest($1::bigint[], $2::text[]) as given (product_id, gtin)
    where not exists (
        select from code2asin_suppliers as l join code2asin_jobs as j on j.gtin = l.gtin
        where l.product_id = given.product_id and l.gtin = given.gtin)";

const LINKS: &str = "
    select product_id, supplier_id, gtin from code2asin_suppliers
    where product_id > $1
    order by product_id
    limit $2";

const FORGET: &str = "delete from code2asin_suppliers where product_id = any($1)";

/// Those products that are not linked to their GTIN, or whose GTIN nobody looks up.
///
/// # Errors
/// Those of the session and the statement.
pub async fn unlinked(on: impl Access<Code2asin>, products: &[PublishedGtin]) -> Result<Vec<i64>> {
    let mut session = on.session().await?;
    sqlx::query_scalar(UNLINKED)
        .bind(products.iter().map(|product| product.product_id).collect::<Vec<_>>())
        .bind(products.iter().map(|product| product.gtin.as_str()).collect::<Vec<_>>())
        .fetch_all(&mut *session)
        .await
        .during("look for links")
}

/// Links from products to GTINs, `limit` of them with product ids above `after` (0 to begin with).
///
/// # Errors
/// Those of the session and the statement.
pub async fn links(on: impl Access<Code2asin>, after: i64, limit: i64) -> Result<Vec<PublishedGtin>> {
    let mut session = on.session().await?;
    sqlx::query_as(LINKS).bind(after).bind(limit).fetch_all(&mut *session).await.during("list links")
}

/// Forgets the links of some products; what is known of their GTINs stays.
///
/// # Errors
/// Those of the session and the statement.
pub async fn forget(on: impl Access<Code2asin>, product_ids: &[i64]) -> Result<()> {
    let mut session = on.session().await?;
    sqlx::query(FORGET).bind(product_ids).execute(&mut *session).await.during("forget links").map(|_| ())
}
