//! Workers that come back after they were given up.

use std::fs;
use std::time::{Duration, Instant};

use arrivage_tests::{Dump, Home, World};

use super::{Crew, Days, chance, expect_oracle, sized, world};

const DAYS: Days = Days { products: 1_000 };

const END_MAX: Duration = Duration::from_secs(90);

/// Three leases of the settings.
const THREE_LEASES: Duration = Duration::from_secs(9);

/// Where the worker is stopped; it goes on from right there. Each writes something next, or has just done so.
const POINTS: &[&str] = &[
    "publish.closed",
    "staging.sent",
    "publish.opened",
    "stage.advanced",
    "import.published",
    "work.prepared",
    "import.begun",
    "fetch.spooled",
    "import.recorded",
    "import.attached",
    "archive.copied",
    "archive.noted",
    "stage.cleared",
    "staging.created",
    "staging.copied",
    "stage.rejects_kept",
    "publish.passed",
    "publish.created",
    "publish.announced",
    "publish.committed",
];

#[test]
fn a_worker_stopped_for_three_leases_writes_nothing_once_another_has_its_import() {
    chance();
    let points = &POINTS[..sized(2, POINTS.len())];
    // Mostly they wait: two at once.
    for some in points.chunks(2) {
        std::thread::scope(|scope| {
            some.iter().for_each(|point| drop(scope.spawn(|| come_back_at(point))));
        });
    }
}

fn come_back_at(point: &str) {
    let (calm, storm) = (world(), world());
    for (world, days) in [(&calm, 2), (&storm, 1)] {
        let mut crew = Crew::of(world, 1);
        for day in 0..days {
            world.drop_file("acme", &Days::name(day), &DAYS.file(day));
            crew.finish(day as u64 + 1, END_MAX);
        }
    }

    let trace = storm.folder().join("trace");
    let mut crew = Crew::of(&storm, 0);
    crew.hire(&[("FAILPOINTS", &format!("{point}=1*sleep(2000)")), ("ARRIVAGE_FAULT_TRACE", trace.to_str().unwrap())]);
    storm.drop_file("acme", &Days::name(1), &DAYS.file(1));
    wait_until(|| fs::read_to_string(&trace).is_ok_and(|trace| trace.lines().any(|passed| passed == point)));
    crew.member(0).signal("STOP");
    let stopped = Instant::now();
    let zombie = epoch(&storm);
    crew.hire(&[]);
    crew.finish(2, END_MAX);
    let finished = epoch(&storm);
    assert!(finished > zombie, "another attempt finished it: {finished} after {zombie}");
    let done = Dump::of(&storm);
    std::thread::sleep(THREE_LEASES.saturating_sub(stopped.elapsed()));

    crew.member(0).signal("CONT");
    std::thread::sleep(Duration::from_secs(3));
    expect_oracle(&done, &storm);
    expect_oracle(&Dump::of(&calm), &storm);
    assert_eq!(epoch(&storm), finished);
    // It is no worse a worker than before: the next day is anybody's.
    for world in [&calm, &storm] {
        world.drop_file("acme", &Days::name(2), &DAYS.file(2));
    }
    Crew::of(&calm, 1).finish(3, END_MAX);
    crew.finish(3, END_MAX);
    expect_oracle(&Dump::of(&calm), &storm);
    let said = crew.dismiss();
    assert!(said.contains("fenced"), "{point}: the attempt ends with an error that says so: {said}");
    eprintln!("stopped at {point} for {THREE_LEASES:?}: fenced off, and not a row of it");
}

/// The epoch of the newest import.
fn epoch(world: &World) -> u64 {
    world.number(Home::Imports, "select epoch from import_jobs order by arrived_at desc limit 1")
}

fn wait_until(holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < END_MAX, "it never comes about");
        std::thread::sleep(Duration::from_millis(10));
    }
}
