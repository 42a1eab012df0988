//! A worker: takes imports from the queue until it is told to stop, and does what has to be done now and then.
//!
//! Any number of them run side by side, on any number of machines; what one leaves undone, the others take up. A lane
//! works on one import at a time. Beside the lanes run the relay, the answers and the chores.

mod budget;
mod inbox;
mod settings;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use router::catalog::outbox::{self, Consumer};
use router::catalog::staging;
use router::imports::jobs::{self, Claim, Job};
use router::imports::partitions;
use router::imports::workers::{self, Worker as Presence};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::error::{ImportError, Result};
use crate::importer::Importer;
use crate::progress::Progress;
use crate::relay::chain;
use crate::report::Report;
use crate::schedules;
use crate::work::Claimed;

pub use budget::Budget;
pub use inbox::Inbox;
pub use settings::WorkSettings;

/// Pause after a database could not be asked.
const SETBACK: Duration = Duration::from_secs(1);
/// How often lost imports are looked for; each look reads the server's locks.
const RESCUE_EVERY: Duration = Duration::from_secs(1);
/// Answers are given by whoever worked on the import; those left out are given after this long.
const ANSWER_AFTER_SECONDS: f64 = 10.0;
/// Chores: partitions, purges, staging tables that nobody needs. One worker does them.
const CHORES_EVERY_SECONDS: f64 = 600.0;
/// Time for handing leases back at the end.
const HAND_BACK: Duration = Duration::from_secs(5);

/// How far a worker is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Not at all.
    No,
    /// Claims nothing more; what is under way may end within the drain time, and is handed back then.
    Drain,
    /// Hands back what is under way at once.
    Now,
}

/// What a worker tells whoever watches it.
pub enum Event<'a> {
    /// It began with an import.
    Begun(&'a Job),
    /// An attempt ended.
    Ended(&'a Job, &'a Result<Report>),
    /// It handed an import back because it stops.
    HandedBack(&'a Job),
}

/// Told of what happens, from any thread.
pub type Listener = Arc<dyn Fn(Event<'_>) + Send + Sync>;

/// A worker.
pub struct Worker {
    importer: Arc<Importer>,
    settings: WorkSettings,
    budget: Budget,
    number: AtomicI32,
    bell: Arc<Notify>,
    published: Notify,
    stop: watch::Receiver<Stop>,
    listener: Listener,
}

impl Worker {
    /// Runs until told to stop. A database that is away is waited for.
    ///
    /// # Errors
    /// [`ImportError::Watch`] when the watch cannot begin; [`ImportError::Task`] when a part of the worker panicked.
    pub async fn run(
        importer: Arc<Importer>,
        settings: WorkSettings,
        inbox: Option<Inbox>,
        stop: watch::Receiver<Stop>,
        listener: Listener,
    ) -> Result<()> {
        let budget = Budget::new(settings.memory_bytes_max);
        let mut told = stop.clone();
        let presence = tokio::select! {
            presence = appear(&importer) => presence,
            _ = told.wait_for(|stop| *stop != Stop::No) => return Ok(()),
        };
        let worker = Arc::new(Worker {
            budget,
            number: AtomicI32::new(presence.number()),
            bell: presence.bell(),
            published: Notify::new(),
            importer,
            settings,
            stop,
            listener,
        });
        let mut beside = JoinSet::new();
        beside.spawn(worker.clone().stay_present(presence));
        for consumer in Consumer::ALL {
            beside.spawn(worker.clone().relay(consumer));
        }
        beside.spawn(worker.clone().answers());
        beside.spawn(worker.clone().chores());
        beside.spawn(worker.clone().schedules());
        if let Some(inbox) = inbox {
            let watch = inbox.watch(&worker.importer)?;
            let stop = worker.stop.clone();
            beside.spawn(async move { inbox.follow(watch, stop).await });
        }
        let mut lanes = JoinSet::new();
        let express = Claim { bytes_max: Some(worker.settings.express_bytes_max), ..Claim::default() };
        lanes.spawn(worker.clone().lane(express));
        for _ in 0..worker.settings.lanes() {
            lanes.spawn(worker.clone().lane(Claim::default()));
        }
        // A lane ends when it is told to. What runs beside them ends by a fault only, which is the worker's.
        loop {
            tokio::select! {
                ended = lanes.join_next() => match ended {
                    Some(ended) => ended?,
                    None => return Ok(()),
                },
                Some(ended) = beside.join_next() => ended??,
            }
        }
    }

    async fn lane(self: Arc<Self>, what: Claim) {
        // Each lane looks for itself: the express one sees only what is small.
        let mut looked = None;
        while self.goes_on() {
            match self.next(what, &mut looked).await {
                Ok(Some(claimed)) => {
                    // There may be more than one: the next lane looks, and so on.
                    self.bell.notify_one();
                    self.work(claimed).await;
                }
                Ok(None) => self.rest(Duration::from_secs_f64(self.settings.poll_seconds), self.bell.notified()).await,
                Err(fault) => {
                    tracing::warn!(error = chain(&fault), "cannot look for work");
                    self.rest(SETBACK, std::future::pending()).await;
                }
            }
        }
    }

    async fn next(&self, what: Claim, looked: &mut Option<Instant>) -> Result<Option<Claimed>> {
        let number = self.number.load(Ordering::Relaxed);
        if looked.is_none_or(|at| at.elapsed() >= RESCUE_EVERY) {
            *looked = Some(Instant::now());
            if let Some(rescued) = self.importer.rescue(number, what).await? {
                return Ok(Some(rescued));
            }
        }
        self.importer.claim(number, what).await
    }

    async fn work(&self, claimed: Claimed) {
        let (job, attempt) = (claimed.job.clone(), claimed.attempt);
        (self.listener)(Event::Begun(&job));
        let progress = Progress::default();
        let outcome = tokio::select! {
            outcome = self.importer.work(claimed, &progress, &self.budget) => outcome,
            () = self.patience() => {
                let handed_back = tokio::time::timeout(HAND_BACK, self.importer.hand_back(&attempt)).await;
                if let Ok(Err(fault)) = handed_back {
                    tracing::warn!(import.id = %job.id, error = chain(&fault), "cannot hand an import back");
                }
                return (self.listener)(Event::HandedBack(&job));
            }
        };
        (self.listener)(Event::Ended(&job, &outcome));
        self.published.notify_waiters();
    }

    /// Waits until imports under way have to be handed back.
    async fn patience(&self) {
        let mut stop = self.stop.clone();
        // The sender outlives the worker, or nobody ever says stop.
        if stop.wait_for(|stop| *stop != Stop::No).await.is_err() {
            return std::future::pending().await;
        }
        let drain = Duration::from_secs(self.settings.drain_seconds.into());
        let _ = tokio::time::timeout(drain, stop.wait_for(|stop| *stop == Stop::Now)).await;
    }

    fn goes_on(&self) -> bool {
        *self.stop.borrow() == Stop::No
    }

    /// Waits a while, or for what happens first; a word to stop ends every rest.
    async fn rest(&self, at_most: Duration, or: impl Future<Output = ()>) {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = tokio::time::sleep(at_most) => {}
            () = or => {}
            _ = stop.wait_for(|stop| *stop != Stop::No) => {}
        }
    }

    /// Comes back under its number when its session breaks, before its imports are given up.
    async fn stay_present(self: Arc<Self>, mut presence: Presence) -> Result<()> {
        while self.goes_on() {
            if !presence.is_present() {
                match presence.reappear(self.importer.router.imports()).await {
                    Ok(()) => self.number.store(presence.number(), Ordering::Relaxed),
                    Err(fault) => tracing::warn!(error = chain(&fault), "cannot appear as a worker again"),
                }
            }
            self.rest(SETBACK / 4, std::future::pending()).await;
        }
        // Present until the imports under way have ended too.
        std::future::pending::<()>().await;
        drop(presence);
        Ok(())
    }

    /// One for each consumer: a database that is away keeps no other waiting.
    async fn relay(self: Arc<Self>, consumer: Consumer) -> Result<()> {
        while self.goes_on() {
            match self.importer.relay().carry_to(consumer, None).await {
                Ok(0) => {
                    self.rest(Duration::from_secs_f64(self.settings.poll_seconds), self.published.notified()).await;
                }
                Ok(_) => {}
                Err(fault) => {
                    tracing::warn!(error = chain(&fault), "cannot look for deliveries");
                    self.rest(SETBACK, std::future::pending()).await;
                }
            }
        }
        Ok(())
    }

    async fn answers(self: Arc<Self>) -> Result<()> {
        while self.goes_on() {
            if let Err(fault) = self.importer.answer_all(ANSWER_AFTER_SECONDS, 100).await {
                tracing::warn!(error = chain(&fault), "cannot look for unanswered imports");
            }
            self.rest(Duration::from_secs_f64(ANSWER_AFTER_SECONDS / 2.0), std::future::pending()).await;
        }
        Ok(())
    }

    async fn schedules(self: Arc<Self>) -> Result<()> {
        while self.goes_on() {
            match schedules::fire_due(&self.importer.router).await {
                Ok(fired) if fired > 0 => tracing::info!(fired, "schedules fired"),
                Ok(_) => {}
                Err(fault) => tracing::warn!(error = chain(&fault), "cannot look for due schedules"),
            }
            self.rest(Duration::from_secs_f64(self.settings.poll_seconds), std::future::pending()).await;
        }
        Ok(())
    }

    async fn chores(self: Arc<Self>) -> Result<()> {
        while self.goes_on() {
            if let Err(fault) = self.chore().await {
                tracing::warn!(error = chain(&fault), "cannot do the chores");
            }
            self.rest(Duration::from_secs_f64(CHORES_EVERY_SECONDS / 10.0), std::future::pending()).await;
        }
        Ok(())
    }

    async fn chore(&self) -> Result<()> {
        let (catalog, imports) = (self.importer.router.catalog(), self.importer.router.imports());
        if !workers::turn(imports, "chores", CHORES_EVERY_SECONDS).await? {
            return Ok(());
        }
        partitions::make_ahead(imports, 3).await?;
        outbox::purge(catalog, f64::from(self.settings.outbox_keep_days) * 86_400.0).await?;
        for import_id in staging::list(catalog).await? {
            let job = jobs::find(imports, import_id).await?;
            if job.is_none_or(|job| job.finished_at.is_some()) {
                staging::forget(&catalog.bulk().await?, import_id).await?;
            }
        }
        Ok(())
    }
}

/// Appears, as soon as db_imports can be reached; and whoever is first makes the buckets.
async fn appear(importer: &Importer) -> Presence {
    if let Err(fault) = importer.storage.ensure_buckets().await {
        tracing::warn!(error = chain(&fault), "cannot make sure of the buckets");
    }
    loop {
        match Presence::appear(importer.router.imports()).await {
            Ok(presence) => return presence,
            Err(fault) => tracing::warn!(error = chain(&ImportError::from(fault)), "waiting for db_imports"),
        }
        tokio::time::sleep(SETBACK).await;
    }
}
