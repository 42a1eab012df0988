//! `arrivage migrate`

use anyhow::Result;
use clap::Args;
use router::imports::partitions;
use router::{DatabaseRouter, Settings};

use crate::cli::{Context, Exit};

/// Bring the five databases to the newest schema; safe to run at any time, from several places at once.
#[derive(Debug, Args)]
pub struct Migrate {}

impl Migrate {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<Exit> {
        let config = context.config()?;
        context.block_on(migrate(&config.databases))?;
        if !context.json {
            println!("catalog, imports, media, code2asin and analytics are at the newest schema");
        }
        Ok(Exit::Completed)
    }
}

/// Months of log partitions made ahead; a later month's logs go to the default partition and move when it is made.
const LOG_MONTHS_AHEAD: u16 = 3;

/// Brings the databases to the newest schema and makes log partitions ahead.
pub async fn migrate(settings: &Settings) -> Result<()> {
    router::migrate(settings).await?;
    let router = DatabaseRouter::open(settings)?;
    partitions::make_ahead(router.imports(), LOG_MONTHS_AHEAD).await?;
    Ok(())
}
