//! The one binary: parse, run, exit with a code that says how it went.

use std::process::ExitCode;

use arrivage::cli::{Cli, Exit};
use arrivage::show;
use clap::Parser;

/// Imports allocate and free many buffers of many sizes from all threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    fault::arm();
    let cli = Cli::parse();
    match cli.run() {
        Ok(code) => code,
        Err(fault) => {
            eprintln!("error: {}", show::chain(&fault));
            if let Some(hint) = show::hint(&fault) {
                eprintln!("fix: {hint}");
            }
            Exit::Failed.into()
        }
    }
}
