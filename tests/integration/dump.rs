//! What the dump can tell apart: the other tests believe it.

use arrivage_tests::{Dump, Home, World, files};

#[test]
fn a_dump_differs_when_a_single_price_differs() {
    let world = World::new();
    world.supplier("acme");
    world.import("acme", "prices.csv", files::products('A', 0..30).as_bytes(), &[]).expect(0);
    let before = Dump::of(&world);
    assert_eq!(before.table("catalog.products").len(), 30);
    before.assert_same(&Dump::of(&world));

    world.rows(Home::Catalog, "update products set price = price + 0.0001 where sku = 'A-0007'");
    let after = Dump::of(&world);
    let differences = before.difference(&after);
    assert!(differences.len() == 2 && differences.iter().all(|line| line.contains("A-0007")), "{differences:#?}");
    assert_ne!(before.sha256(), after.sha256());
}

#[test]
fn a_dump_tells_a_row_too_many_from_a_row_too_few() {
    let world = World::new();
    world.supplier("acme");
    world.import("acme", "prices.csv", files::products('A', 0..30).as_bytes(), &[]).expect(0);
    let before = Dump::of(&world);
    world.rows(
        Home::Catalog,
        "insert into price_history (product_id, valid_from, valid_to, publication_id, price)
         select id, created_at, now(), created_publication, price from products where sku = 'A-0007'",
    );
    world.rows(Home::Imports, "delete from import_statistics");
    let signs: Vec<_> = before.difference(&Dump::of(&world)).iter().map(|line| line[..25].to_owned()).collect();
    assert_eq!(signs, ["catalog.price_history + a", "imports.import_statistics"]);
}

#[test]
fn two_worlds_with_other_numbers_and_times_have_equal_dumps() {
    let dump = |numbers_lost: u32| {
        let world = World::new();
        for home_and_sequence in [
            (Home::Catalog, "suppliers_id_seq"),
            (Home::Catalog, "products_id_seq"),
            (Home::Imports, "import_files_id_seq"),
        ] {
            let (home, sequence) = home_and_sequence;
            world.rows(home, &format!("select nextval('{sequence}') from generate_series(1, {numbers_lost})"));
        }
        world.supplier("acme");
        world.import("acme", "prices.csv", files::products('A', 0..30).as_bytes(), &[]).expect(0);
        world.import("acme", "prices.csv", files::products('A', 2..31).as_bytes(), &[]).expect(0);
        Dump::of(&world)
    };
    dump(0).assert_same(&dump(7));
}
