//! How schedules look.

use anyhow::Result;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use pipeline::schedules::next_runs;
use router::DatabaseRouter;
use router::imports::schedules::{self, Schedule, When};
use serde_json::json;
use sources::Source;

use crate::cli::Context;
use crate::show;

/// Runs shown with a schedule.
const RUNS_SHOWN: usize = 3;

/// One schedule with its next runs.
pub(super) async fn print(context: &Context, router: &DatabaseRouter, schedule: &Schedule) -> Result<()> {
    let now = schedules::now(router.imports()).await?;
    // One that cannot be read has no runs, and its last outcome says why.
    let next = next_runs(schedule, now, RUNS_SHOWN).unwrap_or_default();
    if context.json {
        let mut value = serde_json::to_value(schedule)?;
        value["next_runs"] = json!(next);
        return show::json(&value);
    }
    print!("{}", table(std::slice::from_ref(schedule)));
    println!(
        "  mode {}, missed runs: {}, secret: {}",
        schedule.mode,
        schedule.missed_runs.as_str(),
        match schedule.has_secret {
            true => "stored",
            false => "none",
        }
    );
    if let Some(outcome) = schedule.last_outcome {
        let at = schedule.last_outcome_at.map(|at| in_zone(schedule, at)).unwrap_or_default();
        let detail = schedule.last_detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
        println!("  last: {} at {at}{detail}", outcome.as_str());
    }
    if let Some(import) = schedule.last_import_id {
        println!("  last import: {import}");
    }
    println!("{}", if schedule.is_paused { "  paused; resumed, it would run at" } else { "  next runs:" });
    print!("{}", runs(schedule, &next));
    Ok(())
}

/// One line per schedule.
pub(super) fn table(schedules: &[Schedule]) -> String {
    let rows: Vec<Vec<String>> = schedules
        .iter()
        .map(|schedule| {
            vec![
                schedule.supplier_code.clone(),
                schedule.name.clone(),
                when(schedule),
                place(schedule),
                match (schedule.is_paused, schedule.next_run_at) {
                    (true, _) => "paused".to_owned(),
                    (false, Some(next)) => in_zone(schedule, next),
                    (false, None) => "never".to_owned(),
                },
                schedule.last_outcome.map(|outcome| outcome.as_str().to_owned()).unwrap_or_default(),
            ]
        })
        .collect();
    show::table(&["supplier", "name", "when", "source", "next", "last"], &rows, 60)
}

/// Runs, on the clocks of the schedule's zone and, when that is another, in UTC.
pub(super) fn runs(schedule: &Schedule, next: &[DateTime<Utc>]) -> String {
    if schedule.time_zone == "UTC" {
        let rows: Vec<Vec<String>> = next.iter().map(|run| vec![in_zone(schedule, *run)]).collect();
        return show::table(&["UTC"], &rows, 60);
    }
    let rows: Vec<Vec<String>> =
        next.iter().map(|run| vec![in_zone(schedule, *run), run.format("%Y-%m-%d %H:%M:%S UTC").to_string()]).collect();
    show::table(&[schedule.time_zone.as_str(), "UTC"], &rows, 60)
}

fn when(schedule: &Schedule) -> String {
    match &schedule.when {
        When::Cron(cron) => format!("{cron} ({})", schedule.time_zone),
        When::EverySeconds(seconds) => match (seconds % 86_400, seconds % 3_600, seconds % 60) {
            (0, ..) => format!("every {} d", seconds / 86_400),
            (_, 0, _) => format!("every {} h", seconds / 3_600),
            (.., 0) => format!("every {} min", seconds / 60),
            _ => format!("every {seconds} s"),
        },
    }
}

fn place(schedule: &Schedule) -> String {
    serde_json::from_value::<Source>(schedule.source.clone()).map_or_else(|_| "unreadable".to_owned(), |it| it.place())
}

fn in_zone(schedule: &Schedule, time: DateTime<Utc>) -> String {
    let zone: Tz = schedule.time_zone.parse().unwrap_or(Tz::UTC);
    time.with_timezone(&zone).format("%a %Y-%m-%d %H:%M:%S %Z").to_string()
}
