//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat, LogSettings};
use crate::{commands, dev};

/// How a command ended, as its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Completed,
    /// 1: an error; nothing was published.
    Failed,
    /// 3: a guard tripped; `arrivage publish ID` or `arrivage discard ID` decides. (2 is clap's: wrong usage.)
    Held,
    /// 4: published, but rows were rejected and `--strict` was given.
    Rejected,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Completed => 0,
            Exit::Failed => 1,
            Exit::Held => 3,
            Exit::Rejected => 4,
        })
    }
}

/// Arrivage imports suppliers' product files into one trusted catalogue.
///
/// Drop a file, and the difference to yesterday is published in one transaction; what cannot be read comes back as a
/// list of rejects with line, column, reason and fix.
#[derive(Debug, Parser)]
#[command(
    name = "arrivage",
    version,
    max_term_width = 110,
    after_help = "Exit codes: 0 completed, 1 failed, 2 wrong usage, 3 held by a guard, 4 rows rejected (import --strict).\n\
                  First steps: `arrivage demo`, or `arrivage dev up`, `arrivage supplier add acme --name \"Acme\"`, \
                  `arrivage import FILE --supplier acme`."
)]
pub struct Cli {
    /// Configuration file laid over the defaults [default: $ARRIVAGE_CONFIG, else ./arrivage.toml if there is one].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Answer in JSON on standard output, for machines.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the whole system at work: start a private stack, make three suppliers' files, import them twice.
    Demo(commands::demo::Demo),
    /// Import a supplier's file: queue it and run it here.
    Import(commands::import::Import),
    /// Run imports from the queue until told to stop: start as many workers as you like.
    Work(commands::work::Work),
    /// List, watch, cancel and retry imports.
    #[command(subcommand)]
    Jobs(commands::jobs::Jobs),
    /// Publish a held import as it is.
    Publish(commands::import::Publish),
    /// Give up a held import; the catalogue stays as it is.
    Discard(commands::import::Discard),
    /// Create, list, show and change suppliers.
    #[command(subcommand)]
    Supplier(commands::supplier::Supplier),
    /// Save and show suppliers' column mappings.
    #[command(subcommand)]
    Mapping(commands::mapping::Mapping),
    /// Fetch suppliers' files at set times: from the web, SFTP, another bucket or a folder.
    #[command(subcommand)]
    Schedule(commands::schedule::Schedule),
    /// Print or save the rejected rows of an import.
    Rejects(commands::rejects::Rejects),
    /// Look at products of the catalogue.
    Products(commands::products::Products),
    /// Show what would be understood of a file; needs no database.
    Inspect(commands::inspect::Inspect),
    /// Write the decoded table of a file as plain CSV, untyped.
    Decode(commands::decode::Decode),
    /// Write a spreadsheet as numbered CSV: the child process of imports.
    #[command(hide = true)]
    DecodeSpreadsheet(commands::decode::DecodeSpreadsheet),
    /// Compare the five databases and tell where they differ; mend it with --fix.
    Doctor(commands::doctor::Doctor),
    /// Bring the five databases to the newest schema; safe to run at any time, from several places at once.
    Migrate(commands::migrate::Migrate),
    /// Start, stop and show the private development stack (PostgreSQL, Redis, S3).
    Dev(dev::Command),
    /// Print the configuration in force (secrets hidden), or the commented defaults.
    Config(commands::config::ShowConfig),
}

/// What every command gets.
pub struct Context {
    /// Configuration file given on the command line.
    pub config_file: Option<PathBuf>,
    /// Answer in JSON.
    pub json: bool,
}

impl Context {
    /// Reads the configuration and starts the log.
    pub fn config(&self) -> Result<Config> {
        let config = Config::load(self.config_file.as_deref())?;
        start_log(&config.log);
        Ok(config)
    }

    /// Runs a future to its end on a runtime of its own.
    pub fn block_on<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(future)
    }
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode> {
        let context = Context { config_file: self.config, json: self.json };
        let exit = match self.command {
            Command::Demo(command) => command.run(&context),
            Command::Import(command) => command.run(&context),
            Command::Work(command) => command.run(&context),
            Command::Jobs(command) => command.run(&context),
            Command::Publish(command) => command.run(&context),
            Command::Discard(command) => command.run(&context),
            Command::Supplier(command) => command.run(&context),
            Command::Mapping(command) => command.run(&context),
            Command::Schedule(command) => command.run(&context),
            Command::Rejects(command) => command.run(&context),
            Command::Products(command) => command.run(&context),
            Command::Inspect(command) => command.run(&context),
            Command::Decode(command) => command.run(&context),
            Command::Doctor(command) => command.run(&context),
            Command::Migrate(command) => command.run(&context),
            Command::DecodeSpreadsheet(command) => command.run(&context),
            Command::Dev(command) => return context.block_on(dev::run(command)),
            Command::Config(command) => command.run(&context),
        }?;
        Ok(exit.into())
    }
}

fn start_log(settings: &LogSettings) {
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process (the demo runs several commands) keeps the first log.
    let _ = match settings.format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().try_init(),
    };
}
