//! What must hold at the end of every experiment.

use std::collections::BTreeSet;

use arrivage_tests::{Dump, Home, World};

/// Queries that must find nothing, with what a row of them would be.
const ABSENT: &[(Home, &str, &str)] = &[
    (
        Home::Catalog,
        "a price ended twice by the same publication",
        "select product_id, valid_to from price_history group by product_id, valid_to having count(*) > 1",
    ),
    (
        Home::Catalog,
        "a price begun twice",
        "select product_id, valid_from from price_history group by product_id, valid_from having count(*) > 1",
    ),
    (
        Home::Catalog,
        "a stock ended twice by the same publication",
        "select product_id, valid_to from stock_history group by product_id, valid_to having count(*) > 1",
    ),
    (
        Home::Catalog,
        "a stock begun twice",
        "select product_id, valid_from from stock_history group by product_id, valid_from having count(*) > 1",
    ),
    (
        Home::Catalog,
        "a change noted twice",
        "select publication_id, product_id from product_changes group by publication_id, product_id having count(*) > 1",
    ),
    (
        Home::Catalog,
        "a publication told twice",
        "select publication_id from outbox group by publication_id, topic having count(*) > 1",
    ),
    (
        Home::Catalog,
        "a delivery owed",
        "select event_id, consumer, last_fault from outbox_deliveries where delivered_at is null",
    ),
    (Home::Catalog, "a staging table", "select tablename from pg_tables where schemaname = 'staging'"),
    (
        Home::Imports,
        "an import worked on without a live lease",
        "select id, status, lease_owner from import_jobs
         where lease_owner is not null and (finished_at is not null or lease_expires_at < now())
             or lease_owner is null and finished_at is null and status in ('staging', 'staged', 'publishing')",
    ),
    (
        Home::Imports,
        "a reject noted for no import",
        "select import_id from import_errors where import_id not in (select id from import_jobs)",
    ),
];

/// Fails unless a world holds what the calm one does, each thing once, and nothing is left to do.
#[track_caller]
pub fn expect_oracle(calm: &Dump, world: &World) {
    calm.assert_same(&Dump::of(world));
    expect_order(world);
}

/// The half of the oracle that needs no other world.
#[track_caller]
pub fn expect_order(world: &World) {
    for (home, what, sql) in ABSENT {
        let found = world.rows(*home, sql);
        assert!(found.is_empty(), "{what}: {found:#?}");
    }
    assert_eq!(world.keys("inbox/"), [""; 0], "the inbox is empty");
    // imports/YYYY/MM/DD/<import>/<file>
    let archived = world.keys("imports/");
    let imports: BTreeSet<&str> = archived.iter().filter_map(|key| key.split('/').nth(4)).collect();
    assert_eq!(archived.len(), imports.len(), "one file for each import: {archived:#?}");
    let known = world.rows(Home::Imports, "select id from import_jobs where archived_at is not null");
    let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
    assert!(known.is_subset(&imports), "what is noted as archived is: {known:?} {imports:?}");
    let answers: BTreeSet<String> = world.keys("outbox/").into_iter().collect();
    let files =
        world.rows(Home::Imports, "select distinct supplier_code, file_name from import_jobs where file_name <> ''");
    for file in files.iter().map(|file| file.replace('|', "/")) {
        assert!(answers.contains(&format!("outbox/{file}.receipt.json")), "no receipt for {file}: {answers:#?}");
    }
}
