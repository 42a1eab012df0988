//! Imports that run by themselves: dropped files are found, queued, worked off and answered.

use std::time::{Duration, Instant};

use arrivage_tests::{Home, Running, World, files};
use serde_json::Value;

const QUICK: &str = "lease_seconds = 3\n[import.retry]\npause_seconds = 0.2\nexhausted_pause_seconds = 0.2\n[watch]\nlist_seconds = 1\n[work]\npoll_seconds = 0.2\n";

fn world() -> World {
    let world = World::with_settings(QUICK);
    world.supplier("acme");
    world
}

fn worker(world: &World) -> Running {
    world.start(&["work", "--jobs", "2"])
}

fn receipt(world: &World, file: &str) -> Value {
    serde_json::from_slice(&world.object(&storage::keys::receipt("acme", file))).unwrap()
}

/// Name, state and whether it was identical or superseded, of every import.
fn imports(world: &World) -> Vec<String> {
    world.rows(
        Home::Imports,
        "select file_name, status, identical_to is not null, superseded_by is not null from import_jobs order by arrived_at, id",
    )
}

/// Drops of the next second of the store's clock, which is all that tells drops of one name apart.
fn next_second() {
    std::thread::sleep(Duration::from_millis(1_050));
}

#[test]
fn what_is_dropped_is_imported_archived_and_answered() {
    let world = world();
    let mut worker = worker(&world);
    world.drop_file("acme", "prices.csv", files::products('A', 0..50).as_bytes());
    world.wait(20, "an import", || world.number(Home::Imports, "select count(*) from import_jobs") == 1);
    world.wait_idle(20);
    world.expect_rows(Home::Catalog, "select count(*) from products where is_active", &["50"]);
    let receipt = receipt(&world, "prices.csv");
    assert_eq!((&receipt["state"], &receipt["counts"]["created"]), (&"completed".into(), &50.into()));
    assert_eq!(world.keys("imports/").len(), 1);

    // The same bytes under another name, and dropped again: one effect each, and the receipt says so.
    next_second();
    world.drop_file("acme", "prices.csv", files::products('A', 0..50).as_bytes());
    world.drop_file("acme", "copy.csv", files::products('A', 0..50).as_bytes());
    world.wait(20, "three imports", || world.number(Home::Imports, "select count(*) from import_jobs") == 3);
    world.wait_idle(20);
    world.expect_rows(Home::Catalog, "select count(*) from import_publications", &["1"]);
    // Of two that arrive together the older is pointless without being read.
    for file in ["prices.csv", "copy.csv"] {
        let receipt: Value = self::receipt(&world, file);
        assert!(receipt["identical"] == true || receipt["state"] == "cancelled", "{receipt}");
        assert!(!receipt["message"].as_str().unwrap().is_empty());
    }
    assert!(worker.is_running());
    worker.signal("TERM");
    let begun = Instant::now();
    let ended = worker.end().expect(0);
    assert!(begun.elapsed() < Duration::from_secs(10), "{ended:#?}");
}

#[test]
fn of_files_that_wait_the_newest_full_one_is_read_and_the_others_say_why_not() {
    let world = world();
    for (day, rows) in [("monday.csv", 0..10), ("tuesday.csv", 0..20), ("wednesday.csv", 0..30)] {
        world.drop_file("acme", day, files::products('A', rows).as_bytes());
        next_second();
    }
    let _worker = worker(&world);
    world.wait(20, "three imports", || world.number(Home::Imports, "select count(*) from import_jobs") == 3);
    world.wait_idle(20);
    assert_eq!(
        imports(&world),
        ["monday.csv|cancelled|f|t", "tuesday.csv|cancelled|f|t", "wednesday.csv|completed|f|f"]
    );
    world.expect_rows(Home::Catalog, "select count(*) from products", &["30"]);
    let receipt = receipt(&world, "monday.csv");
    assert_eq!((&receipt["state"], &receipt["superseded_by"]["file"]), (&"cancelled".into(), &"wednesday.csv".into()));
    assert_eq!(world.keys("imports/").len(), 3, "what was not read is archived too");
}

#[test]
fn a_file_overwritten_before_it_is_read_is_noticed_and_the_new_one_read() {
    let world = world();
    let key = world.drop_file("acme", "prices.csv", files::products('A', 0..10).as_bytes());
    // Queued as it is, then overwritten: nobody has read it.
    world.arrivage(&["import", "--bucket-key", &key, "--queue"]).expect(0);
    world.drop_file("acme", "prices.csv", files::products('A', 0..11).as_bytes());
    let _worker = worker(&world);
    world.wait(20, "two imports", || world.number(Home::Imports, "select count(*) from import_jobs") == 2);
    world.wait_idle(20);
    let mut states = imports(&world);
    states.sort();
    assert_eq!(states, ["prices.csv|cancelled|f|t", "prices.csv|completed|f|f"]);
    world.expect_rows(Home::Catalog, "select count(*) from products", &["11"]);
}

#[test]
fn an_import_is_cancelled_at_any_moment_and_tried_again_by_a_person() {
    let world = world();
    let _worker = worker(&world);
    world.drop_file("acme", "large.csv", files::products('A', 0..150_000).as_bytes());
    let running = "select id from import_jobs where status in ('staging', 'staged')";
    world.wait(30, "an attempt", || !world.rows(Home::Imports, running).is_empty());
    let id = &world.rows(Home::Imports, "select id from import_jobs")[0];
    world.arrivage(&["jobs", "cancel", id]).expect(0);
    world.wait_idle(20);
    world.expect_rows(Home::Imports, "select status, lease_owner is null from import_jobs", &["cancelled|t"]);
    world.expect_rows(Home::Catalog, "select count(*) from products", &["0"]);
    assert_eq!(receipt(&world, "large.csv")["state"], "cancelled");

    world.arrivage(&["jobs", "retry", id]).expect(0);
    world.wait(60, "the publication", || {
        world.number(Home::Imports, "select count(*) from import_jobs where status = 'completed'") == 1
    });
    world.wait_idle(30);
    world.expect_rows(Home::Catalog, "select count(*) from products", &["150000"]);
    let logs = world.arrivage(&["jobs", "logs", id]).expect(0).stdout;
    assert!(logs.contains("completed"), "{logs}");
    let shown = world.arrivage(&["jobs", "show", id]).expect(0).stdout;
    assert!(shown.contains("completed") && shown.contains("150 000"), "{shown}");
}

#[test]
fn a_worker_that_is_told_to_stop_hands_its_import_back() {
    let world = World::with_settings(&QUICK.replace("[work]\n", "[work]\ndrain_seconds = 0\n"));
    world.supplier("acme");
    let first = worker(&world);
    world.drop_file("acme", "large.csv", files::products('A', 0..150_000).as_bytes());
    let staging = "select count(*) from import_jobs where status = 'staging'";
    world.wait(30, "an attempt", || world.number(Home::Imports, staging) == 1);
    first.signal("TERM");
    let begun = Instant::now();
    first.end().expect(0);
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    world.expect_rows(
        Home::Imports,
        "select status, lease_owner is null, failures, run_after <= now() from import_jobs",
        &["queued|t|0|t"],
    );
    let begun = Instant::now();
    let _second = worker(&world);
    world.wait(10, "another attempt", || world.number(Home::Imports, "select attempt from import_jobs") == 2);
    assert!(begun.elapsed() < Duration::from_secs(5));
    world.wait(60, "the publication", || {
        world.number(Home::Imports, "select count(*) from import_jobs where status = 'completed'") == 1
    });
    world.expect_rows(Home::Catalog, "select count(*) from products", &["150000"]);
}

#[test]
fn large_files_do_not_keep_small_ones_waiting() {
    let world = world();
    let large = files::products('L', 0..120_000);
    for supplier in ["a", "b", "c", "d"] {
        world.supplier(supplier);
        world.drop_file(supplier, "large.csv", large.as_bytes());
    }
    let _worker = worker(&world);
    world.wait(30, "two large imports", || {
        world.number(Home::Imports, "select count(*) from import_jobs where lease_owner is not null") >= 2
    });
    world.drop_file("acme", "small.csv", files::products('A', 0..20).as_bytes());
    world.wait(30, "the small import", || {
        world.number(
            Home::Imports,
            "select count(*) from import_jobs where file_name = 'small.csv' and status = 'completed'",
        ) == 1
    });
    let waiting = world.number(Home::Imports, "select count(*) from import_jobs where finished_at is null");
    assert!(waiting >= 2, "{waiting} large files were not done when the small one was");
    world.wait(120, "the others", || {
        world.number(Home::Imports, "select count(*) from import_jobs where status = 'completed'") == 5
    });
}

#[test]
fn a_scheduled_file_is_fetched_and_imported_once() {
    let world = World::with_settings(&format!("{QUICK}[sources]\nfolder_roots = [\"/tmp\"]\n"));
    world.supplier("acme");
    let file = world.save("feed.csv", files::products('A', 0..30).as_bytes());
    let file = file.to_str().unwrap();
    world.arrivage(&["schedule", "add", "acme", "nightly", "--every", "1h", "--folder", file]).expect(0);
    let _workers = [worker(&world), worker(&world)];
    world.rows(Home::Imports, "update import_schedules set next_run_at = now()");
    world.wait(20, "an import", || {
        world.number(Home::Imports, "select count(*) from import_jobs where status = 'completed'") == 1
    });
    world.wait_idle(20);
    world.expect_rows(Home::Catalog, "select count(*) from products", &["30"]);
    world.expect_rows(
        Home::Imports,
        "select file_name, last_outcome from import_jobs, import_schedules",
        &["feed.csv|fetched"],
    );
    assert_eq!(receipt(&world, "feed.csv")["state"], "completed");

    // Due again with nothing new: nothing is read.
    world.rows(Home::Imports, "update import_schedules set next_run_at = now()");
    world.wait(20, "a second run", || {
        world.number(Home::Imports, "select count(*) from import_schedules where last_outcome = 'not_modified'") == 1
    });
    world.wait_idle(20);
    world.expect_rows(Home::Catalog, "select count(*) from import_publications", &["1"]);
    world.expect_rows(Home::Imports, "select count(*) from import_jobs where status = 'completed'", &["2"]);
}
