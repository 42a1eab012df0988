//! The command line: what it answers, where, and with which exit code.

use arrivage_tests::{Home, World, files};

fn world() -> World {
    let world = World::new();
    world.supplier("acme");
    world
}

/// Databases and buckets that nobody can reach.
const NOWHERE: [(&str, &str); 7] = [
    ("ARRIVAGE__DATABASES__CATALOG__URL", "postgres://nobody@127.0.0.1:1/nothing"),
    ("ARRIVAGE__DATABASES__IMPORTS__URL", "postgres://nobody@127.0.0.1:1/nothing"),
    ("ARRIVAGE__DATABASES__MEDIA__URL", "postgres://nobody@127.0.0.1:1/nothing"),
    ("ARRIVAGE__DATABASES__CODE2ASIN__URL", "postgres://nobody@127.0.0.1:1/nothing"),
    ("ARRIVAGE__DATABASES__ANALYTICS__URL", "postgres://nobody@127.0.0.1:1/nothing"),
    ("ARRIVAGE__STORAGE__ENDPOINT", "http://127.0.0.1:1"),
    ("ARRIVAGE__REDIS__URL", "redis://127.0.0.1:1"),
];

#[test]
fn a_supplier_is_created_listed_shown_and_changed() {
    let world = World::new();
    let feed = r#"{"delimiter":";","decimal_sign":"comma"}"#;
    let add = [
        "supplier",
        "add",
        "martin",
        "--name",
        "Martin & Fils",
        "--currency",
        "EUR",
        "--country",
        "FR",
        "--mode",
        "partial",
        "--feed",
        feed,
    ];
    world.arrivage(&add).expect(0);
    let shown = world.arrivage(&["supplier", "show", "martin", "--json"]).expect(0).json();
    assert_eq!((shown["name"].as_str(), shown["default_mode"].as_str()), (Some("Martin & Fils"), Some("partial")));
    assert_eq!(shown["feed_settings"]["decimal_sign"], "comma");

    world.arrivage(&["supplier", "set", "martin", "--currency", "CHF"]).expect(0);
    world.supplier("acme");
    let listed = world.arrivage(&["supplier", "list", "--json"]).expect(0).json();
    let codes: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|supplier| (supplier["code"].as_str(), supplier["currency"].as_str()))
        .collect();
    assert_eq!(codes, [(Some("acme"), Some("EUR")), (Some("martin"), Some("CHF"))]);
    assert!(world.arrivage(&["supplier", "list"]).expect(0).stdout.contains("Martin & Fils"));
}

#[test]
fn exit_codes_tell_failures_from_wrong_usage() {
    let world = world();
    let check = |code: i32, arguments: &[&str]| drop(world.arrivage(arguments).expect(code));
    check(0, &["--help"]);
    check(0, &["--version"]);
    check(0, &["supplier", "list"]);
    check(1, &["supplier", "show", "nobody"]);
    check(1, &["supplier", "add", "acme"]);
    check(1, &["supplier", "add", "Not A Code"]);
    check(1, &["import", "nothing.csv", "--supplier", "acme"]);
    check(1, &["publish", "018f0000-0000-7000-8000-000000000000"]);
    check(1, &["rejects", "018f0000-0000-7000-8000-000000000000"]);
    check(2, &[]);
    check(2, &["import"]);
    check(2, &["import", "prices.csv"]);
    check(2, &["import", "prices.csv", "--supplier", "acme", "--bucket-key", "inbox/acme/prices.csv"]);
    check(2, &["import", "prices.csv", "--supplier", "acme", "--mode", "sometimes"]);
    check(2, &["publish", "not-a-number"]);
    check(2, &["supplier", "add", "bolt", "--feed", "{\"colour\":1}"]);
}

#[test]
fn the_summary_says_what_happened_and_where_the_rejects_are() {
    let world = world();
    world.save("prices.csv", (files::products('A', 0..30) + "B-1;;;;;\n").as_bytes());
    let said = world.arrivage(&["import", "prices.csv", "--supplier", "acme"]).expect(0).stdout;
    for word in [
        "completed",
        "read",
        "created",
        "unchanged",
        "rejected",
        "required_missing",
        "rows/s",
        "memory",
        "outbox/acme/prices.csv.rejects.csv",
    ] {
        assert!(said.contains(word), "no `{word}`:\n{said}");
    }
    let help = world.arrivage(&["--help"]).expect(0).stdout;
    assert!(help.contains("Exit codes: 0 completed, 1 failed, 2 wrong usage, 3 held"), "{help}");
}

#[test]
fn rejects_are_printed_and_saved_and_run_no_formula() {
    let world = world();
    let bad = "=cmd|' /C calc'!A0;;;;1,00;\nA-0031;Title;@brand;;-3,50;\n";
    let import =
        world.import("acme", "prices.csv", (files::products('A', 0..30) + bad).as_bytes(), &[]).expect(0).import_id();

    let printed = world.arrivage(&["rejects", &import]).expect(0).stdout;
    for word in ["line", "32", "required_missing", "33", "number_negative", "give zero or more"] {
        assert!(printed.contains(word), "no `{word}`:\n{printed}");
    }
    let one = world.arrivage(&["rejects", &import, "--limit", "1"]).expect(0).stdout;
    assert!(!one.contains("number_negative"), "{one}");

    world.arrivage(&["rejects", &import, "--save", "rejects.csv"]).expect(0);
    let saved = std::fs::read_to_string(world.folder().join("rejects.csv")).unwrap();
    let header = "\u{feff}sku;title;brand;category;price;stock;arrivage_line;arrivage_problem;arrivage_fix\r\n";
    let rows = saved.strip_prefix(header).unwrap_or_else(|| panic!("{saved}"));
    assert!(rows.starts_with("'=cmd|' /C calc'!A0;;") && rows.contains(";'@brand;;-3,50;"), "{saved}");
    let in_the_bucket = String::from_utf8(world.object("outbox/acme/prices.csv.rejects.csv")).unwrap();
    assert_eq!(saved, in_the_bucket);
}

#[test]
fn a_rejects_file_is_a_file_to_correct_and_send_again() {
    let world = world();
    let import = world
        .import("acme", "prices.csv", (files::products('A', 0..30) + "B-1;;Forgeval;;1,00;\n").as_bytes(), &[])
        .expect(0)
        .import_id();
    world.arrivage(&["rejects", &import, "--save", "rejects.csv"]).expect(0);
    let rejects = std::fs::read_to_string(world.folder().join("rejects.csv")).unwrap();
    let corrected = rejects.replace("B-1;;Forgeval", "B-1;Bolt;Forgeval");
    assert_ne!(corrected, rejects);
    world.import("acme", "corrected.csv", corrected.as_bytes(), &[]).expect(0).expect_counts("1 read, 1 created");
    world.expect_rows(Home::Catalog, "select title, price from products where sku = 'B-1'", &["Bolt|1.0000"]);
}

#[test]
fn products_are_found_by_supplier_sku_gtin_and_text() {
    let world = world();
    world.supplier("bolt");
    let file = "sku;ean;title;price\nA-1;4006381333931;Wood screw 4x40;1,50\nA-2;;Étau d'établi;89,90\n";
    world.import("acme", "prices.csv", file.as_bytes(), &[]).expect(0);
    world
        .import("bolt", "prices.csv", "sku;title;price\nA-1;Wood screw, other;2,50\nB-9;Going;1,00\n".as_bytes(), &[])
        .expect(0);
    world.import("bolt", "prices.csv", "sku;title;price\nA-1;Wood screw, other;2,50\n".as_bytes(), &[]).expect(0);

    let found = |arguments: &[&str]| -> Vec<String> {
        let answer = world.arrivage(&[&["products", "--json"], arguments].concat()).expect(0).json();
        let name = |product: &serde_json::Value| {
            format!("{}/{}", product["supplier"].as_str().unwrap(), product["sku"].as_str().unwrap())
        };
        let mut found: Vec<String> = answer.as_array().unwrap().iter().map(name).collect();
        found.sort_unstable();
        found
    };
    assert_eq!(found(&[]), ["acme/A-1", "acme/A-2", "bolt/A-1"]);
    assert_eq!(found(&["--all"]).len(), 4);
    assert_eq!(found(&["--supplier", "acme"]), ["acme/A-1", "acme/A-2"]);
    assert_eq!(found(&["--sku", "A-1"]), ["acme/A-1", "bolt/A-1"]);
    assert_eq!(found(&["--gtin", "4006381333931"]), ["acme/A-1"]);
    assert_eq!(found(&["--search", "SCREW"]), ["acme/A-1", "bolt/A-1"]);
    assert_eq!(found(&["--search", "screw", "--supplier", "bolt"]), ["bolt/A-1"]);
    assert_eq!(found(&["--search", "100%"]), [""; 0], "no pattern is taken from the text");
    assert_eq!(found(&["--limit", "1"]).len(), 1);
    let table = world.arrivage(&["products", "--sku", "A-2"]).expect(0).stdout;
    assert!(table.contains("Étau d'établi") && table.contains("89.90 EUR") && table.contains("active"), "{table}");
}

#[test]
fn inspect_and_decode_need_no_database() {
    let world = World::without_schema();
    world.save(
        "tarif.csv",
        "Réf;Désignation;Prix HT\nA-1;Chaise \"pliante\";1 234,50 €\n007;\"Vis; lot\";0,50 €\n".as_bytes(),
    );
    let run = |arguments: &[&str]| world.start_elsewhere(&NOWHERE, arguments).end().expect(0);

    let inspected = run(&["inspect", "tarif.csv", "--json"]).stdout;
    for word in ["utf-8", "Désignation", "title", "price", "Chaise", "confidence"] {
        assert!(inspected.contains(word), "no `{word}`:\n{inspected}");
    }
    serde_json::from_str::<serde_json::Value>(&inspected).unwrap();
    let told = run(&["inspect", "tarif.csv"]).stdout;
    assert!(told.contains("Prix HT") && told.contains("1234.5"), "{told}");

    let decoded = run(&["decode", "tarif.csv"]).stdout;
    assert_eq!(
        decoded,
        "Réf,Désignation,Prix HT\r\nA-1,\"Chaise \"\"pliante\"\"\",\"1 234,50 €\"\r\n007,Vis; lot,\"0,50 €\"\r\n"
    );
    let numbered = run(&["decode", "tarif.csv", "--lines", "--to", "csv"]).stdout;
    assert!(numbered.contains("\r\n3,007,"), "{numbered}");
}

#[test]
fn an_unreachable_database_is_told_in_one_line() {
    let world = World::without_schema();
    let ended = world.start_elsewhere(&NOWHERE, &["supplier", "list"]).end().expect(1);
    assert!(ended.stderr.starts_with("error: ") && ended.stderr.lines().count() == 1, "{ended:?}");
    assert!(ended.stderr.contains("catalog"), "{ended:?}");
}

#[test]
fn the_configuration_never_shows_a_secret() {
    let world = World::without_schema();
    let secrets = [
        ("ARRIVAGE__DATABASES__CATALOG__URL", "postgres://ada:hush-catalog@db/catalog"),
        ("ARRIVAGE__DATABASES__ANALYTICS__REPLICA_URL", "postgres://ada:hush-replica@db/analytics"),
        ("ARRIVAGE__STORAGE__ACCESS_KEY", "known-key"),
        ("ARRIVAGE__STORAGE__SECRET_KEY", "hush-storage"),
        ("ARRIVAGE__REDIS__URL", "redis://:hush-redis@cache:6379/0"),
    ];
    for arguments in [&["config"][..], &["config", "--json"]] {
        let shown = world.start_elsewhere(&secrets, arguments).end().expect(0);
        assert!(shown.stdout.contains("ada") && shown.stdout.contains("attempts_max"), "{shown:?}");
        assert!(!format!("{shown:?}").contains("hush"), "{shown:?}");
    }
    let defaults = world.start_elsewhere(&[], &["config", "--defaults"]).end().expect(0).stdout;
    assert!(defaults.contains("rejects_max_percent = 10.0"), "{defaults}");
}

#[test]
fn the_environment_stands_above_the_file_and_the_file_above_the_defaults() {
    let world = World::without_schema();
    world.save("mine.toml", b"[import.guards]\nremovals_min = 7\nrejects_max_percent = 3.0\n");
    let environment = [("ARRIVAGE__IMPORT__GUARDS__REJECTS_MAX_PERCENT", "5")];
    let shown = world.start_elsewhere(&environment, &["config", "--config", "mine.toml"]).end().expect(0).stdout;
    for line in ["removals_min: 7", "rejects_max_percent: 5.0", "removals_max_percent: 10.0"] {
        assert!(shown.contains(line), "no `{line}`:\n{shown}");
    }
    world.save("wrong.toml", b"[import.guards]\nremoval_min = 7\n");
    let wrong = world.start_elsewhere(&[], &["config", "--config", "wrong.toml"]).end().expect(1);
    assert!(wrong.stderr.contains("removal_min"), "{wrong:?}");
}

#[test]
fn two_migrations_of_empty_databases_at_once_both_succeed() {
    let world = World::without_schema();
    let both = [(); 2].map(|()| world.start(&["migrate"]));
    for migration in both {
        migration.end().expect(0);
    }
    world.arrivage(&["migrate"]).expect(0);
    world.supplier("acme");
    world.import("acme", "prices.csv", files::products('A', 0..3).as_bytes(), &[]).expect(0);
    world.expect_rows(Home::Catalog, "select count(*) from products", &["3"]);
}

#[test]
fn a_saved_mapping_is_used_from_then_on_and_changes_only_what_it_changes() {
    let world = world();
    let file = "ref;name;net;gross\nA-1;Screw;1.00;1.20\nA-2;Nut;2.00;2.40\n";
    world.import("acme", "prices.csv", file.as_bytes(), &[]).expect(0);
    let mapping = "[[columns]]\ncolumn = \"ref\"\nfield = \"sku\"\n[[columns]]\ncolumn = \"name\"\nfield = \"title\"\n\
                   [[columns]]\ncolumn = \"gross\"\nfield = \"price\"\n";
    world.save("mapping.toml", mapping.as_bytes());
    world.arrivage(&["mapping", "save", "acme", "mapping.toml"]).expect(0);
    // The bytes are those of the last import, but they say something else now.
    let again = world.import("acme", "prices.csv", file.as_bytes(), &[]).expect(0).expect_counts("2 read, 2 updated");
    assert_eq!(again.json()["identical"], false);
    world.expect_rows(Home::Catalog, "select sku, price from products order by sku", &["A-1|1.2000", "A-2|2.4000"]);
    assert!(world.arrivage(&["mapping", "show", "acme"]).expect(0).stdout.contains("gross"));
    let third = world.import("acme", "prices.csv", file.as_bytes(), &[]).expect(0);
    assert_eq!(third.json()["identical"], true);
}
