//! What keeps a suspicious file from becoming visible, and what a person can decide then.

use arrivage_tests::{Dump, Home, World, files};
use serde_json::Value;

/// A supplier with these products.
fn world_with(numbers: std::ops::Range<usize>) -> World {
    let world = World::new();
    world.supplier("acme");
    world.import("acme", "first.csv", files::products('A', numbers).as_bytes(), &[]).expect(0);
    world
}

/// Good rows, then rows without a title.
fn dirty(good: std::ops::Range<usize>, bad: usize) -> String {
    let bad: String = (0..bad).map(|number| format!("B-{number};;;;1,00;\n")).collect();
    files::products('A', good) + &bad
}

#[test]
fn more_than_a_tenth_of_rejects_holds_the_import_and_nothing_is_visible() {
    let world = world_with(0..50);
    let before = Dump::of_catalog(&world);
    world.import("acme", "tenth.csv", dirty(0..90, 10).as_bytes(), &["--dry-run"]).expect(0);
    let held = world.import("acme", "more.csv", dirty(0..89, 11).as_bytes(), &[]).expect(3);
    assert_eq!(held.json()["state"], "held");
    assert_eq!(held.json()["guards"][0]["code"], "too_many_rejects");
    held.expect_counts("100 read, 39 created, 50 unchanged, 11 rejected");
    let after = Dump::of_catalog(&world);
    let differences = before.difference(&after);
    assert_eq!(differences, ["catalog.staging + a staging table is left"]);
    world.expect_rows(
        Home::Imports,
        "select status, guard_code from import_jobs where not dry_run and file_name = 'more.csv'",
        &["held|too_many_rejects"],
    );
}

#[test]
fn a_held_import_is_published_as_it_is() {
    let world = world_with(0..50);
    let held = world.import("acme", "more.csv", dirty(0..89, 11).as_bytes(), &[]).expect(3);
    let again = world.import("acme", "more.csv", dirty(0..89, 11).as_bytes(), &[]).expect(3);
    assert_eq!(held.import_id(), again.import_id(), "the same file is held only once");

    let published = world.arrivage(&["publish", &held.import_id(), "--json"]).expect(0);
    assert_eq!(published.json()["state"], "completed");
    published.expect_counts("100 read, 39 created, 50 unchanged, 11 rejected");
    world.expect_rows(Home::Catalog, "select count(*) from products where is_active", &["89"]);
    assert_eq!(Dump::of(&world).table("catalog.staging"), [""; 0]);
    // As after a crash of which nobody knows when it was: what was asked for is done.
    let before = Dump::of(&world);
    let twice = world.arrivage(&["publish", &held.import_id(), "--json"]).expect(0);
    assert_eq!(twice.json()["state"], "completed");
    twice.expect_counts("100 read, 39 created, 50 unchanged, 11 rejected");
    before.assert_same(&Dump::of(&world));
    let late = world.arrivage(&["discard", &held.import_id()]).expect(1);
    assert!(late.stderr.contains("completed"), "{late:?}");
}

#[test]
fn a_discarded_import_leaves_the_catalogue_as_it_was_and_the_next_file_is_free() {
    let world = world_with(0..50);
    let before = Dump::of_catalog(&world);
    let held = world.import("acme", "more.csv", dirty(0..89, 11).as_bytes(), &[]).expect(3);
    world.arrivage(&["discard", &held.import_id()]).expect(0);
    before.assert_same(&Dump::of_catalog(&world));
    world.arrivage(&["publish", &held.import_id()]).expect(1);
    world
        .import("acme", "next.csv", files::products('A', 0..60).as_bytes(), &[])
        .expect(0)
        .expect_counts("60 read, 10 created, 50 unchanged");
}

#[test]
fn removals_hold_from_twenty_products_and_above_a_tenth() {
    let world = World::new();
    let check = |stored: usize, kept: usize, code: i32| {
        let supplier = format!("acme-{stored}-{kept}");
        world.supplier(&supplier);
        world.import(&supplier, "first.csv", files::products('A', 0..stored).as_bytes(), &[]).expect(0);
        let ended = world.import(&supplier, "next.csv", files::products('A', 0..kept).as_bytes(), &[]).expect(code);
        assert_eq!(ended.json()["guards"][0]["code"] == "too_many_removals", code == 3, "{ended:#?}");
        let active = format!(
            "select count(*) from products as p join suppliers as s on s.id = supplier_id where s.code = '{supplier}' and p.is_active"
        );
        assert_eq!(world.number(Home::Catalog, &active), if code == 0 { kept } else { stored } as u64);
    };
    check(40, 21, 0); // 19 of 40
    check(40, 20, 3); // 20 of 40
    check(200, 180, 0); // 20 of 200: a tenth
    check(200, 179, 3);
}

#[test]
fn a_partial_file_removes_nothing_however_few_its_rows() {
    let world = world_with(0..50);
    world
        .import("acme", "few.csv", files::products('A', 49..51).as_bytes(), &["--mode", "partial"])
        .expect(0)
        .expect_counts("2 read, 1 created, 1 unchanged");
    world.expect_rows(Home::Catalog, "select count(*) from products where is_active", &["51"]);
}

#[test]
fn a_partial_file_changes_the_values_it_has_and_keeps_the_others() {
    let world = world_with(0..30);
    let same: String = (10..28).map(|number| format!("A-00{number};Wood screw {number} mm;;;\n")).collect();
    // A-0004 has no title in this file; each row needs one, whatever the catalogue knows.
    let few = format!(
        "sku;title;brand;price;colour\nA-0003;Wood screw 3 mm;;99,00;\nA-0004;;Other;1,00;red\nA-0005;Wood screw 5 mm;;;red\n{same}"
    );
    world
        .import("acme", "few.csv", few.as_bytes(), &["--mode", "partial"])
        .expect(0)
        .expect_counts("21 read, 2 updated, 18 unchanged, 1 rejected");
    world.expect_rows(
        Home::Catalog,
        "select sku, title, brands.name, path[2], price, stock, attributes->>'colour' from products
         left join brands on brands.id = brand_id left join categories on categories.id = category_id
         where sku in ('A-0003', 'A-0004', 'A-0005') order by sku",
        &[
            "A-0003|Wood screw 3 mm|Forgeval|Screws|99.0000|3|",
            "A-0004|Wood screw 4 mm|Forgeval|Screws|5.0400|4|",
            "A-0005|Wood screw 5 mm|Forgeval|Screws|6.0500|5|red",
        ],
    );
    let history = "select sku, h.price from price_history as h join products on id = product_id";
    world.expect_rows(Home::Catalog, history, &["A-0003|4.0300"]);
}

#[test]
fn an_empty_cell_of_a_full_file_clears_the_stored_value() {
    let world = world_with(0..1);
    world
        .import(
            "acme",
            "full.csv",
            "sku;title;brand;category;price;stock\nA-0000;Wood screw 0 mm;;;1,00;\n".as_bytes(),
            &[],
        )
        .expect(0);
    world.expect_rows(Home::Catalog, "select brand_id, category_id, price, stock from products", &["||1.0000|"]);
}

#[test]
fn a_dry_run_tells_the_same_and_publishes_nothing() {
    let world = world_with(0..50);
    let before = Dump::of_catalog(&world);
    let next = dirty(1..60, 2);
    let tried = world.import("acme", "next.csv", next.as_bytes(), &["--dry-run"]).expect(0).json();
    assert_eq!(tried["state"], "staged");
    before.assert_same(&Dump::of_catalog(&world));
    let done = world.import("acme", "next.csv", next.as_bytes(), &[]).expect(0).json();
    for fact in ["counts", "rejects_by_code", "guards"] {
        assert_eq!(tried[fact], done[fact], "{fact}");
    }
    assert_eq!(done["counts"]["deactivated"], 1);
    // A dry run is not counted.
    world.expect_rows(Home::Imports, "select sum(rows_created) from import_statistics", &["60"]);
}

#[test]
fn strict_ends_with_4_when_a_row_was_rejected() {
    let world = world_with(0..50);
    world.import("acme", "next.csv", dirty(0..60, 1).as_bytes(), &["--strict"]).expect(4);
    world.expect_rows(Home::Catalog, "select count(*) from products", &["60"]);
    world.import("acme", "clean.csv", files::products('A', 0..61).as_bytes(), &["--strict"]).expect(0);
}

#[test]
fn a_repeated_sku_is_refused_naming_the_first_line() {
    let world = World::new();
    world.supplier("acme");
    let file = files::products('A', 0..30) + "A-0004;Another;;;5,00;1\n";
    let import = world.import("acme", "twice.csv", file.as_bytes(), &[]).expect(0).import_id();
    let rejects = world.arrivage(&["rejects", &import, "--json"]).expect(0).json();
    assert_eq!(rejects.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&rejects[0]["line"], &rejects[0]["problems"][0]["code"]),
        (&Value::from(32), &Value::from("duplicate_sku"))
    );
    let message = rejects[0]["problems"][0]["message"].as_str().unwrap();
    assert!(message.contains("A-0004") && message.contains("line 6"), "{message}");
    world.expect_rows(Home::Catalog, "select title from products where sku = 'A-0004'", &["Wood screw 4 mm"]);
}

#[test]
fn a_held_import_is_staged_again_when_the_catalogue_has_moved_on() {
    let dirty = dirty(1..89, 11);
    let price = "select price from products where sku = 'A-0003'";
    let update = "sku;title;brand;category;price;stock\nA-0003;Wood screw 3 mm;Forgeval;Hardware > Screws;77,00;3\nN-1;New;;;1,00;\n";

    let world = world_with(0..50);
    let held = world.import("acme", "more.csv", dirty.as_bytes(), &[]).expect(3);
    world.import("acme", "update.csv", update.as_bytes(), &["--mode", "partial"]).expect(0);
    world.expect_rows(Home::Catalog, price, &["77.0000"]);
    // A-0003 has another price by now, and N-1 is absent from the held file as well as A-0000.
    world
        .arrivage(&["publish", &held.import_id(), "--json"])
        .expect(0)
        .expect_counts("99 read, 39 created, 1 updated, 48 unchanged, 11 rejected, 2 deactivated");
    world.expect_rows(Home::Catalog, price, &["4.0300"]);

    // As if it had come afterwards and nobody had objected.
    let calm = World::with_settings("[import.guards]\nrejects_max_percent = 100.0\n");
    calm.supplier("acme");
    calm.import("acme", "first.csv", files::products('A', 0..50).as_bytes(), &[]).expect(0);
    calm.import("acme", "update.csv", update.as_bytes(), &["--mode", "partial"]).expect(0);
    calm.import("acme", "more.csv", dirty.as_bytes(), &[]).expect(0);
    Dump::of_catalog(&calm).assert_same(&Dump::of_catalog(&world));
}

#[test]
fn a_held_import_is_staged_again_when_its_staging_table_was_emptied() {
    let world = world_with(0..50);
    let held = world.import("acme", "more.csv", dirty(0..89, 11).as_bytes(), &[]).expect(3);
    // What recovery does to unlogged tables after the server crashed (PostgreSQL manual, "CREATE TABLE", UNLOGGED).
    let tables = world.rows(
        Home::Catalog,
        "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'staging'",
    );
    assert_eq!(tables.len(), 1);
    world.rows(Home::Catalog, &format!("truncate {}", tables[0]));
    world
        .arrivage(&["publish", &held.import_id(), "--json"])
        .expect(0)
        .expect_counts("100 read, 39 created, 50 unchanged, 11 rejected");
    world.expect_rows(Home::Catalog, "select count(*) from products where is_active", &["89"]);
}
