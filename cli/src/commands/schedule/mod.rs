//! `arrivage schedule`

mod add;
mod place;
mod view;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use pipeline::schedules::{self as runs, Rhythm};
use router::DatabaseRouter;
use router::imports::schedules::{self, Schedule as Row};
use sources::Source;

use crate::cli::{Context, Exit};
use crate::commands::supplier;
use crate::config::Config;
use crate::show;
use place::{Place, SecretFrom};

/// Fetch suppliers' files at set times: from the web, SFTP, another bucket or a folder.
#[derive(Debug, Subcommand)]
pub enum Schedule {
    /// Add a schedule: when it runs, where the file is, how to log in.
    Add(Box<add::Add>),
    /// List the schedules, of one supplier or of all.
    List {
        /// Only this supplier's.
        #[arg(long, value_name = "CODE")]
        supplier: Option<String>,
    },
    /// Show one schedule with its next runs and how the last one went.
    Show(Named),
    /// Show the next runs, in the schedule's time zone and in UTC.
    Next {
        /// Which.
        #[command(flatten)]
        named: Named,
        /// How many.
        #[arg(short = 'n', long = "runs", value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
        runs: u16,
    },
    /// Queue an import now, paused or not, and fetch the file even when it has not changed; the next run stays as it is.
    Run(Named),
    /// Keep a schedule from running until it is resumed.
    Pause(Named),
    /// Let a paused schedule run again; what fell due meanwhile is not made up for.
    Resume(Named),
    /// Store another password, token or key.
    Secret {
        /// Which.
        #[command(flatten)]
        named: Named,
        /// Where the new one comes from.
        #[command(flatten)]
        secret: SecretFrom,
    },
    /// Remove a schedule; the imports it made stay.
    Remove(Named),
    /// Connect and tell which file would be fetched, without fetching it.
    ///
    /// Of a schedule, or of a source that is not one yet: `arrivage schedule test --sftp sftp://user@host/prices.csv
    /// --secret-env PASSWORD` shows the server's host key as well.
    Test(Box<Test>),
}

/// One schedule.
#[derive(Debug, Args)]
pub struct Named {
    /// Code of the supplier.
    supplier: String,
    /// Name of the schedule.
    name: String,
}

/// What to connect to.
#[derive(Debug, Args)]
pub struct Test {
    /// Code of the supplier.
    #[arg(required_unless_present_any = ["url", "sftp", "s3", "folder"], requires = "name")]
    supplier: Option<String>,
    /// Name of the schedule.
    #[arg(conflicts_with_all = ["url", "sftp", "s3", "folder"])]
    name: Option<String>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    secret: SecretFrom,
}

impl Schedule {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<Exit> {
        let config = context.config()?;
        context.block_on(async {
            let router = DatabaseRouter::open(&config.databases)?;
            match self {
                Schedule::Add(add) => add.run(context, &config, &router).await?,
                Schedule::List { supplier } => list(context, &router, supplier.as_deref()).await?,
                Schedule::Show(named) => view::print(context, &router, &named.find(&router).await?).await?,
                Schedule::Next { named, runs } => next(context, &router, named, *runs).await?,
                Schedule::Run(named) => run_now(context, &router, named).await?,
                Schedule::Pause(named) => {
                    schedules::pause(router.imports(), named.find(&router).await?.id).await?;
                    view::print(context, &router, &named.find(&router).await?).await?;
                }
                Schedule::Resume(named) => {
                    let schedule = named.find(&router).await?;
                    let first = Rhythm::of(&schedule)?.first(schedules::now(router.imports()).await?)?;
                    schedules::resume(router.imports(), schedule.id, first).await?;
                    view::print(context, &router, &named.find(&router).await?).await?;
                }
                Schedule::Secret { named, secret } => {
                    let schedule = named.find(&router).await?;
                    let given =
                        secret.read()?.context("give the secret with --secret-env VAR or --secret-file FILE")?;
                    let sealed = config.sources.secrets_key()?.seal(&given, schedule.supplier_id, &schedule.name);
                    schedules::set_secret(router.imports(), schedule.id, Some(&sealed)).await?;
                    say(context, &format!("the secret of {} is stored anew", named.name));
                }
                Schedule::Remove(named) => {
                    schedules::remove(router.imports(), named.find(&router).await?.id).await?;
                    say(context, &format!("schedule {} of {} is removed", named.name, named.supplier));
                }
                Schedule::Test(test) => test.run(context, &config, &router).await?,
            }
            Ok(Exit::Completed)
        })
    }
}

impl Named {
    async fn find(&self, router: &DatabaseRouter) -> Result<Row> {
        let supplier = supplier::known(router, &self.supplier).await?;
        Ok(schedules::find_named(router.imports(), supplier.id, &self.name).await?)
    }
}

impl Test {
    async fn run(&self, context: &Context, config: &Config, router: &DatabaseRouter) -> Result<()> {
        let (source, secret) = match (&self.supplier, &self.name) {
            (Some(supplier), Some(name)) => {
                let named = Named { supplier: supplier.clone(), name: name.clone() };
                let schedule = named.find(router).await?;
                let source: Source = serde_json::from_value(schedule.source.clone())?;
                let stored = runs::secret_of(router, &config.sources, &schedule).await?;
                (source, self.secret.read()?.or(stored))
            }
            _ => (self.place.source()?, self.secret.read()?),
        };
        let seen = sources::test(&source, secret.as_ref(), &config.sources).await?;
        if context.json {
            return show::json(&seen);
        }
        println!("{source} answers");
        println!("  file      {}", seen.name);
        println!("  size      {}", seen.bytes.map_or_else(|| "not told".to_owned(), show::bytes));
        println!("  modified  {}", seen.modified.map_or_else(|| "not told".to_owned(), |time| time.to_rfc3339()));
        Ok(())
    }
}

async fn list(context: &Context, router: &DatabaseRouter, code: Option<&str>) -> Result<()> {
    let supplier_id = match code {
        Some(code) => Some(supplier::known(router, code).await?.id),
        None => None,
    };
    let all = schedules::list(router.imports(), supplier_id).await?;
    if context.json {
        return show::json(&all);
    }
    print!("{}", view::table(&all));
    Ok(())
}

async fn next(context: &Context, router: &DatabaseRouter, named: &Named, n: u16) -> Result<()> {
    let schedule = named.find(router).await?;
    let now = schedules::now(router.imports()).await?;
    let next = runs::next_runs(&schedule, now, n.into())?;
    if context.json {
        return show::json(&next);
    }
    if schedule.is_paused {
        println!("  it is paused; resumed, it would run at");
    }
    print!("{}", view::runs(&schedule, &next));
    Ok(())
}

async fn run_now(context: &Context, router: &DatabaseRouter, named: &Named) -> Result<()> {
    let import = runs::fire_now(router, named.find(router).await?.id).await?;
    if context.json {
        return show::json(&serde_json::json!({ "import_id": import }));
    }
    println!("import {import} is queued; a worker fetches the file");
    Ok(())
}

fn say(context: &Context, what: &str) {
    if !context.json {
        println!("{what}");
    }
}
