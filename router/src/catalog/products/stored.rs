//! Products as the items they were published from.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use item::{Column, Field, FieldKind, IntColumn, ItemBatch, TextColumn};
use tokio_postgres::Row;

use crate::error::During;
use crate::{Bulk, Catalog, Result, RouterError};

/// Reads the stored values of products, all fields, in the order of `product_ids`: what an empty cell keeps.
///
/// Lines are 0. JSON comes back compact, its keys in byte order: the database does not keep their spelling, and a
/// content hash over the result is only stable for JSON that was written so.
///
/// # Errors
/// [`RouterError::Missing`] when one of them does not exist, [`RouterError::Query`].
pub async fn stored_items(bulk: &Bulk<Catalog>, product_ids: &[i64]) -> Result<ItemBatch> {
    let rows = bulk.query(stored_items_sql(), &[&product_ids]).await.during("read stored products")?;
    let mut batch = ItemBatch::new(vec![0; rows.len()]);
    for (place, field) in Field::ALL.into_iter().enumerate() {
        batch.set(field, column(field, place + 1, &rows)?);
    }
    match rows.iter().find(|row| row.get::<_, Option<&str>>(1 + Field::Sku.index()).is_none()) {
        Some(row) => Err(RouterError::Missing { what: "product", name: row.get::<_, i64>(0).to_string() }),
        None => Ok(batch),
    }
}

/// The statement: the wanted id, then every field in order, in a form that travels as an item's does.
pub fn stored_items_sql() -> &'static str {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        let fields = Field::ALL.map(|field| as_item(field.kind(), source(field))).join(",\n    ");
        include_str!("stored.sql").replace("{fields}", &fields)
    });
    &SQL
}

/// Where a field is stored.
fn source(field: Field) -> String {
    match field {
        Field::Brand => "b.name".to_owned(),
        Field::CategoryPath => "c.path".to_owned(),
        Field::ImageUrls => "i.urls".to_owned(),
        Field::VariantGroup => "v.variant_group".to_owned(),
        Field::VariantAttributes => "v.attributes".to_owned(),
        _ => format!("p.{}", field.name()),
    }
}

fn as_item(kind: FieldKind, source: String) -> String {
    match kind {
        FieldKind::Text | FieldKind::Integer => source,
        // The separator of lists, U+001F.
        FieldKind::List => format!("array_to_string({source}, chr(31))"),
        FieldKind::Json => format!("{source}::text"),
        FieldKind::Decimal => format!("({source} * 10000)::bigint"),
        FieldKind::Bool => format!("{source}::integer::bigint"),
        FieldKind::Date => format!("({source} - date '1970-01-01')::bigint"),
    }
}

fn column(field: Field, place: usize, rows: &[Row]) -> Result<Column> {
    Ok(match field.kind() {
        FieldKind::Text | FieldKind::List => {
            Column::Text(rows.iter().map(|row| row.get::<_, Option<&str>>(place).unwrap_or_default()).collect())
        }
        FieldKind::Json => {
            let mut texts = TextColumn::with_capacity(rows.len(), 0);
            for row in rows {
                match row.get::<_, Option<&str>>(place) {
                    Some(stored) => texts.push(&compact(field, stored)?),
                    None => texts.push(""),
                }
            }
            Column::Text(texts)
        }
        FieldKind::Decimal | FieldKind::Integer | FieldKind::Bool | FieldKind::Date => {
            Column::Int(rows.iter().map(|row| row.get::<_, Option<i64>>(place)).collect::<IntColumn>())
        }
    })
}

fn compact(field: Field, stored: &str) -> Result<String> {
    let unreadable =
        |error: serde_json::Error| RouterError::Unreadable { what: field.name(), reason: error.to_string() };
    let object: BTreeMap<String, serde_json::Value> = serde_json::from_str(stored).map_err(unreadable)?;
    serde_json::to_string(&object).map_err(unreadable)
}
