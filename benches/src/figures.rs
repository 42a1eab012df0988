//! The figures to reach, round by round.

use serde::Serialize;

use crate::arm::{Arm, Measurement};

/// One figure beside its target.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What is measured.
    pub name: &'static str,
    /// How to print it.
    pub unit: Unit,
    /// The largest value that meets the target; none for a figure that is only told.
    pub target_max: Option<f64>,
    /// Over the rounds.
    pub spread: Spread,
    /// Whether the median meets the target.
    pub met: Option<bool>,
}

/// How a figure is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// `1.23×`
    Ratio,
    /// `12.3 %`
    Percent,
    /// `1.23 s`
    Seconds,
    /// `12.3 MiB`
    Mebibytes,
    /// `12.3 B`
    Bytes,
    /// `123`
    Number,
}

impl Unit {
    /// The value as people read it.
    pub fn print(self, value: f64) -> String {
        match self {
            Unit::Ratio => format!("{value:.3}×"),
            Unit::Percent => format!("{:.2} %", value * 100.0),
            Unit::Seconds => format!("{value:.2} s"),
            Unit::Mebibytes => format!("{:.1} MiB", value / 1_048_576.0),
            Unit::Bytes => format!("{value:.1} B"),
            Unit::Number => format!("{value:.0}"),
        }
    }
}

/// Median, least and greatest of some values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Of an even number of values: the mean of the two in the middle.
    pub median: f64,
    /// Least.
    pub min: f64,
    /// Greatest.
    pub max: f64,
}

impl Spread {
    /// Of one value at least.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 };
        Some(Spread { median, min, max })
    }
}

/// Every figure of these measurements. Ratios are taken within a round, where both sides saw the same machine.
pub fn figures(measurements: &[Measurement], rounds: u32) -> Vec<Figure> {
    let rounds: Vec<Round<'_>> = (1..=rounds).map(|number| Round { measurements, number }).collect();
    let figure = |name, unit, target_max: Option<f64>, value: &dyn Fn(&Round<'_>) -> Option<f64>| {
        let spread = Spread::of(rounds.iter().filter_map(value))?;
        Some(Figure { name, unit, target_max, spread, met: target_max.map(|max| spread.median <= max) })
    };
    const MEBIBYTE: f64 = 1_048_576.0;
    use Arm::{Changed, FirstImport, Inspect, PsqlCopy, SmallImport, Unchanged};
    let all = [
        figure("first import to published / psql \\copy", Unit::Ratio, Some(1.5), &|round| {
            Some(round.of(FirstImport)?.seconds() / round.of(PsqlCopy)?.seconds())
        }),
        figure("first import, whole process / psql \\copy", Unit::Ratio, None, &|round| {
            Some(round.of(FirstImport)?.cost.wall_seconds / round.of(PsqlCopy)?.seconds())
        }),
        figure("unchanged re-import / first import", Unit::Ratio, Some(0.15), &|round| {
            Some(round.of(Unchanged)?.seconds() / round.of(FirstImport)?.seconds())
        }),
        figure("unchanged re-import, WAL / first import", Unit::Percent, Some(0.005), &|round| {
            Some(round.of(Unchanged)?.cost.wal_bytes as f64 / round.of(FirstImport)?.cost.wal_bytes as f64)
        }),
        figure("unchanged re-import, dead tuples of products made", Unit::Number, Some(0.0), &|round| {
            Some(round.of(Unchanged)?.products?.dead_made as f64)
        }),
        figure("unchanged re-import, n_dead_tup of products afterwards", Unit::Number, Some(0.0), &|round| {
            Some(round.of(Unchanged)?.products?.dead_now as f64)
        }),
        figure("1 % changed / first import", Unit::Ratio, Some(0.25), &|round| {
            Some(round.of(Changed)?.seconds() / round.of(FirstImport)?.seconds())
        }),
        figure("1 % changed, HOT updates of products", Unit::Percent, None, &|round| {
            let products = round.of(Changed)?.products.filter(|products| products.updated > 0)?;
            Some(products.updated_hot as f64 / products.updated as f64)
        }),
        figure("peak RSS of the first import", Unit::Mebibytes, Some(384.0 * MEBIBYTE), &|round| {
            Some(round.of(FirstImport)?.rss_bytes_max() as f64)
        }),
        figure("peak RSS above that of a tenth, a product", Unit::Bytes, Some(64.0), &|round| {
            let (large, small) = (round.of(FirstImport)?, round.of(SmallImport)?);
            Some((large.rss_bytes_max() as f64 - small.rss_bytes_max() as f64) / large.rows as f64)
        }),
        figure("peak RSS of the unchanged re-import", Unit::Mebibytes, Some(384.0 * MEBIBYTE), &|round| {
            Some(round.of(Unchanged)?.rss_bytes_max() as f64)
        }),
        figure("inspect", Unit::Seconds, Some(1.0), &|round| Some(round.of(Inspect)?.seconds())),
    ];
    all.into_iter().flatten().collect()
}

/// The measurements of one round.
struct Round<'a> {
    measurements: &'a [Measurement],
    number: u32,
}

impl Round<'_> {
    fn of(&self, arm: Arm) -> Option<&Measurement> {
        self.measurements.iter().find(|measurement| measurement.round == self.number && measurement.arm == arm)
    }
}

#[cfg(test)]
pub mod tests {
    use item::Counts;

    use super::*;
    use crate::arm::{ImportSummary, Phases, TableChange};
    use crate::measure::Cost;

    pub fn measurement(arm: Arm, round: u32, seconds: f64) -> Measurement {
        let wal_bytes = (seconds * 1e6) as u64;
        let cost = Cost {
            wall_seconds: seconds,
            client_cpu_seconds: seconds,
            server_cpu_seconds: None,
            wal_bytes,
            rss_bytes_max: 64 << 20,
        };
        let seconds =
            Phases { publish: seconds / 4.0, to_published: seconds / 2.0, total: seconds, ..Phases::default() };
        let import = ImportSummary { counts: Counts::default(), seconds, peak_rss_bytes: 100 << 20 };
        let products = TableChange { updated: 10, updated_hot: 9, dead_made: 10, dead_now: 4 };
        let imports = !matches!(arm, Arm::PsqlCopy | Arm::Inspect);
        Measurement { arm, round, rows: 1_000, cost, import: imports.then_some(import), products: Some(products) }
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        let check = |values: &[f64], expected| assert_eq!(Spread::of(values.iter().copied()), expected);
        check(&[3.0, 1.0, 2.0], Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
        check(&[4.0, 1.0], Some(Spread { median: 2.5, min: 1.0, max: 4.0 }));
        check(&[], None);
    }

    #[test]
    fn ratios_are_taken_within_a_round_and_held_against_their_targets() {
        let measurements = [
            measurement(Arm::FirstImport, 1, 8.0),
            measurement(Arm::PsqlCopy, 1, 2.0),
            measurement(Arm::FirstImport, 2, 16.0),
            measurement(Arm::PsqlCopy, 2, 8.0),
            measurement(Arm::Unchanged, 1, 0.04),
            measurement(Arm::Inspect, 1, 1.5),
        ];
        let figures = figures(&measurements, 2);
        let check = |name: &str, median, met| {
            let figure = figures.iter().find(|figure| figure.name == name).unwrap();
            assert_eq!((figure.spread.median, figure.met), (median, met), "{name}");
        };
        // 4 s of 2 s and 8 s of 8 s to the published catalogue.
        check("first import to published / psql \\copy", 1.5, Some(true));
        check("first import, whole process / psql \\copy", 3.0, None);
        check("unchanged re-import / first import", 0.005, Some(true));
        check("unchanged re-import, WAL / first import", 0.005, Some(true));
        check("unchanged re-import, dead tuples of products made", 10.0, Some(false));
        check("inspect", 1.5, Some(false));
        assert!(
            figures.iter().all(|figure| !figure.name.starts_with("1 %")),
            "nothing was measured of the changed file"
        );
    }
}
