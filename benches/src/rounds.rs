//! `arrivage-bench run`: rounds of all arms, interleaved.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::arm::{Arm, Bench, Measurement, SUPPLIER};
use crate::contents;
use crate::inputs::{self, Inputs};
use crate::machine::Machine;
use crate::measure::Meter;
use crate::objects::Objects;
use crate::report::Report;
use crate::stack::{Scratch, Stack};

/// Measure first import, re-imports, memory and inspection beside `psql \copy`, and write a report.
///
/// Works in databases and buckets of its own on the services that `arrivage dev up` has started, with the server's
/// settings as they are.
#[derive(Debug, Args)]
pub struct Run {
    /// Rows of the catalogue [default: 1,000,000; with --quick 100,000].
    #[arg(long, value_parser = clap::value_parser!(u64).range(1_000..))]
    rows: Option<u64>,
    /// Rounds of all arms [default: 5; with --quick 1].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// A short look instead of a measurement.
    #[arg(long)]
    quick: bool,
    /// Seed of the catalogue.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The release build of `arrivage` [default: the one beside this program].
    #[arg(long, value_name = "PROGRAM")]
    arrivage: Option<PathBuf>,
    /// Folder for the reports.
    #[arg(long, value_name = "FOLDER", default_value = "benches/results")]
    results: PathBuf,
}

impl Run {
    /// Runs the command.
    pub fn run(&self) -> Result<()> {
        let rows = self.rows.unwrap_or(if self.quick { 100_000 } else { 1_000_000 });
        let rounds = self.rounds.unwrap_or(if self.quick { 1 } else { 5 });
        let here = std::env::current_exe().context("find this program")?;
        let beside = here.parent().unwrap_or(Path::new("."));
        let arrivage = self.arrivage.clone().unwrap_or_else(|| beside.join("arrivage"));
        ensure!(
            arrivage.is_file(),
            "{} does not exist: build it with `cargo build --release -p arrivage`",
            arrivage.display()
        );

        let stack = Stack::find()?;
        stack.sweep()?;
        let server = stack.database("catalog");
        let machine = Machine::describe(&server)?;
        say(&format!("writing catalogues of {rows} rows"));
        let bench = Bench {
            arrivage,
            objects: Objects::connect(&stack.storage)?,
            inputs: Inputs::write(inputs::folder(beside)?, rows, self.seed)?,
            meter: Meter::new(server)?,
        };
        bench.objects.clear()?;
        let template = template(&stack, &bench)?;

        let mut measurements = Vec::new();
        for round in 1..=rounds {
            say(&format!("round {round} of {rounds}"));
            measure_round(&stack, &bench, &template, round, &mut measurements)?;
        }
        let report = Report::new(machine, bench.inputs.facts.clone(), rows, rounds, measurements);
        print!("{}", report.markdown());
        let written = report.write(&self.results)?;
        say(&format!("written to {}", written.display()));
        Ok(())
    }
}

/// Migrated databases that know the supplier: every arm starts from a copy of them.
fn template(stack: &Stack, bench: &Bench) -> Result<Scratch> {
    let template = stack.scratch("template")?;
    for arguments in [&["migrate"][..], &["supplier", "add", SUPPLIER, "--currency", "EUR", "--country", "FR"]] {
        let output = bench.arrivage(&template).args(arguments).output().context("run arrivage")?;
        ensure!(
            output.status.success(),
            "arrivage {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let catalog = template.database("catalog");
    let supplier_id = catalog.number(&format!("select id from suppliers where code = '{SUPPLIER}'"))?;
    bench.inputs.write_clean(&catalog, supplier_id)?;
    Ok(template)
}

/// All arms once. The two that are compared most take turns in going first, so that a machine that gets slower or
/// faster favours neither.
fn measure_round(
    stack: &Stack,
    bench: &Bench,
    template: &Scratch,
    round: u32,
    measurements: &mut Vec<Measurement>,
) -> Result<()> {
    let mut keep = |measurement: Measurement| {
        say(&format!("  {}: {:.2} s", measurement.arm.name(), measurement.seconds()));
        measurements.push(measurement);
    };
    let files = &bench.inputs;
    {
        let small = stack.copy_of(template, "small")?;
        keep(bench.import(Arm::SmallImport, round, &small, &files.small())?);
    }
    let ours = stack.copy_of(template, "ours")?;
    {
        let peer = stack.copy_of(template, "peer")?;
        if round % 2 == 1 {
            keep(bench.import(Arm::FirstImport, round, &ours, &files.first())?);
            keep(bench.copy(round, &peer)?);
        } else {
            keep(bench.copy(round, &peer)?);
            keep(bench.import(Arm::FirstImport, round, &ours, &files.first())?);
        }
        contents::ensure_equal(&ours.database("catalog"), &peer.database("catalog"))?;
    }
    bench.next_day(&ours)?;
    keep(bench.import(Arm::Unchanged, round, &ours, &files.resent())?);
    bench.next_day(&ours)?;
    keep(bench.import(Arm::Changed, round, &ours, &files.second_day())?);
    keep(bench.inspect(round)?);
    Ok(())
}

/// Tells a waiting person what is going on.
fn say(news: &str) {
    eprintln!("{news}");
}
