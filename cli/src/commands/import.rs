//! `arrivage import`, `publish`, `discard`

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;
use feed::Mapping;
use indicatif::{ProgressBar, ProgressStyle};
use item::{ImportState, Mode};
use pipeline::{Importer, Order, Phase, Progress, Report, Submitted};
use storage::InboxKey;
use uuid::Uuid;

use crate::cli::{Context, Exit};
use crate::commands::mapping;
use crate::config::Config;
use crate::show;

/// Import a supplier's file: queue it and run it here.
///
/// Only the difference to the catalogue is written, in one transaction. Rows that cannot be read come back as rejects;
/// when they are too many, or when too many products would go, the import is held for `publish` or `discard`.
#[derive(Debug, Args)]
pub struct Import {
    /// The file: CSV, TSV or a spreadsheet, plain or packed with gzip, zstd or zip.
    #[arg(required_unless_present = "bucket_key", conflicts_with = "bucket_key", requires = "supplier")]
    file: Option<PathBuf>,
    /// Import an object that lies in the inbox already: `inbox/SUPPLIER/FILE`.
    #[arg(long, value_name = "KEY")]
    bucket_key: Option<String>,
    /// Code of the supplier.
    #[arg(long, conflicts_with = "bucket_key")]
    supplier: Option<String>,
    /// full: products absent from the file are deactivated; partial: they stay [default: the supplier's].
    #[arg(long)]
    mode: Option<Mode>,
    /// Stop before anything becomes visible, with the same report.
    #[arg(long)]
    dry_run: bool,
    /// Use this mapping (TOML or JSON) in place of the saved or automatic one.
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Exit with code 4 when any row was rejected.
    #[arg(long)]
    strict: bool,
    /// Compare row by row even when the file is identical to the one published last.
    #[arg(long)]
    force: bool,
    /// Only queue it: a worker (`arrivage work`) runs it.
    #[arg(long, conflicts_with = "strict")]
    queue: bool,
}

/// Publish a held import as it is.
#[derive(Debug, Args)]
pub struct Publish {
    /// The import.
    import: Uuid,
}

/// Give up a held import; the catalogue stays as it is.
#[derive(Debug, Args)]
pub struct Discard {
    /// The import.
    import: Uuid,
}

impl Import {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<Exit> {
        let config = context.config()?;
        let mapping = self.mapping.as_deref().map(mapping::read).transpose()?;
        if self.queue {
            return self.submit(context, &config, mapping);
        }
        let report = context.block_on(async {
            let importer = importer(&config).await?;
            let order = |key| Order { key, mode: self.mode, mapping, dry_run: self.dry_run, force: self.force };
            match (&self.file, &self.bucket_key, &self.supplier) {
                (Some(file), _, Some(supplier)) => {
                    let order = order(key_of(supplier, file)?);
                    importer.storage().ensure_buckets().await?;
                    watched(|progress| async move { Ok(importer.import_file(&order, file, &progress).await?) }).await
                }
                (_, Some(key), _) => {
                    let order = order(InboxKey::parse(key)?);
                    watched(|progress| async move { Ok(importer.import_object(&order, &progress).await?) }).await
                }
                _ => anyhow::bail!("give a FILE with --supplier, or a --bucket-key"),
            }
        })?;
        conclude(context, &report, self.strict)
    }
}

impl Import {
    /// Leaves the work to a worker.
    fn submit(&self, context: &Context, config: &Config, mapping: Option<Mapping>) -> Result<Exit> {
        let submitted = context.block_on(async {
            let importer = importer(config).await?;
            importer.storage().ensure_buckets().await?;
            let order = |key| Order { key, mode: self.mode, mapping, dry_run: self.dry_run, force: self.force };
            Ok(match (&self.file, &self.bucket_key, &self.supplier) {
                (Some(file), _, Some(supplier)) => importer.submit_file(&order(key_of(supplier, file)?), file).await?,
                (_, Some(key), _) => importer.submit_object(&order(InboxKey::parse(key)?)).await?,
                _ => anyhow::bail!("give a FILE with --supplier, or a --bucket-key"),
            })
        })?;
        match submitted {
            Submitted::Answered(report) => conclude(context, &report, false),
            Submitted::Queued(job) if context.json => show::json(&job).map(|()| Exit::Completed),
            Submitted::Queued(job) => {
                println!("import {} is queued: `arrivage jobs show {} --watch`", job.id, job.id);
                Ok(Exit::Completed)
            }
        }
    }
}

impl Publish {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<Exit> {
        let config = context.config()?;
        let report = context.block_on(async {
            let importer = importer(&config).await?;
            watched(|progress| async move { Ok(importer.publish(self.import, &progress).await?) }).await
        })?;
        conclude(context, &report, false)
    }
}

impl Discard {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<Exit> {
        let config = context.config()?;
        context.block_on(async { Ok(importer(&config).await?.discard(self.import).await?) })?;
        if !context.json {
            println!("import {} is discarded; the catalogue is as it was", self.import);
        }
        Ok(Exit::Completed)
    }
}

/// An importer over the configured services.
pub async fn importer(config: &Config) -> Result<Arc<Importer>> {
    let router = router::DatabaseRouter::open(&config.databases)?;
    let storage = storage::Storage::connect(&config.storage).await?;
    Ok(Importer::new(router, storage, config.import.clone(), config.feed.clone(), config.sources.clone()))
}

/// The supplier and the name of a local file.
fn key_of(supplier: &str, file: &Path) -> Result<InboxKey> {
    anyhow::ensure!(file.is_file(), "{} is not a file", file.display());
    let name = file.file_name().and_then(|name| name.to_str()).context("the file name is not readable text")?;
    Ok(InboxKey::new(supplier, name)?)
}

/// Runs an import under a progress bar, when there is a terminal to draw it on.
pub async fn watched<F>(run: impl FnOnce(Progress) -> F) -> Result<Report>
where
    F: Future<Output = Result<Report>>,
{
    let progress = Progress::default();
    let running = run(progress.clone());
    if !show::draws() {
        return running.await;
    }
    let bar = ProgressBar::new(0);
    tokio::pin!(running);
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let mut entered = (Phase::Waiting, Instant::now());
    loop {
        tokio::select! {
            ended = &mut running => {
                bar.finish_and_clear();
                return ended;
            }
            _ = tick.tick() => {
                let phase = progress.phase();
                if phase != entered.0 {
                    entered = (phase, Instant::now());
                    bar.reset_eta();
                }
                draw(&bar, &progress, phase, entered.1);
            }
        }
    }
}

fn draw(bar: &ProgressBar, progress: &Progress, phase: Phase, since: Instant) {
    let (bytes, total) = progress.bytes();
    let rows = progress.rows_read();
    let rate = rows as f64 / since.elapsed().as_secs_f64().max(0.001);
    bar.set_length(total.max(1));
    bar.set_position(bytes.min(total.max(1)));
    let style = match (total, phase) {
        (0, _) => "{spinner} {msg}  {elapsed}",
        (_, Phase::Staging) => "{spinner} {msg}  [{bar:30}] {percent}%  {eta} left",
        _ => "{spinner} {msg}  [{bar:30}] {bytes}/{total_bytes}  {eta} left",
    };
    // The templates above are well-formed: a fault here would only leave the former style.
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(match phase {
        Phase::Staging => {
            format!("{}: {} rows, {} rows/s", phase.as_str(), show::count(rows), show::count(rate as u64))
        }
        _ => phase.as_str().to_owned(),
    });
    bar.tick();
}

fn conclude(context: &Context, report: &Report, strict: bool) -> Result<Exit> {
    if context.json {
        show::json(report)?;
    } else {
        print!("{}", show::report(report));
    }
    Ok(match report.state {
        ImportState::Held => Exit::Held,
        ImportState::Completed | ImportState::Staged if strict && report.refused() > 0 => Exit::Rejected,
        ImportState::Completed | ImportState::Staged => Exit::Completed,
        _ => Exit::Failed,
    })
}
