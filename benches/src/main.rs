#![cfg_attr(test, allow(clippy::unwrap_used))]
//! `arrivage-bench`: makes catalogues and measures imports of them beside `psql \copy`.

mod arm;
mod contents;
mod figures;
mod generate;
mod inputs;
mod machine;
mod measure;
mod objects;
mod psql;
mod queue;
mod report;
mod rounds;
mod stack;

use std::process::ExitCode;

use clap::Parser;

/// Makes supplier catalogues and measures Arrivage with them, side by side with `psql \copy`.
#[derive(Debug, Parser)]
#[command(name = "arrivage-bench", version, max_term_width = 110)]
enum Program {
    /// Write a made-up supplier catalogue as CSV.
    Generate(generate::Generate),
    /// Measure first import, re-imports, memory and inspection, and write a report.
    Run(rounds::Run),
    /// Measure the queue, and small files through a worker.
    Queue(queue::Queue),
}

fn main() -> ExitCode {
    let ended = match Program::parse() {
        Program::Generate(command) => command.run(),
        Program::Run(command) => command.run(),
        Program::Queue(command) => command.run(),
    };
    let Err(error) = ended else { return ExitCode::SUCCESS };
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}
