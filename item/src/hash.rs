//! Hashes by which an import knows what it has seen: XXH3-128, fast and wide enough that two different products of
//! one supplier do not collide (10 million keys: about 1 in 10^25). Not cryptographic: the supplier who forges a
//! collision only hides a change of its own.

use xxhash_rust::xxh3::xxh3_128;

use crate::{Field, FieldKind, ItemBatch};

/// The hash of a SKU, trimmed as it is stored.
pub fn key_hash(sku: &str) -> u128 {
    xxh3_128(sku.as_bytes())
}

/// The hash of one item over every field in [`Field::ALL`] order. `scratch` is reused between calls.
///
/// Each value is preceded by its length (or, for numbers, stands in eight bytes), so that no two items share an
/// encoding. Fields added later change no hash as long as they have no value: absent fields are skipped and present
/// ones carry their name's tag.
pub fn content_hash(batch: &ItemBatch, row: usize, scratch: &mut Vec<u8>) -> u128 {
    scratch.clear();
    for field in Field::ALL {
        match field.kind() {
            FieldKind::Text | FieldKind::List | FieldKind::Json => {
                if let Some(text) = batch.text(field, row) {
                    scratch.push(tag(field));
                    scratch.extend_from_slice(&(text.len() as u32).to_le_bytes());
                    scratch.extend_from_slice(text.as_bytes());
                }
            }
            FieldKind::Decimal | FieldKind::Integer | FieldKind::Bool | FieldKind::Date => {
                if let Some(number) = batch.int(field, row) {
                    scratch.push(tag(field));
                    scratch.extend_from_slice(&number.to_le_bytes());
                }
            }
        }
    }
    xxh3_128(scratch)
}

/// The field's position: stable as long as new fields are added at the end.
fn tag(field: Field) -> u8 {
    field.index() as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, IntColumn, TextColumn};

    fn one(fields: &[(Field, &str)]) -> u128 {
        let mut batch = ItemBatch::new(vec![1]);
        for (field, text) in fields {
            batch.set(*field, Column::Text(TextColumn::from_iter([*text])));
        }
        batch.content_hashes()[0]
    }

    #[test]
    fn text_cannot_slide_from_one_field_to_the_next() {
        assert_ne!(one(&[(Field::Sku, "ab"), (Field::Gtin, "c")]), one(&[(Field::Sku, "a"), (Field::Gtin, "bc")]));
    }

    #[test]
    fn an_absent_column_and_an_empty_one_hash_alike() {
        assert_eq!(one(&[(Field::Sku, "a"), (Field::Gtin, "")]), one(&[(Field::Sku, "a")]));
    }

    #[test]
    fn zero_and_no_value_differ() {
        let mut batch = ItemBatch::new(vec![1, 2]);
        batch.set(Field::Stock, Column::Int(IntColumn::from_iter([Some(0), None])));
        let hashes = batch.content_hashes();
        assert_ne!(hashes[0], hashes[1]);
    }
}
