//! Killed at any moment and simply run again, an import ends as if nothing had happened.

use std::time::{Duration, Instant};

use arrivage_benches::Catalogue;
use arrivage_tests::{Dump, Home, Running, World};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// The command line that is run again, with the file it names.
const IMPORT: &[&str] = &["import", FILE, "--supplier", "acme"];
const FILE: &str = "prices.csv";

/// Stands for the id of the import that is held.
const HELD: &str = "HELD";

/// Kills of a command under way.
const KILLS: u32 = 10;

/// Worlds in which they must have happened.
const WORLDS_MAX: u32 = 5;

/// Rows of the first import, and of the others.
const ROWS: u64 = 100_000;
const ROWS_FEWER: u64 = 20_000;

#[test]
fn killed_ten_times_a_first_import_ends_as_if_undisturbed() {
    let first = file(&Catalogue::new(ROWS, 1).dirty(0.02));
    survive(IMPORT, || {
        let world = world();
        world.save(FILE, &first);
        world
    });
}

#[test]
fn killed_ten_times_a_second_day_ends_as_if_undisturbed() {
    let recipe = || Catalogue::new(ROWS_FEWER, 2).dirty(0.02);
    let first = file(&recipe());
    // One row in a hundred has another price and stock; one in four hundred is gone.
    let second = without_every(400, &file(&recipe().second_day(0.01)));
    let ended = survive(IMPORT, || {
        let world = world();
        world.import("acme", FILE, &first, &[]).expect(0);
        world.save(FILE, &second);
        world
    });
    for (table, least) in
        [("price_history", 150), ("stock_history", 100), ("product_changes where change = 'deactivated'", 40)]
    {
        let rows = ended.number(Home::Catalog, &format!("select count(*) from {table}"));
        assert!(rows > least, "{rows} rows of {table}");
    }
}

#[test]
fn killed_ten_times_the_publication_of_a_held_import_ends_as_if_undisturbed() {
    let dirty = file(&Catalogue::new(ROWS_FEWER, 3).dirty(0.2));
    survive(&["publish", HELD], || {
        let world = world();
        world.import("acme", FILE, &dirty, &[]).expect(3);
        world
    });
}

#[test]
fn killed_between_its_publication_and_the_end_an_import_leaves_nothing_behind() {
    let world = world();
    let held = world.import("acme", FILE, &file(&Catalogue::new(200, 3).dirty(0.2)), &[]).expect(3).import_id();
    let staging = world.rows(Home::Catalog, "select tablename from pg_tables where schemaname = 'staging'");
    // A reader of the staging table lets the publication pass, but not the removal of the table. The server gives the
    // removal up as well: that is as if the kill had come right before it.
    let reader = world.hold(Home::Catalog, &format!("select from staging.\"{}\"", staging[0]));
    let waiting = "from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    let publish = ["publish", held.as_str()];
    let waits = || world.number(Home::Catalog, &format!("select count(*) {waiting}")) == 1;
    assert!(world.start(&publish).kill_when(waits).is_none());
    world.rows(Home::Catalog, &format!("select pg_terminate_backend(pid) {waiting}"));
    drop(reader);
    world.expect_rows(Home::Catalog, "select count(*) from outbox", &["1"]);

    world.arrivage(&publish).expect(0);
    world.expect_rows(Home::Imports, "select status from import_jobs", &["completed"]);
    world.expect_rows(Home::Catalog, "select count(*) from outbox_deliveries where delivered_at is not null", &["4"]);
    world.expect_rows(Home::Catalog, "select count(*) from pg_tables where schemaname = 'staging'", &["0"]);
}

fn world() -> World {
    let world = World::new();
    world.supplier("acme");
    world
}

fn file(catalogue: &Catalogue) -> Vec<u8> {
    let mut file = Vec::new();
    catalogue.write_csv(&mut file).unwrap();
    file
}

/// The file without one line in so many, the header not counted. No cell of these files holds a line break.
fn without_every(nth: usize, file: &[u8]) -> Vec<u8> {
    let lines = file.split_inclusive(|byte| *byte == b'\n').enumerate();
    lines.filter(|(number, _)| *number == 0 || number % nth != 0).flat_map(|(_, line)| line).copied().collect()
}

/// Runs a command in worlds made alike: once undisturbed, then again whenever it was killed, until it ends and the
/// databases hold the same. Returns the last world.
///
/// The moments are random, one in each tenth of the time that the command takes, so that every stage has its turn. Where
/// it ends before it can be killed for the tenth time, the remaining kills hit another world's.
fn survive(command: &[&str], make: impl Fn() -> World) -> World {
    let calm = make();
    let begun = Instant::now();
    start(&calm, command).end().expect(0);
    let mut whole = begun.elapsed();
    let calm = Dump::of(&calm);

    let seed =
        std::env::var("ARRIVAGE_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random::<u64>);
    eprintln!("ARRIVAGE_TEST_SEED={seed}; undisturbed it takes {whole:.2?}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut kills = 0;
    for _ in 0..WORLDS_MAX {
        let world = make();
        loop {
            let tenth = f64::from(kills) + random.random::<f64>();
            let moment = if kills < KILLS { whole.mul_f64(tenth / f64::from(KILLS)) } else { Duration::MAX };
            let begun = Instant::now();
            if let Some(ended) = start(&world, command).kill_after(moment) {
                ended.expect(0);
                whole = begun.elapsed();
                eprintln!("it ended after {whole:.2?}");
                break;
            }
            kills += 1;
            eprintln!("killed at {moment:.2?} while {}", standing(&world));
        }
        expect_same(&calm, &world);
        if kills == KILLS {
            return world;
        }
    }
    panic!("only {kills} kills hit the command within {WORLDS_MAX} worlds");
}

fn start(world: &World, command: &[&str]) -> Running {
    let held = world.rows(Home::Imports, "select id from import_jobs where guard_code is not null");
    let command: Vec<&str> = command.iter().map(|word| if *word == HELD { held[0].as_str() } else { word }).collect();
    world.start(&command)
}

/// What a kill came upon, for people.
fn standing(world: &World) -> String {
    let jobs = world.rows(Home::Imports, "select status, attempt from import_jobs order by created_at desc limit 1");
    let publications = world.number(Home::Catalog, "select count(*) from import_publications");
    let told = world.number(Home::Catalog, "select count(*) from outbox_deliveries where delivered_at is not null");
    format!("the newest job was {jobs:?}, {publications} publications, {told} deliveries")
}

#[track_caller]
fn expect_same(calm: &Dump, world: &World) {
    calm.assert_same(&Dump::of(world));
    let doubled = "select count(*) from (select 1 from price_history group by product_id, valid_to having count(*) > 1) as doubled";
    world.expect_rows(Home::Catalog, doubled, &["0"]);
    let untold = "select count(*) from outbox_deliveries where delivered_at is null";
    world.expect_rows(Home::Catalog, untold, &["0"]);
    assert_eq!(world.keys("inbox/"), [""; 0]);
}
