//! What nobody mapped, kept as JSON under its original header.

use item::{Column, TextColumn};
use polars::prelude::DataFrame;

use super::json::{Object, escaped_key};
use super::refusal::Refusals;
use super::source::Cells;
use super::text::{trim, within};
use crate::Binding;

/// A column that goes into the attributes: of every row, or of those whose cell its field could not take.
struct Kept<'a> {
    place: usize,
    key: String,
    cells: Cells<'a>,
    /// Ascending; none for every row.
    only_rows: Option<Vec<usize>>,
}

/// The attributes of every row: the columns of `records` (the whole header) that are not mapped, and the mapped cells
/// that are in no list of their field. Keys stand in byte order, as the catalogue gives them back, so that an item read from
/// there hashes as it did when it was written; empty cells are left out.
pub(crate) fn attributes(
    records: &DataFrame,
    binding: &Binding,
    text_bytes_max: usize,
    refusals: &mut Refusals,
) -> Column {
    let columns = records.columns();
    let mut kept: Vec<Kept<'_>> = (0..columns.len())
        .filter_map(|place| {
            let only_rows =
                if binding.rest.binary_search(&place).is_ok() { None } else { Some(unlisted_rows(refusals, place)?) };
            Some(Kept { place, key: escaped_key(&binding.header[place]), cells: Cells::of(&columns[place]), only_rows })
        })
        .collect();
    if kept.is_empty() {
        return Column::Absent;
    }
    kept.sort_by(|one, other| binding.header[one.place].cmp(&binding.header[other.place]));
    let rows = records.height();
    let bytes = kept.iter().map(|column| column.cells.bytes() + rows * (column.key.len() + 3)).sum();
    let mut out = TextColumn::with_capacity(rows, bytes);
    for row in 0..rows {
        let mut object = Object::new(out.buffer());
        for column in &kept {
            let text = trim(column.cells.get(row));
            if text.is_empty() || column.only_rows.as_ref().is_some_and(|rows| rows.binary_search(&row).is_err()) {
                continue;
            }
            match within(text, text_bytes_max) {
                Ok(()) => object.member(&column.key, text),
                Err(refusal) => refusals.add(row, Some(column.place), refusal),
            }
        }
        object.close();
        out.finish();
    }
    Column::Text(out)
}

/// The rows whose cell in this column is kept although the column is mapped; none when there is no such row.
fn unlisted_rows(refusals: &Refusals, place: usize) -> Option<Vec<usize>> {
    let mut rows: Vec<usize> =
        refusals.unlisted.iter().filter(|(_, kept)| *kept == place).map(|(row, _)| *row).collect();
    rows.sort_unstable();
    rows.dedup();
    (!rows.is_empty()).then_some(rows)
}
