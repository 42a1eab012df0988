//! The failpoint matrix: every named step of an import, and everything that can happen at one.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use arrivage_tests::{Dump, World};
use rand::seq::SliceRandom;

use super::{Crew, Days, chance, expect_oracle, sized, world};

const DAYS: Days = Days { products: 400 };

const END_MAX: Duration = Duration::from_secs(90);

/// What happens at a point the first time that a worker passes it.
const ACTIONS: [(&str, &str); 4] =
    [("error", "1*return(error)"), ("panic", "1*panic"), ("delay", "1*sleep(700)"), ("abort", "1*return(abort)")];

/// Cells worked on at once, each in worlds of its own.
const LANES: usize = 2;

type Cell = (&'static str, usize);

#[test]
fn whatever_happens_at_any_step_an_import_ends_as_if_nothing_had() {
    let mut random = chance();
    let mut cells: Vec<Cell> =
        fault::POINTS.iter().flat_map(|point| (0..ACTIONS.len()).map(move |action| (*point, action))).collect();
    assert!(fault::POINTS.len() >= 40);
    cells.shuffle(&mut random);
    cells.truncate(sized(8, cells.len()));
    // One cell alone: ARRIVAGE_CHAOS_CELL=publish.begun:panic
    if let Ok(wanted) = std::env::var("ARRIVAGE_CHAOS_CELL") {
        cells = fault::POINTS.iter().flat_map(|point| (0..ACTIONS.len()).map(move |action| (*point, action))).collect();
        cells.retain(|(point, action)| format!("{point}:{}", ACTIONS[*action].0).starts_with(&wanted));
    }
    let ended: Mutex<BTreeMap<Cell, Result<f64, String>>> = Mutex::default();
    let waiting = Mutex::new(cells);
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| work_off(&waiting, &ended));
        }
    });
    let ended = ended.into_inner().unwrap();
    eprintln!("{}", table(&ended));
    let failed: Vec<_> = ended.iter().filter_map(|(cell, outcome)| Some((cell, outcome.as_ref().err()?))).collect();
    assert!(failed.is_empty(), "{} of {} cells fail: {failed:#?}", failed.len(), ended.len());
}

fn work_off(waiting: &Mutex<Vec<Cell>>, ended: &Mutex<BTreeMap<Cell, Result<f64, String>>>) {
    let mut lane = Lane::new();
    loop {
        let Some(cell) = waiting.lock().unwrap().pop() else { break };
        let begun = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| lane.pass(cell.0, ACTIONS[cell.1].1)));
        let outcome = outcome.map(|()| begun.elapsed().as_secs_f64()).map_err(|panic| {
            // What went wrong here is nobody else's.
            lane = Lane::new();
            panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "it panicked".to_owned())
        });
        ended.lock().unwrap().insert(cell, outcome);
    }
}

/// Two worlds that live through the same days, one of them in peace.
struct Lane {
    calm: World,
    storm: World,
    day: usize,
}

impl Lane {
    /// Two worlds after the first day.
    fn new() -> Self {
        let mut lane = Lane { calm: world(), storm: world(), day: 0 };
        lane.live(&[]);
        lane
    }

    /// Lives through the next day, with a worker that meets this action at this point.
    fn pass(&mut self, point: &str, action: &str) {
        let trace = self.storm.folder().join("trace");
        // There is none after a day in peace.
        let _ = fs::remove_file(&trace);
        self.live(&[("FAILPOINTS", &format!("{point}={action}")), ("ARRIVAGE_FAULT_TRACE", trace.to_str().unwrap())]);
        let passed = fs::read_to_string(&trace).unwrap_or_default();
        assert!(passed.lines().any(|passed| passed == point), "{point} was not reached");
    }

    fn live(&mut self, environment: &[(&str, &str)]) {
        let (name, file) = (Days::name(self.day), DAYS.file(self.day));
        self.day += 1;
        self.calm.drop_file("acme", &name, &file);
        self.storm.drop_file("acme", &name, &file);
        let (mut kept, mut storm) = (Crew::of(&self.calm, 1), Crew::of(&self.storm, 0));
        storm.hire(environment);
        storm.finish(self.day as u64, END_MAX);
        kept.finish(self.day as u64, END_MAX);
        expect_oracle(&Dump::of(&self.calm), &self.storm);
    }
}

/// The matrix, for people: seconds from the drop to the end.
fn table(ended: &BTreeMap<Cell, Result<f64, String>>) -> String {
    let mut lines = format!("{:24}{}\n", "", ACTIONS.map(|(name, _)| format!("{name:>9}")).concat());
    for point in fault::POINTS {
        let cells = (0..ACTIONS.len()).map(|action| match ended.get(&(*point, action)) {
            Some(Ok(seconds)) => format!("{:>9}", format!("ok {seconds:.1}")),
            Some(Err(_)) => format!("{:>9}", "FAILED"),
            None => format!("{:>9}", "-"),
        });
        lines.push_str(&format!("{point:24}{}\n", cells.collect::<String>()));
    }
    let passed = ended.values().filter(|outcome| outcome.is_ok()).count();
    format!("{lines}{passed} of {} cells: as if nothing had happened", ended.len())
}
