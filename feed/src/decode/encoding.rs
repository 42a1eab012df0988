//! Which encoding a sample is written in, and whether it is text at all.

use item::FileCode;

use crate::{DecodeError, Encoding};

/// A decision about a sample: value, confidence from 0 to 1, reason.
pub(super) type Guess<T> = (T, f32, String);

/// What a file that is no delimited text may be, by its first bytes.
const FOREIGN: [(&[u8], &str); 11] = [
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"<?xml", "an XML document"),
    (b"<!DOCTYPE", "an HTML page"),
    (b"<html", "an HTML page"),
];

/// The encoding of a sample (`complete` when it is the whole file).
pub(super) fn encoding_of(sample: &[u8], complete: bool) -> Guess<Encoding> {
    let marks: [(&[u8], Encoding); 3] =
        [(b"\xef\xbb\xbf", Encoding::Utf8), (b"\xff\xfe", Encoding::Utf16Le), (b"\xfe\xff", Encoding::Utf16Be)];
    if let Some((_, encoding)) = marks.into_iter().find(|(mark, _)| sample.starts_with(mark)) {
        return (encoding, 1.0, "byte order mark".to_owned());
    }
    if let Some(encoding) = utf16_by_nuls(sample) {
        return (encoding, 0.9, "every second byte is NUL".to_owned());
    }
    let counts = Utf8Counts::of(sample, complete);
    let Utf8Counts { valid, invalid, outside_1252 } = counts;
    if invalid == 0 && valid == 0 {
        return (Encoding::Utf8, 0.9, "only ASCII so far".to_owned());
    }
    let share = (valid.max(invalid)) as f32 / (valid + invalid) as f32;
    if invalid == 0 {
        (Encoding::Utf8, 0.99, format!("{valid} characters beyond ASCII, all of them UTF-8"))
    } else if valid > invalid {
        (Encoding::Utf8, share, format!("{valid} characters beyond ASCII are UTF-8, {invalid} are not"))
    } else if outside_1252 > 0 {
        (
            Encoding::Utf8,
            0.3,
            format!("{invalid} characters are not UTF-8, of which {outside_1252} are not Windows-1252 either"),
        )
    } else {
        (
            Encoding::Windows1252,
            share * 0.9,
            format!("{invalid} characters beyond ASCII are not UTF-8, {valid} could be"),
        )
    }
}

/// Characters beyond ASCII, taken as UTF-8.
struct Utf8Counts {
    valid: usize,
    invalid: usize,
    /// Invalid ones with a byte that Windows-1252 leaves undefined (WHATWG Encoding, index windows-1252).
    outside_1252: usize,
}

impl Utf8Counts {
    fn of(sample: &[u8], complete: bool) -> Self {
        let mut counts = Utf8Counts { valid: 0, invalid: 0, outside_1252: 0 };
        let mut left = sample.len();
        for chunk in sample.utf8_chunks() {
            counts.valid += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
            left -= chunk.valid().len() + chunk.invalid().len();
            // A sample may end inside a character.
            let cut = left == 0
                && !complete
                && str::from_utf8(chunk.invalid()).is_err_and(|error| error.error_len().is_none());
            if !chunk.invalid().is_empty() && !cut {
                counts.invalid += 1;
                counts.outside_1252 +=
                    usize::from(chunk.invalid().iter().any(|byte| matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d)));
            }
        }
        counts
    }
}

/// UTF-16 without a mark: delimiters, digits and line ends alone make every second byte NUL, always on the same side.
fn utf16_by_nuls(sample: &[u8]) -> Option<Encoding> {
    let (pairs, _) = sample[..sample.len().min(4096)].as_chunks::<2>();
    let high = pairs.iter().filter(|pair| pair[0] == 0).count();
    let low = pairs.iter().filter(|pair| pair[1] == 0).count();
    let mostly = |nuls: usize, others: usize| nuls * 10 >= pairs.len() * 3 && others * 50 <= nuls && nuls >= 4;
    match () {
        () if mostly(low, high) => Some(Encoding::Utf16Le),
        () if mostly(high, low) => Some(Encoding::Utf16Be),
        () => None,
    }
}

/// Refuses what is no text: `sample` as it came, `text` as it reads in the encoding chosen.
pub(super) fn check_is_text(sample: &[u8], text: &[u8]) -> Result<(), DecodeError> {
    let head = sample.trim_ascii_start();
    if let Some((_, what)) =
        FOREIGN.iter().find(|(magic, _)| head.get(..magic.len()).is_some_and(|start| start.eq_ignore_ascii_case(magic)))
    {
        return Err(DecodeError::file(FileCode::UnknownFormat, format!("this is {what}")));
    }
    let controls = text.iter().filter(|byte| is_control(**byte)).count();
    // A few stray control bytes are a fault of their rows. Compressed or random bytes have more than one in ten, and are
    // hardly ever UTF-8.
    let is_utf8 = str::from_utf8(text).map_or_else(|error| error.valid_up_to() + 4 > text.len(), |_| true);
    let bearable = if is_utf8 { text.len() / 10 } else { text.len() / 50 };
    if controls > bearable.max(2) {
        let detail = format!("{controls} of the first {} bytes are control bytes: this is no text", text.len());
        return Err(DecodeError::file(FileCode::UnknownFormat, detail));
    }
    Ok(())
}

/// Control bytes that text files do not have: all but the white ones, the unit separators and the end-of-file character
/// of DOS.
fn is_control(byte: u8) -> bool {
    (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | 0x1a | 0x1c..=0x1f)) || byte == 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sample: &[u8], expected: Encoding) {
        let (encoding, confidence, reason) = encoding_of(sample, false);
        assert_eq!(encoding, expected, "{reason}: {:?}", String::from_utf8_lossy(sample));
        assert!((0.0..=1.0).contains(&confidence));
    }

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn the_encoding_is_known_by_mark_by_nuls_or_by_validity() {
        check(b"\xef\xbb\xbfsku", Encoding::Utf8);
        check(b"\xff\xfes\0k\0u\0", Encoding::Utf16Le);
        check(b"\xfe\xff\0s\0k\0u", Encoding::Utf16Be);
        check(&utf16("sku;désignation\r\n1;Clé à molette\r\n"), Encoding::Utf16Le);
        check(&utf16("sku;désignation\r\n1;Clé à molette\r\n")[1..], Encoding::Utf16Be);
        check("sku;désignation".as_bytes(), Encoding::Utf8);
        check(b"sku;title", Encoding::Utf8);
        check(b"sku;d\xe9signation", Encoding::Windows1252);
        check(b"", Encoding::Utf8);
    }

    #[test]
    fn one_broken_cell_does_not_make_a_utf8_file_windows_1252() {
        check(b"d\xc3\xa9signation;prix \xe2\x82\xac\nVis \xe9toil\xc3\xa9e;1", Encoding::Utf8);
    }

    #[test]
    fn bytes_that_windows_1252_leaves_undefined_are_not_windows_1252() {
        check(b"sku;title\n1;\x81\x8d", Encoding::Utf8);
    }

    #[test]
    fn a_sample_cut_inside_a_character_is_still_utf8() {
        let (encoding, ..) = encoding_of(b"d\xc3\xa9signation \xe2\x82", false);
        assert_eq!(encoding, Encoding::Utf8);
        let (encoding, ..) = encoding_of(b"prix \xe2\x82", true);
        assert_eq!(encoding, Encoding::Windows1252);
    }

    #[test]
    fn rubbish_is_refused_and_a_stray_nul_is_not() {
        let refused = |bytes: &[u8]| check_is_text(bytes, bytes).is_err();
        assert!(refused(b"%PDF-1.7\n%\xe2\xe3"));
        assert!(refused(b"<HTML><body>404</body>"));
        assert!(refused(&(0..=255).cycle().take(4096).map(|byte: u8| byte.wrapping_mul(167)).collect::<Vec<u8>>()));
        assert!(refused(&[0; 64]));
        assert!(!refused(b"sku,title\nA,a\0b\nB,c\n"));
        assert!(!refused(b"sku,title\nA,b\n\x1a"));
    }
}
