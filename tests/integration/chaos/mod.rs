//! What may happen to workers, servers and the network between them while imports run, and that it changes nothing: an
//! import ends as one that nothing disturbed.
//!
//! Each experiment has a short form, which `make test` runs, and a full one: `make chaos`, or ARRIVAGE_CHAOS=1. What is
//! left to chance follows from a seed that is printed; ARRIVAGE_TEST_SEED repeats it.

mod absence;
mod crew;
mod crowd;
mod days;
mod exhaustion;
mod kills;
mod network;
mod oracle;
mod points;
mod servers;
mod zombie;

use arrivage_tests::World;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crew::Crew;
use days::Days;
use oracle::expect_oracle;

/// Short leases and pauses: what is shown does not depend on their length, the time that it takes does. With them goes
/// the number of attempts, which together with the pauses decides how long a trouble may last.
const SETTINGS: &str = "
    lease_seconds = 3
    [import.retry]
    attempts_max = 100
    pause_seconds = 0.2
    exhausted_pause_seconds = 0.5
    pause_seconds_max = 2.0
    [work]
    jobs = 1
    poll_seconds = 0.5
    [watch]
    list_seconds = 1
";

/// The one or the other, by the form of the experiment.
fn sized<T>(short: T, full: T) -> T {
    let is_full = std::env::var("ARRIVAGE_CHAOS").is_ok_and(|form| !matches!(form.as_str(), "" | "0"));
    if is_full { full } else { short }
}

/// Chance that can be repeated.
fn chance() -> StdRng {
    let given = std::env::var("ARRIVAGE_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(rand::random::<u64>);
    eprintln!("ARRIVAGE_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// A world with one supplier, `acme`.
fn world() -> World {
    let world = World::with_settings(SETTINGS);
    world.supplier("acme");
    world
}
