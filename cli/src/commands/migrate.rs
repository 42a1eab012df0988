//! `arrivage migrate`

use anyhow::Result;
use clap::Args;

use crate::cli::{Context, Exit};

/// Bring the five databases to the newest schema; safe to run at any time, from several places at once.
#[derive(Debug, Args)]
pub struct Migrate {}

impl Migrate {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<Exit> {
        let config = context.config()?;
        context.block_on(async { Ok(router::migrate(&config.databases).await?) })?;
        if !context.json {
            println!("catalog, imports, media, code2asin and analytics are at the newest schema");
        }
        Ok(Exit::Completed)
    }
}
