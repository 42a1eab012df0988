//! `arrivage inspect`

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::cli::{Context, Exit};
use crate::commands::mapping;
use crate::show;

/// Show what would be understood of a file; needs no database.
///
/// Looks at the beginning of the file (`feed.sample_bytes`) and says so: an import decides conventions over the whole
/// file.
#[derive(Debug, Args)]
pub struct Inspect {
    /// The file: CSV, TSV, a spreadsheet, or one of them packed.
    file: PathBuf,
    /// A mapping to use in place of the automatic one (TOML or JSON).
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
}

impl Inspect {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<Exit> {
        let config = context.config()?;
        let mapping = self.mapping.as_deref().map(mapping::read).transpose()?;
        let file = File::open(&self.file).with_context(|| format!("open {}", self.file.display()))?;
        let table = pipeline::open_table(file, &config.import)?;
        let (sample, complete) = table.sample(config.feed.sample_bytes)?;
        let inspection = feed::inspect(&sample, complete, mapping.as_ref(), &Default::default(), &config.feed)?;
        if context.json {
            show::json(&inspection)?;
        } else {
            print!("{}", inspection.render());
        }
        Ok(Exit::Completed)
    }
}
