//! One of the five databases cannot be reached for a while.

use std::time::{Duration, Instant};

use arrivage_tests::{Dump, Home, Proxy, World};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::crew::{self, is_done};
use super::{Crew, Days, chance, expect_oracle, sized, world};

const DAYS: Days = Days { products: 2_000 };

const END_MAX: Duration = Duration::from_secs(120);

/// Within this everything has been made up for.
const CONVERGED_MAX: Duration = Duration::from_secs(60);

/// The pauses that a production has: they decide how soon somebody looks again.
const SETTINGS: &str = "
    lease_seconds = 3
    [work]
    jobs = 1
    [watch]
    list_seconds = 1
";

/// How a database is away.
#[derive(Debug, Clone, Copy)]
enum How {
    /// Its server refuses: it is down.
    Refused,
    /// It says nothing: the network between is.
    Silent,
}

#[test]
fn while_a_database_refuses_the_others_go_on_and_all_converges_once_it_is_back() {
    be_away(How::Refused);
}

#[test]
fn while_a_database_is_silent_the_others_go_on_and_all_converges_once_it_is_back() {
    be_away(How::Silent);
}

fn be_away(how: How) {
    let mut random = chance();
    let away = Duration::from_secs(sized(6, 60));
    let calm = world();
    let mut kept = Crew::of(&calm, 1);
    for day in 0..2 {
        calm.drop_file("acme", &Days::name(day), &DAYS.file(day));
        kept.finish(day as u64 + 1, END_MAX);
    }
    let (calm, took) = (Dump::of(&calm), crew::newest_took(&calm));
    drop(kept);
    // Mostly they wait: several at once. The short form takes its chance.
    let mut homes = Home::ALL.to_vec();
    if sized(true, false) {
        homes = vec![homes[random.random_range(0..5)], homes[random.random_range(0..2)]];
        homes.dedup();
    }
    for some in homes.chunks(3) {
        std::thread::scope(|scope| {
            for home in some {
                let moment = took.mul_f64(StdRng::from_rng(&mut random).random::<f64>());
                scope.spawn({
                    let calm = &calm;
                    move || one_away(*home, how, away, moment, calm)
                });
            }
        });
    }
}

fn one_away(home: Home, how: How, away: Duration, moment: Duration, calm: &Dump) {
    let world = World::with_settings(SETTINGS);
    world.supplier("acme");
    let url = world.database_url(home);
    let proxy = Proxy::to_server_of(&url);
    let variable = format!("ARRIVAGE__DATABASES__{}__URL", home.name().to_uppercase());
    let mut crew = Crew::with_environment(&world, 2, &[(&variable, &proxy.url(&url))]);
    world.drop_file("acme", &Days::name(0), &DAYS.file(0));
    crew.finish(1, END_MAX);

    world.drop_file("acme", &Days::name(1), &DAYS.file(1));
    crew::wait_until_begun(&world, 2);
    std::thread::sleep(moment);
    match how {
        How::Refused => proxy.refuse(),
        How::Silent => proxy.be_silent(),
    }
    let begun = Instant::now();
    let mut others_told = None;
    while begun.elapsed() < away {
        crew.tend();
        if others_told.is_none() && are_others_told(&world, home) {
            others_told = Some(begun.elapsed());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let missing = !is_done(&world, 2);
    proxy.clear();
    let back = Instant::now();
    crew.finish(2, END_MAX);
    let converged = back.elapsed();
    let attempts =
        world.rows(Home::Imports, "select attempt, failures from import_jobs order by arrived_at desc limit 1");
    eprintln!(
        "{} {how:?} for {away:?}, {moment:.2?} into an import: others told after {others_told:.1?}, work left {missing}, \
         converged {converged:.1?} after its return; attempts and failures {attempts:?}",
        home.name()
    );
    expect_oracle(calm, &world);
    assert!(converged < CONVERGED_MAX, "{} {how:?}: {converged:?}", home.name());
    if matches!(home, Home::Media | Home::Code2asin | Home::Analytics) {
        assert!(others_told.is_some(), "{} {how:?}: the others wait for it", home.name());
    }
}

/// Whether the second publication is there and everybody but one knows of it.
fn are_others_told(world: &World, away: Home) -> bool {
    let told = format!(
        "select count(*) from outbox_deliveries where delivered_at is not null and consumer <> '{}'
             and event_id = (select max(id) from outbox)",
        away.name()
    );
    world.number(Home::Catalog, "select count(*) from outbox") == 2 && world.number(Home::Catalog, &told) == 3
}
