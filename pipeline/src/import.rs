//! The way of a file: plan → survey → stage → guards → publish → fan out. The stages stand in files of their own; here
//! they are only put together.
//!
//! Two steps are idempotent, *stage* and *publish*; a crash anywhere is cured by running the import again.

use std::sync::Arc;
use std::time::Instant;

use feed::Plan;
use item::{EmptyMeans, ImportState, Language, Mode};
use router::catalog::outbox::Pending;
use router::catalog::{Publish, SupplierLock, publications, publish, staging};
use router::imports::jobs::{self, Attempt, Job};
use router::imports::logs::{self, LogLevel};
use serde_json::{Value, json};
use storage::keys;
use tokio::runtime::Handle;

use crate::diff::Differ;
use crate::error::{ImportError, Result};
use crate::fetch::{Received, Table};
use crate::guards;
use crate::heartbeat::Heartbeat;
use crate::importer::Importer;
use crate::keep::Keep;
use crate::order::Task;
use crate::precedent::precedent;
use crate::progress::{Counted, Phase, Progress};
use crate::receipt::Circumstances;
use crate::reject_file::RejectForm;
use crate::rejects::RejectSink;
use crate::report::{Report, Seconds, peak_rss_bytes};
use crate::snapshot::Snapshot;
use crate::stage::{self, Reading};

/// One attempt at one import, under the supplier's lock.
pub(crate) struct Run<'a> {
    pub importer: &'a Importer,
    pub lock: &'a SupplierLock,
    pub job: Job,
    pub task: Task,
    pub progress: &'a Progress,
    pub begun: Instant,
    pub seconds: Seconds,
}

impl Run<'_> {
    /// Runs the import to its end, or to the fault that stopped it. A file at fault ends the import as `failed` with the
    /// catalogue as it was; after any other fault it waits to be run again.
    pub async fn attempt(mut self, received: &Received) -> Result<Report> {
        // An earlier attempt may have found the file to be a correction.
        self.task.mode = self.job.mode;
        let imports = self.importer.router.imports();
        let lease_seconds = self.importer.settings.lease_seconds;
        let attempt = jobs::begin_attempt(imports, self.job.id, &self.importer.owner, lease_seconds).await?;
        let _heartbeat = Heartbeat::start(imports, attempt, lease_seconds, self.progress);
        self.log(LogLevel::Info, "attempt begun", json!({ "attempt": attempt.number, "owner": self.importer.owner }))
            .await?;
        if let Some(version) = self.task.mapping_version {
            jobs::set_mapping_version(imports, &attempt, version).await?;
        }
        let outcome = self.work(&attempt, received).await;
        match &outcome {
            Ok(report) => self.log(LogLevel::Info, report.state.as_str(), json!({ "counts": report.counts })).await?,
            Err(fault) if fault.permanent() => {
                self.drop_staging().await?;
                jobs::fail(imports, &attempt, fault.code_word(), &fault.to_string()).await?;
                self.log(LogLevel::Error, &fault.to_string(), json!({ "code": fault.code_word() })).await?;
            }
            // What failed may be the very database that keeps the log.
            Err(fault) => tracing::warn!(import.id = %self.job.id, error = %fault, "import stopped; run it again"),
        }
        if outcome.as_ref().err().is_none_or(ImportError::permanent) {
            let language = Language::of(&self.task.supplier.language);
            self.importer.answer(self.job.id, outcome.as_ref().ok(), language, Circumstances::default()).await;
        }
        outcome
    }

    async fn log(&self, level: LogLevel, message: &str, fields: Value) -> Result<()> {
        Ok(logs::add(self.importer.router.imports(), self.job.id, level, message, &fields).await?)
    }

    async fn work(&mut self, attempt: &Attempt, received: &Received) -> Result<Report> {
        let report = match self.staged_before().await? {
            Some(report) => report,
            None => self.stage(attempt, received).await?,
        };
        if self.task.dry_run || report.state == ImportState::Held {
            return Ok(report);
        }
        self.publish(attempt, &report).await?;
        self.follow(attempt, report).await
    }

    /// What an earlier attempt staged and a person approved, when it still fits the catalogue.
    async fn staged_before(&self) -> Result<Option<Report>> {
        let catalog = self.importer.router.catalog();
        if !self.job.approved || !staging::exists(catalog, self.job.id).await? {
            return Ok(None);
        }
        let report = Report { state: ImportState::Staged, ..Report::kept(&self.job) };
        let base = publications::latest(catalog, self.task.supplier.id).await?.map(|latest| latest.id);
        let rows = staging::count(&catalog.bulk().await?, self.job.id).await?;
        Ok((rows == report.staged_rows && base == report.base_publication).then_some(report))
    }

    async fn stage(&mut self, attempt: &Attempt, received: &Received) -> Result<Report> {
        let importer = self.importer;
        let (catalog, imports) = (importer.router.catalog(), importer.router.imports());
        let table = Arc::new(self.table(received).await?);

        let begun = Instant::now();
        self.progress.enter(Phase::Surveying, table.bytes);
        let supplier_id = self.task.supplier.id;
        let base = publications::latest(catalog, supplier_id).await?.map(|latest| latest.id);
        let (plan, snapshot) = tokio::try_join!(self.plan(&table), Snapshot::load(catalog, supplier_id))?;
        self.seconds.survey = begun.elapsed().as_secs_f64();
        importer.note_content(&self.job, &plan).await?;
        let mut sent_as = self.task.mode;
        if plan.is_correction() {
            sent_as = self.task.supplier.default_mode;
            (self.task.mode, self.job.mode) = (Mode::Partial, Mode::Partial);
            jobs::note_correction(imports, attempt).await?;
        }
        let (task, precedent) = (&self.task, plan.precedent(sent_as));

        let begun = Instant::now();
        self.progress.enter(Phase::Staging, table.bytes);
        let active_before = snapshot.active();
        let keep = (precedent.empty_means == EmptyMeans::Keep).then(|| Keep::new(catalog.clone(), Handle::current()));
        let differ = Differ::new(snapshot, keep, &plan, &importer.limits);
        let own = (!plan.layout.numbered).then_some(plan.layout.dialect.delimiter);
        let form = RejectForm::new(Language::of(&task.supplier.language), own);
        let sink = RejectSink::open(imports, self.job.id, &plan.layout.header, form, &importer.settings).await?;
        let reading = Reading { table, plan: Arc::new(plan), limits: importer.limits.clone(), differ, mode: task.mode };
        let (understood, correction) = (reading.plan.evidence(), reading.plan.is_correction());
        let staged = stage::stage(catalog, self.job.id, reading, sink, &importer.settings, self.progress).await?;
        self.seconds.stage = begun.elapsed().as_secs_f64();

        let evidence = guards::Evidence { mode: task.mode, counts: &staged.counts, active_before };
        let mut report = Report {
            state: ImportState::Staged,
            counts: staged.counts,
            totals: staged.totals,
            correction,
            staged_rows: staged.rows,
            base_publication: base,
            rejects_by_code: staged.rejects_by_code,
            guards: guards::check(evidence, &importer.settings.guards),
            rejects_key: importer.keep_rejects(&self.job, staged.rejects_file).await?,
            evidence: understood,
            precedent: Some(precedent),
            ..Report::begin(&self.job)
        };
        self.take_time(&mut report);
        // A crash in the publish transaction leaves a job `publishing` that published nothing: it is staged anew.
        let before = [ImportState::Staging, ImportState::Publishing];
        jobs::advance(imports, attempt, &before, ImportState::Staged).await?;
        let trip = report.guards.first().cloned().filter(|_| !self.job.approved);
        if task.dry_run {
            self.drop_staging().await?;
            jobs::complete(imports, attempt, &report.counts, &report.to_json()).await?;
        } else if let Some(trip) = trip {
            report.state = ImportState::Held;
            jobs::hold(imports, attempt, trip.code, &trip.detail, &report.counts, &report.to_json()).await?;
        }
        Ok(report)
    }

    /// The table in the file; unpacking and spreadsheets are a thread's work.
    async fn table(&self, received: &Received) -> Result<Table> {
        let (file, settings) = (received.reopen().map_err(ImportError::Spool)?, self.importer.settings.clone());
        Ok(tokio::task::spawn_blocking(move || crate::fetch::open_table(file, &settings)).await??)
    }

    /// What a sample suggests, settled by a pass over the whole file. A correction is read as the file was of which its
    /// rows are.
    async fn plan(&self, table: &Arc<Table>) -> Result<Plan> {
        let suggested = tokio::task::spawn_blocking({
            let (table, limits) = (table.clone(), self.importer.limits.clone());
            let (feed, mapping) = (self.task.feed.clone(), self.task.mapping.clone());
            move || {
                let (sample, complete) = table.sample(limits.sample_bytes)?;
                feed::plan(&sample, complete, mapping.as_ref(), &feed, &limits)
            }
        });
        let mut plan = suggested.await??;
        if keys::is_rejects(&self.job.file_name) {
            plan = plan.into_correction()?;
        }
        if plan.is_correction()
            && let Some(precedent) = precedent(self.importer.router.imports(), &self.job, &plan).await?
        {
            plan = plan.follow(precedent)?;
        }
        let (table, limits, progress) = (table.clone(), self.importer.limits.clone(), self.progress.clone());
        let feed = self.task.feed.clone();
        let settled = tokio::task::spawn_blocking(move || {
            feed::survey(|| Ok(Counted::new(table.open()?, &progress)), plan, &feed, &limits)
        });
        Ok(settled.await??)
    }

    async fn publish(&mut self, attempt: &Attempt, report: &Report) -> Result<()> {
        let router = &self.importer.router;
        self.progress.enter(Phase::Publishing, 0);
        let begun = Instant::now();
        if !self.lock.is_alive().await {
            return Err(ImportError::LockLost);
        }
        let before = [ImportState::Staging, ImportState::Staged];
        jobs::advance(router.imports(), attempt, &before, ImportState::Publishing).await?;
        let staged = Publish {
            import_id: self.job.id,
            supplier_id: self.task.supplier.id,
            mode: self.task.mode,
            file_sha256: self.task.sha256,
            plan_fingerprint: self.task.fingerprint.to_vec(),
            counts: report.counts,
        };
        let mut bulk = router.catalog().bulk().await?;
        publish(&mut bulk, &staged).await?;
        self.seconds.publish = begun.elapsed().as_secs_f64();
        self.seconds.to_published = self.begun.elapsed().as_secs_f64();
        drop(bulk);
        self.drop_staging().await
    }

    /// The other databases follow, and the job is completed.
    async fn follow(&mut self, attempt: &Attempt, mut report: Report) -> Result<Report> {
        self.progress.enter(Phase::FanningOut, 0);
        let begun = Instant::now();
        let relay = self.importer.relay();
        for Pending { event, consumers } in relay.pending(self.task.supplier.id).await? {
            relay.follow(&event, &consumers).await?;
            self.seconds.fan_out = begun.elapsed().as_secs_f64();
            report.state = ImportState::Completed;
            self.take_time(&mut report);
            relay.conclude(&event, attempt, &report).await?;
        }
        Ok(report)
    }

    async fn drop_staging(&self) -> Result<()> {
        let bulk = self.importer.router.catalog().bulk().await?;
        Ok(staging::drop(&bulk, self.job.id).await?)
    }

    /// Notes time and memory so far.
    fn take_time(&self, report: &mut Report) {
        report.seconds = Seconds { total: self.begun.elapsed().as_secs_f64(), ..self.seconds };
        report.peak_rss_bytes = peak_rss_bytes();
    }
}
