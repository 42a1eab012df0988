//! Text columns that share one text instead of copying it.
//!
//! A polars string is a view of 16 bytes: its length, and either its up to 12 bytes or its first 4, a buffer and an
//! offset (the Arrow binary view layout). All columns of a block point into the block's own bytes.

use polars::prelude::{Column, IntoColumn, StringChunked};
use polars_arrow::array::{Utf8ViewArray, View};
use polars_arrow::datatypes::ArrowDataType;
use polars_buffer::Buffer;

use super::grammar::Cell;

/// Bytes to append to a text so that every cell, however near its end, may be loaded as a whole view.
pub(super) const SLACK: [u8; 16] = [0; 16];

/// The buffers that views point into, by their place.
const TEXT: u32 = 0;
const VALUES: u32 = 1;

/// Text columns under construction over one text.
pub(super) struct Columns<'a> {
    text: &'a Buffer<u8>,
    /// Values that do not stand in the text as they are: cells with doubled quotes.
    values: Vec<u8>,
    quote: Option<u8>,
    /// Cells in a row, and which of them become columns.
    width: usize,
    places: &'a [usize],
    views: Vec<Vec<View>>,
}

impl<'a> Columns<'a> {
    /// Columns for these places of rows `width` wide, empty, with room for `rows` cells each. The text ends with [`SLACK`]
    /// and is shorter than 4 GiB.
    pub(super) fn new(text: &'a Buffer<u8>, quote: Option<u8>, width: usize, places: &'a [usize], rows: usize) -> Self {
        debug_assert!(text.ends_with(&SLACK));
        Columns {
            text,
            values: Vec::new(),
            quote,
            width,
            places,
            views: places.iter().map(|_| Vec::with_capacity(rows)).collect(),
        }
    }

    /// Appends rows, their cells one row behind the other.
    ///
    /// # Safety
    /// The cells stand in the text, which is UTF-8 between their ends.
    pub(super) unsafe fn push_rows(&mut self, cells: &[Cell]) {
        let Columns { text, values, quote, width, places, views } = self;
        for (place, column) in places.iter().zip(views) {
            let cells = cells.chunks_exact(*width).map(|row| row[*place]);
            column.extend(
                cells.map(|cell| if cell.escaped { value(cell, text, *quote, values) } else { view(cell, text) }),
            );
        }
    }

    /// The columns, named by the header.
    pub(super) fn finish(self, header: &[String]) -> Vec<Column> {
        let bytes = self.text.len() + self.values.len();
        let buffers: Buffer<Buffer<u8>> = vec![self.text.clone(), self.values.into()].into();
        let column = |(place, views): (&usize, Vec<View>)| {
            // SAFETY: every view was made by `view` or `value` below, from cells that stand in the text and are UTF-8, as
            // `push_rows` demands; a value is UTF-8 because taking one of two quotes (a byte below 128) out of UTF-8 leaves
            // UTF-8. The buffers are the ones the views were made for, in their order, and are never written again.
            let array = unsafe {
                Utf8ViewArray::new_unchecked(ArrowDataType::Utf8View, views.into(), buffers.clone(), None, None, bytes)
            };
            StringChunked::with_chunk(header[*place].as_str().into(), array).into_column()
        };
        self.places.iter().zip(self.views).map(column).collect()
    }
}

/// The view of a cell as it stands in the text.
#[inline]
fn view(cell: Cell, text: &[u8]) -> View {
    let start = cell.start as usize;
    let length = cell.len;
    let mut head = [0; SLACK.len()];
    head.copy_from_slice(&text[start..start + SLACK.len()]);
    let head = u128::from_le_bytes(head);
    if length > View::MAX_INLINE_SIZE {
        return View { length, prefix: head as u32, buffer_idx: TEXT, offset: cell.start };
    }
    let inline = head & ((1 << (8 * length)) - 1);
    View { length, prefix: inline as u32, buffer_idx: (inline >> 32) as u32, offset: (inline >> 64) as u32 }
}

/// The view of a cell whose doubled quotes become single.
#[cold]
fn value(cell: Cell, text: &[u8], quote: Option<u8>, values: &mut Vec<u8>) -> View {
    let offset = values.len();
    cell.value_into(text, quote, values);
    let view = View::new_from_bytes(&values[offset..], VALUES, offset as u32);
    if view.is_inline() {
        values.truncate(offset);
    }
    view
}
