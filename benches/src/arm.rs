//! The things that are measured, each run the same way in every round.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use item::Counts;
use serde::{Deserialize, Serialize};

use crate::inputs::Inputs;
use crate::measure::{Cost, Meter};
use crate::objects::Objects;
use crate::psql::Psql;
use crate::stack::Scratch;

/// Code of the supplier whose files are imported.
pub const SUPPLIER: &str = "bench";

/// One thing that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// Arrivage, a tenth of the rows into empty databases: for memory, and to warm the services up.
    SmallImport,
    /// Arrivage, all rows into empty databases, from the object in the bucket.
    FirstImport,
    /// `psql \copy` of the same rows, clean, into the same empty products table.
    PsqlCopy,
    /// Arrivage, the same rows again in a file with another hash.
    Unchanged,
    /// Arrivage, the second day's file.
    Changed,
    /// `arrivage inspect` of the first day's file.
    Inspect,
}

impl Arm {
    /// All of them, in the order of the report.
    pub const ALL: [Arm; 6] =
        [Arm::FirstImport, Arm::PsqlCopy, Arm::Unchanged, Arm::Changed, Arm::SmallImport, Arm::Inspect];

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Arm::SmallImport => "first import, a tenth",
            Arm::FirstImport => "first import",
            Arm::PsqlCopy => "psql \\copy",
            Arm::Unchanged => "unchanged re-import",
            Arm::Changed => "1 % changed",
            Arm::Inspect => "inspect",
        }
    }
}

/// One run of one arm.
#[derive(Debug, Clone, Serialize)]
pub struct Measurement {
    /// What was measured.
    pub arm: Arm,
    /// From 1.
    pub round: u32,
    /// Rows of its file.
    pub rows: u64,
    /// What it cost from outside.
    pub cost: Cost,
    /// What the import says of itself; absent for arms that import nothing.
    pub import: Option<ImportSummary>,
    /// What happened to the products table meanwhile; absent for arms without a database.
    pub products: Option<TableChange>,
}

impl Measurement {
    /// The time that counts: for an import from its first byte to the published catalogue, as it says itself (an
    /// import that had nothing to publish: all of it); for other arms the whole child.
    pub fn seconds(&self) -> f64 {
        let published = self.import.as_ref().map(|import| [import.seconds.to_published, import.seconds.total]);
        let stated = published.and_then(|stated| stated.into_iter().find(|seconds| *seconds > 0.0));
        stated.unwrap_or(self.cost.wall_seconds)
    }

    /// The larger of what the import says and what the system says of the child.
    pub fn rss_bytes_max(&self) -> u64 {
        self.cost.rss_bytes_max.max(self.import.as_ref().map_or(0, |import| import.peak_rss_bytes))
    }
}

/// The part of `arrivage import --json` that is read here.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ImportSummary {
    /// How the rows ended.
    pub counts: Counts,
    /// Where the time went.
    #[serde(default)]
    pub seconds: Phases,
    /// Largest resident memory of the importing process, by its own account.
    #[serde(default)]
    pub peak_rss_bytes: u64,
}

/// Seconds of an import by its own account; zero where it does not say.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Phases {
    /// From the bucket to the spool file.
    pub fetch: f64,
    /// Deciding conventions, while the catalogue is read.
    pub survey: f64,
    /// Reading, normalising, comparing, staging.
    pub stage: f64,
    /// The publish transaction.
    pub publish: f64,
    /// The other databases.
    pub fan_out: f64,
    /// From the first byte to the published catalogue.
    pub to_published: f64,
    /// Everything.
    pub total: f64,
}

impl Phases {
    /// The phases by name, in order.
    pub fn named(&self) -> [(&'static str, f64); 5] {
        [
            ("fetch", self.fetch),
            ("survey", self.survey),
            ("stage", self.stage),
            ("publish", self.publish),
            ("fan out", self.fan_out),
        ]
    }
}

/// Counters of the products table (pg_stat_user_tables), as far as they moved.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct TableChange {
    /// Rows updated.
    pub updated: u64,
    /// Of these, without touching an index.
    pub updated_hot: u64,
    /// Row versions left behind: updates and deletions, whether vacuumed since or not.
    pub dead_made: u64,
    /// Dead tuples that stand in the table afterwards, by the server's estimate.
    pub dead_now: u64,
}

/// Everything a round needs.
pub struct Bench {
    /// The `arrivage` program.
    pub arrivage: PathBuf,
    /// The inbox.
    pub objects: Objects,
    /// The files.
    pub inputs: Inputs,
    /// The stop-watch.
    pub meter: Meter,
}

impl Bench {
    /// Imports a file from the inbox into these databases.
    pub fn import(&self, arm: Arm, round: u32, databases: &Scratch, file: &Path) -> Result<Measurement> {
        let key = self.objects.put(SUPPLIER, file)?;
        let mut command = self.arrivage(databases);
        command.args(["--json", "import", "--bucket-key", &key]);
        let (output, cost, products) = self.measured(databases, command)?;
        self.objects.clear()?;
        let import: ImportSummary = serde_json::from_str(&output).context("read the summary of `arrivage import`")?;
        self.check_counts(arm, import.counts)?;
        Ok(Measurement { arm, round, rows: import.counts.read, cost, import: Some(import), products: Some(products) })
    }

    /// Copies the clean rows into the products table of these databases.
    pub fn copy(&self, round: u32, databases: &Scratch) -> Result<Measurement> {
        let command =
            databases.database("catalog").command(&format!("\\copy products from '{}'", self.inputs.clean().display()));
        let (_, cost, products) = self.measured(databases, command)?;
        self.inputs.load_names(&databases.database("catalog"))?;
        let rows = self.inputs.facts.first.rows;
        Ok(Measurement { arm: Arm::PsqlCopy, round, rows, cost, import: None, products: Some(products) })
    }

    /// Looks at the first day's file.
    pub fn inspect(&self, round: u32) -> Result<Measurement> {
        let mut command = Command::new(&self.arrivage);
        command.arg("--json").arg("inspect").arg(self.inputs.first());
        let (_, cost) = self.meter.run(command)?;
        let rows = self.inputs.facts.first.rows;
        Ok(Measurement { arm: Arm::Inspect, round, rows, cost, import: None, products: None })
    }

    /// An `arrivage` that works on these databases.
    pub fn arrivage(&self, databases: &Scratch) -> Command {
        let mut command = Command::new(&self.arrivage);
        command.envs(databases.environment());
        command
    }

    /// Lets the databases rest as they would by the next day: tables vacuumed and analysed.
    pub fn next_day(&self, databases: &Scratch) -> Result<()> {
        databases.all().try_for_each(|database| database.query("vacuum (analyze)").map(drop))
    }

    /// Every arm starts with all dirty pages written, the server's and the system's.
    fn measured(&self, databases: &Scratch, command: Command) -> Result<(String, Cost, TableChange)> {
        let catalog = databases.database("catalog");
        catalog.query("checkpoint")?;
        // SAFETY: sync(2) takes nothing and cannot fail.
        unsafe { libc::sync() };
        let before = TableCounters::of(&catalog)?;
        let (output, cost) = self.meter.run(command)?;
        let after = TableCounters::of(&catalog)?;
        Ok((output, cost, after.since(before)))
    }

    /// An import that did something else than it was given to do has no time.
    fn check_counts(&self, arm: Arm, counts: Counts) -> Result<()> {
        let facts = &self.inputs.facts;
        let (rows, changed) = (facts.first.rows, facts.second_day.changed);
        let expected = match arm {
            Arm::SmallImport => Counts { read: facts.small.rows, created: facts.small.rows, ..Counts::default() },
            Arm::Unchanged => Counts { read: rows, unchanged: rows, ..Counts::default() },
            Arm::Changed => Counts { read: rows, unchanged: rows - changed, updated: changed, ..Counts::default() },
            _ => Counts { read: rows, created: rows, ..Counts::default() },
        };
        ensure!(counts == expected, "{}: expected {expected:?}, the import counts {counts:?}", arm.name());
        Ok(())
    }
}

/// Counters of the products table since the database was made.
#[derive(Debug, Clone, Copy)]
struct TableCounters {
    updated: u64,
    updated_hot: u64,
    deleted: u64,
    dead_now: u64,
}

impl TableCounters {
    fn of(catalog: &Psql) -> Result<TableCounters> {
        let answer = catalog.query(
            "select n_tup_upd, n_tup_hot_upd, n_tup_del, n_dead_tup from pg_stat_user_tables where relname = 'products'",
        )?;
        let numbers: Vec<u64> = answer.split('|').filter_map(|number| number.parse().ok()).collect();
        let [updated, updated_hot, deleted, dead_now] = numbers[..] else {
            anyhow::bail!("read the counters of products: the server answers `{answer}`");
        };
        Ok(TableCounters { updated, updated_hot, deleted, dead_now })
    }

    fn since(self, before: TableCounters) -> TableChange {
        let updated = self.updated - before.updated;
        TableChange {
            updated,
            updated_hot: self.updated_hot - before.updated_hot,
            dead_made: updated + self.deleted - before.deleted,
            dead_now: self.dead_now,
        }
    }
}
