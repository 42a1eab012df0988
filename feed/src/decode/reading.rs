//! A sample, read under one dialect: the rows from which dialect and header are judged.

use super::block::row_number;
use super::grammar::{Cell, Found, line_end, line_ends};
use crate::Dialect;

/// Rows whose cells are looked at; of the others only the widths count.
pub(super) const ROWS_JUDGED: usize = 200;

/// A quote that is still open at the end of the sample is a stray one when so many line ends follow it.
const OPEN_LINES_MAX: u64 = 100;

/// After so many stray quotes a reading is no longer worth its time.
const STRAY_QUOTES_MAX: usize = 20;

/// A sample under one dialect.
pub(super) struct Reading<'a> {
    pub text: &'a [u8],
    pub dialect: Dialect,
    /// The first cell of each record is its row number.
    numbered: bool,
    pub rows: Vec<Row>,
    cells: Vec<Cell>,
    kinds: Vec<Kind>,
    /// Quotes that open a cell and never close it; reading went on below.
    pub stray_quotes: usize,
    /// The file ends inside a quoted cell.
    pub truncated: bool,
}

/// One record that is not blank.
pub(super) struct Row {
    /// Physical line at which it begins, from 1 for the text's first; its row number in a numbered text.
    pub line: u64,
    pub width: usize,
    /// Width without the empty cells at its end.
    pub filled_width: usize,
    first: usize,
}

/// What a cell looks like, roughly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Empty,
    /// Digits with separators, signs and currencies: numbers, dates, codes.
    Number,
    /// An address of the web.
    Address,
    Text,
}

impl<'a> Reading<'a> {
    /// Reads the sample (`complete` when it is the whole file).
    pub(super) fn new(text: &'a [u8], complete: bool, dialect: Dialect, numbered: bool) -> Self {
        let mut reading = Reading {
            text,
            dialect,
            numbered,
            rows: Vec::new(),
            cells: Vec::new(),
            kinds: Vec::new(),
            stray_quotes: 0,
            truncated: false,
        };
        let mut scratch = Vec::new();
        let (mut at, mut line) = (0, 1);
        loop {
            let stray = match dialect.record_at(text, at, complete) {
                Found::Record { end, next, lines, plain } => {
                    dialect.cells(text, at, end, plain, &mut scratch);
                    reading.push(line, &scratch);
                    scratch.clear();
                    (at, line) = (next, line + lines);
                    continue;
                }
                Found::OpenQuote(_) | Found::More => line_ends(&text[at..]) > OPEN_LINES_MAX,
                Found::End => false,
            };
            let next_line =
                line_end(&text[at..], complete).filter(|_| stray && reading.stray_quotes < STRAY_QUOTES_MAX);
            let Some((_, below)) = next_line else {
                reading.truncated = complete && at < text.len();
                return reading;
            };
            reading.stray_quotes += 1;
            (at, line) = (at + below, line + 1);
        }
    }

    fn push(&mut self, mut line: u64, mut cells: &[Cell]) {
        if self.numbered
            && let [number, rest @ ..] = cells
        {
            line = row_number(number.bytes(self.text)).unwrap_or(line);
            cells = rest;
        }
        let filled_width = cells.iter().rposition(|cell| cell.len > 0).map_or(0, |last| last + 1);
        if cells.len() == 1 && cells[0].bytes(self.text).trim_ascii().is_empty() {
            return;
        }
        self.rows.push(Row { line, width: cells.len(), filled_width, first: self.cells.len() });
        if self.rows.len() <= ROWS_JUDGED {
            self.cells.extend_from_slice(cells);
            self.kinds.extend(cells.iter().map(|cell| Kind::of(cell.bytes(self.text))));
        }
    }

    /// The cells of one of the first [`ROWS_JUDGED`] rows.
    pub(super) fn cells(&self, row: usize) -> &[Cell] {
        let row = &self.rows[row];
        &self.cells[row.first..row.first + row.width]
    }

    /// What the cells of one of the first [`ROWS_JUDGED`] rows look like.
    pub(super) fn kinds(&self, row: usize) -> &[Kind] {
        let row = &self.rows[row];
        &self.kinds[row.first..row.first + row.width]
    }

    /// The values of one of the first [`ROWS_JUDGED`] rows, trimmed.
    pub(super) fn values(&self, row: usize) -> Vec<String> {
        let mut bytes = Vec::new();
        let value = |cell: &Cell| {
            bytes.clear();
            cell.value_into(self.text, self.dialect.quote, &mut bytes);
            String::from_utf8_lossy(&bytes).trim().to_owned()
        };
        self.cells(row).iter().map(value).collect()
    }

    /// In a reading without quoting: of the cells that begin with `quote`, the share that also end with it.
    pub(super) fn wrapped_share(&self, quote: u8) -> f32 {
        let cells = || self.cells.iter().map(|cell| cell.bytes(self.text)).filter(|cell| cell.first() == Some(&quote));
        let wrapped = cells().filter(|cell| cell.len() > 1 && cell.ends_with(&[quote])).count();
        wrapped as f32 / cells().count().max(1) as f32
    }
}

impl Kind {
    fn of(cell: &[u8]) -> Kind {
        let cell = cell.trim_ascii();
        if cell.is_empty() {
            return Kind::Empty;
        }
        if cell.starts_with(b"http://") || cell.starts_with(b"https://") {
            return Kind::Address;
        }
        let text = String::from_utf8_lossy(cell);
        let letters = text.chars().filter(|c| c.is_alphabetic() || *c == '_').count();
        let exponent = letters == 1 && text.contains(['e', 'E']);
        let digits = cell.iter().any(u8::is_ascii_digit);
        if digits && (letters == 0 || exponent) { Kind::Number } else { Kind::Text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_numbers_addresses_or_text() {
        let check = |cell: &str, expected| assert_eq!(Kind::of(cell.as_bytes()), expected, "{cell}");
        check("", Kind::Empty);
        check("  ", Kind::Empty);
        for number in ["12", "-4,50", "1 234.5", "89,90 €", "31/12/2026", "4.00638E+12", "0012345678905", "20%"] {
            check(number, Kind::Number);
        }
        for text in ["sku", "5\" nail", "A-12", "12 kg", "-", "n/a", "€", "Товар 5"] {
            check(text, Kind::Text);
        }
        check("https://example.com/1.jpg", Kind::Address);
    }

    #[test]
    fn rows_know_their_line_and_their_width_with_and_without_empty_ends() {
        let text = b"a;b;c\n\n\"1\n2\";;\n3";
        let reading = Reading::new(text, true, Dialect { delimiter: b';', quote: Some(b'"') }, false);
        let rows: Vec<_> = reading.rows.iter().map(|row| (row.line, row.width, row.filled_width)).collect();
        assert_eq!(rows, [(1, 3, 3), (3, 3, 1), (5, 1, 1)]);
        assert_eq!(reading.values(1), ["1\n2", "", ""]);
    }

    #[test]
    fn an_incomplete_sample_leaves_its_last_row_out() {
        let dialect = Dialect { delimiter: b',', quote: Some(b'"') };
        assert_eq!(Reading::new(b"a,b\n1,2\n3", false, dialect, false).rows.len(), 2);
        assert_eq!(Reading::new(b"a,b\n1,\"2\n3", false, dialect, false).rows.len(), 1);
    }
}
