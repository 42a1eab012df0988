//! Several imports at once.

use std::time::Duration;

use arrivage_tests::{Dump, Home, World, files};

#[test]
fn the_same_file_imported_by_two_processes_at_once_has_one_effect() {
    let file = files::products('A', 0..20_000);
    let alone = World::new();
    alone.supplier("acme");
    alone.import("acme", "prices.csv", file.as_bytes(), &[]).expect(0);

    let world = World::new();
    world.supplier("acme");
    world.save("prices.csv", file.as_bytes());
    let both = [(); 2].map(|()| world.start(&["import", "prices.csv", "--supplier", "acme", "--json"]));
    let [first, second] = both.map(|running| running.end().expect(0));
    // The later one found the import of the other under way and waited for it, or queued the same bytes behind it.
    let identical = [&first, &second].map(|ended| ended.json()["identical"] == true);
    assert!(first.import_id() == second.import_id() || identical[0] != identical[1], "{first:#?} {second:#?}");
    let effects = |world| Dump::of(world).only(&["catalog.", "media.", "code2asin.", "analytics."]);
    effects(&alone).assert_same(&effects(&world));
}

#[test]
fn two_suppliers_at_once_both_arrive() {
    // Both bring the same new brand and categories.
    let file = |supplier: &str| files::products(if supplier == "acme" { 'A' } else { 'B' }, 0..5_000);
    let world_of_both = || {
        let world = World::new();
        ["acme", "bolt"].iter().for_each(|supplier| world.supplier(supplier));
        world
    };
    let (one_by_one, at_once) = (world_of_both(), world_of_both());
    for supplier in ["acme", "bolt"] {
        one_by_one.import(supplier, "prices.csv", file(supplier).as_bytes(), &[]).expect(0);
        at_once.drop_file(supplier, "prices.csv", file(supplier).as_bytes());
    }
    let both = ["acme", "bolt"]
        .map(|supplier| at_once.start(&["import", "--bucket-key", &format!("inbox/{supplier}/prices.csv"), "--json"]));
    for running in both {
        running.end().expect(0).expect_counts("5000 read, 5000 created");
    }
    Dump::of(&one_by_one).assert_same(&Dump::of(&at_once));
}

#[test]
fn a_file_dropped_while_its_namesake_is_imported_is_not_lost() {
    let world = World::new();
    world.supplier("acme");
    let key = world.drop_file("acme", "prices.csv", files::products('A', 0..30_000).as_bytes());
    let running = world.start(&["import", "--bucket-key", &key, "--json"]);
    // Once its content is noted the first file has been fetched.
    while world.number(Home::Imports, "select count(*) from import_files") == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    world.drop_file("acme", "prices.csv", files::products('A', 0..30_001).as_bytes());
    running.end().expect(0).expect_counts("30000 read, 30000 created");
    assert_eq!(world.keys("inbox/"), [key.as_str()]);
    let next = world.arrivage(&["import", "--bucket-key", &key, "--json"]).expect(0);
    next.expect_counts("30001 read, 1 created, 30000 unchanged");
    assert_eq!(world.keys("inbox/"), [""; 0]);
}
