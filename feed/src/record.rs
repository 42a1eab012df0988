//! Decoded records: all text.

use item::Reject;
use polars::prelude::{ChunkFull, Column, DataFrame, IntoColumn, StringChunked};

/// Records of one stretch of a file as a polars frame whose columns are all text, named by the header, in its order
/// (or the projected part of it), plus what could not become a record. Nothing is typed by looking at values.
#[derive(Debug, Clone)]
pub struct RecordBatch {
    /// One `String` column per header cell; every cell present (an empty cell is the empty string, never null).
    pub frame: DataFrame,
    /// Line of the original file at which each record begins, from 1; as long as the frame is high.
    pub lines: Vec<u64>,
    /// Records of this stretch that are too wide, too narrow, unreadable or not in the file's encoding.
    pub rejects: Vec<Reject>,
    /// Rows of a correction, ascending, that came back because their SKU stood earlier: while the catalogue knows that
    /// SKU, they are duplicates still.
    pub repeated: Vec<usize>,
    /// Cells that hold valid multi-byte UTF-8: with `invalid_utf8` the evidence for the encoding.
    pub multibyte_utf8: u64,
    /// Records with bytes that are not UTF-8.
    pub invalid_utf8: u64,
}

impl RecordBatch {
    /// Records found in this stretch, rejected ones included.
    pub fn read(&self) -> u64 {
        (self.lines.len() + self.rejects.len()) as u64
    }

    /// Rows of empty cells, for what is asked before there is a row.
    pub(crate) fn blank(header: &[String], rows: usize) -> RecordBatch {
        let column = |name: &String| StringChunked::full(name.as_str().into(), "", rows).into_column();
        let frame = DataFrame::new(rows, header.iter().map(column).collect()).expect("the header's cells are unique");
        RecordBatch {
            frame,
            lines: vec![0; rows],
            rejects: Vec::new(),
            repeated: Vec::new(),
            multibyte_utf8: 0,
            invalid_utf8: 0,
        }
    }

    /// The cells of a row, whole.
    ///
    /// # Panics
    /// When `row` is not below the frame's height.
    pub fn cells(&self, row: usize) -> impl Iterator<Item = &str> {
        let columns = self.frame.columns().iter();
        columns.map(move |column| text_of(column, row))
    }

    /// The cells of a row as they were sent, for a reject found later, each cut at `cell_bytes_max`. Columns that the frame was made without are missing.
    ///
    /// # Panics
    /// When `row` is not below the frame's height.
    pub fn raw(&self, row: usize, cell_bytes_max: usize) -> Vec<String> {
        let cell = |column: &Column| cut_lossy(text_of(column, row).as_bytes(), cell_bytes_max);
        self.frame.columns().iter().map(cell).collect()
    }
}

fn text_of(column: &Column, row: usize) -> &str {
    let texts = column.str().expect("every column of a record batch is text");
    texts.get(row).unwrap_or_default()
}

/// Cells of a reject beyond the header's width that are kept: enough for a person to see what happened to the row.
pub(crate) const RAW_CELLS_BEYOND: usize = 100;

/// Text of at most `bytes_max` bytes, cut between characters; bytes that are no text become U+FFFD.
pub(crate) fn cut_lossy(bytes: &[u8], bytes_max: usize) -> String {
    // A character has at most 4 bytes, so that one cut in its middle lies behind the limit.
    let window = &bytes[..bytes.len().min(bytes_max.saturating_add(4))];
    let mut text = String::from_utf8_lossy(window).into_owned();
    text.truncate(text.floor_char_boundary(bytes_max));
    text
}
