//! "An empty cell leaves the stored value alone": rows take the values they leave out from the catalogue before they
//! are compared, so that what is stored, hashed and written is always a whole item.

use item::{Column, Field, FieldKind, IntColumn, ItemBatch, TextColumn, content_hash};
use router::catalog::products;
use router::{Catalog, Db};
use tokio::runtime::Handle;

use crate::diff::DeltaBatch;
use crate::error::Result;

/// Reads stored items while a thread compares.
pub struct Keep {
    catalog: Db<Catalog>,
    runtime: Handle,
}

impl Keep {
    /// Reads from `catalog` by way of `runtime`: comparing is a thread's work, reading is not.
    pub fn new(catalog: Db<Catalog>, runtime: Handle) -> Self {
        Keep { catalog, runtime }
    }

    /// Fills what the rows of `known` (row, product id) leave out with stored values, and hashes these rows again.
    pub fn overlay(&self, delta: &mut DeltaBatch, known: &[(usize, i64)]) -> Result<()> {
        let ids: Vec<i64> = known.iter().map(|(_, product_id)| *product_id).collect();
        let stored = self.runtime.block_on(async {
            let bulk = self.catalog.bulk().await?;
            products::stored_items(&bulk, &ids).await
        })?;
        delta.items = merge(&delta.items, known, &stored);
        let mut scratch = Vec::new();
        for (row, _) in known {
            delta.content_hashes[*row] = content_hash(&delta.items, *row, &mut scratch);
        }
        Ok(())
    }
}

/// `items` with the empty values of the rows of `known` taken from `stored`, whose rows stand in the order of `known`.
fn merge(items: &ItemBatch, known: &[(usize, i64)], stored: &ItemBatch) -> ItemBatch {
    let mut stored_row = vec![None; items.len()];
    for (place, (row, _)) in known.iter().enumerate() {
        stored_row[*row] = Some(place);
    }
    let mut merged = ItemBatch::new(items.lines().to_vec());
    for field in Field::ALL {
        let column = match field.kind() {
            FieldKind::Text | FieldKind::List | FieldKind::Json => {
                let mut texts = TextColumn::with_capacity(items.len(), 0);
                for (row, place) in stored_row.iter().enumerate() {
                    let kept = || place.and_then(|place| stored.text(field, place));
                    texts.push(items.text(field, row).or_else(kept).unwrap_or_default());
                }
                Column::Text(texts)
            }
            FieldKind::Decimal | FieldKind::Integer | FieldKind::Bool | FieldKind::Date => {
                let kept = |place: &Option<usize>| place.and_then(|place| stored.int(field, place));
                let values = stored_row.iter().enumerate();
                Column::Int(
                    values.map(|(row, place)| items.int(field, row).or_else(|| kept(place))).collect::<IntColumn>(),
                )
            }
        };
        merged.set(field, column);
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_empty_values_of_known_rows_are_kept() {
        let mut items = ItemBatch::new(vec![2, 3, 4]);
        items.set(Field::Brand, Column::Text(TextColumn::from_iter(["", "Facom", ""])));
        items.set(Field::Price, Column::Int(IntColumn::from_iter([Some(1), None, None])));
        let mut stored = ItemBatch::new(vec![0, 0]);
        stored.set(Field::Brand, Column::Text(TextColumn::from_iter(["Bosch", "Stanley"])));
        stored.set(Field::Price, Column::Int(IntColumn::from_iter([Some(7), Some(8)])));
        let merged = merge(&items, &[(0, 100), (1, 101)], &stored);
        let brands: Vec<_> = (0..3).map(|row| merged.text(Field::Brand, row)).collect();
        assert_eq!(brands, [Some("Bosch"), Some("Facom"), None]);
        let prices: Vec<_> = (0..3).map(|row| merged.int(Field::Price, row)).collect();
        assert_eq!(prices, [Some(1), Some(8), None]);
    }
}
