//! How a file is written, told from a sample.

use item::FileCode;

use super::*;
use crate::FeedSettings;

fn detected(text: impl AsRef<[u8]>) -> Result<Layout, DecodeError> {
    detect(text.as_ref(), true, &FeedSettings::default(), &Limits::default())
}

/// Printed as `delimiter quote header-line name|name`.
fn check(text: &str, expected: &str) {
    let layout = detected(text).unwrap_or_else(|error| panic!("{error} in {text:?}"));
    let quote = layout.dialect.quote.map_or('-', char::from);
    let found =
        format!("{} {quote} {} {}", char::from(layout.dialect.delimiter), layout.header_line, layout.header.join("|"));
    assert_eq!(found, expected, "{text:?}\n{:#?}", layout.evidence);
    for evidence in &layout.evidence {
        assert!((0.0..=1.0).contains(&evidence.confidence), "{evidence:?}");
    }
}

fn check_error(text: impl AsRef<[u8]>, expected: FileCode, detail: &str) {
    let error = detected(&text).expect_err(&format!("{:?} is accepted", String::from_utf8_lossy(text.as_ref())));
    assert_eq!(error.code(), Some(expected), "{error}");
    assert!(error.to_string().contains(detail), "{error}");
}

#[test]
fn each_delimiter_is_found() {
    for delimiter in [",", ";", "\t", "|"] {
        let text = "sku,title,price\nA1,Screw,4.50\nA2,Nail,3.10\n".replace(',', delimiter);
        check(&text, &format!("{delimiter} \" 1 sku|title|price"));
    }
}

#[test]
fn decimal_commas_do_not_hide_the_semicolon() {
    check("sku;prix\nA1;4,50\nA2;3,10\nA3;1,00\n", "; \" 1 sku|prix");
    check(
        "ref;libellé;achat;vente\nA1;Vis, acier;4,50;9,00\nA2;Clou, acier;3,10;6,00\n",
        "; \" 1 ref|libellé|achat|vente",
    );
    check("foo;bar\nA1;4,50\nA2;3,10\n", "; \" 1 foo|bar");
}

#[test]
fn commas_in_descriptions_and_pipes_in_lists_are_no_delimiters() {
    check(
        "sku\ttitle\tdescription\nA1\tScrew\tlong, thin, steel\nA2\tNail\tshort, steel\n",
        "\t \" 1 sku|title|description",
    );
    check("sku,title,images\nA1,Screw,a.jpg|b.jpg\nA2,Nail,c.jpg|d.jpg\n", ", \" 1 sku|title|images");
    check("sku,title,note\nA1,Screw,\"one; two; three\"\nA2,Nail,\"one; two; three\"\n", ", \" 1 sku|title|note");
}

#[test]
fn quotes_pair_around_cells_even_when_lines_break_inside() {
    check(
        "sku,title,description\nA1,Screw,\"one\ntwo, three\nfour\"\nA2,Nail,\"five\nsix\"\n",
        ", \" 1 sku|title|description",
    );
    check("\"sku\";\"title\"\n\"A1\";\"a \"\"b\"\" c\"\n\"A2\";\"d;e\"\n", "; \" 1 sku|title");
}

#[test]
fn stray_quotes_make_a_file_without_quoting() {
    let mut text = "id\tean\tname\tbrand\n".to_owned();
    for row in 0..30 {
        text += &format!("{row}\t{:013}\tname {row}\tbrand\n", row * 7);
    }
    check(&text, "\t \" 1 id|ean|name|brand");
    // Each opens a cell, and the next one seems to close it rows below.
    let stray = text.replace("\tname 3\t", "\t\"name 3\t").replace("\tname 7\t", "\tname 7\"\t");
    check(&stray, "\t - 1 id|ean|name|brand");
    let never_closed = text.replace("\tname 3\t", "\t\"name 3\t");
    check(&never_closed, "\t - 1 id|ean|name|brand");
    let inch = text.replace("\tname 3\t", "\t3\" name\t").replace("\tname 7\t", "\t\"Vis\" 1/2\"\t");
    check(&inch, "\t \" 1 id|ean|name|brand");
}

#[test]
fn title_lines_above_the_header_are_skipped_and_counted() {
    check(
        "Tarif 2026; valable au 01/01\r\nACME SA\r\n\r\nRéférence;Désignation;Prix HT\r\nA1;Vis;4,50\r\nA2;Clou;3,10\r\n",
        "; \" 4 Référence|Désignation|Prix HT",
    );
    check("\"Catalogue\n2026\",,\nsku,title,price\nA1,Screw,4.50\n", ", \" 3 sku|title|price");
    check(";;;\n\nsku;title;price;stock\nA1;Screw;4,50;2\n", "; \" 3 sku|title|price|stock");
}

#[test]
fn a_first_line_may_name_the_delimiter() {
    check("sep=;\r\nfoo;bar\r\na,b;c,d\r\n", "; \" 2 foo|bar");
    check("\"sep=|\"\nfoo|bar\n1|2\n", "| \" 2 foo|bar");
    check("SEP=,\nfoo,bar\n1,2\n", ", \" 2 foo|bar");
    check("sep=\t\nfoo\tbar\n1,5\t2\n", "\t \" 2 foo|bar");
}

#[test]
fn header_cells_are_trimmed_named_and_unique() {
    check("sku, Price ,Price,,title\nA1,1,2,3,x\n", ", \" 1 sku|Price|Price (2)|column 4|title");
    check("\"sku\",\"the \"\"best\"\" price\"\nA1,1\n", ", \" 1 sku|the \"best\" price");
}

#[test]
fn empty_cells_at_the_end_of_rows_are_forgiven() {
    check("sku;title;price\nA1;Screw;4,50;\nA2;Nail;3,10;\n", "; \" 1 sku|title|price");
}

#[test]
fn one_column_is_a_table_when_its_name_is_known() {
    check("ean\n4006381333931\n4006381333948\n", ", \" 1 ean");
    check_error("Lorem ipsum dolor\nsit amet\n", FileCode::NoHeader, "");
}

#[test]
fn what_is_no_table_fails_by_name() {
    check_error("", FileCode::EmptyFile, "no text");
    check_error(" \r\n\r\n\t\n", FileCode::EmptyFile, "no text");
    check_error("\u{feff}", FileCode::EmptyFile, "no text");
    check_error("sku;title;price\r\n", FileCode::EmptyFile, "only the header in line 1");
    check_error("Tarif 2026\n\nsku;title;price", FileCode::EmptyFile, "only the header in line 3");
    check_error("A1;Screw;4,50\nA2;Nail;3,10\n", FileCode::NoHeader, "");
    check_error(b"\x00\x01\x02\x03".repeat(64), FileCode::UnknownFormat, "control bytes");
    check_error("%PDF-1.4 sku;title", FileCode::UnknownFormat, "a PDF document");
    let wide: Vec<String> = (0..10_000).map(|column| format!("c{column}")).collect();
    check_error(wide.join(",") + "\n" + &",".repeat(9_999), FileCode::UnknownFormat, "10000 columns, at most 2000");
    let endless = detect(&b"x".repeat(5_000), false, &FeedSettings::default(), &Limits::default()).unwrap_err();
    assert!(endless.to_string().contains("no line ends within the first 5000 bytes"), "{endless}");
}

#[test]
fn a_file_cut_inside_its_first_record_is_not_taken_for_an_empty_one() {
    check("sku,title\nA1,\"Screw\n", ", \" 1 sku|title");
}

#[test]
fn every_encoding_is_read_from_its_bytes() {
    let text = "réf;désignation;prix\r\nA1;Clé à molette;4,50\r\nA2;Mètre ruban;3,10\r\n";
    let utf16 = |swap: bool| {
        text.encode_utf16().flat_map(move |unit| if swap { unit.to_be_bytes() } else { unit.to_le_bytes() })
    };
    let (latin, ..) = encoding_rs::WINDOWS_1252.encode(text);
    let cases: [(Vec<u8>, Encoding); 7] = [
        (text.into(), Encoding::Utf8),
        (["\u{feff}", text].concat().into(), Encoding::Utf8),
        (utf16(false).collect(), Encoding::Utf16Le),
        ([0xff, 0xfe].into_iter().chain(utf16(false)).collect(), Encoding::Utf16Le),
        (utf16(true).collect(), Encoding::Utf16Be),
        ([0xfe, 0xff].into_iter().chain(utf16(true)).collect(), Encoding::Utf16Be),
        (latin.into_owned(), Encoding::Windows1252),
    ];
    for (bytes, encoding) in cases {
        let layout = detected(&bytes).unwrap();
        assert_eq!(layout.encoding, encoding);
        assert_eq!(layout.header, ["réf", "désignation", "prix"]);
        assert_eq!(
            printed(&read(&bytes, &layout, &limits(8)).unwrap()),
            ["2: A1|Clé à molette|4,50", "3: A2|Mètre ruban|3,10"]
        );
    }
}

#[test]
fn settings_stand_above_every_judgement() {
    let text = b"a;b\nsku,title;price\nA1,\"Screw\";4\nA2,Nail;3\n";
    let settings = FeedSettings {
        encoding: Some(Encoding::Windows1252),
        delimiter: Some(';'),
        quote: Some(String::new()),
        header_line: Some(2),
        ..FeedSettings::default()
    };
    let layout = detect(text, true, &settings, &Limits::default()).unwrap();
    assert_eq!(
        (layout.encoding, layout.dialect, layout.header_line),
        (Encoding::Windows1252, Dialect { delimiter: b';', quote: None }, 2)
    );
    assert_eq!(layout.header, ["sku,title", "price"]);
    assert!(layout.evidence.iter().all(|evidence| evidence.confidence == 1.0 && evidence.reason.contains("settings")));
    for settings in [
        FeedSettings { delimiter: Some('é'), ..FeedSettings::default() },
        FeedSettings { delimiter: Some('x'), ..FeedSettings::default() },
        FeedSettings { quote: Some("''".to_owned()), ..FeedSettings::default() },
        FeedSettings { delimiter: Some('"'), ..FeedSettings::default() },
    ] {
        let error = detect(
            b"a;b\n1;2\n",
            true,
            &FeedSettings { quote: settings.quote.clone().or(Some("\"".to_owned())), ..settings },
            &Limits::default(),
        )
        .unwrap_err();
        assert!(error.to_string().contains("setting"), "{error}");
    }
    let beyond = FeedSettings { header_line: Some(9), ..FeedSettings::default() };
    let error = detect(b"a;b\n1;2\n", true, &beyond, &Limits::default()).unwrap_err();
    assert_eq!(error.code(), Some(FileCode::NoHeader));
}

#[test]
fn row_numbers_of_a_spreadsheet_are_no_column() {
    let text = format!("{ROW_NUMBERS_MARK}1,Tarif 2026,\r\n3,sku,price\r\n4,A1,4.5\r\n7,A2,3\r\n");
    let layout = detected(&text).unwrap();
    assert!(layout.numbered);
    assert_eq!((layout.header_line, layout.header.join("|").as_str()), (3, "sku|price"));
    assert_eq!(printed(&read(text.as_bytes(), &layout, &Limits::default()).unwrap()), ["4: A1|4.5", "7: A2|3"]);

    // What the supplier's CSV is like does not matter; which row of the sheet is the header does.
    let csv = FeedSettings {
        encoding: Some(Encoding::Utf16Le),
        delimiter: Some(';'),
        quote: Some(String::new()),
        ..FeedSettings::default()
    };
    assert_eq!(detect(text.as_bytes(), true, &csv, &Limits::default()).unwrap().header, ["sku", "price"]);
    let row = FeedSettings { header_line: Some(4), ..csv };
    assert_eq!(detect(text.as_bytes(), true, &row, &Limits::default()).unwrap().header, ["A1", "4.5"]);
}

#[test]
fn a_sample_may_end_anywhere() {
    let text = "réf;désignation;prix\r\nA1;\"Clé à\r\nmolette\";4,50\r\nA2;Mètre;3,10\r\n".as_bytes();
    for end in "réf;désignation;prix\r\n".len() + 1..text.len() {
        let layout = detect(&text[..end], false, &FeedSettings::default(), &Limits::default()).unwrap();
        assert_eq!(
            (layout.encoding, layout.dialect.delimiter, layout.header_line),
            (Encoding::Utf8, b';', 1),
            "cut at {end}"
        );
    }
}

#[test]
fn no_sample_takes_long() {
    let samples: [&[u8]; 9] = [b"\"a\n\",", b"\"\n", b"\"\"\"a,", b"\"", b",", b"a,", b"\n", b"\r", b"a\n;|\t,"];
    for piece in samples {
        let sample = [b"sku,title\n".as_slice(), &piece.repeat((1 << 20) / piece.len())].concat();
        let started = std::time::Instant::now();
        let _ = detect(&sample, false, &FeedSettings::default(), &Limits::default());
        assert!(started.elapsed().as_secs() < 10, "{:?}: {:?}", String::from_utf8_lossy(piece), started.elapsed());
    }
}
