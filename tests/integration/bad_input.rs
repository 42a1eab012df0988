//! Files and names as the world sends them: each has its named code, changes nothing that it should not, and never stops
//! the next file.

use arrivage_tests::{Dump, Ended, Home, World, files};
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};

fn world() -> World {
    let world = World::new();
    world.supplier("acme");
    world.import("acme", "first.csv", files::products('A', 0..30).as_bytes(), &[]).expect(0);
    world
}

/// A good file, each time with another product, goes through.
#[track_caller]
fn next_file_works(world: &World, number: usize) {
    let next = world.import("acme", "next.csv", files::products('N', [number]).as_bytes(), &["--mode", "partial"]);
    next.expect(0).expect_counts("1 read, 1 created");
}

#[test]
fn a_file_at_fault_fails_by_name_and_changes_nothing() {
    let good = files::products('A', 0..30);
    let mut rubbish = vec![0; 100_000];
    StdRng::seed_from_u64(7).fill_bytes(&mut rubbish);
    let columns: Vec<String> = (0..10_000).map(|column| format!("column {column}")).collect();
    let wide = format!("{}\n{}\n", columns.join(";"), vec!["1"; 10_000].join(";"));
    let quoted = good.replace(";Wood", ";\"Wood").replace(" mm;", " mm\";");
    let cut = &quoted[..quoted.rfind(" mm").unwrap()];
    let gzipped = files::gzip(good.as_bytes());
    let bomb = files::gzip_bomb(2 << 10);
    assert!(bomb.len() < 3 << 20, "{} bytes", bomb.len());
    let two = files::zip(&[("a.csv", good.as_bytes()), ("b.csv", good.as_bytes())]);

    let cases: [(&str, Vec<u8>, &str); 12] = [
        ("empty.csv", Vec::new(), "empty_file"),
        ("blank.csv", b"\n\n  \n".to_vec(), "empty_file"),
        ("header.csv", files::HEADER.into(), "empty_file"),
        ("rubbish.csv", rubbish, "unknown_format"),
        ("letter.pdf", b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n".to_vec(), "unknown_format"),
        ("cut in quotes.csv", cut.into(), "truncated"),
        ("wide.csv", wide.into(), "unknown_format"),
        ("cut.csv.gz", gzipped[..gzipped.len() / 2].to_vec(), "truncated"),
        ("two.zip", two, "archive_many_files"),
        ("bomb.csv.gz", bomb, "archive_too_large"),
        ("prose.txt", "Dear Sir,\nplease find our prices below.\n".into(), "no_header"),
        ("unnamed.csv", "width;height\n1;2\n3;4\n".into(), "no_mapping"),
    ];
    let world = world();
    for (number, (name, bytes, code)) in cases.into_iter().enumerate() {
        eprintln!("{name}: {} bytes", bytes.len());
        let before = Dump::of_catalog(&world).to_string();
        let ended = world.import("acme", name, &bytes, &[]).expect(1);
        let said: Vec<&str> = ended.stderr.lines().collect();
        assert!(
            said.len() == 2 && said[0].contains(code) && said[1].starts_with("fix: "),
            "{name} should be {code}: {said:#?}"
        );
        assert!(before == Dump::of_catalog(&world).to_string(), "{name} changed the catalogue");
        let job = format!("select status, failure_code from import_jobs where file_name = '{name}'");
        world.expect_rows(Home::Imports, &job, &[&format!("failed|{code}")]);
        assert_eq!(world.keys("inbox/"), [""; 0], "{name} is out of the way");
        assert_eq!(spool_files(&world), [""; 0], "{name}");
        next_file_works(&world, number);
    }
}

#[test]
fn a_row_at_fault_is_rejected_by_name_and_the_others_arrive() {
    const HEADER: &str = "sku;ean;title;brand;price;currency\n";
    let rows = |numbers: std::ops::Range<usize>| -> String {
        let row = |n: usize| {
            format!("R-{n:03};{};Étau {n} – été;Brévin;{n},50;EUR\n", if n < 3 { "4006381333931" } else { "" })
        };
        numbers.map(row).collect()
    };
    let row = |row: &str| format!("{row}\n").into_bytes();
    let cases: [(&str, Vec<u8>, &str); 10] = [
        ("wide.csv", row(&format!("X;;{};;1,00;EUR", "wide ".repeat(200 << 10))), "row_unreadable"),
        ("nul.csv", b"X;;a\0b;;1,00;EUR\n".to_vec(), "encoding_invalid"),
        ("latin.csv", b"X;;\xe9t\xe9;;1,00;EUR\n".to_vec(), "encoding_invalid"),
        ("scientific.csv", row("X;4,00638E+12;Title;;1,00;EUR"), "gtin_scientific"),
        ("checksum.csv", row("X;4006381333932;Title;;1,00;EUR"), "gtin_checksum"),
        ("negative.csv", row("X;;Title;;-1,00;EUR"), "number_negative"),
        ("words.csv", row("X;;Title;;on request;EUR"), "number_unreadable"),
        ("currency.csv", row("X;;Title;;1,00;XXQ"), "currency_unknown"),
        ("narrow.csv", row("X;;Title"), "row_too_narrow"),
        ("overfull.csv", row("X;;Title;;1,00;EUR;more"), "row_too_wide"),
    ];
    let world = World::new();
    for (number, (name, bad, code)) in cases.into_iter().enumerate() {
        let supplier = name.trim_end_matches(".csv");
        world.supplier(supplier);
        let file = [HEADER.as_bytes(), rows(0..15).as_bytes(), &bad, rows(15..30).as_bytes()].concat();
        let ended = world.import(supplier, name, &file, &[]).expect(0).expect_counts("31 read, 30 created, 1 rejected");
        assert_eq!(ended.json()["rejects_by_code"], serde_json::json!({ code: 1 }), "{name}");
        let rejects = format!(
            "select line, code from import_errors join import_jobs on id = import_id where file_name = '{name}'"
        );
        world.expect_rows(Home::Imports, &rejects, &[&format!("17|{code}")]);
        let titles = "select count(*) from products where sku = 'R-029' and title = 'Étau 29 – été'";
        assert_eq!(world.number(Home::Catalog, titles), 1 + number as u64, "{name}");
    }
}

#[test]
fn a_known_product_whose_row_is_rejected_stays_as_it_is() {
    let world = world();
    let before = "select sku, price, title, is_active, updated_publication from products where sku in ('A-0003', 'A-0004') order by sku";
    let untouched = world.rows(Home::Catalog, before);
    // An unreadable price, and a cell too many: the supplier still has them both.
    let mut lines: Vec<String> = files::products('A', 0..30).lines().map(str::to_owned).collect();
    lines[4] = "A-0003;Wood screw;Forgeval;Hardware;abc;1".to_owned();
    lines[5].push_str(";;;;;;x;y;z");
    lines.remove(30);
    let ended = world.import("acme", "second.csv", (lines.join("\n") + "\n").as_bytes(), &[]).expect(0);
    ended.expect_counts("29 read, 27 unchanged, 2 rejected, 1 deactivated");
    assert_eq!(world.rows(Home::Catalog, before), untouched);
}

#[test]
fn a_whole_column_of_rounded_eans_is_not_taken_for_something_else() {
    // What a spreadsheet program makes of EANs when it saves them as CSV.
    let rows: String = (0..30).map(|number| format!("A-{number};4,00638E+12;Screw {number};{number},50\n")).collect();
    let world = World::new();
    world.supplier("acme");
    let file = format!("sku;EAN;title;price\n{rows}");
    let held = world.import("acme", "rounded.csv", file.as_bytes(), &[]).expect(3);
    assert_eq!(held.json()["rejects_by_code"], serde_json::json!({"gtin_scientific": 30}));
}

#[test]
fn a_hostile_key_is_refused_with_a_sentence() {
    let world = world();
    let before = Dump::of(&world);
    let long = format!("inbox/acme/{}", "x".repeat(300));
    for key in [
        "inbox/acme/../bolt/x.csv",
        "inbox/../x.csv",
        "inbox/acme/a\nb.csv",
        "inbox/acme/\u{1b}[2J.csv",
        "/etc/passwd",
        "outbox/acme/x.csv",
        &long,
    ] {
        let ended = world.arrivage(&["import", "--bucket-key", key]);
        refused(ended, "inbox/<supplier>/<file>");
    }
    before.assert_same(&Dump::of(&world));
    next_file_works(&world, 0);
}

#[test]
fn a_local_file_with_a_hostile_name_is_refused_before_anything_is_uploaded() {
    let world = world();
    let ended = world.import("acme", "a\tb.csv", b"sku;title\nA;B\n", &[]);
    refused(ended, "inbox/<supplier>/<file>");
    assert_eq!(world.keys("inbox/"), [""; 0]);
}

#[test]
fn an_unknown_supplier_comes_with_the_command_that_creates_it() {
    let world = world();
    let before = Dump::of(&world);
    refused(world.import("nobody", "x.csv", b"sku;title\nA;B\n", &[]), "arrivage supplier add nobody");
    let key = world.drop_file("nobody", "y.csv", b"sku;title\nA;B\n");
    refused(world.arrivage(&["import", "--bucket-key", &key]), "arrivage supplier add nobody");
    before.assert_same(&Dump::of(&world));
    next_file_works(&world, 0);
}

#[test]
fn a_key_that_is_not_there_is_told_by_its_name() {
    let world = world();
    refused(world.arrivage(&["import", "--bucket-key", "inbox/acme/nothing.csv"]), "inbox/acme/nothing.csv");
}

/// What an import left in the folder for temporary files.
fn spool_files(world: &World) -> Vec<String> {
    let names =
        std::fs::read_dir(world.folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("arrivage-") && name != "arrivage-test.toml").collect()
}

/// Failed, with one printable line that says this.
#[track_caller]
fn refused(ended: Ended, sentence: &str) {
    let ended = ended.expect(1);
    let said = ended.stderr.trim_end();
    assert!(said.contains(sentence) && !said.contains(char::is_control), "{said:?}");
}
