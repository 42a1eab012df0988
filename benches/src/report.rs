//! What a run found, for people and machines.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use chrono::Local;
use serde::Serialize;

use crate::arm::{Arm, Measurement};
use crate::figures::{Figure, Spread, Unit, figures};
use crate::inputs::Facts;
use crate::machine::Machine;

/// Everything that was found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Day of the run, local.
    date: String,
    machine: Machine,
    rows: u64,
    rounds: u32,
    inputs: Facts,
    figures: Vec<Figure>,
    measurements: Vec<Measurement>,
}

impl Report {
    /// Draws the figures from the measurements.
    pub fn new(machine: Machine, inputs: Facts, rows: u64, rounds: u32, measurements: Vec<Measurement>) -> Report {
        let date = Local::now().format("%Y-%m-%d").to_string();
        Report { date, machine, rows, rounds, inputs, figures: figures(&measurements, rounds), measurements }
    }

    /// Writes `<date>-<rows>.json` and `.md` into a folder; the path of the latter. A later run of the same day and
    /// size takes their place.
    pub fn write(&self, folder: &Path) -> Result<PathBuf> {
        fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
        let path = folder.join(format!("{}-{}", self.date, self.rows));
        let save = |extension: &str, text: &str| {
            let path = path.with_extension(extension);
            fs::write(&path, text).with_context(|| format!("write {}", path.display())).map(|()| path)
        };
        save("json", &(serde_json::to_string_pretty(self)? + "\n"))?;
        save("md", &self.markdown())
    }

    /// The report as a page.
    pub fn markdown(&self) -> String {
        [self.heading(), self.figure_table(), self.arm_table(), self.phase_table(), self.method()].join("\n")
    }

    fn heading(&self) -> String {
        let Machine { cpu, cores, memory_bytes, kernel, postgresql, settings, revision } = &self.machine;
        let settings: Vec<String> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!(
            "# {} products, {}\n\n\
             File: {:.0} MB, {} rows × 30 columns, clean. Rounds: {}.\n\
             Machine: {cpu}, {cores} cores, {:.1} GiB, Linux {kernel}. Revision: {revision}.\n\
             PostgreSQL {postgresql}: {}.\n",
            grouped(self.rows),
            self.date,
            self.inputs.first.bytes as f64 / 1e6,
            grouped(self.rows),
            self.rounds,
            *memory_bytes as f64 / (1_u64 << 30) as f64,
            settings.join(", "),
        )
    }

    fn figure_table(&self) -> String {
        let rows = self.figures.iter().map(|figure| {
            let Figure { name, unit, target_max, spread, met } = figure;
            vec![
                (*name).to_owned(),
                target_max.map_or_else(String::new, |max| format!("≤ {}", unit.print(max))),
                unit.print(spread.median),
                format!("{} – {}", unit.print(spread.min), unit.print(spread.max)),
                met.map_or("", |met| if met { "met" } else { "**missed**" }).to_owned(),
            ]
        });
        table("Figures", &["figure", "target", "median", "min – max", ""], rows)
    }

    fn arm_table(&self) -> String {
        let rows = Arm::ALL.into_iter().filter_map(|arm| {
            let seconds = self.spread(arm, |run| Some(run.seconds()))?;
            let rate = self.spread(arm, |run| Some(run.rows as f64 / run.seconds()))?;
            let told = |unit: Unit, spread: Option<Spread>| {
                spread.map_or("–".to_owned(), |spread| unit.print(spread.median))
            };
            Some(vec![
                arm.name().to_owned(),
                Unit::Seconds.print(seconds.median),
                format!("{:.2} – {:.2}", seconds.min, seconds.max),
                told(Unit::Seconds, self.spread(arm, |run| Some(run.cost.wall_seconds))),
                if arm == Arm::Inspect { "–".to_owned() } else { grouped(rate.median as u64) },
                told(Unit::Seconds, self.spread(arm, |run| Some(run.cost.client_cpu_seconds))),
                told(Unit::Seconds, self.spread(arm, |run| run.cost.server_cpu_seconds)),
                told(Unit::Mebibytes, self.spread(arm, |run| Some(run.cost.wal_bytes as f64))),
                told(Unit::Mebibytes, self.spread(arm, |run| Some(run.rss_bytes_max() as f64))),
            ])
        });
        let head = ["arm", "time", "min – max", "process", "rows/s", "client CPU", "server CPU", "WAL", "peak RSS"];
        table("Arms (medians)", &head, rows)
    }

    fn phase_table(&self) -> String {
        let arms = [Arm::FirstImport, Arm::Unchanged, Arm::Changed];
        let rows = arms.into_iter().filter_map(|arm| {
            let first = self.runs(arm).find_map(|run| run.import.as_ref())?;
            let phases = 0..first.seconds.named().len();
            let medians =
                phases.filter_map(|phase| self.spread(arm, |run| Some(run.import.as_ref()?.seconds.named()[phase].1)));
            Some(
                [arm.name().to_owned()]
                    .into_iter()
                    .chain(medians.map(|spread| Unit::Seconds.print(spread.median)))
                    .collect(),
            )
        });
        table(
            "Where the time of an import goes (medians, by its own account)",
            &["arm", "fetch", "survey", "stage", "publish", "fan out"],
            rows,
        )
    }

    fn method(&self) -> String {
        "## Method\n\n\
         `time` of an import runs from its first byte out of the bucket to the published catalogue, as it states itself; \
         of the others it is the whole child process. `process` is always the whole child. Ratios are taken within a \
         round, then the median. Every round works on fresh databases; first import and `\\copy` take turns in going \
         first; both load the same products table with all its indexes, logged, with the server's settings as they are. \
         Their contents are compared (number of products and a sum over all hashed columns, brands and categories by \
         name) before a round counts, and the counts of each import must be those of its file. Before each arm: \
         checkpoint and sync; before re-imports also vacuum and analyse. Server, store and client share the machine. \
         Client CPU and peak RSS come from wait4; server CPU is that of all PostgreSQL processes; WAL is that of the \
         server, all databases on it included, from start to end of the child, so an import's fan-out counts.\n"
            .to_owned()
    }

    fn runs(&self, arm: Arm) -> impl Iterator<Item = &Measurement> {
        self.measurements.iter().filter(move |measurement| measurement.arm == arm)
    }

    fn spread(&self, arm: Arm, value: impl Fn(&Measurement) -> Option<f64>) -> Option<Spread> {
        Spread::of(self.runs(arm).filter_map(value))
    }
}

/// A table with a heading; pipes in cells cannot occur.
fn table(title: &str, head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = format!("## {title}\n\n| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        writeln!(text, "| {} |", row.join(" | ")).expect("writing to a String cannot fail");
    }
    text
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::tests::measurement;

    #[test]
    fn digits_are_grouped_in_threes() {
        let check = |number, expected: &str| assert_eq!(grouped(number), expected);
        check(7, "7");
        check(1_000, "1,000");
        check(1_234_567, "1,234,567");
    }

    #[test]
    fn a_page_shows_figures_with_their_targets_arms_and_phases() {
        let machine = Machine {
            cpu: "a processor".to_owned(),
            cores: 2,
            memory_bytes: 8 << 30,
            kernel: "6.1".to_owned(),
            postgresql: "15.0".to_owned(),
            settings: vec![("fsync".to_owned(), "on".to_owned())],
            revision: "abc".to_owned(),
        };
        let facts = Facts { first: Default::default(), second_day: Default::default(), small: Default::default() };
        let measurements = vec![measurement(Arm::FirstImport, 1, 8.0), measurement(Arm::PsqlCopy, 1, 2.0)];
        let page = Report::new(machine, facts, 1_000, 1, measurements).markdown();
        for line in [
            "PostgreSQL 15.0: fsync=on.",
            "| first import to published / psql \\copy | ≤ 1.500× | 2.000× | 2.000× – 2.000× | **missed** |",
            "| first import | 4.00 s | 4.00 – 4.00 | 8.00 s | 250 | 8.00 s | – | 7.6 MiB | 100.0 MiB |",
            "| first import | 0.00 s | 0.00 s | 0.00 s | 2.00 s | 0.00 s |",
        ] {
            assert!(page.lines().any(|written| written == line), "no line `{line}` in\n{page}");
        }
    }
}
