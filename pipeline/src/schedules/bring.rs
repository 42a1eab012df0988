//! Fetching the file of a schedule's import.

use router::DatabaseRouter;
use router::imports::jobs::Job;
use router::imports::schedules::{self, Outcome, Schedule};
use sources::{Fetched, Secret, Source, Validators};
use tempfile::NamedTempFile;

use super::error::ScheduleError;
use super::fire::schedule_of;
use crate::{Settings, fetch};

/// What a fetch brought.
#[derive(Debug)]
pub enum Brought {
    /// A file to import.
    File(Delivery),
    /// The file is the one that was imported last: the import ends here, with nothing read.
    NotModified,
}

/// A file in the spool folder, gone when it is dropped.
#[derive(Debug)]
pub struct Delivery {
    /// The file.
    pub file: NamedTempFile,
    /// Its name, fit for the inbox.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// By what it is known again: for [`keep_validators`].
    pub validators: Validators,
}

/// Fetches the file of an import that a schedule made, from wherever the schedule says, unless it is the one that was
/// imported last. How that went is noted with the schedule.
///
/// # Errors
/// Every [`ScheduleError`] but [`ScheduleError::UnderWay`] and [`ScheduleError::Rhythm`].
pub async fn bring(
    router: &DatabaseRouter,
    settings: &Settings,
    sources: &sources::Settings,
    job: &Job,
) -> Result<Brought, ScheduleError> {
    let id = schedule_of(job).ok_or(ScheduleError::NotScheduled(job.id))?;
    let schedule = schedules::find(router.imports(), id).await?.ok_or(ScheduleError::Removed { id })?;
    let brought = fetch_of(router, settings, sources, &schedule).await;
    let (outcome, detail) = match &brought {
        Ok(Brought::File(delivery)) => (Outcome::Fetched, Some(delivery.name.clone())),
        Ok(Brought::NotModified) => (Outcome::NotModified, None),
        Err(fault) => (Outcome::Failed, Some(told(fault))),
    };
    schedules::note(router.imports(), id, job.id, outcome, detail.as_deref()).await?;
    brought
}

/// Remembers the file of an import, so that it is not fetched again while it stays the same. Call it when the import has
/// ended well, and only then: what failed is fetched anew. It does nothing when the schedule has made another import
/// since, or is gone.
///
/// # Errors
/// [`ScheduleError::NotScheduled`], [`ScheduleError::Router`].
pub async fn keep_validators(router: &DatabaseRouter, job: &Job, validators: &Validators) -> Result<(), ScheduleError> {
    let id = schedule_of(job).ok_or(ScheduleError::NotScheduled(job.id))?;
    let kept = (*validators != Validators::default()).then(|| serde_json::json!(validators));
    Ok(schedules::keep_validators(router.imports(), id, job.id, kept.as_ref()).await?)
}

async fn fetch_of(
    router: &DatabaseRouter,
    settings: &Settings,
    sources: &sources::Settings,
    schedule: &Schedule,
) -> Result<Brought, ScheduleError> {
    let unreadable = |source| ScheduleError::Unreadable { name: schedule.name.clone(), source };
    let source: Source = serde_json::from_value(schedule.source.clone()).map_err(unreadable)?;
    let secret = secret_of(router, sources, schedule).await?;
    // Validators that cannot be read are none: the file is fetched, which is never wrong.
    let known: Option<Validators> =
        schedule.validators.clone().and_then(|validators| serde_json::from_value(validators).ok());
    let file = fetch::spool(settings).map_err(ScheduleError::Spool)?;
    let mut into = tokio::fs::File::from_std(file.reopen().map_err(ScheduleError::Spool)?);
    match sources::fetch(&source, secret.as_ref(), known.as_ref(), sources, &mut into).await? {
        Fetched::NotModified => Ok(Brought::NotModified),
        Fetched::File(fetched) => Ok(Brought::File(Delivery {
            file,
            name: fetched.name,
            bytes: fetched.bytes,
            validators: fetched.validators,
        })),
    }
}

/// The secret of a schedule, opened.
///
/// # Errors
/// [`ScheduleError::Secret`], which says what to do about the key.
pub async fn secret_of(
    router: &DatabaseRouter,
    sources: &sources::Settings,
    schedule: &Schedule,
) -> Result<Option<Secret>, ScheduleError> {
    let Some(sealed) = schedules::secret(router.imports(), schedule.id).await? else { return Ok(None) };
    Ok(Some(sources.secrets_key()?.open(&sealed, schedule.supplier_id, &schedule.name)?))
}

/// An error with its causes on one line.
fn told(fault: &ScheduleError) -> String {
    let causes = std::iter::successors(Some(fault as &dyn std::error::Error), |fault| fault.source());
    let mut told = String::new();
    for cause in causes.map(ToString::to_string) {
        if !told.ends_with(&cause) {
            told.push_str(if told.is_empty() { "" } else { ": " });
            told.push_str(&cause);
        }
    }
    told
}
