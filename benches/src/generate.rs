//! `arrivage-bench generate`

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use arrivage_benches::Catalogue;
use clap::Args;

/// Write a made-up supplier catalogue as CSV, and on standard error what it holds.
#[derive(Debug, Args)]
pub struct Generate {
    /// Rows below the header.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(..=Catalogue::ROWS_MAX))]
    rows: u64,
    /// The same seed gives the same file.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Fraction of the rows to spoil, at most 0.5.
    #[arg(long, default_value_t = 0.0)]
    dirty: f64,
    /// The second day's file: this fraction of the rows has another price and stock.
    #[arg(long, value_name = "FRACTION")]
    second_day: Option<f64>,
    /// End with a blank line: the same rows in another file.
    #[arg(long)]
    blank_line: bool,
    /// Where to write [default: standard output].
    #[arg(long, short)]
    out: Option<PathBuf>,
}

impl Generate {
    /// Runs the command.
    pub fn run(&self) -> Result<()> {
        let mut catalogue = Catalogue::new(self.rows, self.seed).dirty(self.dirty);
        if let Some(fraction) = self.second_day {
            catalogue = catalogue.second_day(fraction);
        }
        if self.blank_line {
            catalogue = catalogue.blank_line_at_end();
        }
        let out: Box<dyn Write> = match &self.out {
            Some(path) => Box::new(File::create(path).with_context(|| format!("create {}", path.display()))?),
            None => Box::new(io::stdout().lock()),
        };
        let summary = catalogue.write_csv(BufWriter::with_capacity(1 << 20, out)).context("write the catalogue")?;
        eprintln!("{}", serde_json::to_string_pretty(&summary)?);
        Ok(())
    }
}
