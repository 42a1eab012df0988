//! `arrivage mapping`

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Subcommand;
use feed::Mapping as Columns;
use router::DatabaseRouter;
use router::imports::mappings::{self, MappingSource};

use crate::cli::{Context, Exit};
use crate::commands::supplier;
use crate::show;

/// Save and show suppliers' column mappings.
#[derive(Debug, Subcommand)]
pub enum Mapping {
    /// Save a mapping as the supplier's newest version; imports use it from now on.
    Save {
        /// Code of the supplier.
        supplier: String,
        /// The mapping (TOML or JSON), such as one printed by `arrivage inspect --json`.
        file: PathBuf,
    },
    /// Show the mapping in force.
    Show {
        /// Code of the supplier.
        supplier: String,
    },
}

impl Mapping {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<Exit> {
        let config = context.config()?;
        let router = || DatabaseRouter::open(&config.databases);
        match self {
            Mapping::Save { supplier, file } => {
                let columns = serde_json::to_value(read(file)?)?;
                let version = context.block_on(async {
                    let router = router()?;
                    let supplier = supplier::known(&router, supplier).await?;
                    Ok(mappings::save(router.imports(), supplier.id, &columns, MappingSource::Person).await?)
                })?;
                println!("mapping version {version} of {supplier} is in force");
            }
            Mapping::Show { supplier } => {
                let active = context.block_on(async {
                    let router = router()?;
                    let supplier = supplier::known(&router, supplier).await?;
                    Ok(mappings::active(router.imports(), supplier.id).await?)
                })?;
                match active {
                    None => println!("no saved mapping: columns are mapped automatically"),
                    Some(active) if context.json => show::json(&active.mapping)?,
                    Some(active) => {
                        let columns: Columns = serde_json::from_value(active.mapping)?;
                        print!("# version {}\n{}", active.version, toml::to_string_pretty(&columns)?);
                    }
                }
            }
        }
        Ok(Exit::Completed)
    }
}

/// Reads a mapping file, JSON by its extension or else TOML.
pub fn read(path: &Path) -> Result<Columns> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read mapping {}", path.display()))?;
    let json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let columns = if json { serde_json::from_str(&text)? } else { toml::from_str(&text)? };
    Ok(columns)
}
