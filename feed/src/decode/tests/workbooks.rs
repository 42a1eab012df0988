//! Workbooks to CSV and back to rows.

use item::FileCode;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};

use super::*;

/// The CSV of a workbook with this one sheet.
fn csv_of(sheet: Worksheet, numbered: bool, limits: &Limits) -> Result<String, DecodeError> {
    let mut book = Workbook::new();
    book.push_worksheet(sheet);
    csv(&book.save_to_buffer().unwrap(), None, numbered, limits)
}

fn csv(book: &[u8], sheet: Option<&str>, numbered: bool, limits: &Limits) -> Result<String, DecodeError> {
    let mut out = Vec::new();
    spreadsheet_to_csv(book, sheet, numbered, limits, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn with_table(name: &str, title: &str) -> Worksheet {
    let mut sheet = Worksheet::new();
    sheet.set_name(name).unwrap();
    sheet.write_row(0, 0, ["sku", title]).unwrap();
    sheet.write_row(1, 0, ["A1", "x"]).unwrap();
    sheet
}

fn code(result: Result<String, DecodeError>) -> Option<FileCode> {
    result.expect_err("an error").code()
}

#[test]
fn cells_become_the_text_they_show() {
    let mut sheet = Worksheet::new();
    sheet.write_row(0, 0, ["sku", "ean", "price", "tax", "from", "active", "stock"]).unwrap();
    sheet.write(1, 0, "A,1 \"x\"").unwrap();
    sheet.write_with_format(1, 1, 12_345_678_905.0, &Format::new().set_num_format("0000000000000")).unwrap();
    sheet.write_with_format(1, 2, 19.99, &Format::new().set_num_format("#,##0.00 €")).unwrap();
    sheet.write_with_format(1, 3, 0.2, &Format::new().set_num_format("0%")).unwrap();
    let date = ExcelDateTime::from_ymd(2026, 12, 31).unwrap();
    sheet.write_with_format(1, 4, &date, &Format::new().set_num_format("dd/mm/yyyy")).unwrap();
    sheet.write(1, 5, true).unwrap();
    sheet.write(1, 6, Formula::new("=6*7").set_result("42")).unwrap();
    sheet.write(2, 1, 4_006_381_333_931.0).unwrap();
    sheet.write(2, 2, Formula::new("=NA()").set_result("#N/A")).unwrap();
    sheet.write(2, 0, "two\nlines").unwrap();
    let expected = "sku,ean,price,tax,from,active,stock\r\n\
        \"A,1 \"\"x\"\"\",0012345678905,19.99,20%,2026-12-31,TRUE,42\r\n\
        \"two\nlines\",4006381333931,#N/A,,,,\r\n";
    let mut out = Vec::new();
    let mut book = Workbook::new();
    book.push_worksheet(sheet);
    assert_eq!(
        spreadsheet_to_csv(&book.save_to_buffer().unwrap(), None, false, &Limits::default(), &mut out).unwrap(),
        3
    );
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn rows_keep_their_number_and_their_width() {
    let mut sheet = Worksheet::new();
    sheet.write(1, 0, "Tarif 2026").unwrap();
    sheet.write_row(3, 0, ["sku", "title", "price"]).unwrap();
    sheet.write_row(4, 0, ["A1", "Vis"]).unwrap();
    sheet.write(9, 2, 4.5).unwrap();
    let text = csv_of(sheet, true, &Limits::default()).unwrap();
    assert_eq!(text, format!("{ROW_NUMBERS_MARK}2,Tarif 2026,,\r\n4,sku,title,price\r\n5,A1,Vis,\r\n10,,,4.5\r\n"));
    let layout = detect(text.as_bytes(), true, &Default::default(), &Limits::default()).unwrap();
    assert_eq!((layout.numbered, layout.header_line), (true, 4));
    assert_eq!(printed(&read(text.as_bytes(), &layout, &Limits::default()).unwrap()), ["5: A1|Vis|", "10: ||4.5"]);
}

#[test]
fn empty_columns_left_of_the_table_are_no_columns() {
    let mut sheet = Worksheet::new();
    sheet.write_row(2, 3, ["sku", "", "title"]).unwrap();
    sheet.write_row(3, 3, ["A1", "", "Vis"]).unwrap();
    assert_eq!(
        csv_of(sheet, true, &Limits::default()).unwrap(),
        format!("{ROW_NUMBERS_MARK}3,sku,,title\r\n4,A1,,Vis\r\n")
    );
}

#[test]
fn the_first_sheet_with_a_table_is_read_unless_one_is_named() {
    let mut cover = Worksheet::new();
    cover.write(0, 0, "Catalogue").unwrap();
    cover.write_row(5, 0, ["Contact", "+33 1 23"]).unwrap();
    let mut hidden = with_table("Lists", "hidden");
    hidden.set_hidden(true);
    let mut book = Workbook::new();
    for sheet in [cover, hidden, with_table("Products", "first"), with_table("Spare parts", "second")] {
        book.push_worksheet(sheet);
    }
    let bytes = book.save_to_buffer().unwrap();
    let read = |sheet| csv(&bytes, sheet, false, &Limits::default());
    assert_eq!(read(None).unwrap(), "sku,first\r\nA1,x\r\n");
    assert_eq!(read(Some("Spare parts")).unwrap(), "sku,second\r\nA1,x\r\n");
    let error = read(Some("Prices")).unwrap_err();
    assert!(
        error.to_string().contains("no sheet is named `Prices`") && error.to_string().contains("Spare parts"),
        "{error}"
    );
}

#[test]
fn a_cell_in_the_far_corner_costs_an_error_and_no_memory() {
    let mut sheet = with_table("Far", "x");
    sheet.write(1_048_575, 16_383, "here").unwrap();
    let error = csv_of(sheet, false, &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("row 1048576: 16384 columns, at most 2000"), "{error}");
    let mut sheet = with_table("Deep", "x");
    sheet.write(1_048_575, 0, "here").unwrap();
    assert_eq!(csv_of(sheet, true, &Limits::default()).unwrap().lines().last(), Some("1048576,here,"));
}

#[test]
fn what_cannot_be_read_fails_by_name() {
    let limits = Limits { spreadsheet_cells_max: 3, ..Limits::default() };
    assert_eq!(code(csv_of(with_table("Large", "x"), false, &limits)), Some(FileCode::ArchiveTooLarge));
    assert_eq!(code(csv_of(Worksheet::new(), false, &Limits::default())), Some(FileCode::EmptyFile));
    for rubbish in [b"".as_slice(), b"sku;title", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x05\x06"] {
        assert_eq!(code(csv(rubbish, None, false, &Limits::default())), Some(FileCode::UnknownFormat), "{rubbish:?}");
    }
}

#[test]
fn a_workbook_cut_short_fails_by_name() {
    let mut book = Workbook::new();
    book.push_worksheet(with_table("Products", "x"));
    let bytes = book.save_to_buffer().unwrap();
    for end in (0..bytes.len() - 1).step_by(97) {
        assert_eq!(
            code(csv(&bytes[..end], None, false, &Limits::default())),
            Some(FileCode::UnknownFormat),
            "cut at {end}"
        );
    }
}
