//! What comes back to the supplier: the rejects file, corrected and dropped back, and the receipt.

use arrivage_tests::{Dump, Home, World, files};
use serde_json::{Value, json};

/// Forty good rows and, among them, rows at fault; written with `;`.
struct Delivery {
    header: &'static str,
    good: String,
    bad: &'static [(&'static str, &'static str)],
}

impl Delivery {
    fn of(header: &'static str, bad: &'static [(&'static str, &'static str)]) -> Self {
        let row = |n: usize| format!("S-{n:02};;Étau {n};{},{:03};{n};03/04/2026;note {n};\n", n + 1, n * 7 % 1000);
        let proof = "P-1;;Preuve;1.234,50;1;04/25/2026;;\n";
        Delivery { header, good: (0..40).map(row).collect::<String>() + proof, bad }
    }

    fn wrong(&self) -> String {
        let bad: String = self.bad.iter().map(|(wrong, _)| format!("{wrong}\n")).collect();
        format!("{}\n{}{bad}", self.header, self.good)
    }

    fn right(&self) -> String {
        let right: String = self.bad.iter().map(|(_, right)| format!("{right}\n")).collect();
        format!("{}\n{}{right}", self.header, self.good)
    }
}

fn french(world: &World, code: &str) {
    world.supplier(code);
    world.arrivage(&["supplier", "set", code, "--language", "fr"]).expect(0);
}

fn outbox(world: &World, name: &str) -> String {
    String::from_utf8(world.object(&format!("outbox/acme/{name}"))).unwrap()
}

fn receipt(world: &World, name: &str) -> Value {
    serde_json::from_str(&outbox(world, &format!("{name}.receipt.json"))).unwrap()
}

fn drop_and_import(world: &World, name: &str, bytes: &[u8]) -> arrivage_tests::Ended {
    let key = world.drop_file("acme", name, bytes);
    world.arrivage(&["import", "--bucket-key", &key, "--json"])
}

/// The products, by what a reader of the catalogue sees of them.
fn catalogue(world: &World) -> Vec<String> {
    let columns = "sku, gtin, title, price, currency, stock, available_from, attributes, is_active, content_hash";
    world.rows(Home::Catalog, &format!("select {columns} from products order by sku collate \"C\""))
}

const HEADER: &str = "Réf;EAN;Désignation;Prix HT;Stock;Disponible le;@Note;-Remise";

/// What stands in the file, and what should have: prices and dates that only the whole file explains, formulas, markup.
const BAD: &[(&str, &str)] = &[
    ("-AB=1;;Vis;12,x;5;03/04/2026;=1+1;", "-AB=1;;Vis;1.234;5;03/04/2026;=1+1;"),
    (
        "@x;4006381333932;\"Clou; \"\"long\"\"\";1,500;;04/03/2026;'=quoted;+5%",
        "@x;4006381333931;\"Clou; \"\"long\"\"\";1,500;;04/03/2026;'=quoted;+5%",
    ),
    ("C-3;;;2,250;7;;\"deux\nlignes\";", "C-3;;Écrou;2,250;7;;\"deux\nlignes\";"),
    ("=D4;;Scie;3,125", "=D4;;Scie;3,125;9;;;"),
];

#[test]
fn a_corrected_rejects_file_applies_just_its_rows() {
    let delivery = Delivery::of(HEADER, BAD);
    let world = World::new();
    french(&world, "acme");
    drop_and_import(&world, "tarif.csv", delivery.wrong().as_bytes())
        .expect(0)
        .expect_counts("45 read, 41 created, 4 rejected");
    let before = Dump::of_catalog(&world);

    let rejects = outbox(&world, "tarif.csv.rejects.csv");
    assert!(rejects.starts_with("\u{feff}Réf;EAN;Désignation;Prix HT;Stock;Disponible le;'@Note;'-Remise;arrivage_line;arrivage_problem;arrivage_fix\r\n"), "{rejects}");
    assert!(rejects.contains("'-AB=1;;Vis;12,x;5;03/04/2026;'=1+1;;43;nombre illisible (colonne « Prix HT » : « 12,x ») [number_unreadable];"), "{rejects}");
    let corrected = rejects
        .replacen("12,x", "1.234", 1)
        .replacen("4006381333932", "4006381333931", 1)
        .replacen("C-3;;;", "C-3;;Écrou;", 1)
        .replacen("'=D4;;Scie;3,125;;", "'=D4;;Scie;3,125;9;", 1);
    let ended = drop_and_import(&world, "tarif.csv.rejects.csv", corrected.as_bytes()).expect(0);
    let ended = ended.expect_counts("4 read, 4 created");
    let answer = ended.json();
    assert_eq!((&answer["mode"], &answer["correction"]), (&"partial".into(), &true.into()));
    world.expect_rows(
        Home::Imports,
        "select status, mode from import_jobs order by created_at",
        &["completed|full", "completed|partial"],
    );
    world.expect_rows(Home::Catalog, "select mode from import_publications order by id", &["full", "partial"]);

    // Nothing that was there has changed.
    let added = Dump::of_catalog(&world);
    let lost: Vec<_> = before.difference(&added).into_iter().filter(|line| line.contains("products - ")).collect();
    assert_eq!(lost, [""; 0]);

    let ideal = World::new();
    french(&ideal, "acme");
    drop_and_import(&ideal, "tarif.csv", delivery.right().as_bytes()).expect(0).expect_counts("45 read, 45 created");
    assert_eq!(catalogue(&world), catalogue(&ideal));
    world.expect_rows(
        Home::Catalog,
        "select sku, price, available_from, attributes from products where sku in ('-AB=1', '@x') order by sku",
        &[
            "-AB=1|1234.0000|2026-03-04|{\"@Note\": \"=1+1\"}",
            "@x|1.5000|2026-04-03|{\"@Note\": \"'=quoted\", \"-Remise\": \"+5%\"}",
        ],
    );

    // The same correction again is the file published last.
    let again = drop_and_import(&world, "tarif.csv.rejects.csv", corrected.as_bytes()).expect(0);
    assert_eq!(again.json()["identical"], true);
}

#[test]
fn a_rejects_file_that_comes_back_as_it_was_changes_nothing() {
    let bad: &[(&str, &str)] =
        &[("S-01;;Étau, encore;9,000;3;;;", ""), ("X;;Vis;12,x;5;;;", ""), ("Y;4006381333932;Vis;1,000;5;;;", "")];
    let delivery = Delivery::of(HEADER, bad);
    let world = World::new();
    world.supplier("acme");
    drop_and_import(&world, "tarif.csv", delivery.wrong().as_bytes())
        .expect(0)
        .expect_counts("44 read, 41 created, 2 rejected, 1 duplicate");
    let before = catalogue(&world);
    let rejects = outbox(&world, "tarif.csv.rejects.csv");
    assert!(rejects.contains("SKU repeated (first on line 3) [duplicate_sku]"), "{rejects}");

    // Every row is at fault still, so the guard holds it; dropped again it is the same import.
    let held = drop_and_import(&world, "back.csv", rejects.as_bytes()).expect(3);
    let held = held.expect_counts("3 read, 2 rejected, 1 duplicate");
    let again = drop_and_import(&world, "back.csv", rejects.as_bytes()).expect(3);
    assert_eq!(again.import_id(), held.import_id());
    assert_eq!(catalogue(&world), before);

    // A SKU of its own, and the duplicate is a product.
    let corrected = rejects.replacen("S-01;", "S-99;", 1).replacen("12,x", "12,0", 1).replacen("333932", "333931", 1);
    drop_and_import(&world, "back.csv", corrected.as_bytes()).expect(0).expect_counts("3 read, 3 created");
    world.expect_rows(Home::Catalog, "select count(*) from products where is_active", &["44"]);
}

#[test]
fn a_held_correction_is_published_as_a_correction() {
    let delivery = Delivery::of(HEADER, BAD);
    let world = World::new();
    world.supplier("acme");
    drop_and_import(&world, "tarif.csv", delivery.wrong().as_bytes()).expect(0);
    let half = outbox(&world, "tarif.csv.rejects.csv").replacen("C-3;;;", "C-3;;Écrou;", 1);
    let held = drop_and_import(&world, "half.csv", half.as_bytes()).expect(3);
    world.arrivage(&["publish", &held.import_id(), "--json"]).expect(0);
    world.expect_rows(Home::Catalog, "select count(*), count(*) filter (where is_active) from products", &["43|43"]);
    world.expect_rows(Home::Catalog, "select mode from import_publications order by id", &["full", "partial"]);
}

#[test]
fn an_empty_cell_of_a_correction_means_what_it_meant_in_the_file() {
    let world = World::new();
    world.supplier("acme");
    let file = |rows: &str| format!("{HEADER}\n{}{rows}", Delivery::of(HEADER, &[]).good);
    drop_and_import(&world, "one.csv", file("A;;Vis;1,000;5;;;\n").as_bytes()).expect(0);
    // The stock is left out on purpose, the price by mistake: in a full file the product loses its stock.
    world.arrivage(&["supplier", "set", "acme", "--mode", "partial"]).expect(0);
    let bad = file("A;;Vis;1,x;;;;\n");
    world.save("two.csv", bad.as_bytes());
    world.arrivage(&["import", "two.csv", "--supplier", "acme", "--mode", "full", "--json"]).expect(0);
    let corrected = outbox(&world, "two.csv.rejects.csv").replacen("1,x", "2,000", 1);
    drop_and_import(&world, "two.csv.rejects.csv", corrected.as_bytes()).expect(0);
    world.expect_rows(Home::Catalog, "select price, stock, is_active from products where sku = 'A'", &["2.0000||t"]);
}

#[test]
fn every_outcome_leaves_a_receipt_that_balances() {
    let world = World::new();
    french(&world, "acme");
    let delivery = Delivery::of(HEADER, BAD);
    let import = drop_and_import(&world, "tarif.csv", delivery.wrong().as_bytes()).expect(0).import_id();
    let first = receipt(&world, "tarif.csv");
    assert_eq!(first["import_id"], json!(import));
    assert_eq!((&first["state"], &first["schema"]), (&json!("completed"), &json!("arrivage.receipt/1")));
    assert_eq!((&first["counts"]["read"], &first["counts"]["balances"]), (&json!(45), &json!(true)));
    assert_eq!(first["rejects_file"], json!("outbox/acme/tarif.csv.rejects.csv"));
    assert_eq!(first["rejects"][0]["problem"], json!("valeur obligatoire absente"));
    assert!(first["times"]["finished"].is_string(), "{first}");
    let summed = "select count(*), count(price), sum(price), count(stock), sum(stock) from products";
    let totals = &first["totals"];
    let told = ["products", "priced", "price_sum", "stocked", "stock_sum"].map(|name| match &totals[name] {
        Value::String(text) => text.clone(),
        number => number.to_string(),
    });
    world.expect_rows(Home::Catalog, summed, &[&told.join("|")]);

    drop_and_import(&world, "again.csv", delivery.wrong().as_bytes()).expect(0);
    let identical = receipt(&world, "again.csv");
    assert_eq!(identical["identical"], json!(true));
    let same = "select identical_to from import_jobs where file_name = 'again.csv'";
    world.expect_rows(Home::Imports, same, &[&import]);
    let said = identical["message"].as_str().unwrap();
    assert!(said.starts_with("ce fichier est identique à celui du ") && said.ends_with(" : rien à faire"), "{said}");

    drop_and_import(&world, "empty.csv", b"\n\n").expect(1);
    let failed = receipt(&world, "empty.csv");
    assert_eq!((&failed["state"], &failed["failure"]["code"]), (&json!("failed"), &json!("empty_file")));
    assert_eq!(failed["failure"]["fix"], json!("renvoyez le fichier avec ses lignes"));

    let few = format!("{HEADER}\nS-01;;Étau 1;1,000;3;;;\n");
    let held = drop_and_import(&world, "few.csv", few.as_bytes()).expect(3).import_id();
    let answer = receipt(&world, "few.csv");
    assert_eq!((&answer["state"], &answer["times"]["finished"]), (&json!("held"), &Value::Null));
    assert_eq!(answer["guards"][0]["detail"], json!("40 produits actifs absents de ce fichier complet"));
    world.arrivage(&["discard", &held]).expect(0);
    let answer = receipt(&world, "few.csv");
    assert_eq!(answer["message"], json!("l'import a été annulé et rien n'a été publié"));

    // The rows are right now: there is nothing left to correct.
    drop_and_import(&world, "tarif.csv", delivery.right().as_bytes()).expect(0);
    assert_eq!(receipt(&world, "tarif.csv")["rejects_file"], Value::Null);
    assert!(!world.keys("outbox/").contains(&"outbox/acme/tarif.csv.rejects.csv".to_owned()));
}

#[test]
fn a_dry_run_tells_what_would_be() {
    let world = World::new();
    world.supplier("acme");
    let file = "sku;title;price;stock\nA;Screw;1,25;4\nB;Nail;0,75;>10\n";
    world.import("acme", "prices.csv", file.as_bytes(), &["--dry-run"]).expect(0);
    let answer = receipt(&world, "prices.csv");
    let said = "dry run, nothing was published: 2 rows read, 2 products created, 0 changed, 0 unchanged, 0 withdrawn";
    assert_eq!(answer["message"], json!(said));
    assert_eq!(answer["totals"]["price_sum"], json!("2.0000"));
    world.expect_rows(Home::Catalog, "select count(*) from products", &["0"]);
}

/// The cells of a rejects file that holds no quotes.
fn cells(rejects: &str) -> Vec<Vec<&str>> {
    let text = rejects.trim_start_matches('\u{feff}');
    text.lines().map(|line| line.split(';').collect()).collect()
}

#[test]
fn a_correction_may_come_as_a_workbook_and_is_partial_whatever_is_asked() {
    let world = World::new();
    world.supplier("acme");
    let wrong = files::products('A', 0..30) + "-B=1;Bolt;Forgeval;Hardware > Screws;1.x;3\n@c;;Forgeval;;2,00;4\n";
    world
        .import("acme", "prices.csv", wrong.as_bytes(), &[])
        .expect(0)
        .expect_counts("32 read, 30 created, 2 rejected");
    let rejects = outbox(&world, "prices.csv.rejects.csv").replacen("1.x", "1,50", 1).replacen("'@c;;", "'@c;Cap;", 1);
    let workbook = files::workbook(&cells(&rejects));
    let ended = world.import("acme", "back.xlsx", &workbook, &["--mode", "full"]).expect(0);
    assert_eq!(ended.expect_counts("2 read, 2 created").json()["mode"], "partial");
    world.expect_rows(
        Home::Catalog,
        "select sku, price, attributes from products where title in ('Bolt', 'Cap') order by sku collate \"C\"",
        &["-B=1|1.5000|", "@c|2.0000|"],
    );
    world.expect_rows(Home::Catalog, "select count(*) from products where is_active", &["32"]);
}

#[test]
fn a_rejects_file_without_our_columns_is_known_by_its_name() {
    let world = World::new();
    world.supplier("acme");
    let wrong = files::products('A', 0..15) + "-B=1;Bolt;Forgeval;;1.x;3\n";
    world.import("acme", "prices.csv", wrong.as_bytes(), &[]).expect(0);
    let rejects = outbox(&world, "prices.csv.rejects.csv").replacen("1.x", "1,50", 1);
    let bare: String = cells(&rejects).iter().map(|row| row[..6].join(";") + "\n").collect();
    world.import("acme", "prices.csv.rejects.csv", bare.as_bytes(), &[]).expect(0).expect_counts("1 read, 1 created");
    world.expect_rows(
        Home::Catalog,
        "select count(*), count(*) filter (where sku = '-B=1' and price = 1.5) from products where is_active",
        &["16|1"],
    );
}

#[test]
fn rejects_are_printed_and_saved_in_the_language_of_the_supplier_or_another() {
    let world = World::new();
    french(&world, "acme");
    let wrong = files::products('A', 0..30) + "B-1;;Forgeval;;1,00;\n";
    let import = world.import("acme", "prices.csv", wrong.as_bytes(), &[]).expect(0).import_id();
    let printed = world.arrivage(&["rejects", &import]).expect(0).stdout;
    assert!(printed.contains("valeur obligatoire absente (colonne « title ») [required_missing]"), "{printed}");
    let english = world.arrivage(&["rejects", &import, "--language", "en"]).expect(0).stdout;
    assert!(english.contains("required value missing (column “title”)"), "{english}");
    world.arrivage(&["rejects", &import, "--save", "saved.csv"]).expect(0);
    let saved = std::fs::read_to_string(world.folder().join("saved.csv")).unwrap();
    assert_eq!(saved, outbox(&world, "prices.csv.rejects.csv"));
    world.arrivage(&["rejects", &import, "--language", "latin"]).expect(2);
}
