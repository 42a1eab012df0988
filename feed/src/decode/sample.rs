//! The part of a sample that can be read like a file.

use std::borrow::Cow;

use super::grammar::{Found, line_end};
use super::text::in_utf8;
use crate::{Encoding, Layout};

/// The front of a sample that ends with a whole record; all of it when it is the `complete` file. A sample is cut
/// anywhere: inside a record, a quoted cell with line ends, a character.
pub(crate) fn whole_records<'a>(sample: &'a [u8], complete: bool, layout: &Layout) -> &'a [u8] {
    if complete {
        return sample;
    }
    let text = match layout.encoding {
        // Delimiters, quotes and line ends are the same bytes in both.
        Encoding::Utf8 | Encoding::Windows1252 => Cow::Borrowed(sample),
        // Half a unit at the end would read as a character of its own.
        Encoding::Utf16Le | Encoding::Utf16Be => Cow::Owned(in_utf8(&sample[..sample.len() & !1], layout.encoding)),
    };
    let lines_above = if layout.numbered { 1 } else { layout.header_line.saturating_sub(1) };
    let mut end = 0;
    for _ in 0..lines_above {
        let Some((_, next)) = line_end(&text[end..], false) else { return sample };
        end += next;
    }
    while let Found::Record { next, .. } = layout.dialect.record_at(&text, end, false) {
        end = next;
    }
    match text {
        Cow::Borrowed(text) => &text[..end],
        Cow::Owned(text) => &sample[..utf16_bytes(sample, &text[..end])],
    }
}

/// How many bytes of a UTF-16 sample make this text of its front.
fn utf16_bytes(sample: &[u8], text: &[u8]) -> usize {
    let mark = if sample.starts_with(b"\xff\xfe") || sample.starts_with(b"\xfe\xff") { 1 } else { 0 };
    // What is no text stands for one unit without its partner.
    let units = |chunk: std::str::Utf8Chunk| chunk.valid().encode_utf16().count() + chunk.invalid().len();
    2 * (mark + text.utf8_chunks().map(units).sum::<usize>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dialect;

    /// Wherever the sample is cut, its front has the records that are whole by then.
    fn check(encoding: Encoding, encode: fn(&str) -> Vec<u8>) {
        let pieces = ["\u{feff}Tarif \"2026\r\n", "a;b\r\n", "1;\"é\r\n\"\"𝄞\"\"\"\r\n", "2;\"x\n\ny\";\n", "\n3;\"4"];
        let layout = Layout {
            encoding,
            dialect: Dialect { delimiter: b';', quote: Some(b'"') },
            header_line: 2,
            header: vec!["a".to_owned(), "b".to_owned()],
            numbered: false,
            correction: None,
            evidence: Vec::new(),
        };
        let ends: Vec<usize> = (0..=pieces.len()).map(|count| encode(&pieces[..count].concat()).len()).collect();
        let sample = encode(&pieces.concat());
        for cut in ends[1]..=sample.len() {
            let whole = whole_records(&sample[..cut], false, &layout).len();
            let expected = ends.iter().rposition(|end| *end <= cut.min(ends[4])).map(|count| ends[count]);
            // The blank line above the last piece is whole by itself.
            let blank = encode("\n").len();
            assert!(
                Some(whole) == expected || whole == ends[4] + blank,
                "{encoding:?} cut at {cut}: {whole} of {ends:?}"
            );
        }
    }

    #[test]
    fn a_sample_is_cut_back_to_its_last_whole_record() {
        check(Encoding::Utf8, |text| text.as_bytes().to_vec());
        check(Encoding::Utf16Le, |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        check(Encoding::Utf16Be, |text| text.encode_utf16().flat_map(u16::to_be_bytes).collect());
        check(Encoding::Windows1252, |text| text.replace(['\u{feff}', '𝄞'], "").chars().map(|c| c as u8).collect());
    }
}
