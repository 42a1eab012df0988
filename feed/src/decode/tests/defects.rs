//! What files do wrong, one case each.

use super::*;

/// Reads `text` with blocks of any size; every size gives the same.
fn check_as(text: &[u8], layout: &Layout, expected: &[&str]) {
    for block_bytes in (8..80).chain([1 << 20]) {
        let found = match read(text, layout, &limits(block_bytes)) {
            Ok(batches) => printed(&batches),
            Err(error) => vec![error.to_string()],
        };
        assert_eq!(found, expected, "blocks of {block_bytes} bytes of {:?}", String::from_utf8_lossy(text));
    }
}

/// Three columns, commas, quotes; the header is added.
fn check(text: &str, expected: &[&str]) {
    check_as(format!("a,b,c\n{text}").as_bytes(), &layout(3, b',', Some(b'"')), expected);
}

#[test]
fn every_line_end_ends_a_record_and_counts_once() {
    check("1,2,3\n4,5,6\n", &["2: 1|2|3", "3: 4|5|6"]);
    check("1,2,3\r\n4,5,6\r\n", &["2: 1|2|3", "3: 4|5|6"]);
    check("1,2,3\r4,5,6\r", &["2: 1|2|3", "3: 4|5|6"]);
    check("1,2,3\r\n4,5,6\r7,8,9\n", &["2: 1|2|3", "3: 4|5|6", "4: 7|8|9"]);
}

#[test]
fn the_last_record_needs_no_line_end() {
    check("1,2,3", &["2: 1|2|3"]);
    check("1,2,", &["2: 1|2|"]);
    check("1,2,\"3\"", &["2: 1|2|3"]);
    check("1,2,\"3\"\r", &["2: 1|2|3"]);
    check("", &[]);
}

#[test]
fn blank_lines_are_no_records_but_count_as_lines() {
    check("\n1,2,3\n\n\r\n\r4,5,6\n\n", &["3: 1|2|3", "7: 4|5|6"]);
    check("1,2,3\n   \n4,5,6\n\x1a", &["2: 1|2|3", "4: 4|5|6"]);
}

#[test]
fn quoted_cells_hold_delimiters_quotes_and_line_ends() {
    check("\"1,1\",\"a \"\"b\"\"\",\"x\ny\"\n4,5,6\n", &["2: 1,1|a \"b\"|x\ny", "4: 4|5|6"]);
    check("\"x\r\ny\rz\",2,3\r\n4,5,6\r\n", &["2: x\r\ny\rz|2|3", "5: 4|5|6"]);
    check("\"\",\"\"\"\",\"\"\"\"\"\"\n", &["2: |\"|\"\""]);
    check("\"a long text with \"\"quotes\"\" in it\",2,3\n", &["2: a long text with \"quotes\" in it|2|3"]);
}

#[test]
fn a_quote_inside_a_cell_is_a_character() {
    check("5\" nail,2,19\"\n4,5,6\n", &["2: 5\" nail|2|19\"", "3: 4|5|6"]);
    check("a\"b\"c,\" \"x,3\n", &["2: a\"b\"c|\" \"x|3"]);
}

#[test]
fn a_quoted_cell_that_does_not_end_as_one_is_plain_text() {
    check("\"Vis\" 1/2\",2,3\n4,5,6\n", &["2: \"Vis\" 1/2\"|2|3", "3: 4|5|6"]);
    check("\"stray,2,3\n4,5\",6\n", &["2! row_too_narrow: 2 cells where the header has 3 [stray,2,3\n4,5|6]"]);
    check("\"stray,2,3\n4,\"5\" x,6\n7,8,9\n", &["2: \"stray|2|3", "3: 4|\"5\" x|6", "4: 7|8|9"]);
    check("\"stray,2,3\n4,\"5\",6\n", &["2: \"stray|2|3", "3: 4|5|6"]);
}

#[test]
fn spaces_belong_to_the_cell() {
    check(" 1 , \"2\",\"3\" \n", &["2:  1 | \"2\"|\"3\" "]);
}

#[test]
fn rows_of_another_width_are_refused_one_by_one() {
    check(
        "1,2\n1,2,3,4\n1,2,3,,\n1\n4,5,6\n",
        &[
            "2! row_too_narrow: 2 cells where the header has 3 [1|2]",
            "3! row_too_wide: 4 cells where the header has 3 [1|2|3|4]",
            "4: 1|2|3",
            "5! row_too_narrow: 1 cell where the header has 3 [1]",
            "6: 4|5|6",
        ],
    );
}

#[test]
fn bytes_that_are_no_text_cost_their_row_only() {
    let text = b"a,b,c\n1,caf\xe9,3\n4,5,6\n7,8,\xc3\xa9\n1,2\0,3\n".as_slice();
    let expected = [
        "2! encoding_invalid: bytes that are not UTF-8 stand in column `b` [1|caf\u{fffd}|3]",
        "3: 4|5|6",
        "4: 7|8|é",
        "5! encoding_invalid: a NUL byte stands in column `b` [1|2\0|3]",
    ];
    check_as(text, &layout(3, b',', Some(b'"')), &expected);
    let batches = read(text, &layout(3, b',', Some(b'"')), &Limits::default()).unwrap();
    assert_eq!((batches[0].invalid_utf8, batches[0].multibyte_utf8), (1, 1));
}

#[test]
fn broken_utf16_costs_its_row_only() {
    let mut bytes: Vec<u8> = "a,b\n1,€\n2,".encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.extend([0x00, 0xdc, b'\n', 0, b'3', 0, b',', 0, b'4', 0]);
    let layout = Layout { encoding: Encoding::Utf16Le, ..layout(2, b',', Some(b'"')) };
    check_as(
        &bytes,
        &layout,
        &["2: 1|€", "3! encoding_invalid: bytes that are not UTF-16 stand in column `b` [2|\u{fffd}]", "4: 3|4"],
    );
}

#[test]
fn windows_1252_reads_as_text() {
    let layout = Layout { encoding: Encoding::Windows1252, ..layout(2, b';', Some(b'"')) };
    check_as(b"a;b\n1;caf\xe9 \x80\n", &layout, &["2: 1|café €"]);
}

#[test]
fn without_quoting_a_quote_is_a_character_everywhere() {
    let layout = layout(3, b'\t', None);
    check_as(b"a\tb\tc\n\"1\t2\"\t3\n\"4\"\t\"\t\n", &layout, &["2: \"1|2\"|3", "3: \"4\"|\"|"]);
}

#[test]
fn a_file_that_ends_inside_a_quote_is_truncated() {
    let text = b"a,b,c\n1,2,3\n\n4,\"5\n6\",\"7\n8\n".as_slice();
    check_as(text, &layout(3, b',', Some(b'"')), &["truncated: line 5: the quote that opens here is never closed"]);
    let layout = layout(3, b',', Some(b'"'));
    let limits = Limits::default();
    let mut records = Records::open(text, &layout, &limits);
    let first = records.next_block().unwrap().expect("what stands before the open quote");
    assert_eq!(printed(&[first.records(None)]), ["2: 1|2|3"]);
    assert!(records.next_block().is_err());
}

#[test]
fn a_record_beyond_its_limit_is_refused_and_reading_resumes_at_the_next_line() {
    let limits = |block_bytes| Limits { record_bytes_max: 40, reject_cell_bytes_max: 6, ..limits(block_bytes) };
    let wide = "x".repeat(100);
    let open = format!("a,b,c\n1,2,3\n4,\"é{wide},6\n7,8,9\n{wide},,\n\"{wide}\",,\n10,11,12\n");
    let expected = [
        "2: 1|2|3",
        "3! row_unreadable: the record is longer than 40 bytes, or its quotes do not pair [4|\"éxxx]",
        "4: 7|8|9",
        "5! row_unreadable: the record is longer than 40 bytes, or its quotes do not pair [xxxxxx]",
        "6! row_unreadable: the record is longer than 40 bytes, or its quotes do not pair [\"xxxxx]",
        "7: 10|11|12",
    ];
    for block_bytes in (8..80).chain([1 << 20]) {
        let batches = read(open.as_bytes(), &layout(3, b',', Some(b'"')), &limits(block_bytes)).unwrap();
        assert_eq!(printed(&batches), expected, "blocks of {block_bytes} bytes");
    }
}

#[test]
fn a_file_of_nothing_but_endless_records_is_given_up() {
    let limits = Limits { record_bytes_max: 16, ..Limits::default() };
    let text = format!("a,b,c\n{}", "\"x\n\",\"x\n\",".repeat(3_000));
    let error = read(text.as_bytes(), &layout(3, b',', Some(b'"')), &limits).unwrap_err();
    assert_eq!(error.code(), Some(item::FileCode::UnknownFormat), "{error}");
}

#[test]
fn preamble_and_header_are_skipped_by_lines() {
    let layout = Layout { header_line: 4, ..layout(2, b';', Some(b'"')) };
    check_as("Tarif \"2026\r\n\"ACME\r\n\r\n\"a\r\nb\";c\r\n1;2\r\n".as_bytes(), &layout, &["6: 1|2"]);
    check_as("\u{feff}\n\n\na;b\n1;2\n".as_bytes(), &layout, &["5: 1|2"]);
    check_as(b"only\none", &layout, &[]);
}

#[test]
fn a_long_preamble_does_not_need_a_large_block() {
    let text = format!("{}\r\n\na;b\n1;2\n", "x".repeat(5_000));
    check_as(text.as_bytes(), &Layout { header_line: 3, ..layout(2, b';', Some(b'"')) }, &["4: 1|2"]);
}

#[test]
fn numbered_records_carry_the_row_of_the_sheet() {
    let text = format!("{ROW_NUMBERS_MARK}2,Title,\r\n4,a,b\r\n5,\"x\r\ny\",z\r\n9,\"\",z\r\n12,z\r\n");
    let layout = Layout { header_line: 4, numbered: true, ..layout(2, b',', Some(b'"')) };
    check_as(
        text.as_bytes(),
        &layout,
        &["5: x\r\ny|z", "9: |z", "12! row_too_narrow: 1 cell where the header has 2 [z]"],
    );
}

#[test]
fn a_projection_has_the_columns_asked_for_in_their_order() {
    let layout = layout(3, b',', Some(b'"'));
    let mut records = Records::open(b"a,b,c\n1,2,3\n4,5\n\"6\"\"\",7,8\n".as_slice(), &layout, &Limits::default());
    let block = records.next_block().unwrap().unwrap();
    let batch = block.records(Some(&[2, 0]));
    assert_eq!(batch.frame.get_column_names(), ["c", "a"]);
    assert_eq!(rows(&batch), [(2, vec!["3".to_owned(), "1".to_owned()]), (4, vec!["8".to_owned(), "6\"".to_owned()])]);
    assert_eq!((batch.rejects.len(), batch.read()), (1, 3));
    let none = block.records(Some(&[]));
    assert_eq!((none.lines.len(), none.frame.width(), none.frame.height()), (2, 0, 2));
}

#[test]
fn raw_cells_are_cut_between_characters() {
    let limits = Limits { reject_cell_bytes_max: 4, ..Limits::default() };
    let batches = read("a,b\néééé,\"x\"\"\"\n1\n".as_bytes(), &layout(2, b',', Some(b'"')), &limits).unwrap();
    assert_eq!(batches[0].raw(0, 3), ["é", "x\""]);
    assert_eq!(batches[0].raw(0, 100), ["éééé", "x\""]);
}

#[test]
fn the_reader_s_failure_is_handed_on() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("gone"))
        }
    }
    let error = Records::open(Broken, &layout(1, b',', None), &Limits::default()).next_block().unwrap_err();
    assert!(matches!(error, DecodeError::Read(_)), "{error}");
}
