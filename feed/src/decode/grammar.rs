//! The grammar of delimited text, in one place: where a record ends and where its cells are.
//!
//! RFC 4180, read kindly:
//! * LF, CRLF and a lone CR end a record.
//! * A quote opens a cell only as its first byte; anywhere else it is an ordinary character (`5" nail`).
//! * A doubled quote inside a quoted cell is one quote. The closing quote stands before a delimiter, a line end or the
//!   end of the file. Where it does not, the cell is read again as plain text that happens to begin with a quote
//!   (`"Vis" 1/2"`): a stray quote costs its own cell at most, and reading goes on behind it without having swallowed
//!   the rows below.
//!
//! Text is UTF-8 here, or a superset with broken bytes; delimiter, quote and line ends are single bytes below 128, which
//! never occur inside a multi-byte character.

use memchr::{memchr, memchr2, memchr3};

use crate::Dialect;

/// What stands at a place of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A record, without its line end; `end` equals its start for a blank line.
    Record {
        /// Where its last cell ends.
        end: usize,
        /// Where the next record begins.
        next: usize,
        /// Physical lines it covers, its own line end included (also when the file ends instead).
        lines: u64,
        /// No cell of it opens with a quote.
        plain: bool,
    },
    /// Nothing more: the text is over.
    End,
    /// The text ends inside the record, and more may follow.
    More,
    /// The file ends inside a quoted cell, which opened here.
    OpenQuote(usize),
}

/// How a quoted cell ends.
enum Close {
    /// With a quote.
    Quoted {
        /// Behind the closing quote.
        end: usize,
        /// Doubled quotes stand inside.
        escaped: bool,
    },
    /// Not at all: its first quote is an ordinary character.
    Literal,
    /// Perhaps with a quote, the last byte of the text.
    AtEnd {
        /// Doubled quotes stand inside.
        escaped: bool,
    },
    /// The text is over first.
    Open,
}

impl Dialect {
    /// The record that begins at `start`; `complete` when nothing follows the text.
    pub(super) fn record_at(self, text: &[u8], start: usize, complete: bool) -> Found {
        if start >= text.len() {
            return if complete { Found::End } else { Found::More };
        }
        let mut at = start;
        let mut plain = true;
        // Line ends inside a record are those of its quoted cells.
        let record = |end: usize, next: usize, plain: bool| Found::Record {
            end,
            next,
            lines: if plain { 1 } else { line_ends(&text[start..end]) + 1 },
            plain,
        };
        loop {
            let Some(hit) = self.next_mark(&text[at..]).map(|place| at + place) else {
                return if complete { record(text.len(), text.len(), plain) } else { Found::More };
            };
            if text[hit] == b'\n' {
                return record(hit, hit + 1, plain);
            }
            if text[hit] == b'\r' {
                return match text.get(hit + 1) {
                    Some(b'\n') => record(hit, hit + 2, plain),
                    None if !complete => Found::More,
                    _ => record(hit, hit + 1, plain),
                };
            }
            // A quote.
            if hit > start && text[hit - 1] != self.delimiter {
                at = hit + 1;
                continue;
            }
            plain = false;
            at = match self.close(text, hit) {
                Close::Quoted { end, .. } => end,
                Close::Literal => hit + 1,
                Close::AtEnd { .. } | Close::Open if !complete => return Found::More,
                Close::AtEnd { .. } => text.len(),
                Close::Open => return Found::OpenQuote(hit),
            };
        }
    }

    /// The next byte that may end a record or open a cell.
    #[inline]
    fn next_mark(self, text: &[u8]) -> Option<usize> {
        let Some(quote) = self.quote else { return memchr2(b'\n', b'\r', text) };
        // Where one cell is quoted the next one mostly is.
        if let [delimiter, open, ..] = text
            && *delimiter == self.delimiter
            && *open == quote
        {
            return Some(1);
        }
        memchr3(quote, b'\n', b'\r', text)
    }

    /// How the cell that opens with a quote at `open` ends.
    fn close(self, text: &[u8], open: usize) -> Close {
        let quote = text[open];
        let mut at = open + 1;
        let mut escaped = false;
        while let Some(hit) = memchr(quote, &text[at..]) {
            let behind = at + hit + 1;
            match text.get(behind) {
                None => return Close::AtEnd { escaped },
                Some(&byte) if byte == quote => (at, escaped) = (behind + 1, true),
                Some(&byte) if byte == self.delimiter || byte == b'\n' || byte == b'\r' => {
                    return Close::Quoted { end: behind, escaped };
                }
                Some(_) => return Close::Literal,
            }
        }
        Close::Open
    }

    /// The cells of `text[start..end]`, a record as [`Dialect::record_at`] found it, appended to `cells`.
    ///
    /// The text is shorter than 4 GiB.
    pub(super) fn cells(self, text: &[u8], start: usize, end: usize, plain: bool, cells: &mut Vec<Cell>) {
        if plain {
            plain_cells(&text[start..end], start as u32, self.delimiter, cells);
            return;
        }
        let record = &text[..end];
        let quote = self.quote;
        let mut at = start;
        loop {
            let quoted = match quote {
                Some(quote) if record.get(at) == Some(&quote) => self.quoted_cell(record, at),
                _ => None,
            };
            let (cell, stop) = quoted.unwrap_or_else(|| {
                let stop = memchr(self.delimiter, &record[at..]).map_or(end, |place| at + place);
                (Cell { start: at as u32, len: (stop - at) as u32, escaped: false }, stop)
            });
            cells.push(cell);
            if stop == end {
                return;
            }
            at = stop + 1;
        }
    }

    /// The cell that opens with a quote at `open`, and the delimiter or record end behind it. Without a close inside the
    /// record the quote is an ordinary character: a true one would have made the record longer.
    fn quoted_cell(self, record: &[u8], open: usize) -> Option<(Cell, usize)> {
        let (end, escaped) = match self.close(record, open) {
            Close::Quoted { end, escaped } => (end, escaped),
            Close::AtEnd { escaped } => (record.len(), escaped),
            Close::Literal | Close::Open => return None,
        };
        Some((Cell { start: open as u32 + 1, len: (end - open - 2) as u32, escaped }, end))
    }
}

/// The cells of a record without quoted ones, eight bytes at a time: cells are short, so that a search from each delimiter
/// to the next would mostly begin and end.
fn plain_cells(record: &[u8], offset: u32, delimiter: u8, cells: &mut Vec<Cell>) {
    const LOW: u64 = u64::from_ne_bytes([0x7f; 8]);
    let pattern = u64::from_ne_bytes([delimiter; 8]);
    let mut start = offset;
    let mut base = offset;
    let mut cut = |at: u32| {
        cells.push(Cell { start, len: at - start, escaped: false });
        start = at + 1;
    };
    let (words, rest) = record.as_chunks::<8>();
    for word in words {
        // The high bit of each byte that equals the delimiter, and no other bit.
        let differs = u64::from_le_bytes(*word) ^ pattern;
        let mut hits = !(((differs & LOW) + LOW) | differs | LOW);
        while hits != 0 {
            cut(base + hits.trailing_zeros() / 8);
            hits &= hits - 1;
        }
        base += 8;
    }
    for byte in rest {
        if *byte == delimiter {
            cut(base);
        }
        base += 1;
    }
    cut(base);
}

/// Where a cell stands in its text, without the quotes around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub start: u32,
    pub len: u32,
    /// It holds doubled quotes.
    pub escaped: bool,
}

impl Cell {
    /// Behind its last byte.
    #[inline]
    pub(super) fn end(self) -> usize {
        self.start as usize + self.len as usize
    }

    /// The bytes as they stand in the text.
    #[inline]
    pub(super) fn bytes(self, text: &[u8]) -> &[u8] {
        &text[self.start as usize..self.end()]
    }

    /// Appends the cell's value: its bytes, doubled quotes made single.
    pub(super) fn value_into(self, text: &[u8], quote: Option<u8>, value: &mut Vec<u8>) {
        let mut rest = self.bytes(text);
        if let Some(quote) = quote.filter(|_| self.escaped) {
            while let Some(hit) = memchr(quote, rest) {
                value.extend_from_slice(&rest[..=hit]);
                rest = rest.get(hit + 2..).unwrap_or_default();
            }
        }
        value.extend_from_slice(rest);
    }
}

/// The end of the first physical line: where its text ends and where the next line begins. `None` when the text is over
/// before that is known.
pub(super) fn line_end(text: &[u8], complete: bool) -> Option<(usize, usize)> {
    match memchr2(b'\n', b'\r', text) {
        Some(hit) if text[hit] == b'\n' => Some((hit, hit + 1)),
        Some(hit) => match text.get(hit + 1) {
            Some(b'\n') => Some((hit, hit + 2)),
            None if !complete => None,
            _ => Some((hit, hit + 1)),
        },
        None => complete.then_some((text.len(), text.len())),
    }
}

/// Line ends of any kind; the text is not cut inside a CRLF.
pub(super) fn line_ends(text: &[u8]) -> u64 {
    let feeds = memchr::memchr_iter(b'\n', text).count();
    let lone_returns = memchr::memchr_iter(b'\r', text).filter(|hit| text.get(hit + 1) != Some(&b'\n')).count();
    (feeds + lone_returns) as u64
}
