//! Table products, read with what belongs to a product.

mod stored;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::FromRow;

use crate::error::During;
use crate::{Access, Catalog, Result, Statements};

pub use stored::stored_items;
#[doc(hidden)]
pub use stored::stored_items_sql;

/// A product at a glance.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize)]
pub struct Product {
    /// Its number.
    pub id: i64,
    /// Code of its supplier.
    pub supplier: String,
    /// The supplier's reference.
    pub sku: String,
    /// 14 digits.
    pub gtin: Option<String>,
    /// Its name.
    pub title: String,
    /// Its brand.
    pub brand: Option<String>,
    /// From the root down.
    pub category_path: Option<Vec<String>>,
    /// Net price in ten-thousandths of the currency.
    pub price: Option<i64>,
    /// Price with tax in ten-thousandths of the currency.
    pub price_incl_tax: Option<i64>,
    /// ISO 4217 code.
    pub currency: Option<String>,
    /// Pieces available.
    pub stock: Option<i64>,
    /// False when it was absent from its supplier's last full file.
    pub is_active: bool,
    /// When it was first published.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Which products to show; every condition that is there must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductFilter {
    /// Code of the supplier.
    pub supplier: Option<String>,
    /// The whole SKU.
    pub sku: Option<String>,
    /// The GTIN, padded to 14 digits.
    pub gtin: Option<String>,
    /// A part of title, manufacturer's part number or brand, whatever the case.
    pub text: Option<String>,
    /// Active ones only, or inactive ones only.
    pub active: Option<bool>,
}

/// The statements below; that of [`stored_items`] is made of the fields of an item.
pub const STATEMENTS: Statements = &[("products/search.sql", SEARCH)];

const SEARCH: &str = include_str!("search.sql");

/// The first `limit` products, by supplier and SKU, that fit a filter.
///
/// # Errors
/// Those of the session and the statement.
pub async fn search(on: impl Access<Catalog>, filter: &ProductFilter, limit: i64) -> Result<Vec<Product>> {
    let mut session = on.session().await?;
    let query = sqlx::query_as(SEARCH)
        .persistent(false)
        .bind(&filter.supplier)
        .bind(&filter.sku)
        .bind(&filter.gtin)
        .bind(filter.text.as_deref().map(containing))
        .bind(filter.active)
        .bind(limit);
    query.fetch_all(&mut *session).await.during("search products")
}

/// The pattern of LIKE for texts that contain this one, letter by letter.
fn containing(text: &str) -> String {
    let literal = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    format!("%{literal}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_the_pattern_language_are_taken_literally() {
        assert_eq!(containing(r"50%_\"), r"%50\%\_\\%");
    }
}
