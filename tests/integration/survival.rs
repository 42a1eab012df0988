//! Killed at any moment and simply run again, an import ends as if nothing had happened.

use std::time::{Duration, Instant};

use arrivage_benches::Catalogue;
use arrivage_tests::{Dump, Home, World};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Kills while one file is imported.
const KILLS: u32 = 10;

/// Rows of the first file, and of the pair whose second day changes and removes something.
const ROWS: u64 = 100_000;
const ROWS_OF_TWO_DAYS: u64 = 20_000;

#[test]
fn killed_ten_times_a_first_import_ends_as_if_uninterrupted() {
    let first = file(&Catalogue::new(ROWS, 1).dirty(0.02));
    let calm = world();
    let begun = Instant::now();
    import(&calm, "first.csv", &first);
    let whole = begun.elapsed();

    let world = world();
    let kills = import_killed(&world, "first.csv", &first, whole);
    assert!(kills >= KILLS - 2, "only {kills} kills hit the running import");
    expect_same(&calm, &world);
}

#[test]
fn killed_ten_times_a_second_day_ends_as_if_uninterrupted() {
    let recipe = || Catalogue::new(ROWS_OF_TWO_DAYS, 2).dirty(0.02);
    let first = file(&recipe());
    // One row in a hundred has another price and stock; one in four hundred is gone.
    let second = without_every(400, &file(&recipe().second_day(0.01)));

    let calm = world();
    import(&calm, "first.csv", &first);
    let begun = Instant::now();
    import(&calm, "second.csv", &second);
    let whole = begun.elapsed();

    let world = world();
    import(&world, "first.csv", &first);
    let kills = import_killed(&world, "second.csv", &second, whole);
    assert!(kills >= KILLS / 2, "only {kills} kills hit the running import");
    expect_same(&calm, &world);
    for (table, least) in [("price_history", 150), ("stock_history", 100), ("product_changes where change = 'deactivated'", 40)] {
        let rows: u64 = world.value(Home::Catalog, &format!("select count(*) from {table}")).parse().unwrap();
        assert!(rows > least, "{rows} rows of {table}");
    }
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

fn import(world: &World, name: &str, file: &[u8]) {
    world.import("acme", name, file, &[]).expect(0);
}

/// Imports a file by one command line, run again whenever it was killed, until it ends; tells how many kills hit it.
///
/// The moments are random, one in each tenth of the time that the whole import takes, so that every stage has its turn.
fn import_killed(world: &World, name: &str, file: &[u8], whole: Duration) -> u32 {
    let seed = std::env::var("ARRIVAGE_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random::<u64>);
    eprintln!("ARRIVAGE_TEST_SEED={seed}; an uninterrupted import takes {whole:.2?}");
    let mut random = StdRng::seed_from_u64(seed);
    world.save(name, file);
    let arguments = ["import", name, "--supplier", "acme", "--json"];
    for kills in 0..KILLS {
        let moment = whole * kills / KILLS + whole.mul_f64(random.random::<f64>() / f64::from(KILLS));
        if let Some(ended) = world.start(&arguments).kill_after(moment) {
            eprintln!("it ended before the kill at {moment:.2?}");
            ended.expect(0);
            return kills;
        }
        eprintln!("killed at {moment:.2?} while {}", standing(world));
    }
    world.arrivage(&arguments).expect(0);
    KILLS
}

/// What a kill came upon, for people.
fn standing(world: &World) -> String {
    let jobs = world.rows(Home::Imports, "select status, attempt from import_jobs order by created_at desc limit 1");
    let publications = world.value(Home::Catalog, "select count(*) from import_publications");
    let told = world.value(Home::Catalog, "select count(*) from outbox_deliveries");
    format!("the newest job was {jobs:?}, {publications} publications, {told} deliveries")
}

#[track_caller]
fn expect_same(calm: &World, world: &World) {
    Dump::of(calm).assert_same(&Dump::of(world));
    let doubled = "select count(*) from (select 1 from price_history group by product_id, valid_to having count(*) > 1) as doubled";
    assert_eq!(world.value(Home::Catalog, doubled), "0");
    let untold = "select count(*) from outbox where (select count(*) from outbox_deliveries where event_id = id) < 4";
    assert_eq!(world.value(Home::Catalog, untold), "0");
    assert_eq!(world.keys("inbox/"), [""; 0]);
}
