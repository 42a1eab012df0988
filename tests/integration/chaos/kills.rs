//! kill -9 of workers.

use std::time::{Duration, Instant};

use arrivage_tests::{Dump, Home, World};
use rand::Rng;

use super::crew::{self, holder};
use super::{Crew, Days, chance, expect_oracle, sized, world};

const DAYS: Days = Days { products: 2_000 };

/// "Running again within 60 seconds", of leases of 30 seconds; these are of 3.
const RESCUE_MAX: Duration = Duration::from_secs(60);
/// Everything else, on a busy machine.
const END_MAX: Duration = Duration::from_secs(90);

/// Workers there are before a day's kills: one more than kills.
const WORKERS: usize = 3;

#[test]
fn killed_at_random_instants_twice_in_each_import_workers_leave_what_one_left_in_peace_does() {
    let mut random = chance();
    let (calm, storm) = (world(), world());
    let mut kept = Crew::of(&calm, 1);
    let mut killed = Crew::of(&storm, WORKERS);
    let mut rescues = Vec::new();
    let (mut kills, mut in_import, mut whole) = (0, 0, Duration::from_millis(500));
    let wanted = sized(20, 200);
    for day in 0.. {
        let (name, file, imports) = (Days::name(day), DAYS.file(day), day as u64 + 1);
        calm.drop_file("acme", &name, &file);
        storm.drop_file("acme", &name, &file);
        crew::wait_until_begun(&storm, imports);
        for _ in 0..2 {
            std::thread::sleep(whole.mul_f64(random.random()));
            let held = holder(&storm);
            let at = storm.rows(Home::Imports, "select clock_timestamp()")[0].clone();
            if !held.is_some_and(|(pid, _)| killed.kill_process(pid)) {
                // Nobody has it: a fan-out may be under way, by whoever carries it.
                killed.kill(random.random_range(0..killed.len()));
            }
            kills += 1;
            if let Some((_, attempt)) = held {
                in_import += 1;
                rescues.push(rescue(&storm, attempt, &at));
            }
        }
        killed.finish(imports, END_MAX);
        kept.finish(imports, END_MAX);
        whole = crew::newest_took(&calm);
        expect_oracle(&Dump::of(&calm), &storm);
        while killed.len() < WORKERS {
            killed.hire(&[]);
        }
        if kills >= wanted {
            break;
        }
    }
    eprintln!("an import in peace takes {whole:.2?}");
    let mut seconds: Vec<f64> = rescues.iter().flatten().map(Duration::as_secs_f64).collect();
    seconds.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| seconds[((seconds.len() - 1) as f64 * share).round() as usize];
    eprintln!(
        "{kills} kills, {in_import} of them of a worker with an import; from the kill to the next attempt: \
         p50 {:.2} s, p99 {:.2} s, longest {:.2} s",
        at(0.5),
        at(0.99),
        at(1.0)
    );
    assert!(in_import * 6 > kills, "too few kills hit an import: {in_import} of {kills}");
}

/// How long it took from a kill until another attempt began; `None` when the import had ended just then.
fn rescue(world: &World, attempt: u32, killed_at: &str) -> Option<Duration> {
    let begun = Instant::now();
    loop {
        let newest = "select finished_at is not null, attempt, coalesce(extract(epoch from attempt_started_at";
        let sql = format!(
            "{newest} - '{killed_at}'::timestamptz), 0) from import_jobs order by arrived_at desc, id desc limit 1"
        );
        let row = world.rows(Home::Imports, &sql)[0].clone();
        let [is_finished, now, seconds] = row.split('|').collect::<Vec<_>>()[..] else { panic!("{row}") };
        if now.parse::<u32>().unwrap() > attempt {
            return Some(Duration::from_secs_f64(seconds.parse::<f64>().unwrap().max(0.0)));
        }
        if is_finished == "t" {
            return None;
        }
        assert!(begun.elapsed() < RESCUE_MAX, "not running again:\n{}", crew::standing(world));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_lost_import_too_large_for_the_express_lane_is_taken_over_as_soon_as_any_other() {
    let storm = world();
    // Every file is large then.
    let mut crew = Crew::with_environment(&storm, 2, &[("ARRIVAGE__WORK__EXPRESS_BYTES_MAX", "1")]);
    let mut rescues = Vec::new();
    for day in 0..sized(2, 20) {
        let imports = day as u64 + 1;
        storm.drop_file("acme", &Days::name(day), &DAYS.file(day));
        crew::wait_until_begun(&storm, imports);
        if let Some((pid, attempt)) = holder(&storm) {
            let at = storm.rows(Home::Imports, "select clock_timestamp()")[0].clone();
            assert!(crew.kill_process(pid));
            rescues.extend(rescue(&storm, attempt, &at));
            crew.hire(&[]);
        }
        crew.finish(imports, END_MAX);
    }
    eprintln!("from the kill to the next attempt: {rescues:.2?}");
    let longest = rescues.iter().max().expect("a kill hit an import");
    // A lease of three seconds, a look every second, and a busy machine.
    assert!(*longest < Duration::from_secs(20), "{rescues:?}");
}

#[test]
fn killed_between_the_publication_and_each_fan_out_a_worker_leaves_what_another_finishes() {
    let (calm, storm) = (world(), world());
    let mut kept = Crew::of(&calm, 1);
    let points = [
        "publish.committed",
        "relay.analytics",
        "relay.summed",
        "import.published",
        "import.unstaged",
        "import.completed",
        "relay.claimed",
        "relay.media",
        "relay.code2asin",
        "relay.imports",
        "relay.delivered",
    ];
    for (day, point) in points[..sized(3, points.len())].iter().enumerate() {
        let (name, file) = (Days::name(day), DAYS.file(day));
        calm.drop_file("acme", &name, &file);
        storm.drop_file("acme", &name, &file);
        let trace = storm.folder().join(format!("trace-{day}"));
        let mut crew = Crew::of(&storm, 0);
        crew.hire(&[
            ("FAILPOINTS", &format!("{point}=sleep(60000)")),
            ("ARRIVAGE_FAULT_TRACE", trace.to_str().unwrap()),
        ]);
        let begun = Instant::now();
        while !std::fs::read_to_string(&trace).unwrap_or_default().lines().any(|passed| passed == *point) {
            assert!(begun.elapsed() < END_MAX, "{point} is never reached");
            std::thread::sleep(Duration::from_millis(10));
        }
        crew.kill(0);
        crew.hire(&[]);
        crew.finish(day as u64 + 1, END_MAX);
        kept.finish(day as u64 + 1, END_MAX);
        expect_oracle(&Dump::of(&calm), &storm);
        eprintln!("killed at {point}: as if nothing had happened, {:.1?} after the drop", begun.elapsed());
    }
}
