//! The cells of one column and how they are read.

use item::{IntColumn, TextColumn};
use polars::prelude::{Column, StringChunked};

use super::refusal::{Reading, Refusal, Refusals};
use super::text::{is_formula_error, is_placeholder, trim};

/// The cells of one column of a batch.
#[derive(Clone, Copy)]
pub(crate) struct Cells<'a> {
    cells: &'a Utf8Cells,
}

/// What polars keeps texts in: one contiguous chunk.
type Utf8Cells = <polars::prelude::StringType as polars::prelude::PolarsDataType>::Array;

impl<'a> Cells<'a> {
    /// The cells of a text column of one chunk, as decoding and mapping deliver them.
    pub fn of(column: &'a Column) -> Cells<'a> {
        let texts: &StringChunked = column.as_materialized_series().str().expect("decoded columns are all text");
        Cells { cells: texts.downcast_as_array() }
    }

    pub fn get(&self, row: usize) -> &'a str {
        self.cells.value(row)
    }

    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Bytes of all cells together.
    pub fn bytes(&self) -> usize {
        self.cells.total_bytes_len()
    }
}

/// A column of the file, or a constant, that feeds a field.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub cells: Cells<'a>,
    /// Place in the header; none for a constant.
    pub place: Option<usize>,
}

impl Source<'_> {
    /// Reads every cell as a number of ten-thousandths, pieces, days or yes and no.
    pub fn ints(&self, refusals: &mut Refusals, mut read: impl FnMut(&str) -> Reading<i64>) -> IntColumn {
        let mut out = IntColumn::with_capacity(self.cells.len());
        for row in 0..self.cells.len() {
            out.push(self.read(row, refusals, &mut read));
        }
        out
    }

    /// Reads one cell; `None` when it is empty or refused.
    pub fn read<'c, T>(
        &'c self,
        row: usize,
        refusals: &mut Refusals,
        mut read: impl FnMut(&'c str) -> Reading<T>,
    ) -> Option<T> {
        let text = trim(self.cells.get(row));
        if text.is_empty() {
            return None;
        }
        match meaningful(text).and_then(|text| text.map_or(Ok(None), &mut read)) {
            Ok(value) => value,
            Err(refusal) => {
                refusals.add(row, self.place, refusal);
                None
            }
        }
    }

    /// Reads every cell as text, appended by `read`.
    pub fn texts(&self, refusals: &mut Refusals, mut read: impl FnMut(&str, &mut String) -> Reading<()>) -> TextColumn {
        let mut out = TextColumn::with_capacity(self.cells.len(), self.cells.bytes());
        for row in 0..self.cells.len() {
            if self.read(row, refusals, |text| read(text, out.buffer())).is_none() {
                out.abandon();
            }
            out.finish();
        }
        out
    }

    /// Reads every cell as identity or prose, where a placeholder such as `-` is text like any other.
    pub fn literal_texts(
        &self,
        refusals: &mut Refusals,
        mut read: impl FnMut(&str, &mut String) -> Reading<()>,
    ) -> TextColumn {
        let mut out = TextColumn::with_capacity(self.cells.len(), self.cells.bytes());
        for row in 0..self.cells.len() {
            let text = trim(self.cells.get(row));
            let read = if is_formula_error(text) { Err(formula_error(text)) } else { read(text, out.buffer()) };
            if !matches!(read, Ok(Some(()))) {
                out.abandon();
            }
            if let Err(refusal) = read {
                refusals.add(row, self.place, refusal);
            }
            out.finish();
        }
        out
    }
}

/// The text unless it stands for nothing; a failed formula is refused.
fn meaningful(text: &str) -> Reading<&str> {
    if is_formula_error(text) {
        return Err(formula_error(text));
    }
    Ok((!is_placeholder(text)).then_some(text))
}

fn formula_error(text: &str) -> Refusal {
    Refusal::fault(item::RejectCode::FormulaError, format!("{} is a formula that failed", super::refusal::quote(text)))
}
