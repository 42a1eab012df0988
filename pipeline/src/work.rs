//! One attempt at an import, from the claim to what comes after: the lease is kept, a panic stays inside, a fault is
//! judged, and the supplier gets its answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use item::ImportState;
use router::catalog::{fence, staging};
use router::imports::jobs::{self, Attempt, Claim, Failure, Job};
use router::imports::logs::{self, LogLevel};
use router::imports::workers::Worker;
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::error::{ImportError, Result};
use crate::heartbeat::Heartbeat;
use crate::import::Run;
use crate::importer::Importer;
use crate::policy::{Verdict, verdict};
use crate::progress::{Phase, Progress};
use crate::relay::chain;
use crate::report::{Report, Seconds};
use crate::worker::Budget;

/// How long one who waits for another worker's import looks away when no bell rings.
const GLANCE: Duration = Duration::from_millis(200);

/// An import in hand.
pub struct Claimed {
    /// The import.
    pub job: Job,
    /// The right to write to it.
    pub attempt: Attempt,
    /// Its worker is gone: the fence has to be raised before anything else.
    pub is_rescued: bool,
}

impl Importer {
    /// The import whose turn it is, for the worker of this number.
    ///
    /// # Errors
    /// Those of db_imports.
    pub async fn claim(&self, worker: i32, what: Claim) -> Result<Option<Claimed>> {
        let claimed = jobs::claim(self.router.imports(), &self.claimant(worker), what).await?;
        Ok(claimed.map(|(job, attempt)| Claimed { job, attempt, is_rescued: false }))
    }

    /// An import whose worker is gone, for the worker of this number.
    ///
    /// # Errors
    /// Those of db_imports.
    pub async fn rescue(&self, worker: i32, what: Claim) -> Result<Option<Claimed>> {
        let rescued = jobs::rescue(self.router.imports(), &self.claimant(worker), what).await?;
        Ok(rescued.map(|(job, attempt)| Claimed { job, attempt, is_rescued: true }))
    }

    /// Works on a claimed import until it ends, is held, or is put back into the queue; begins when `budget` admits it.
    ///
    /// # Errors
    /// The fault that ended the attempt; what follows from it is noted already.
    pub async fn work(self: &Arc<Self>, claimed: Claimed, progress: &Progress, budget: &Budget) -> Result<Report> {
        let Claimed { job, attempt, .. } = &claimed;
        let heartbeat = Heartbeat::start(self.router.imports(), *attempt, self.settings.lease_seconds, progress);
        fault::point("work.claimed")?;
        let _admitted = tokio::select! {
            admitted = budget.admit(job.bytes_total.unwrap_or(0)) => admitted,
            () = heartbeat.over() => return Err(self.fenced(attempt).await),
        };
        fault::point("work.admitted")?;
        let outcome = match self.prepare(&claimed).await {
            Ok(()) => self.run(job.clone(), *attempt, progress, &heartbeat).await,
            Err(fault) => Err(fault),
        };
        let settled = self.settle(job, attempt, &outcome).await;
        fault::point("work.settled")?;
        drop(heartbeat);
        progress.enter(Phase::Done, 0);
        match settled {
            Ok(()) => self.answer_if_ended(job.id).await,
            // Whoever took over has ended its sessions: that it broke off says less than that it was fenced off.
            Err(fault @ ImportError::Router(router::RouterError::Fenced { .. })) if outcome.is_err() => {
                tracing::warn!(import.id = %job.id, error = chain(&fault), "attempt fenced off");
                return Err(fault);
            }
            // What failed may be the very database that should know: the lease runs out, and somebody takes over.
            Err(fault) => {
                tracing::warn!(import.id = %job.id, error = chain(&fault), "cannot note how an attempt ended")
            }
        }
        outcome
    }

    /// Keeps the former attempt of a rescued import out, and gives up on one that kills its workers.
    async fn prepare(&self, claimed: &Claimed) -> Result<()> {
        let Claimed { job, attempt, is_rescued } = claimed;
        if *is_rescued {
            let bulk = self.router.catalog().bulk().await?;
            let expelled = fence::raise(&bulk, &attempt.fence()).await?;
            let said = json!({ "attempt": attempt.number, "sessions_ended": expelled });
            self.log(attempt, LogLevel::Warn, "taken over: its worker is gone", said).await?;
            if i64::from(job.failures) >= i64::from(self.settings.retry.attempts_max) {
                return Err(ImportError::WorkersLost { attempts: job.failures });
            }
        }
        if attempt.number > 1 {
            let said = json!({ "attempt": attempt.number, "failures": job.failures });
            self.log(attempt, LogLevel::Info, "another attempt", said).await?;
        }
        Ok(fault::point("work.prepared")?)
    }

    /// Runs in a task of its own: a panic ends the attempt, not the worker. When somebody else gets the import, the task
    /// is stopped where it stands.
    async fn run(
        self: &Arc<Self>,
        job: Job,
        attempt: Attempt,
        progress: &Progress,
        heartbeat: &Heartbeat,
    ) -> Result<Report> {
        let run = Run {
            importer: self.clone(),
            job,
            attempt,
            progress: progress.clone(),
            begun: Instant::now(),
            seconds: Seconds::default(),
            validators: None,
        };
        let mut running = AbortOnDropHandle::new(tokio::spawn(run.run()));
        tokio::select! {
            ended = &mut running => ended?,
            () = heartbeat.over() => {
                running.abort();
                // Its sessions are given back before anybody goes on.
                let _ = running.await;
                Err(self.fenced(&attempt).await)
            }
        }
    }

    /// The error of an attempt that is over.
    async fn fenced(&self, attempt: &Attempt) -> ImportError {
        let found = jobs::find(self.router.imports(), attempt.import_id).await.ok().flatten();
        match found {
            Some(job) if job.state == ImportState::Cancelled => ImportError::Cancelled(attempt.import_id),
            found => {
                let found = found.map_or(attempt.epoch, |job| job.epoch);
                router::RouterError::Fenced { import: attempt.import_id, epoch: attempt.epoch, found }.into()
            }
        }
    }

    /// Notes how an attempt ended.
    async fn settle(&self, job: &Job, attempt: &Attempt, outcome: &Result<Report>) -> Result<()> {
        let fault = match outcome {
            Ok(report) => {
                return self
                    .log(attempt, LogLevel::Info, report.state.as_str(), json!({ "counts": report.counts }))
                    .await;
            }
            Err(fault) => fault,
        };
        let said = chain(fault);
        let failure = Failure { code: fault.code_word().to_owned(), message: said.clone() };
        let imports = self.router.imports();
        match verdict(fault, job.failures, &self.settings.retry) {
            Verdict::Fenced => {
                tracing::warn!(import.id = %job.id, error = said, "attempt fenced off");
                Ok(())
            }
            _ if matches!(fault, ImportError::Cancelled(_)) => Ok(()),
            Verdict::Timed(pause) => {
                tracing::info!(import.id = %job.id, error = said, ?pause, "attempt failed; it will be tried again");
                let fields = json!({ "code": failure.code, "pause_seconds": pause.as_secs_f64() });
                self.log(attempt, LogLevel::Warn, &said, fields).await?;
                Ok(jobs::put_back(imports, attempt, Some(&failure), pause.as_secs_f64()).await?)
            }
            Verdict::Manual | Verdict::Never => {
                let retry = verdict(fault, job.failures, &self.settings.retry).retry();
                tracing::info!(import.id = %job.id, error = said, "import failed");
                self.log(attempt, LogLevel::Error, &said, json!({ "code": failure.code })).await?;
                let mut bulk = self.router.catalog().bulk().await?;
                staging::drop(&mut bulk, &attempt.fence()).await?;
                Ok(jobs::fail(imports, attempt, &failure, retry.unwrap_or(jobs::Retry::Manual)).await?)
            }
        }
    }

    /// Hands an import back that is not to be finished here; its attempt was stopped.
    ///
    /// # Errors
    /// Those of db_imports; the lease runs out then.
    pub async fn hand_back(&self, attempt: &Attempt) -> Result<()> {
        self.log(attempt, LogLevel::Info, "handed back: the worker stops", json!({})).await?;
        Ok(jobs::put_back(self.router.imports(), attempt, None, 0.0).await?)
    }

    async fn log(&self, attempt: &Attempt, level: LogLevel, message: &str, fields: Value) -> Result<()> {
        Ok(logs::add(self.router.imports(), attempt, level, message, &fields).await?)
    }

    /// Works on a supplier's queue until this import has ended or is held, or waits until another worker has done so;
    /// then carries the publication to the other databases.
    ///
    /// # Errors
    /// The fault that stopped the import.
    pub async fn finish(self: &Arc<Self>, import_id: Uuid, progress: &Progress) -> Result<Report> {
        let mut outcome = self.finish_queue(import_id, progress).await;
        progress.enter(Phase::FanningOut, 0);
        let begun = Instant::now();
        let supplier_id = self.job_of(import_id).await?.supplier_id;
        self.conclude(supplier_id).await?;
        if let Ok(report) = &mut outcome {
            report.seconds.fan_out = begun.elapsed().as_secs_f64();
            report.seconds.total += report.seconds.fan_out;
        }
        progress.enter(Phase::Done, 0);
        outcome
    }

    /// What a run by hand leaves behind for a supplier: nothing. Answers that a crash left out are given as well.
    ///
    /// # Errors
    /// Those of db_catalog and db_imports; a database that is away gets its share later.
    pub async fn conclude(&self, supplier_id: i64) -> Result<()> {
        for delivery in self.relay().settle(supplier_id).await? {
            let fault = delivery.last_fault.unwrap_or_default();
            tracing::warn!(consumer = delivery.consumer, import.id = %delivery.import_id, fault, "to be delivered later");
        }
        for job in jobs::unanswered(self.router.imports(), Some(supplier_id), 0.0, 100).await? {
            self.answer(&job).await?;
        }
        Ok(())
    }

    /// When a newer file makes the import pointless, that one is what is waited for.
    pub(crate) async fn finish_queue(self: &Arc<Self>, mut import_id: Uuid, progress: &Progress) -> Result<Report> {
        progress.enter(Phase::Waiting, 0);
        let worker = Worker::appear(self.router.imports()).await?;
        let supplier_id = self.job_of(import_id).await?.supplier_id;
        // Somebody waits for it: no pause behind a fault of before.
        jobs::hurry(self.router.imports(), supplier_id).await?;
        let bell = worker.bell();
        loop {
            let job = self.job_of(import_id).await?;
            if let Some(newer) = job.superseded_by {
                import_id = newer;
                continue;
            }
            if let Some(outcome) = ended(&job) {
                return outcome;
            }
            let what = Claim { supplier_id: Some(supplier_id), bytes_max: None };
            let claimed = match self.rescue(worker.number(), what).await? {
                Some(rescued) => Some(rescued),
                None => self.claim(worker.number(), what).await?,
            };
            if let Some(claimed) = claimed {
                let is_ours = claimed.job.id == import_id;
                let outcome = self.work(claimed, progress, &Budget::unlimited()).await;
                let is_superseded = outcome.as_ref().is_ok_and(|report| report.state == ImportState::Cancelled);
                if is_ours && !is_superseded {
                    return outcome;
                }
                progress.enter(Phase::Waiting, 0);
                continue;
            }
            let _ = tokio::time::timeout(GLANCE, bell.notified()).await;
        }
    }

    /// Publishes a held import: what was staged, or the archived file read again when the staging table or the
    /// catalogue under it is not what it was.
    ///
    /// # Errors
    /// [`ImportError::NotHeld`] among others.
    pub async fn publish(self: &Arc<Self>, import_id: Uuid, progress: &Progress) -> Result<Report> {
        let job = self.job_of(import_id).await?;
        if job.approved && job.state == ImportState::Completed {
            self.conclude(job.supplier_id).await?;
            return Ok(Report::kept(&job));
        }
        if self.held(import_id).await?.state == ImportState::Held {
            jobs::approve(self.router.imports(), import_id).await?;
        }
        self.finish(import_id, progress).await
    }
}

/// How an import ended that somebody else may have worked on; `None` while it has not.
fn ended(job: &Job) -> Option<Result<Report>> {
    match job.state {
        ImportState::Failed => {
            let failure = job.failure.clone();
            let (code, message) = failure.map(|failure| (failure.code, failure.message)).unwrap_or_default();
            Some(Err(ImportError::Failed { id: job.id, code, message }))
        }
        ImportState::Cancelled => Some(Err(ImportError::Cancelled(job.id))),
        state if state == ImportState::Held || job.finished_at.is_some() => Some(Ok(Report::kept(job))),
        _ => None,
    }
}
