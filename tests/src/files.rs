//! Suppliers' files, made on the spot.

use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use rust_xlsxwriter::Workbook;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// The header of [`rows`].
pub const HEADER: &str = "sku;title;brand;category;price;stock\n";

/// A file of plain products `<letter>-<number>`, one row each, with [`HEADER`].
pub fn products(letter: char, numbers: impl IntoIterator<Item = usize>) -> String {
    HEADER.to_owned() + &rows(letter, numbers)
}

/// Rows of plain products: each has a price of its own, below 300.
pub fn rows(letter: char, numbers: impl IntoIterator<Item = usize>) -> String {
    let row = |number: usize| {
        let (euros, cents) = (1 + number % 299, number % 100);
        format!(
            "{letter}-{number:04};Wood screw {number} mm;Forgeval;Hardware > Screws;{euros},{cents:02};{}\n",
            number % 50
        )
    };
    numbers.into_iter().map(row).collect()
}

/// The bytes, packed by gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A ZIP archive of these entries: name, bytes.
pub fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A workbook of one sheet with these cells as text.
pub fn workbook(rows: &[Vec<&str>]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, cells) in rows.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            sheet.write_string(row as u32, column as u16, *cell).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

/// A workbook written by hand: the XML of its one sheet's data, and of its shared strings.
pub fn crafted_workbook(sheet_data: &str, shared_strings: &str) -> Vec<u8> {
    const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const SHEETS: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
    const KIND: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    let part = |body: String| format!("{XML}{body}").into_bytes();
    let relation = |id: u8, kind: &str, target: &str| {
        format!("<Relationship Id=\"rId{id}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>")
    };
    let relations = |all: &str| part(format!("<Relationships xmlns=\"{PACKAGE}/relationships\">{all}</Relationships>"));
    let types = [("workbook", "sheet.main"), ("worksheets/sheet1", "worksheet"), ("sharedStrings", "sharedStrings")]
        .map(|(name, kind)| format!("<Override PartName=\"/xl/{name}.xml\" ContentType=\"{KIND}.{kind}+xml\"/>"))
        .concat();
    zip(&[
        (
            "[Content_Types].xml",
            &part(format!(
                "<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" \
                 ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>{types}</Types>"
            )),
        ),
        ("_rels/.rels", &relations(&relation(1, "officeDocument", "xl/workbook.xml"))),
        (
            "xl/workbook.xml",
            &part(format!(
                "<workbook xmlns=\"{SHEETS}\" xmlns:r=\"{OFFICE}\"><sheets><sheet name=\"Prices\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            )),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            &relations(
                &(relation(1, "worksheet", "worksheets/sheet1.xml")
                    + &relation(2, "sharedStrings", "sharedStrings.xml")),
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            &part(format!("<worksheet xmlns=\"{SHEETS}\"><sheetData>{sheet_data}</sheetData></worksheet>")),
        ),
        ("xl/sharedStrings.xml", &part(shared_strings.replace("<sst", &format!("<sst xmlns=\"{SHEETS}\"")))),
    ])
}

/// A gzip file of a few megabytes that unpacks to so many mebibytes of the letter `a`: the same packed piece again and
/// again, which is a valid gzip file of many members.
pub fn gzip_bomb(mebibytes: usize) -> Vec<u8> {
    const PIECE_MEBIBYTES: usize = 64;
    gzip(&vec![b'a'; PIECE_MEBIBYTES << 20]).repeat(mebibytes / PIECE_MEBIBYTES)
}
