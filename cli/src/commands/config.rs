//! `arrivage config`

use anyhow::Result;
use clap::Args;

use crate::cli::{Context, Exit};
use crate::config::DEFAULTS;

/// Print the configuration in force (secrets hidden), or the commented defaults.
#[derive(Debug, Args)]
pub struct ShowConfig {
    /// Print the defaults with the reason of every setting: a good start for your own file.
    #[arg(long)]
    defaults: bool,
}

impl ShowConfig {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<Exit> {
        if self.defaults {
            print!("{DEFAULTS}");
        } else {
            println!("{:#?}", context.config()?);
        }
        Ok(Exit::Completed)
    }
}
