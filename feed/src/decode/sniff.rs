//! The family of a file, by the bytes it begins with.

use memchr::memmem;

use crate::FileFormat;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// A zstd stream may begin with a skippable frame: 0x184D2A50 to 0x184D2A5F, low byte first (RFC 8878, 3.1.2).
const ZSTD_SKIPPABLE: &[u8] = &[0x2a, 0x4d, 0x18];
/// Compound file: XLS, and every password-protected XLSX (MS-CFB 2.2).
const OLE2: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
const ZIP_ENTRY: &[u8] = b"PK\x03\x04";
const ZIP_EMPTY: &[u8] = b"PK\x05\x06";

/// The family of a file by its first bytes: a few kilobytes mostly do, but a workbook whose first parts are large is told
/// from another archive only by the first 64.
pub fn sniff(head: &[u8]) -> FileFormat {
    if head.starts_with(GZIP) {
        FileFormat::Gzip
    } else if head.starts_with(ZSTD) || (head.get(1..4) == Some(ZSTD_SKIPPABLE) && head[0] >> 4 == 5) {
        FileFormat::Zstd
    } else if head.starts_with(OLE2) {
        FileFormat::Spreadsheet
    } else if head.starts_with(ZIP_ENTRY) {
        if (ZipEntries { head, at: 0 }).any(|entry| entry.is_workbook_part()) {
            FileFormat::Spreadsheet
        } else {
            FileFormat::Zip
        }
    } else if head.starts_with(ZIP_EMPTY) {
        FileFormat::Zip
    } else {
        FileFormat::Csv
    }
}

/// One file in a ZIP archive, as far as the sample shows it.
struct ZipEntry<'a> {
    name: &'a [u8],
    content: &'a [u8],
}

impl ZipEntry<'_> {
    /// Office Open XML names its parts (ECMA-376-2); OpenDocument stores its type first and unpacked (ODF 1.2 part 3, 3.3).
    fn is_workbook_part(&self) -> bool {
        match self.name {
            b"[Content_Types].xml" => true,
            b"mimetype" => self.content.starts_with(b"application/vnd.oasis.opendocument.spreadsheet"),
            // Some writers separate folders as Windows does.
            [b'x', b'l', b'/' | b'\\', ..] => true,
            name => name.starts_with(b"_rels") || name.starts_with(b"docProps"),
        }
    }
}

/// The entries of a ZIP archive in the order of their local headers (APPNOTE 4.3.7): the directory stands at the end,
/// which a sample does not hold.
struct ZipEntries<'a> {
    head: &'a [u8],
    at: usize,
}

impl<'a> Iterator for ZipEntries<'a> {
    type Item = ZipEntry<'a>;

    fn next(&mut self) -> Option<ZipEntry<'a>> {
        let header = self.head.get(self.at..)?;
        if !header.starts_with(ZIP_ENTRY) {
            return None;
        }
        let number = |at: usize, bytes: usize| {
            Some(header.get(at..at + bytes)?.iter().rev().fold(0usize, |n, byte| n << 8 | *byte as usize))
        };
        let (flags, packed_bytes) = (number(6, 2)?, number(18, 4)?);
        let content_at = 30 + number(26, 2)? + number(28, 2)?;
        let name = header.get(30..30 + number(26, 2)?)?;
        let content = header.get(content_at..).unwrap_or_default();
        // Bit 3: the sizes stand behind the content, so that the next header must be searched.
        let skip =
            if flags & 8 == 0 { packed_bytes } else { memmem::find(content, ZIP_ENTRY).unwrap_or(content.len()) };
        self.at += content_at + skip;
        Some(ZipEntry { name, content })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stored entry with its size in the local header.
    fn stored(name: &str, content: &[u8]) -> Vec<u8> {
        let mut entry = ZIP_ENTRY.to_vec();
        entry.extend([20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        entry.extend((content.len() as u32).to_le_bytes());
        entry.extend((content.len() as u32).to_le_bytes());
        entry.extend((name.len() as u16).to_le_bytes());
        entry.extend([0, 0]);
        entry.extend(name.as_bytes());
        entry.extend(content);
        entry
    }

    fn check(head: &[u8], expected: FileFormat) {
        assert_eq!(sniff(head), expected, "{:?}", String::from_utf8_lossy(&head[..head.len().min(60)]));
    }

    #[test]
    fn a_file_is_known_by_its_first_bytes() {
        check(&[0x1f, 0x8b, 8, 0], FileFormat::Gzip);
        check(&[0x28, 0xb5, 0x2f, 0xfd, 0], FileFormat::Zstd);
        check(&[0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0], FileFormat::Zstd);
        check(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0], FileFormat::Spreadsheet);
        check(b"PK\x05\x06\0\0", FileFormat::Zip);
        check(b"sku;title\n1;a\n", FileFormat::Csv);
        check(b"", FileFormat::Csv);
        check(b"PK", FileFormat::Csv);
    }

    #[test]
    fn a_workbook_is_told_from_another_archive_by_its_parts() {
        check(&stored("[Content_Types].xml", b"<Types/>"), FileFormat::Spreadsheet);
        check(&stored("xl/drawings/drawing1.xml", b"<x/>"), FileFormat::Spreadsheet);
        check(&stored("xl\\workbook.xml", b"<x/>"), FileFormat::Spreadsheet);
        check(&[stored("theme.xml", b"<x/>"), stored("_rels/.rels", b"<x/>")].concat(), FileFormat::Spreadsheet);
        check(&stored("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), FileFormat::Spreadsheet);
        check(&stored("mimetype", b"application/epub+zip"), FileFormat::Zip);
        check(&stored("products.csv", b"sku;title"), FileFormat::Zip);
    }

    #[test]
    fn a_workbook_packed_inside_an_archive_is_an_archive() {
        check(&stored("catalogue.xlsx", &stored("[Content_Types].xml", b"<Types/>")), FileFormat::Zip);
    }

    #[test]
    fn a_cut_archive_header_is_no_panic() {
        let whole = stored("[Content_Types].xml", b"<Types/>");
        for end in 0..whole.len() {
            sniff(&whole[..end]);
        }
    }
}
