//! Number and date conventions are decided for the whole file, with proof.

use super::Feed;
use crate::{DateOrder, DecimalSign};

#[test]
fn one_cell_at_the_end_decides_for_the_whole_column() {
    let mut file = "sku,title,weight (g)\n".to_owned();
    for number in 0..5_000 {
        file.push_str(&format!("S{number},t,\"1,{:03}\"\n", number % 1_000));
    }
    assert_eq!(Feed::of(&file).evidence("decimal sign of weight (g)").split(" (").next(), Some("point"));
    file.push_str("last,t,\"2,5\"\n");
    let feed = Feed::of(&file).limited(|limits| {
        limits.sample_bytes = 4 << 10;
        limits.block_bytes = 16 << 10;
    });
    assert_eq!(feed.evidence("decimal sign of weight (g)"), "comma (1.00: 1 cell (line 5002: \"2,5\") read only so)");
    let outcome = feed.outcome();
    assert!(
        outcome.starts_with("2: sku=S0 title=t weight_g=1\n3: sku=S1 title=t weight_g=1.001\n"),
        "{}",
        &outcome[..200]
    );
}

#[test]
fn an_ambiguous_column_takes_the_sign_that_another_proves() {
    let file = "sku;titre;prix;poids\nA;a;1,234;0,5\nB;b;2,345;1,5\n";
    let feed = Feed::of(file);
    let evidence = feed.evidence("decimal sign of prix");
    assert!(evidence.starts_with("comma (0.90: 2 cells (line 2: \"1,234\") could mean two numbers; column poids of the same file proves the comma"), "{evidence}");
    assert!(feed.outcome().starts_with("2: sku=A title=a price=1.234 weight_g=500\n"));
}

#[test]
fn where_nothing_proves_a_sign_the_settings_decide_and_else_the_delimiter() {
    let with = |delimiter: char| format!("sku{delimiter}title{delimiter}price\nA{delimiter}a{delimiter}\"1.234\"\n");
    for (file, settings, expected) in [
        (with(';'), None, "price=1234"),
        (with(','), None, "price=1.234"),
        (with('\t'), Some(DecimalSign::Comma), "price=1234"),
        (with(';'), Some(DecimalSign::Point), "price=1.234"),
    ] {
        let outcome = Feed::of(&file).with(|all| all.decimal_sign = settings).outcome();
        assert_eq!(outcome, format!("2: sku=A title=a {expected}\n"), "{file}");
    }
}

#[test]
fn a_cell_that_contradicts_its_column_is_rejected_and_never_read_otherwise() {
    let file = "sku;titre;prix\nA;a;12,50\nB;b;13,50\nC;c;14.50\nD;d;1.234\nE;e;1.234,50\n";
    assert_eq!(
        Feed::of(file).outcome(),
        "2: sku=A title=a price=12.5\n\
         3: sku=B title=b price=13.5\n\
         4: !number_unreadable [prix] `14.50` is not a number with decimal comma, as this column writes them\n\
         5: !number_unreadable [prix] `1.234` could mean two numbers, and the column uses decimal comma and decimal point\n\
         6: sku=E title=e price=1234.5\n"
    );
    assert!(Feed::of(file).evidence("decimal sign of prix").contains("the column mixes both: 3 cells"));
}

#[test]
fn the_order_of_day_and_month_is_proven_by_any_row() {
    let file = "sku,title,release date\nA,a,03/04/2026\nB,b,04/05/2026\nC,c,04/26/2026\n";
    let outcome = Feed::of(file).outcome();
    assert!(
        outcome.contains("available_from=2026-03-04") && outcome.contains("available_from=2026-04-26"),
        "{outcome}"
    );

    let ambiguous = "sku,title,release date\nA,a,03/04/2026\n";
    assert_eq!(Feed::of(ambiguous).outcome(), "2: sku=A title=a available_from=2026-04-03\n");
    assert!(Feed::of(ambiguous).evidence("date order of release date").starts_with("day, month, year (0.30:"));
    let told = Feed::of(ambiguous).with(|settings| settings.date_order = Some(DateOrder::MonthDayYear));
    assert_eq!(told.outcome(), "2: sku=A title=a available_from=2026-03-04\n");

    let mixed = "sku,title,release date\nA,a,31/12/2026\nB,b,30/12/2026\nC,c,12/31/2026\n";
    assert!(Feed::of(mixed).outcome().contains("4: !date_unreadable [release date] `12/31/2026`"));
}

#[test]
fn bare_weights_take_the_unit_of_header_cells_or_custom() {
    for (file, expected, evidence) in [
        ("sku,title,weight\nA,a,2\n", "weight_g=2000", "kg (0.40"),
        ("sku,title,weight\nA,a,2\nB,b,3 g\n", "weight_g=2", "g (0.80"),
        ("sku,title,weight lbs\nA,a,2\n", "weight_g=907.1847", "lb (1.00"),
        ("sku,title,length\nA,a,2\n", "length_mm=20", "cm (0.40"),
    ] {
        let feed = Feed::of(file);
        assert!(feed.outcome().starts_with(&format!("2: sku=A title=a {expected}\n")), "{file}: {}", feed.outcome());
        let what = format!("unit of {}", file.lines().next().unwrap().split(',').nth(2).unwrap());
        assert!(feed.evidence(&what).starts_with(evidence), "{}", feed.evidence(&what));
    }
}

#[test]
fn tax_rates_below_one_are_ratios_only_when_all_are() {
    assert!(Feed::of("sku,title,vat rate\nA,a,0.2\nB,b,0.055\nC,c,0\n").outcome().contains("tax_rate=5.5"));
    assert!(Feed::of("sku,title,vat rate\nA,a,0.2\nB,b,20\n").outcome().contains("tax_rate=0.2"));
}

#[test]
fn the_separator_of_categories_is_the_columns() {
    let file = "sku;titre;catégorie\nA;a;TV/Vidéo > LED\nB;b;TV/Vidéo\n";
    assert_eq!(
        Feed::of(file).outcome(),
        "2: sku=A title=a category_path=TV/Vidéo > LED\n3: sku=B title=b category_path=TV/Vidéo\n"
    );
    let file = "sku;titre;catégorie\nA;a;\"TV &gt; LED\"\n";
    assert_eq!(Feed::of(file).outcome(), "2: sku=A title=a category_path=TV > LED\n");
    let file = "sku;titre;catégorie\nA;a;TV/LED\nB;b;TV\n";
    assert!(Feed::of(file).outcome().starts_with("2: sku=A title=a category_path=TV > LED\n"));
}

#[test]
fn windows_1252_behind_the_sample_is_found_by_the_survey() {
    let mut file = b"sku;titre;prix\n".to_vec();
    for number in 0..2_000 {
        file.extend_from_slice(format!("S{number};Chaise;12,50\n").as_bytes());
    }
    file.extend_from_slice(b"last;Caf\xe9;12,50 \x80\n");
    let feed = Feed::of(&file).limited(|limits| limits.sample_bytes = 4 << 10);
    assert!(
        feed.evidence("encoding").starts_with("windows-1252 (1.00: of 2001 records 1 are not UTF-8"),
        "{}",
        feed.evidence("encoding")
    );
    assert!(feed.outcome().ends_with("sku=last title=Café price=12.5 currency=EUR\n"));
}

#[test]
fn one_broken_cell_in_a_utf8_file_rejects_one_row() {
    let mut file = "sku;titre;prix\n".to_owned().into_bytes();
    for number in 0..100 {
        file.extend_from_slice(format!("S{number};Café;12,50\n").as_bytes());
    }
    file.extend_from_slice(b"last;Caf\xe9;12,50\n");
    let outcome = Feed::of(&file).outcome();
    assert!(outcome.contains("2: sku=S0 title=Café price=12.5\n"));
    assert!(outcome.contains("102: !encoding_invalid"), "{outcome}");
}
