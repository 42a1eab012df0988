//! Making imports of the schedules that are due.

use router::imports::Schedule;
use router::imports::jobs::{self, Job, NewJob, Priority};
use router::imports::schedules::{self, Claimed, MissedRuns, Outcome};
use router::{DatabaseRouter, Imports, Tx};
use uuid::Uuid;

use super::error::ScheduleError;
use super::rhythm::Rhythm;

/// Schedules that one transaction fires: few enough that it takes milliseconds, and other workers find some of their own.
const FIRED_AT_ONCE_MAX: u32 = 100;

/// Makes an import of every schedule that is due by the database's clock, and tells how many were made. However many
/// workers call it at once, each run makes one: a schedule is locked, its job created and its next run set in the same
/// transaction.
///
/// A schedule whose last import is still queued or worked on makes none, and says so; nor does one that was missed by a
/// whole period when it is to skip missed runs. One that cannot be read stops, and says so, and stops no other.
///
/// # Errors
/// [`ScheduleError::Router`]; what was fired before stays fired.
pub async fn fire_due(router: &DatabaseRouter) -> Result<u64, ScheduleError> {
    let mut fired = 0;
    loop {
        let mut tx = router.imports().begin().await?;
        let due = schedules::claim_due(&mut tx, FIRED_AT_ONCE_MAX).await?;
        for claimed in &due {
            fired += u64::from(fire(&mut tx, claimed).await?);
        }
        tx.commit().await?;
        if due.len() < FIRED_AT_ONCE_MAX as usize {
            return Ok(fired);
        }
    }
}

/// Makes an import of a schedule now, paused or not, and returns its id. Its next run stays as it is. The file is fetched
/// even when it has not changed: a person who asks for it has changed something else, such as the mapping.
///
/// # Errors
/// [`ScheduleError::UnderWay`] when its last import has not ended.
pub async fn fire_now(router: &DatabaseRouter, schedule_id: i64) -> Result<Uuid, ScheduleError> {
    let mut tx = router.imports().begin().await?;
    let Claimed { schedule, .. } = schedules::claim(&mut tx, schedule_id).await?;
    if let Some(import) = under_way(&mut tx, &schedule).await? {
        return Err(ScheduleError::UnderWay { import });
    }
    let import = create(&mut tx, &schedule).await?;
    schedules::fired(&mut tx, schedule.id, import, schedule.next_run_at).await?;
    schedules::keep_validators(&mut tx, schedule.id, import, None).await?;
    tx.commit().await?;
    Ok(import)
}

/// The schedule that made an import, by its number; none for one that a person or a dropped file made.
pub fn schedule_of(job: &Job) -> Option<i64> {
    job.schedule_id
}

/// Fires one claimed schedule, or passes it over and says why; tells which.
async fn fire(tx: &mut Tx<Imports>, Claimed { schedule, now }: &Claimed) -> Result<bool, ScheduleError> {
    let rhythm = match Rhythm::of(schedule) {
        Ok(rhythm) => rhythm,
        Err(fault) => {
            tracing::warn!(schedule = schedule.name, supplier.code = schedule.supplier_code, %fault, "a schedule stops");
            schedules::passed_over(tx, schedule.id, None, Outcome::Failed, &fault.to_string()).await?;
            return Ok(false);
        }
    };
    // The claim asked for those that have a run.
    let due = schedule.next_run_at.unwrap_or(*now);
    let next = rhythm.next(due, *now);
    if schedule.missed_runs == MissedRuns::Skip && rhythm.missed(due, *now) {
        let detail = format!("was due at {due}, found at {now}");
        schedules::passed_over(tx, schedule.id, next, Outcome::Missed, &detail).await?;
        return Ok(false);
    }
    if let Some(import) = under_way(tx, schedule).await? {
        let detail = format!("was due at {due}, but import {import} had not ended");
        schedules::passed_over(tx, schedule.id, next, Outcome::Unfinished, &detail).await?;
        return Ok(false);
    }
    let import = create(tx, schedule).await?;
    schedules::fired(tx, schedule.id, import, next).await?;
    Ok(true)
}

async fn under_way(tx: &mut Tx<Imports>, schedule: &Schedule) -> Result<Option<Uuid>, ScheduleError> {
    let Some(import) = schedule.last_import_id else { return Ok(None) };
    Ok(schedules::under_way(tx, import).await?.then_some(import))
}

/// A job without a file: bucket, key and name are empty until the file is there.
async fn create(tx: &mut Tx<Imports>, schedule: &Schedule) -> Result<Uuid, ScheduleError> {
    let settings = serde_json::json!({});
    let new = NewJob {
        id: Uuid::now_v7(),
        supplier_id: schedule.supplier_id,
        supplier_code: &schedule.supplier_code,
        mode: schedule.mode,
        priority: Priority::Default,
        dry_run: false,
        file_id: None,
        bucket: "",
        key: "",
        file_name: "",
        bytes_total: None,
        settings: &settings,
        schedule_id: Some(schedule.id),
        is_archived: false,
    };
    Ok(jobs::create(tx, &new).await?.id)
}
