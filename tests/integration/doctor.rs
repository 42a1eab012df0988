//! `arrivage doctor`: what differs is told, and mended so that nothing tells that it ever differed.

use std::collections::BTreeMap;

use arrivage_tests::{Dump, Ended, Home, World, files};
use serde_json::Value;

const HEADER: &str = "sku;title;ean;brand;category;price;stock;image\n";

/// Rows of products with a GTIN and a picture each; `cents` and `picture` make them differ.
fn rows(numbers: std::ops::Range<usize>, cents: usize, picture: &str) -> String {
    let row = |number: usize| {
        format!(
            "A-{number:04};Wood screw {number} mm;{};Forgeval;Hardware > Screws;{},{cents:02};{};https://acme.example/{picture}-{number}.jpg\n",
            gtin(number),
            1 + number,
            number % 50
        )
    };
    numbers.map(row).collect()
}

/// A GTIN-13 with its check digit.
fn gtin(number: usize) -> String {
    let body = format!("401234{number:06}");
    let sum: u32 =
        body.chars().zip([1, 3].into_iter().cycle()).map(|(digit, weight)| digit.to_digit(10).unwrap() * weight).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

fn first_day(world: &World) {
    world.supplier("acme");
    world.supplier("brico");
    let file = format!("{HEADER}{}", rows(0..60, 10, "front"));
    world.import("acme", "monday.csv", file.as_bytes(), &[]).expect(0);
    world.import("brico", "stock.csv", files::products('B', 0..30).as_bytes(), &[]).expect(0);
}

/// Updates, new and absent products, new pictures, rejects, and imports that were held, failed, identical or tried out.
fn second_day(world: &World) {
    // 0..3 are gone, 3..20 cost more, 20..25 have another picture, 60..70 are new, one price cannot be read.
    let file = format!(
        "{HEADER}{}{}{}{}A-9999;No price;;Forgeval;Hardware;cheap;1;\n",
        rows(3..20, 55, "front"),
        rows(20..25, 10, "back"),
        rows(25..60, 10, "front"),
        rows(60..70, 10, "front")
    );
    world.import("acme", "tuesday.csv", file.as_bytes(), &[]).expect(0);
    world.import("acme", "tuesday.csv", file.as_bytes(), &[]).expect(0);
    let partial = format!("{HEADER}{}", rows(30..33, 99, "front"));
    world.import("acme", "prices.csv", partial.as_bytes(), &["--mode", "partial"]).expect(0);
    world.import("acme", "trial.csv", files::products('A', 0..5).as_bytes(), &["--dry-run"]).expect(0);
    world.import("brico", "stock.csv", files::products('B', 5..45).as_bytes(), &[]).expect(0);
    world.import("brico", "tiny.csv", files::products('B', 5..6).as_bytes(), &[]).expect(3);
    world.import("brico", "empty.csv", b"", &[]).expect(1);
}

fn world() -> World {
    let world = World::new();
    first_day(&world);
    second_day(&world);
    world
}

/// The lines of a run, and its last: how many of each kind.
fn told(ended: &Ended) -> BTreeMap<String, (u64, u64)> {
    let summary = ended.stdout.lines().last().unwrap_or_else(|| panic!("no summary: {ended:#?}"));
    let summary: Value = serde_json::from_str(summary).unwrap();
    let kinds = summary["summary"]["kinds"].as_object().unwrap_or_else(|| panic!("no summary: {ended:#?}"));
    let number = |value: &Value| value.as_u64().unwrap();
    kinds.iter().map(|(kind, tally)| (kind.clone(), (number(&tally["found"]), number(&tally["mended"])))).collect()
}

#[track_caller]
fn expect_healthy(world: &World) {
    let ended = world.arrivage(&["doctor", "--json"]);
    assert!(told(&ended).is_empty() && ended.code == Some(0), "{ended:#?}");
}

/// Damages a world and has it mended: the kinds told without `--fix` are these, and nothing is written then; afterwards the
/// databases hold what they held before. Exit code 0 says that a last look found nothing.
#[track_caller]
fn damaged(world: &World, home: Home, sql: &str, expected: &[&str]) {
    let before = Dump::of(world);
    world.rows(home, sql);
    let hurt = Dump::of(world);
    let seen = world.arrivage(&["doctor", "--json"]);
    assert_eq!(told(&seen).keys().map(String::as_str).collect::<Vec<_>>(), expected, "{sql}\n{seen:#?}");
    assert_eq!(seen.code, Some(1));
    hurt.assert_same(&Dump::of(world));
    let fixed = world.arrivage(&["doctor", "--fix", "--json"]);
    assert_eq!(fixed.code, Some(0), "{sql}\n{fixed:#?}");
    before.assert_same(&Dump::of(world));
}

#[test]
fn a_healthy_world_has_no_difference() {
    let world = world();
    expect_healthy(&world);
    let said = world.arrivage(&["doctor"]).expect(0).stdout;
    assert_eq!(said, "healthy: the five databases agree\n");
    world.arrivage(&["doctor", "--fix"]).expect(0);
}

#[test]
fn damage_in_analytics_is_told_and_mended() {
    let world = world();
    let damaged = |home, sql, expected: &[&str]| damaged(&world, home, sql, expected);
    damaged(
        Home::Analytics,
        "delete from import_metrics where rows_created = 10",
        &["metrics_missing", "supplier_day_wrong"],
    );
    damaged(
        Home::Analytics,
        "update import_metrics set rows_updated = 7 where rows_created = 10",
        &["metrics_wrong", "supplier_day_wrong"],
    );
    damaged(
        Home::Analytics,
        "update import_metrics set publication_id = 99 where rows_created = 60",
        &["metrics_wrong"],
    );
    damaged(
        Home::Analytics,
        "insert into import_metrics select gen_random_uuid(), supplier_id, 77, mode, published_at - interval '9 days', rows_read,
             rows_created, rows_updated, rows_unchanged, rows_rejected, rows_duplicate, rows_held, products_deactivated,
             file_bytes, seconds from import_metrics limit 1",
        &["metrics_orphan", "supplier_day_wrong"],
    );
    damaged(Home::Analytics, "update supplier_metrics set imports = imports + 1", &["supplier_day_wrong"]);
    damaged(Home::Analytics, "delete from supplier_metrics", &["supplier_day_wrong"]);
    damaged(Home::Analytics, "update inbox set token = token * 2", &["inbox_ahead"]);
}

#[test]
fn damage_in_media_and_code2asin_is_told_and_mended() {
    let world = world();
    let damaged = |home, sql, expected: &[&str]| damaged(&world, home, sql, expected);
    damaged(
        Home::Media,
        "with gone as (delete from media_files where url like '%back%' returning id)
         delete from media_processing_jobs using gone where media_id = gone.id",
        &["media_missing"],
    );
    damaged(Home::Media, "delete from media_processing_jobs where media_id % 3 = 0", &["media_stranded"]);
    damaged(
        Home::Media,
        "insert into media_files (url, url_hash, first_supplier_id, first_publication_id)
         values ('https://nobody.example/1.jpg', sha256('https://nobody.example/1.jpg'), 1, 4711)",
        &["media_orphan"],
    );

    damaged(Home::Code2asin, "delete from code2asin_suppliers where product_id % 2 = 0", &["lookup_missing"]);
    damaged(Home::Code2asin, "delete from code2asin_jobs where gtin like '%7'", &["lookup_missing"]);
    damaged(
        Home::Code2asin,
        "insert into code2asin_suppliers (product_id, supplier_id, gtin) values (4711, 1, '04012340000008')",
        &["lookup_orphan"],
    );
    damaged(
        Home::Code2asin,
        "update code2asin_suppliers set gtin = '04012340000008' where product_id = 5",
        &["lookup_missing", "lookup_orphan"],
    );
}

#[test]
fn damage_in_imports_is_told_and_mended() {
    let world = world();
    let damaged = |home, sql, expected: &[&str]| damaged(&world, home, sql, expected);
    damaged(Home::Imports, "update import_statistics set rows_created = 0", &["statistics_wrong"]);
    damaged(Home::Imports, "delete from import_statistics", &["statistics_wrong"]);
    damaged(
        Home::Imports,
        "insert into import_statistics select supplier_id, day - 3, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 from import_statistics",
        &["statistics_wrong"],
    );
    // A crash after the publication that nobody took up, with and without a worker that says it has it.
    damaged(
        Home::Imports,
        "update import_jobs set status = 'publishing', finished_at = null, answered_at = null, run_after = now() - interval '2 minutes'
         where file_name = 'prices.csv'",
        &["publication_unknown_to_imports"],
    );
    damaged(
        Home::Imports,
        "update import_jobs set status = 'publishing', finished_at = null, answered_at = null, lease_owner = 'gone:1',
             lease_worker = 4711, lease_expires_at = now() - interval '2 minutes', heartbeat_at = now() - interval '2 minutes'
         where file_name = 'prices.csv'",
        &["lease_lapsed", "publication_unknown_to_imports"],
    );
    damaged(
        Home::Imports,
        "update import_jobs set created = created + 1, read = read + 1 where file_name = 'prices.csv'",
        &["counts_wrong", "statistics_wrong"],
    );
    damaged(
        Home::Imports,
        "update import_jobs set answered_at = null, updated_at = now() - interval '2 minutes' where file_name = 'empty.csv'",
        &["unanswered"],
    );
    damaged(Home::Catalog, "create table staging.\"0199c0dec0de7000800000000000c0de\" ()", &["staging_left"]);
    damaged(
        Home::Catalog,
        "update outbox_deliveries set delivered_at = null, due_at = now() - interval '2 minutes' where consumer = 'media'",
        &["delivery_owed"],
    );
    // What was told long ago is told again all the same.
    world.rows(Home::Catalog, "delete from outbox");
    let before = Dump::of(&world).only(&["code2asin"]);
    world.rows(Home::Code2asin, "truncate code2asin_suppliers, code2asin_jobs, inbox");
    assert_eq!(
        told(&world.arrivage(&["doctor", "--fix", "--json"]).expect(0)).keys().collect::<Vec<_>>(),
        ["lookup_missing"]
    );
    before.assert_same(&Dump::of(&world).only(&["code2asin"]));
    expect_healthy(&world);
}

#[test]
fn what_only_a_person_can_mend_is_told_and_left() {
    let world = world();
    world.rows(Home::Catalog, "update suppliers set code = 'other' where code = 'brico'");
    let before = Dump::of(&world);
    let ended = world.arrivage(&["doctor", "--fix", "--json"]).expect(1);
    assert_eq!(told(&ended), [("supplier_unknown".to_owned(), (1, 0))].into());
    before.assert_same(&Dump::of(&world));
    let said = world.arrivage(&["doctor"]).expect(1).stdout;
    assert!(said.contains("supplier brico") && said.contains("1 differences"), "{said}");
}

#[test]
fn what_is_under_way_is_no_difference() {
    let world = world();
    // Published just now, in the hands of a worker and of a relay.
    world.rows(
        Home::Imports,
        "update import_jobs set status = 'publishing', finished_at = null, answered_at = null, lease_owner = 'here:1',
             lease_expires_at = now() + interval '20 seconds', heartbeat_at = now() where file_name = 'prices.csv'",
    );
    world.rows(
        Home::Catalog,
        "update outbox_deliveries set delivered_at = null, due_at = now() + interval '20 seconds'
         where event_id = (select max(outbox.id) from outbox where supplier_id = 1)",
    );
    world.rows(Home::Analytics, "delete from import_metrics where mode = 'partial'");
    expect_healthy(&world);
}

/// Restores one database from the state after the first day, and has it mended.
fn restored(home: Home) -> (World, Dump, BTreeMap<String, (u64, u64)>) {
    let world = World::new();
    first_day(&world);
    world.set_aside(home);
    second_day(&world);
    expect_healthy(&world);
    let calm = Dump::of(&world);
    world.restore(home);
    let seen = world.arrivage(&["doctor", "--json"]);
    assert_eq!(seen.code, Some(1), "{seen:#?}");
    let fixed = world.arrivage(&["doctor", "--fix", "--json"]);
    assert_eq!(fixed.code, Some(0), "{fixed:#?}");
    expect_healthy(&world);
    (world, calm, told(&seen))
}

fn kinds(told: &BTreeMap<String, (u64, u64)>) -> Vec<&str> {
    told.keys().map(String::as_str).collect()
}

#[test]
fn media_restored_from_an_older_dump_comes_back() {
    let (world, calm, told) = restored(Home::Media);
    assert_eq!(kinds(&told), ["media_missing"]);
    calm.assert_same(&Dump::of(&world));
}

#[test]
fn code2asin_restored_from_an_older_dump_comes_back() {
    let (world, calm, told) = restored(Home::Code2asin);
    assert_eq!(kinds(&told), ["lookup_missing"]);
    calm.assert_same(&Dump::of(&world));
}

#[test]
fn analytics_restored_from_an_older_dump_comes_back() {
    let (world, calm, told) = restored(Home::Analytics);
    // The days are the sums of what is there; they follow.
    assert_eq!(kinds(&told), ["metrics_missing"]);
    assert_eq!(told["metrics_missing"].0, 3);
    calm.assert_same(&Dump::of(&world));
}

#[test]
fn the_catalogue_restored_from_an_older_dump_is_made_again_from_the_archive() {
    let (world, calm, told) = restored(Home::Catalog);
    assert_eq!(told["import_without_publication"].0, 3);
    assert_eq!(told["metrics_orphan"].0, 3);
    // The staging table of the held import is gone: its file is read again when it is published.
    let same = &[
        "catalog.p",
        "catalog.stock",
        "catalog.brands",
        "catalog.categories",
        "catalog.import",
        "catalog.outbox",
        "media",
        "code2asin",
        "analytics",
        "imports.import_statistics",
        "imports.import_errors",
    ];
    calm.only(same).assert_same(&Dump::of(&world).only(same));
    // They had been published: no guard was asked, and none was superseded.
    world.expect_rows(
        Home::Imports,
        "select count(*) from import_jobs where status = 'completed' and approved",
        &["3"],
    );
    let held = &world.rows(Home::Imports, "select id from import_jobs where status = 'held'")[0];
    world.arrivage(&["publish", held]).expect(0);
    expect_healthy(&world);
}

#[test]
fn a_lost_publication_below_a_newer_one_is_not_published_on_top() {
    let world = World::new();
    first_day(&world);
    world.set_aside(Home::Catalog);
    let lost = world.import("brico", "lost.csv", files::products('B', 0..31).as_bytes(), &[]).expect(0).import_id();
    world.restore(Home::Catalog);
    let partial = files::products('B', 3..4);
    world.import("brico", "part.csv", partial.as_bytes(), &["--mode", "partial", "--force"]).expect(0);
    let ended = world.arrivage(&["doctor", "--fix", "--json"]).expect(1);
    assert!(ended.stdout.contains("by hand") && ended.stdout.contains(&lost), "{ended:#?}");
    world.import("brico", "new.csv", files::products('B', 0..32).as_bytes(), &[]).expect(0);
    world.arrivage(&["doctor", "--fix"]).expect(0);
    world.expect_rows(
        Home::Imports,
        &format!("select status, superseded_by is not null from import_jobs where id = '{lost}'"),
        &["cancelled|t"],
    );
    expect_healthy(&world);
}

#[test]
fn a_replay_that_fails_stays_a_difference_until_it_succeeds() {
    let world = World::new();
    first_day(&world);
    world.set_aside(Home::Catalog);
    second_day(&world);
    let calm = Dump::of_catalog(&world).only(&["catalog.p", "catalog.stock"]);
    world.restore(Home::Catalog);
    let key = world.keys("imports/").into_iter().find(|key| key.ends_with("/tuesday.csv")).unwrap();
    let file = world.object(&key);
    world.put(&key, b"");
    let ended = world.arrivage(&["doctor", "--fix", "--json"]).expect(1);
    assert!(ended.stdout.contains("not_mended"), "{ended:#?}");
    world.arrivage(&["doctor"]).expect(1);
    world.put(&key, &file);
    world.arrivage(&["doctor", "--fix"]).expect(0);
    expect_healthy(&world);
    calm.assert_same(&Dump::of_catalog(&world).only(&["catalog.p", "catalog.stock"]));
}

#[test]
fn imports_restored_from_an_older_dump_know_again_what_was_published() {
    let (world, calm, told) = restored(Home::Imports);
    // The held import is forgotten with its staging table; what was refused or identical was never published.
    assert_eq!(kinds(&told), ["publication_unknown_to_imports", "staging_left"]);
    assert_eq!(told["publication_unknown_to_imports"].0, 3);
    let same = &["catalog.p", "catalog.stock", "catalog.import", "catalog.outbox", "media", "code2asin", "analytics"];
    calm.only(same).assert_same(&Dump::of(&world).only(same));
    world.expect_rows(
        Home::Imports,
        "select file_name, status, created, updated, rejected, deactivated, bytes_total > 0, answered_at is not null
         from import_jobs where file_name in ('tuesday.csv', 'prices.csv') order by id",
        &["tuesday.csv|completed|10|22|1|3|t|t", "prices.csv|completed|0|3|0|0|t|t"],
    );
    // Life goes on.
    world.import("acme", "wednesday.csv", format!("{HEADER}{}", rows(3..70, 10, "front")).as_bytes(), &[]).expect(0);
    expect_healthy(&world);
}

#[test]
fn a_fence_above_every_epoch_is_noticed_before_it_stops_a_supplier() {
    let world = world();
    world.rows(Home::Catalog, "insert into import_fences values (1, 1000000)");
    let seen = told(&world.arrivage(&["doctor", "--json"]).expect(1));
    assert_eq!(kinds(&seen), ["fence_ahead"]);
    world.arrivage(&["doctor", "--fix"]).expect(0);
    world.import("acme", "wednesday.csv", format!("{HEADER}{}", rows(3..70, 11, "front")).as_bytes(), &[]).expect(0);
    expect_healthy(&world);
}
