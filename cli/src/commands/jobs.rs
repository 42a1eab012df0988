//! `arrivage jobs …`

use std::io::{IsTerminal, Write};
use std::time::Duration;

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use item::ImportState;
use pipeline::Importer;
use router::imports::jobs::{self, Job, JobFilter};
use router::imports::logs::{self, LogLevel};
use uuid::Uuid;

use crate::cli::{Context, Exit};
use crate::commands::import::importer;
use crate::commands::supplier;
use crate::show;

/// How often the live view is drawn.
const REDRAW: Duration = Duration::from_millis(500);

/// List, watch, cancel and retry imports.
#[derive(Debug, Subcommand)]
pub enum Jobs {
    /// The newest imports first, with progress, and what waits for what.
    List(List),
    /// One import: where it stands, what it counted, why it stopped and what can be done.
    Show(Show),
    /// End an import that is not visible yet; a worker that has it in hand lets go within a second.
    Cancel(Cancel),
    /// Try an import again that failed or was cancelled, or end the pause of one that waits.
    Retry(Retry),
    /// What the pipeline said about an import, oldest first.
    Logs(Logs),
}

/// The newest imports first.
#[derive(Debug, Args)]
pub struct List {
    /// Only this supplier's.
    #[arg(long)]
    supplier: Option<String>,
    /// Only those in this state, such as queued, staging, held, failed; may be given several times.
    #[arg(long = "state", value_name = "STATE")]
    states: Vec<ImportState>,
    /// At most so many.
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// Keep the list on the terminal, drawn anew twice a second.
    #[arg(long, short)]
    watch: bool,
}

/// One import.
#[derive(Debug, Args)]
pub struct Show {
    /// The import.
    import: Uuid,
    /// Keep it on the terminal until it has ended.
    #[arg(long, short)]
    watch: bool,
}

/// End an import that is not visible yet.
#[derive(Debug, Args)]
pub struct Cancel {
    /// The import.
    import: Uuid,
}

/// Try an import again.
#[derive(Debug, Args)]
pub struct Retry {
    /// The import.
    import: Uuid,
}

/// What the pipeline said about an import.
#[derive(Debug, Args)]
pub struct Logs {
    /// The import.
    import: Uuid,
    /// The newest so many.
    #[arg(long, default_value_t = 200)]
    limit: u32,
}

impl Jobs {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<Exit> {
        let config = context.config()?;
        context.block_on(async {
            let importer = importer(&config).await?;
            match self {
                Jobs::List(list) => list.run(context, &importer).await,
                Jobs::Show(one) => one.run(context, &importer).await,
                Jobs::Cancel(Cancel { import }) => {
                    jobs::cancel(importer.router().imports(), *import).await?;
                    importer.answer(&importer.job_of(*import).await?).await?;
                    said(context, &format!("import {import} is cancelled; the catalogue is as it was"))
                }
                Jobs::Retry(Retry { import }) => {
                    jobs::retry(importer.router().imports(), *import).await?;
                    said(context, &format!("import {import} is queued; a worker takes it up (`arrivage work`)"))
                }
                Jobs::Logs(logs) => logs.run(context, &importer).await,
            }
        })?;
        Ok(Exit::Completed)
    }
}

fn said(context: &Context, sentence: &str) -> Result<()> {
    if !context.json {
        println!("{sentence}");
    }
    Ok(())
}

impl List {
    async fn run(&self, context: &Context, importer: &Importer) -> Result<()> {
        let router = importer.router();
        let supplier_id = match &self.supplier {
            Some(code) => Some(supplier::known(router, code).await?.id),
            None => None,
        };
        let filter = JobFilter { supplier_id, states: self.states.clone() };
        loop {
            let jobs = jobs::list(router.imports(), &filter, self.limit).await?;
            if context.json {
                return show::json(&jobs);
            }
            drawn(self.watch, &table(&jobs))?;
            if !self.watch {
                return Ok(());
            }
            tokio::time::sleep(REDRAW).await;
        }
    }
}

impl Show {
    async fn run(&self, context: &Context, importer: &Importer) -> Result<()> {
        loop {
            let Some(job) = jobs::find(importer.router().imports(), self.import).await? else {
                bail!(pipeline::ImportError::UnknownImport(self.import));
            };
            if context.json {
                return show::json(&job);
            }
            drawn(self.watch, &sheet(&job))?;
            if !self.watch || job.state.ended() || job.state == ImportState::Held {
                return Ok(());
            }
            tokio::time::sleep(REDRAW).await;
        }
    }
}

impl Logs {
    async fn run(&self, context: &Context, importer: &Importer) -> Result<()> {
        let mut said = logs::list(importer.router().imports(), self.import, LogLevel::Debug, self.limit).await?;
        said.reverse();
        if context.json {
            return show::json(&said);
        }
        for log in said {
            let fields = if log.fields.as_object().is_some_and(|fields| fields.is_empty()) {
                String::new()
            } else {
                format!("  {}", log.fields)
            };
            println!("{}  {:<5}  {}{fields}", log.created_at.format("%F %T%.3f"), log.level, log.message);
        }
        Ok(())
    }
}

/// Prints a page, in place of the former one when it is a live view on a terminal.
fn drawn(live: bool, page: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if live && out.is_terminal() {
        // Home, the page with each line cleared to its end, and everything below cleared (ECMA-48: CUP, EL, ED).
        write!(out, "\x1b[H{}\x1b[J", page.replace('\n', "\x1b[K\n"))?;
    } else {
        write!(out, "{page}")?;
    }
    Ok(out.flush()?)
}

fn table(jobs: &[Job]) -> String {
    let rows: Vec<Vec<String>> = jobs
        .iter()
        .map(|job| {
            vec![
                job.id.to_string(),
                job.supplier_code.clone(),
                job.file_name.clone(),
                job.state.to_string(),
                ago(job.created_at),
                standing(job),
            ]
        })
        .collect();
    show::table(&["import", "supplier", "file", "state", "made", ""], &rows, 100)
}

/// What there is to say about an import in a few words.
fn standing(job: &Job) -> String {
    if let Some(by) = job.superseded_by {
        return format!("superseded by {by}");
    }
    if let Some(of) = job.identical_to {
        return format!("identical to {of}: nothing to do");
    }
    match (job.state, &job.guard, &job.failure) {
        (ImportState::Held, Some(guard), _) => format!("{}: {}", guard.code, guard.detail),
        (ImportState::Queued, _, Some(failure)) => {
            format!("attempt {} in {}: {}", job.attempt + 1, until(job.run_after), failure.message)
        }
        (_, _, Some(failure)) => format!("{}: {}", failure.code, failure.message),
        (ImportState::Queued, ..) => "waits".to_owned(),
        (state, ..) if state.ended() => {
            let counts = &job.counts;
            format!(
                "{} read, {} created, {} updated, {} rejected",
                show::count(counts.read),
                show::count(counts.created),
                show::count(counts.updated),
                show::count(counts.rejected + counts.duplicate)
            )
        }
        _ => progress(job),
    }
}

/// Rows, rate and time left of an import under way.
fn progress(job: &Job) -> String {
    let Some(since) = job.attempt_started_at else { return String::new() };
    let seconds = (Utc::now() - since).as_seconds_f64().max(0.001);
    let mut told =
        format!("{} rows, {} rows/s", show::count(job.rows_read), show::count((job.rows_read as f64 / seconds) as u64));
    if let Some(total) = job.bytes_total.filter(|total| (1..*total).contains(&job.bytes_read)) {
        let share = job.bytes_read as f64 / total as f64;
        let left = Duration::from_secs_f64((seconds / share - seconds).clamp(0.0, 1e6));
        told.push_str(&format!(", {:.0} %, {} left", share * 100.0, span(left.as_secs() as i64)));
    }
    told
}

fn sheet(job: &Job) -> String {
    let mut sheet = format!("import {}  {} ({}, {})\n", job.id, job.file_name, job.supplier_code, job.mode);
    let mut line = |label: &str, value: String| sheet.push_str(&format!("  {label:<12} {value}\n"));
    line("state", job.state.to_string());
    line("standing", standing(job));
    line("made", format!("{} ({})", job.created_at.format("%F %T UTC"), ago(job.created_at)));
    if let Some(started) = job.started_at {
        line("started", started.format("%F %T UTC").to_string());
    }
    if let Some(finished) = job.finished_at {
        line("finished", finished.format("%F %T UTC").to_string());
    }
    line("attempts", format!("{} ({} failed)", job.attempt, job.failures));
    if let Some(owner) = &job.lease_owner {
        line("worker", owner.clone());
    }
    line("object", format!("{}/{}", job.bucket, job.key));
    let counts = &job.counts;
    if counts.read > 0 {
        for (label, count) in [
            ("read", counts.read),
            ("created", counts.created),
            ("updated", counts.updated),
            ("unchanged", counts.unchanged),
            ("rejected", counts.rejected),
            ("duplicate", counts.duplicate),
            ("deactivated", counts.deactivated),
        ] {
            line(label, show::count(count));
        }
    }
    match (job.state, job.retry) {
        (ImportState::Held, _) => {
            line("next", format!("arrivage publish {id}  or  arrivage discard {id}", id = job.id))
        }
        (ImportState::Failed, Some(jobs::Retry::Never)) => {
            line("next", "the file itself is at fault: drop a corrected one".to_owned())
        }
        (ImportState::Failed | ImportState::Cancelled, _) => {
            line("next", format!("arrivage jobs retry {}, once the cause is gone", job.id))
        }
        _ => {}
    }
    sheet
}

fn ago(then: DateTime<Utc>) -> String {
    format!("{} ago", span((Utc::now() - then).num_seconds()))
}

fn until(then: DateTime<Utc>) -> String {
    span((then - Utc::now()).num_seconds())
}

/// Seconds in the unit that suits them.
fn span(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}
