//! `arrivage work`

use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use pipeline::worker::{Event, Inbox, Listener, Stop, Worker};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::cli::{Context, Exit};
use crate::commands::import::importer;
use crate::show;

/// Run imports from the queue until told to stop.
///
/// Start as many as you like, on as many machines as you like: each takes the next import that nobody works on, and takes
/// over what a worker that died has left. SIGTERM or Ctrl-C drains: nothing more is begun, imports under way have
/// `work.drain_seconds` to end and are handed back then. A second signal hands them back at once.
#[derive(Debug, Args)]
pub struct Work {
    /// Imports under way at once [default: work.jobs, else one for each core]. Small files have one more lane.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Leave the inbox to other workers.
    #[arg(long)]
    no_watch: bool,
}

impl Work {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<Exit> {
        let config = context.config()?;
        let mut settings = config.work.clone();
        settings.jobs = self.jobs.unwrap_or(settings.jobs);
        context.block_on(async {
            let importer = importer(&config).await?;
            let stop = stops_by_signal()?;
            if !context.json {
                eprintln!(
                    "worker {}: {} imports at once and small files beside them; Ctrl-C drains",
                    importer.name(),
                    settings.lanes()
                );
            }
            let inbox = Inbox { settings: config.watch.clone(), redis_url: config.redis.url.clone() };
            let inbox = (!self.no_watch).then_some(inbox);
            Worker::run(importer, settings, inbox, stop, listener(context.json)).await?;
            Ok(())
        })?;
        Ok(Exit::Completed)
    }
}

/// The first SIGTERM or SIGINT drains, the second stops now.
fn stops_by_signal() -> Result<watch::Receiver<Stop>> {
    let (say, stop) = watch::channel(Stop::No);
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        for next in [Stop::Drain, Stop::Now] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            eprintln!("{}", if next == Stop::Drain { "draining; once more to stop now" } else { "stopping now" });
            say.send_replace(next);
        }
        // Kept, so that the last word stands.
        say.closed().await;
    });
    Ok(stop)
}

/// One line for every import that ended: for people, or as JSON.
fn listener(json: bool) -> Listener {
    Arc::new(move |event| match event {
        Event::Begun(_) => {}
        Event::Ended(_, Ok(report)) if json => show::json_line(report),
        Event::Ended(job, Err(fault)) if json => show::json_line(&serde_json::json!({
            "import_id": job.id, "supplier": job.supplier_code, "file": job.file_name, "error": fault.to_string(),
        })),
        Event::Ended(job, Ok(report)) => {
            eprintln!("{} {}: {}", job.supplier_code, job.file_name, show::outcome(report))
        }
        Event::Ended(job, Err(fault)) => eprintln!("{} {}: {fault}", job.supplier_code, job.file_name),
        Event::HandedBack(job) => eprintln!("{} {}: handed back", job.supplier_code, job.file_name),
    })
}
