//! Mapped text: what a stretch of the file says about our fields, not yet understood.

use item::Field;
use polars::prelude::{ChunkFull, Column, DataFrame, IntoColumn, PlSmallStr, StringChunked};

use super::Binding;
use crate::RecordBatch;

/// Records with their columns chosen and named by a mapping. Cells are shared with the records, never copied.
pub struct RowBatch {
    /// One column per bound rule, in the binding's order, then one per constant; named after the field
    /// (`category_path`, `category_path.2`).
    pub frame: DataFrame,
    /// The records that were mapped.
    pub records: RecordBatch,
}

impl RowBatch {
    /// Maps records whose frame has every column of the header.
    pub fn map(mut records: RecordBatch, binding: &Binding) -> RowBatch {
        // The kernels read one contiguous chunk; decoding already delivers one.
        records.frame.rechunk_mut();
        let height = records.frame.height();
        let sources = records.frame.columns();
        let chosen = binding.columns.iter().map(|column| (column.field, sources[column.place].clone()));
        let constants = binding.constants.iter().map(|(field, value)| (*field, constant(value, height)));
        let mut names = Names::default();
        let columns = chosen.chain(constants).map(|(field, column)| column.with_name(names.next(field))).collect();
        let frame =
            DataFrame::new(height, columns).expect("columns of one frame are equally long and the names are numbered");
        RowBatch { frame, records }
    }
}

/// The same cell in every row.
fn constant(value: &str, height: usize) -> Column {
    StringChunked::full(PlSmallStr::EMPTY, value, height).into_column()
}

/// Numbers the columns that feed the same field.
#[derive(Default)]
struct Names {
    seen: Vec<Field>,
}

impl Names {
    fn next(&mut self, field: Field) -> PlSmallStr {
        self.seen.push(field);
        match self.seen.iter().filter(|seen| **seen == field).count() {
            1 => PlSmallStr::from_static(field.name()),
            nth => PlSmallStr::from(format!("{}.{nth}", field.name())),
        }
    }
}
