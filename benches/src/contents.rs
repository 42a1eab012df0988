//! Whether two databases hold the same products.

use anyhow::{Result, ensure};

use crate::psql::Psql;

/// Columns that say when and under which number a row was made, and the hash, which is the importer's own affair.
const UNSHARED: [&str; 10] = [
    "id",
    "content_hash",
    "brand_id",
    "category_id",
    "created_at",
    "updated_at",
    "price_since",
    "stock_since",
    "created_publication",
    "updated_publication",
];

/// Compares all products of two catalogs by their number and by a sum over their hashed columns, which does not depend
/// on their order; brands and categories by name.
///
/// # Errors
/// When they differ, naming the columns.
pub fn ensure_equal(one: &Psql, other: &Psql) -> Result<()> {
    let shared = shared_columns(one)?;
    let whole = checksum(&shared);
    let (of_one, of_other) = (one.query(&whole)?, other.query(&whole)?);
    if of_one == of_other {
        return Ok(());
    }
    let mut differing = Vec::new();
    for column in &shared {
        let statement = checksum(&["p.sku".to_owned(), column.clone()]);
        if one.query(&statement)? != other.query(&statement)? {
            differing.push(column.as_str());
        }
    }
    ensure!(
        of_one == of_other,
        "the arms hold different products: {of_one} and {of_other}; see {}",
        differing.join(", ")
    );
    Ok(())
}

fn shared_columns(catalog: &Psql) -> Result<Vec<String>> {
    let unshared = UNSHARED.map(|name| format!("'{name}'")).join(", ");
    let names = catalog.query(&format!(
        "select attname from pg_attribute where attrelid = 'products'::regclass and attnum > 0 and not attisdropped
         and attname not in ({unshared}) order by attnum"
    ))?;
    let columns = names.lines().map(|name| format!("p.{name}"));
    Ok(columns.chain(["b.name".to_owned(), "c.path".to_owned()]).collect())
}

/// Prints the number of products and the sum of their hashes.
fn checksum(columns: &[String]) -> String {
    let columns = columns.join(", ");
    format!(
        "select count(*), coalesce(sum(hashtextextended(row({columns})::text, 0)::numeric), 0) from products p
         left join brands b on b.id = p.brand_id left join categories c on c.id = p.category_id"
    )
}
