//! `arrivage doctor`

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use indicatif::ProgressBar;
use pipeline::doctor::{Doctor as Comparison, Event, Finding, Summary};
use serde_json::json;

use crate::cli::{Context, Exit};
use crate::commands::import::importer;
use crate::show;

/// Compare the five databases and tell where they differ; mend it with --fix.
///
/// Publications are compared with imports, figures, pictures and look-ups, both ways; sums of days with what they sum up;
/// deliveries, leases and answers with the clock. Without --fix nothing is written. What is merely under way is no
/// difference, so that it may be run at any time, beside workers.
///
/// With --fix each difference is mended as it is found, then everything is looked at again. What the catalogue says is
/// told to the others once more; what it does not bear out is removed from them; a publication that is gone while its
/// import is completed is made again from the archived file. This is how a database restored from an older dump comes
/// back: restore it, migrate, and run `arrivage doctor`, then `arrivage doctor --fix`.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 healthy, or everything is mended; 1 differences remain.\n\
                        With --json each difference is a line, and the last line is the summary.\n\
                        docs/doctor.md describes every kind of difference and what cannot come back.")]
pub struct Doctor {
    /// Mend what can be mended.
    #[arg(long)]
    fix: bool,
}

impl Doctor {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<Exit> {
        let config = context.config()?;
        let summary = context.block_on(async {
            let doctor = Comparison::new(importer(&config).await?);
            let bar = if show::draws() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
            bar.enable_steady_tick(Duration::from_millis(100));
            let mut rows = 0;
            let tell = |event: Event<'_>| match event {
                Event::Comparing(what) => bar.set_message(format!("{what}, {} rows compared", show::count(rows))),
                Event::Compared(more) => rows += more,
                Event::Found(finding) => bar.suspend(|| tell(finding, context.json)),
                Event::NotMended(finding, why) => bar.suspend(|| not_mended(finding, &why, context.json)),
                Event::LookingAgain if context.json => {}
                Event::LookingAgain => bar.suspend(|| eprintln!("looking again")),
            };
            let summary = if self.fix { doctor.mend(tell).await } else { doctor.examine(tell).await };
            bar.finish_and_clear();
            Ok(summary?)
        })?;
        if context.json {
            show::json_line(&json!({ "summary": summary }));
        } else {
            print!("{}", told(&summary, self.fix));
        }
        Ok(if summary.is_healthy() { Exit::Completed } else { Exit::Failed })
    }
}

fn tell(finding: &Finding, json: bool) {
    if json {
        return show::json_line(finding);
    }
    println!("{:<29} {:<10} {}: {}", finding.kind.as_str(), finding.database, finding.subject, finding.detail);
    println!("{:<40} fix: {}", "", finding.fix.unwrap_or("none; see docs/doctor.md"));
}

fn not_mended(finding: &Finding, why: &str, json: bool) {
    if json {
        show::json_line(&json!({ "not_mended": finding, "why": why }));
    } else {
        println!("{:<40} not mended: {why}", "");
    }
}

fn told(summary: &Summary, mends: bool) -> String {
    if summary.kinds.is_empty() {
        return "healthy: the five databases agree\n".to_owned();
    }
    let rows: Vec<Vec<String>> = summary
        .kinds
        .iter()
        .map(|(kind, tally)| {
            let mut row = vec![kind.as_str().to_owned(), show::count(tally.found)];
            row.extend(mends.then(|| show::count(tally.mended)));
            row.push(kind.about().to_owned());
            row
        })
        .collect();
    let header: &[&str] = if mends { &["kind", "found", "mended", ""] } else { &["kind", "found", ""] };
    let table = show::table(header, &rows, 150);
    let verdict = match (summary.left, mends) {
        (0, _) => "healthy: everything is mended\n".to_owned(),
        (left, true) => format!("{} differences remain\n", show::count(left)),
        (left, false) => format!("{} differences; `arrivage doctor --fix` mends what can be\n", show::count(left)),
    };
    format!("\n{table}{verdict}")
}
