//! One record as RFC 4180 text.

use std::io::{self, Write};

use memchr::{memchr, memchr3};

/// Writes one record as RFC 4180 text: cells parted by an ASCII `delimiter`, CRLF, quotes where a cell holds a quote, the
/// delimiter or a line end or begins or ends with a space, doubled quotes inside. A single empty cell is written as `""`, so that it is no blank line.
///
/// Many small writes: give it a buffered writer.
///
/// # Errors
/// Those of the writer.
pub fn write_csv_row<'a, W: Write>(
    out: &mut W,
    delimiter: u8,
    cells: impl IntoIterator<Item = &'a str>,
) -> io::Result<()> {
    let mut cells = cells.into_iter().peekable();
    let first = cells.next().unwrap_or_default();
    if first.is_empty() && cells.peek().is_none() {
        return out.write_all(b"\"\"\r\n");
    }
    write_cell(out, delimiter, first)?;
    for cell in cells {
        out.write_all(&[delimiter])?;
        write_cell(out, delimiter, cell)?;
    }
    out.write_all(b"\r\n")
}

fn write_cell(out: &mut impl Write, delimiter: u8, cell: &str) -> io::Result<()> {
    let bytes = cell.as_bytes();
    let plain = memchr3(b'"', b'\n', b'\r', bytes).is_none() && memchr(delimiter, bytes).is_none();
    if plain && !cell.starts_with(' ') && !cell.ends_with(' ') {
        return out.write_all(bytes);
    }
    out.write_all(b"\"")?;
    let mut rest = bytes;
    while let Some(quote) = memchr(b'"', rest) {
        out.write_all(&rest[..=quote])?;
        out.write_all(b"\"")?;
        rest = &rest[quote + 1..];
    }
    out.write_all(rest)?;
    out.write_all(b"\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cells: &[&str], expected: &str) {
        let mut out = Vec::new();
        write_csv_row(&mut out, b',', cells.iter().copied()).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{cells:?}");
    }

    #[test]
    fn only_cells_that_need_quotes_get_them() {
        check(&["a", "b;c", "d\te", ""], "a,b;c,d\te,\r\n");
        check(&["a,b", "5\" nail", "two\nlines", "one\rtwo"], "\"a,b\",\"5\"\" nail\",\"two\nlines\",\"one\rtwo\"\r\n");
        check(&[" a", "b ", " "], "\" a\",\"b \",\" \"\r\n");
        check(&["\"", "\"\""], "\"\"\"\",\"\"\"\"\"\"\r\n");
    }

    #[test]
    fn a_record_is_never_a_blank_line() {
        check(&[], "\"\"\r\n");
        check(&[""], "\"\"\r\n");
        check(&["", ""], ",\r\n");
    }
}
