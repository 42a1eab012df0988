//! What a publication means to the other databases, page by page: its pictures and its GTINs.
//!
//! Pages are read from the catalogue as it is now: a product that a later publication has changed shows its later
//! values. Every consumer is idempotent, so that this costs nothing but a repetition.

use sqlx::FromRow;

use crate::error::During;
use crate::{Access, Catalog, Result, Statements};

/// A picture of a created product, or of one whose pictures changed.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct PublishedImage {
    /// The product.
    pub product_id: i64,
    /// From 1, in the supplier's order.
    pub position: i32,
    /// Where the supplier keeps it.
    pub url: String,
}

/// A GTIN of a created product, or of one whose GTIN changed.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct PublishedGtin {
    /// The product.
    pub product_id: i64,
    /// Its supplier.
    pub supplier_id: i64,
    /// 14 digits, valid and not from a restricted range.
    pub gtin: String,
}

/// The statements below.
pub const STATEMENTS: Statements = &[("fanout::IMAGES", IMAGES), ("fanout::GTINS", GTINS)];

const IMAGES: &str = include_str!("fanout/images.sql");
const GTINS: &str = include_str!("fanout/gtins.sql");

/// Pictures of a publication by product and position, `limit` of them behind `after` (`(0, 0)` to begin with). An empty
/// page is the end.
///
/// # Errors
/// Those of the session and the statement.
pub async fn images_of_publication(
    on: impl Access<Catalog>,
    publication_id: i64,
    after: (i64, i32),
    limit: i64,
) -> Result<Vec<PublishedImage>> {
    let mut session = on.session().await?;
    let query = sqlx::query_as(IMAGES).bind(publication_id).bind(after.0).bind(after.1).bind(limit);
    query.fetch_all(&mut *session).await.during("list the images of a publication")
}

/// GTINs of a publication by product, `limit` of them with product ids above `after` (0 to begin with). An empty page is
/// the end.
///
/// # Errors
/// Those of the session and the statement.
pub async fn gtins_of_publication(
    on: impl Access<Catalog>,
    publication_id: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<PublishedGtin>> {
    let mut session = on.session().await?;
    let query = sqlx::query_as(GTINS).bind(publication_id).bind(after).bind(limit);
    query.fetch_all(&mut *session).await.during("list the GTINs of a publication")
}
