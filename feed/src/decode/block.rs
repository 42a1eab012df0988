//! Whole records, not yet cells, to columns: the part of decoding that runs on every core.

use std::sync::Arc;

use encoding_rs::Encoding as Utf8;
use item::{Problem, Reject, RejectCode};
use memchr::{memchr, memmem};
use polars::prelude::DataFrame;
use polars_buffer::Buffer;

use super::columns::{Columns, SLACK};
use super::grammar::Cell;
use crate::correction::{Correction, is_protected};
use crate::record::{RAW_CELLS_BEYOND, cut_lossy};
use crate::{Dialect, Encoding, RecordBatch};

/// Cells gathered before they go to the columns, one column after the other: few enough to stay in the nearest cache,
/// many enough that each column is written in long runs.
const CELLS_PUSHED: usize = 2048;

/// What all blocks of a file have in common.
#[derive(Debug)]
pub(super) struct Shape {
    pub encoding: Encoding,
    pub dialect: Dialect,
    pub header: Vec<String>,
    pub numbered: bool,
    pub correction: Option<Correction>,
    pub reject_cell_bytes_max: usize,
}

/// Where a record stands in its block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub start: u32,
    pub end: u32,
    /// Physical lines above it in the block.
    pub lines_above: u32,
    /// No cell opens with a quote.
    pub plain: bool,
}

/// Whole records of one stretch of the file, not yet cells.
#[derive(Debug)]
pub struct Block {
    pub(super) shape: Arc<Shape>,
    /// Ends with [`super::columns::SLACK`].
    pub(super) text: Buffer<u8>,
    pub(super) spans: Vec<Span>,
    /// Physical line of the text's first byte.
    pub(super) line: u64,
    /// Records that the splitter could not take in.
    pub(super) rejects: Vec<Reject>,
}

impl Block {
    /// Cells as a frame: every column, or only those at these places of the header, in this order. What cannot become a
    /// full row of text cells is in the batch's rejects.
    ///
    /// # Panics
    /// When `columns` names a place outside the header, or one twice.
    pub fn records(&self, columns: Option<&[usize]>) -> RecordBatch {
        let every: Vec<usize>;
        let columns = match columns {
            Some(columns) => columns,
            None => {
                every = (0..self.shape.header.len()).collect();
                &every
            }
        };
        let mut reading = Reading::of(self, columns);
        for span in &self.spans {
            reading.take(*span);
        }
        reading.finish()
    }
}

/// One pass over a block.
struct Reading<'a> {
    block: &'a Block,
    /// All of the text is ASCII.
    ascii: bool,
    /// All of the text is UTF-8 without NUL: no record needs a look of its own.
    clean: bool,
    columns: Columns<'a>,
    /// Cells of good rows, one row behind the other, that are not in the columns yet.
    cells: Vec<Cell>,
    lines: Vec<u64>,
    rejects: Vec<Reject>,
    /// Rows that come back as duplicates.
    repeated: Vec<usize>,
    multibyte_utf8: u64,
    invalid_utf8: u64,
}

impl<'a> Reading<'a> {
    fn of(block: &'a Block, places: &'a [usize]) -> Self {
        let ascii = block.text.is_ascii();
        // The slack behind the text is NUL, the text ends before it.
        let text = &block.text[..block.text.len() - SLACK.len()];
        Reading {
            block,
            ascii,
            clean: (ascii || Utf8::utf8_valid_up_to(text) == text.len()) && memchr(0, text).is_none(),
            columns: Columns::new(
                &block.text,
                block.shape.dialect.quote,
                block.shape.header.len(),
                places,
                block.spans.len(),
            ),
            cells: Vec::new(),
            lines: Vec::with_capacity(block.spans.len()),
            rejects: block.rejects.clone(),
            repeated: Vec::new(),
            multibyte_utf8: 0,
            invalid_utf8: 0,
        }
    }

    /// One record: a row of the frame, a reject, or nothing when it is blank.
    fn take(&mut self, span: Span) {
        let shape = &*self.block.shape;
        let text = self.block.text.as_slice();
        let width = shape.header.len();
        let mut line = self.block.line + u64::from(span.lines_above);
        let first = self.cells.len();
        shape.dialect.cells(text, span.start as usize, span.end as usize, span.plain, &mut self.cells);
        if shape.numbered {
            line = row_number(self.cells.remove(first).bytes(text)).unwrap_or(line);
        }
        let told = shape.restore(&mut self.cells, first, text);
        let cells = &self.cells[first..];
        if cells.len() == 1 && width > 1 && is_blank(cells[0].bytes(text)) {
            self.cells.truncate(first);
            return;
        }
        if !self.ascii && shape.encoding == Encoding::Utf8 {
            self.multibyte_utf8 += multibyte_cells(cells, text);
        }
        let unreadable = if self.clean { None } else { shape.unreadable(cells, text) };
        let unreadable = unreadable.or_else(|| shape.still_unreadable(told, cells, text));
        self.invalid_utf8 +=
            u64::from(unreadable.as_ref().is_some_and(|found| found.not_utf8) && shape.encoding == Encoding::Utf8);
        if let Some(problem) = unreadable.map(|found| found.problem).or_else(|| shape.misfit(cells)) {
            self.rejects.push(Reject { line, problems: vec![problem], raw: shape.raw(cells, text) });
            self.cells.truncate(first);
            return;
        }
        self.cells.truncate(first + width);
        if told.is_some_and(|told| says(told.bytes(text), RejectCode::DuplicateSku)) {
            self.repeated.push(self.lines.len());
        }
        self.lines.push(line);
        if self.cells.len() >= CELLS_PUSHED {
            self.push_rows();
        }
    }

    fn push_rows(&mut self) {
        // SAFETY: the cells come from the grammar over this very text, which cuts at bytes below 128 only; the text is
        // UTF-8 as a whole (`clean`), or else each of these cells has been found to be.
        unsafe { self.columns.push_rows(&self.cells) };
        self.cells.clear();
    }

    fn finish(mut self) -> RecordBatch {
        self.push_rows();
        self.rejects.sort_by_key(|reject| reject.line);
        let columns = self.columns.finish(&self.block.shape.header);
        let frame = DataFrame::new(self.lines.len(), columns)
            .expect("columns are equally long and named once, as `records` demands");
        RecordBatch {
            frame,
            lines: self.lines,
            rejects: self.rejects,
            repeated: self.repeated,
            multibyte_utf8: self.multibyte_utf8,
            invalid_utf8: self.invalid_utf8,
        }
    }
}

/// A record whose bytes are no text.
struct Unreadable {
    not_utf8: bool,
    problem: Problem,
}

impl Shape {
    /// Makes the cells of a correction what the supplier had sent: takes our columns out of the record that begins at
    /// `first`, and our apostrophes off the others. Answers the cell that tells what was wrong.
    pub(super) fn restore(&self, cells: &mut Vec<Cell>, first: usize, text: &[u8]) -> Option<Cell> {
        let correction = self.correction.as_ref()?;
        let told = correction.problem.and_then(|place| cells.get(first + place).copied());
        for place in correction.dropped.iter().rev() {
            if first + place < cells.len() {
                cells.remove(first + place);
            }
        }
        for cell in cells[first..].iter_mut().filter(|cell| is_protected(cell.bytes(text))) {
            cell.start += 1;
            cell.len -= 1;
        }
        told
    }

    /// A row that came back for its encoding and still holds what we wrote in the place of bytes that are no text.
    fn still_unreadable(&self, told: Option<Cell>, cells: &[Cell], text: &[u8]) -> Option<Unreadable> {
        const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();
        told.filter(|told| says(told.bytes(text), RejectCode::EncodingInvalid))?;
        let place = cells.iter().position(|cell| memmem::find(cell.bytes(text), REPLACEMENT).is_some())?;
        let column = self.column(place);
        let message = format!("characters that were lost still stand in column `{column}`");
        let problem = Problem { code: RejectCode::EncodingInvalid, column: Some(column), message };
        Some(Unreadable { not_utf8: false, problem })
    }

    /// The name of the column at a place, which may lie beyond the header.
    fn column(&self, place: usize) -> String {
        self.header.get(place).cloned().unwrap_or_else(|| format!("column {}", place + 1))
    }

    /// The first cell that holds a NUL or bytes that are no text.
    fn unreadable(&self, cells: &[Cell], text: &[u8]) -> Option<Unreadable> {
        let (place, cell) = cells
            .iter()
            .map(|cell| cell.bytes(text))
            .enumerate()
            .find(|(_, cell)| memchr(0, cell).is_some() || str::from_utf8(cell).is_err())?;
        let column = self.column(place);
        let not_utf8 = str::from_utf8(cell).is_err();
        let message = match self.encoding {
            _ if !not_utf8 => format!("a NUL byte stands in column `{column}`"),
            Encoding::Utf8 => format!("bytes that are not UTF-8 stand in column `{column}`"),
            Encoding::Utf16Le | Encoding::Utf16Be => format!("bytes that are not UTF-16 stand in column `{column}`"),
            Encoding::Windows1252 => format!("bytes that are not Windows-1252 stand in column `{column}`"),
        };
        Some(Unreadable {
            not_utf8,
            problem: Problem { code: RejectCode::EncodingInvalid, column: Some(column), message },
        })
    }

    /// What is wrong with the number of cells; empty cells beyond the header's width are forgiven.
    fn misfit(&self, cells: &[Cell]) -> Option<Problem> {
        let width = self.header.len();
        let found = cells.len();
        let code = if found < width {
            RejectCode::RowTooNarrow
        } else if cells[width..].iter().any(|cell| cell.len > 0) {
            RejectCode::RowTooWide
        } else {
            return None;
        };
        let cells = if found == 1 { "cell" } else { "cells" };
        Some(Problem { code, column: None, message: format!("{found} {cells} where the header has {width}") })
    }

    /// The cells of a rejected record, for people.
    pub(super) fn raw(&self, cells: &[Cell], text: &[u8]) -> Vec<String> {
        let mut value = Vec::new();
        let cell = |cell: &Cell| {
            value.clear();
            cell.value_into(text, self.dialect.quote, &mut value);
            cut_lossy(&value, self.reject_cell_bytes_max)
        };
        cells.iter().take(self.header.len() + RAW_CELLS_BEYOND).map(cell).collect()
    }
}

/// Whether what we told about a row names this code: ` … [number_unreadable]`.
fn says(told: &[u8], code: RejectCode) -> bool {
    memmem::find(told, format!("[{code}]").as_bytes()).is_some()
}

/// The number at the front of a numbered record.
pub(super) fn row_number(cell: &[u8]) -> Option<u64> {
    str::from_utf8(cell).ok()?.parse().ok()
}

/// Nothing to see: spaces, or the end-of-file character of DOS.
fn is_blank(cell: &[u8]) -> bool {
    cell.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0x1a)
}

/// How many of a record's cells hold valid text beyond ASCII.
fn multibyte_cells(mut cells: &[Cell], text: &[u8]) -> u64 {
    let mut count = 0;
    while let (Some(first), Some(last)) = (cells.first(), cells.last()) {
        let span = &text[first.start as usize..last.end()];
        let beyond = Utf8::ascii_valid_up_to(span);
        if beyond == span.len() {
            break;
        }
        let place = cells.partition_point(|cell| cell.end() <= first.start as usize + beyond);
        count += u64::from(str::from_utf8(cells[place].bytes(text)).is_ok());
        cells = &cells[place + 1..];
    }
    count
}
