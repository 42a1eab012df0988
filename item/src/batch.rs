//! Many items as columns.

use crate::{Column, Field, content_hash, key_hash};

/// Canonical items of one stretch of a file, as columns: one [`Column`] per [`Field`], all of the same length.
#[derive(Debug, Clone, Default)]
pub struct ItemBatch {
    lines: Vec<u64>,
    columns: Vec<Column>,
}

impl ItemBatch {
    /// A batch of `lines.len()` items, each with the line (or spreadsheet row) it comes from, and no values yet.
    pub fn new(lines: Vec<u64>) -> Self {
        ItemBatch { lines, columns: vec![Column::Absent; Field::ALL.len()] }
    }

    /// Sets the values of a field.
    ///
    /// # Panics
    /// When the column's length is not the batch's: a bug in the normaliser, never in the input.
    pub fn set(&mut self, field: Field, column: Column) {
        let rows = match &column {
            Column::Absent => self.len(),
            Column::Text(texts) => texts.len(),
            Column::Int(numbers) => numbers.len(),
        };
        assert_eq!(rows, self.len(), "column {} has another length than its batch", field.name());
        self.columns[field.index()] = column;
    }

    /// The column of a field.
    pub fn column(&self, field: Field) -> &Column {
        &self.columns[field.index()]
    }

    /// The text of a field in a row (kinds text, list, JSON).
    pub fn text(&self, field: Field, row: usize) -> Option<&str> {
        self.columns[field.index()].text(row)
    }

    /// The number of a field in a row (kinds decimal, integer, bool, date).
    pub fn int(&self, field: Field, row: usize) -> Option<i64> {
        self.columns[field.index()].int(row)
    }

    /// The source line of each item.
    pub fn lines(&self) -> &[u64] {
        &self.lines
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// No item at all.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The key of each item (its SKU), hashed.
    pub fn key_hashes(&self) -> Vec<u128> {
        (0..self.len()).map(|row| key_hash(self.text(Field::Sku, row).unwrap_or(""))).collect()
    }

    /// The content of each item, hashed over every field.
    pub fn content_hashes(&self) -> Vec<u128> {
        let mut scratch = Vec::with_capacity(1024);
        (0..self.len()).map(|row| content_hash(self, row, &mut scratch)).collect()
    }
}
