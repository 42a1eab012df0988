//! Plans, streaming and inspection of whole files.

use std::io::{self, Read};
use std::ops::ControlFlow;

use item::{EmptyMeans, Field, FieldKind, FileCode, Mode};
use proptest::prelude::*;

use super::Feed;
use crate::{FeedSettings, Limits, inspect, plan, read_items, survey};

fn rows(count: usize) -> String {
    let mut file = "sku,title,price,note\n".to_owned();
    for number in 0..count {
        file.push_str(&format!(
            "S{number},Chair {number},{}.50,{}\n",
            number % 90,
            if number % 7 == 0 { "x" } else { "" }
        ));
    }
    file
}

fn small_blocks() -> Limits {
    Limits { block_bytes: 2 << 10, sample_bytes: 4 << 10, ..Limits::default() }
}

#[test]
fn batches_arrive_in_file_order_whatever_the_blocks() {
    let file = rows(5_000);
    let whole = Feed::of(&file).outcome();
    let blocks = Feed { limits: small_blocks(), ..Feed::of(&file) }.outcome();
    assert_eq!(whole, blocks);

    let plan = Feed::of(&file).plan().unwrap();
    let mut lines = Vec::new();
    read_items(file.as_bytes(), &plan, &small_blocks(), |batch| {
        assert_eq!(batch.items.key_hashes(), batch.key_hashes);
        assert_eq!(batch.items.content_hashes(), batch.content_hashes);
        lines.extend_from_slice(batch.items.lines());
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(lines.len() == 5_000 && lines.is_sorted());
}

#[test]
fn an_item_knows_its_raw_cells() {
    let file = "sku,title,price\nA,a,x\nB,b,1.50\n";
    let plan = Feed::of(file)
        .mapped("columns = [{column='sku',field='sku'},{column='title',field='title'},{column='price',field='price'}]")
        .plan()
        .unwrap();
    read_items(file.as_bytes(), &plan, &Limits::default(), |batch| {
        assert_eq!(batch.rejects[0].raw, ["A", "a", "x"]);
        assert_eq!(batch.raw(0, 100), ["B", "b", "1.50"]);
        assert_eq!(batch.raw(0, 1), ["B", "b", "1"]);
        assert_eq!(batch.rows, [1]);
        ControlFlow::Continue(())
    })
    .unwrap();
}

#[test]
fn a_break_ends_the_reading_at_once() {
    let file = rows(50_000);
    let plan = Feed::of(&file).plan().unwrap();
    let mut batches = 0;
    let counting = Counting { inner: file.as_bytes(), read: std::cell::Cell::new(0).into() };
    read_items(counting, &plan, &small_blocks(), |_| {
        batches += 1;
        if batches == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    assert_eq!(batches, 2);
}

/// Fails when much more is read than was asked for.
struct Counting<'a> {
    inner: &'a [u8],
    read: std::sync::Mutex<std::cell::Cell<usize>>,
}

impl Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let total = self.read.get_mut().unwrap();
        total.set(total.get() + read);
        assert!(total.get() < 600 << 10, "reading went on after the break");
        Ok(read)
    }
}

#[test]
fn a_slow_receiver_holds_the_reader_back() {
    let file = rows(60_000);
    let plan = Feed::of(&file).plan().unwrap();
    let counting = Counting { inner: file.as_bytes(), read: std::cell::Cell::new(0).into() };
    let mut batches = 0;
    read_items(counting, &plan, &small_blocks(), |_| {
        batches += 1;
        std::thread::sleep(std::time::Duration::from_millis(20));
        if batches == 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
}

#[test]
fn a_failing_reader_is_an_error_after_what_it_gave() {
    struct Failing<'a>(&'a [u8]);
    impl Read for Failing<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::Error::other("the connection broke")),
                read => Ok(read),
            }
        }
    }
    let file = rows(2_000);
    let plan = Feed::of(&file).plan().unwrap();
    let mut delivered = 0;
    let error = read_items(Failing(file.as_bytes()), &plan, &small_blocks(), |batch| {
        delivered += batch.items.len();
        ControlFlow::Continue(())
    });
    assert_eq!(error.unwrap_err().to_string(), "read file");
    assert!(delivered > 0);
}

#[test]
fn reading_works_from_inside_a_pool_of_one_thread() {
    let file = rows(3_000);
    let plan = Feed::of(&file).plan().unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let items = pool.install(|| {
        let mut items = 0;
        read_items(file.as_bytes(), &plan, &small_blocks(), |batch| {
            items += batch.items.len();
            ControlFlow::Continue(())
        })
        .map(|()| items)
    });
    assert_eq!(items.unwrap(), 3_000);
}

#[test]
fn files_that_are_no_catalogue_fail_by_name() {
    for (file, code) in [
        ("", FileCode::EmptyFile),
        ("sku,title,price\n", FileCode::EmptyFile),
        ("a,b,c\n1,2,3\n4,5,6\n", FileCode::NoMapping),
        ("sku,title\nA,\"open\n", FileCode::Truncated),
    ] {
        let feed = Feed::of(file);
        let error = feed.plan().err().or_else(|| {
            read_items(file.as_bytes(), &feed.plan().unwrap(), &Limits::default(), |_| ControlFlow::Continue(())).err()
        });
        assert_eq!(error.and_then(|error| error.code()), Some(code), "{file:?}");
    }
    let settings = |currency: Option<&str>, rate: Option<&str>| FeedSettings {
        currency: currency.map(str::to_owned),
        tax_rate: rate.map(str::to_owned),
        ..FeedSettings::default()
    };
    for settings in [settings(Some("Taler"), None), settings(None, Some("much"))] {
        let error = plan(b"sku,title\nA,a\n", true, None, &settings, &Limits::default()).unwrap_err();
        assert!(error.to_string().contains("feed setting"), "{error}");
    }
}

#[test]
fn a_record_longer_than_the_sample_does_not_stop_the_plan() {
    let file = format!("sku,title,price\nA,{},1.50\nB,b,2.50\n", "x".repeat(8 << 10));
    let feed = Feed::of(&file).limited(|limits| limits.sample_bytes = 1 << 10);
    assert!(feed.outcome().ends_with("3: sku=B title=b price=2.5\n"), "{}", feed.outcome());
}

#[test]
fn the_fingerprint_changes_with_what_decides_the_values_and_with_nothing_else() {
    let file = "sku,title,price,weight\nA,a,1.50,2\n";
    let fingerprint = |feed: Feed<'_>| feed.plan().unwrap().fingerprint();
    let base = fingerprint(Feed::of(file));
    assert_eq!(base, fingerprint(Feed::of("sku,title,price,weight\nB,b,2.75,3\nC,c,2.25,4\n")));
    for other in [
        Feed::of("sku,title,price,weight\nA,a,\"1,50\",2\n"),
        Feed::of("sku;title;price;weight\nA;a;1.50;2\n"),
        Feed::of("sku,title,price,weight (g)\nA,a,1.50,2\n"),
        Feed::of(file).with(|settings| settings.currency = Some("EUR".into())),
        Feed::of(file).mapped("columns = [{column='sku',field='sku'},{column='title',field='title'}]"),
    ] {
        assert_ne!(base, fingerprint(other));
    }
}

#[test]
fn a_plan_tells_what_the_file_gives_and_what_empty_cells_mean() {
    let plan = Feed::of("sku,title,price,tax rate,ean\nA,a,1.50,20,4006381333931\n").plan().unwrap();
    let given: Vec<&str> = plan.given().into_iter().map(Field::name).collect();
    assert_eq!(
        given,
        ["sku", "gtin", "gtin_restricted", "title", "price", "price_incl_tax", "currency", "tax_rate", "attributes"]
    );
    assert_eq!(plan.column_of(Field::Gtin), Some("ean"));
    assert_eq!(plan.empty_means(Mode::Full), EmptyMeans::Clear);
    assert_eq!(plan.empty_means(Mode::Partial), EmptyMeans::Keep);
    let keeping = "empty_means = 'keep'\ncolumns = [{column='sku',field='sku'},{column='title',field='title'}]";
    assert_eq!(Feed::of("sku,title\nA,a\n").mapped(keeping).plan().unwrap().empty_means(Mode::Full), EmptyMeans::Keep);
}

#[test]
fn a_proposed_mapping_can_be_saved_and_used_again() {
    let file = "Réf;Désignation;Prix € HT;Poids (g)\nA;a;12,50;350\n";
    let proposed = Feed::of(file).plan().unwrap().mapping.to_toml();
    assert_eq!(Feed::of(file).mapped(&proposed).outcome(), Feed::of(file).outcome());
    assert!(proposed.contains("currency = \"EUR\"") && proposed.contains("unit = \"g\""), "{proposed}");
}

#[test]
fn an_inspection_shows_what_would_be_understood() {
    let mut file = "Catalogue 2026\n\nRéf;Désignation;Prix HT;Poids\n".to_owned();
    for number in 0..400 {
        file.push_str(&format!("A-{number};Chaise {number};{},50;1,2 kg\n", number % 40));
    }
    file.push_str("A-x;\"Deux\nlignes\";abc;1\n");
    let limits = Limits::default();
    let whole = inspect(file.as_bytes(), true, None, &FeedSettings::default(), &limits).unwrap();
    assert_eq!((whole.header_line, whole.read, whole.accepted, whole.items.len()), (3, 401, 400, 5));
    assert_eq!(whole.rejects[0].code.as_str(), "number_unreadable");
    let text = whole.render();
    for part in [
        "read whole",
        "Prix HT",
        "price",
        "decimal sign of Prix HT: comma (100 %: 400 cells (line 4: \"0,50\") read only so)",
        "weight_g            1200",
        "401 read, 400 accepted, 1 rejected",
        "line 404, column Prix HT: `abc` is not a number",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    assert!(serde_json::to_value(&whole).unwrap()["mapping"]["columns"].is_array());

    // A sample cut in the middle of a record counts whole records only, and says that it is a sample.
    let part = inspect(&file.as_bytes()[..5_000], false, None, &FeedSettings::default(), &limits).unwrap();
    assert!(part.read > 100 && part.read == part.accepted);
    assert!(part.render().contains("only the first 5000 bytes were read"));
}

#[test]
fn surveying_an_empty_table_fails_by_name() {
    // The sample promised records that the file does not have.
    let suggested = plan(b"sku,title\nA,a\n", true, None, &FeedSettings::default(), &Limits::default()).unwrap();
    let error =
        survey(|| Ok(&b"sku,title\n"[..]), suggested, &FeedSettings::default(), &Limits::default()).unwrap_err();
    assert_eq!(error.code(), Some(FileCode::EmptyFile));
}

/// Cells from which every kind of value and of nonsense arises.
fn cell() -> impl Strategy<Value = String> {
    #[rustfmt::skip]
    let known = prop::sample::select(vec![
        "", "A-1", "4006381333931", "4.00638E+12", "12,50", "12.50", "1.234", "€ 12", "12 kg", "5\"", "-1", "(2)",
        "31/12/2026", "2026-12-31", "https://a.example/1.jpg", "https://a.example/1.jpg, https://a.example/2.jpg",
        "a > b/c,d", "oui", "neuf", "FR", "pièce", "20 %", "0.2", "en stock", "<5", "#N/A", "n/a", "<p>x</p>", "<b>x",
        "{\"a\":1}", "=\"007\"", "\u{a0}x\u{a0}", "a\u{1f}b", "\u{85}", "&#31;",
    ]);
    prop_oneof![3 => known.prop_map(str::to_owned), 1 => "\\PC{0,12}", 1 => "[ -~\n]{0,12}"]
}

/// A file with a column for every field, and the mapping that says so.
fn soup(rows: &[Vec<String>]) -> (Vec<u8>, String) {
    let fields: Vec<&str> = Field::ALL.into_iter().filter(|field| !field.derived()).map(Field::name).collect();
    let rules = fields.iter().map(|name| format!("{{ column = '{name}', field = '{name}' }}")).collect::<Vec<_>>();
    let mut file = Vec::new();
    crate::write_csv_row(&mut file, b',', fields.into_iter().chain(["rest"])).unwrap();
    for row in rows {
        crate::write_csv_row(&mut file, b',', row.iter().map(String::as_str)).unwrap();
    }
    (file, format!("columns = [{}]", rules.join(", ")))
}

/// Only what may stand in a canonical text: no control character but the list's separator and a description's breaks.
fn is_canonical(field: Field, text: &str) -> bool {
    let allowed = |c: char| match field.kind() {
        FieldKind::List => c == item::LIST_SEPARATOR,
        _ => field == Field::Description && matches!(c, '\n' | '\t'),
    };
    let is_json = || serde_json::from_str::<serde_json::Value>(text).is_ok();
    !text.contains(|c: char| c.is_control() && !allowed(c)) && (field.kind() != FieldKind::Json || is_json())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_cells_become_items_or_rejects_whatever_the_blocks(rows in prop::collection::vec(prop::collection::vec(cell(), 29), 1..30)) {
        let (file, mapping) = soup(&rows);
        let feed = Feed::of(&file).mapped(&mapping).with(|settings| {
            settings.delimiter = Some(',');
            settings.header_line = Some(1);
            settings.quote = Some("\"".into());
        });
        let plan = feed.plan().unwrap();
        read_items(&file[..], &plan, &Limits::default(), |batch| {
            for field in Field::ALL {
                for row in 0..batch.items.len() {
                    let text = batch.items.text(field, row).unwrap_or("{}");
                    assert!(is_canonical(field, text), "{field:?}: {text:?}");
                }
            }
            ControlFlow::Continue(())
        }).unwrap();
        let whole = feed.outcome();
        prop_assert_eq!(whole, Feed { limits: Limits { block_bytes: 64, ..Limits::default() }, ..feed }.outcome());
    }
}
