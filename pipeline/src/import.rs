//! The way of a file: fetch → archive → plan → survey → stage → guards → publish. The stages stand in files of their own;
//! here they are only put together. What follows a publish is the relay's.
//!
//! Two steps are idempotent, *stage* and *publish*; a crash anywhere is cured by running the import again.

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, SubsecRound, Utc};
use feed::Plan;
use item::{Counts, EmptyMeans, ImportState, Language, Mode};
use router::catalog::{Publication, Publish, publications, publish, staging};
use router::imports::files::{self, NewFile};
use router::imports::jobs::{self, Attempt, Dropped, Job};
use sources::Validators;
use storage::{Bucket, InboxKey, StorageError, keys};
use tokio::runtime::Handle;

use crate::diff::Differ;
use crate::error::{ImportError, Result};
use crate::fetch::{self, Received, Table};
use crate::guards;
use crate::importer::{Importer, archive_key};
use crate::keep::Keep;
use crate::order::{Order, Task};
use crate::precedent::precedent;
use crate::progress::{Counted, Phase, Progress};
use crate::reject_file::RejectForm;
use crate::rejects::RejectSink;
use crate::report::{Report, Seconds, peak_rss_bytes};
use crate::schedules::{self, Brought};
use crate::snapshot::Snapshot;
use crate::stage::{self, Reading};

/// One attempt at one import.
pub(crate) struct Run {
    pub importer: Arc<Importer>,
    pub job: Job,
    pub attempt: Attempt,
    pub progress: Progress,
    pub begun: Instant,
    pub seconds: Seconds,
    /// By what a schedule knows its file again, once it was fetched.
    pub validators: Option<Validators>,
}

/// What came of fetching.
enum Fetched {
    File(Received),
    /// Another version lies there by now.
    Replaced,
    /// A schedule's source has nothing new.
    NotModified,
}

impl Run {
    /// Runs the import to its end, or to the fault that stopped it.
    pub async fn run(mut self) -> Result<Report> {
        fault::point("import.begun")?;
        if let Some(publication) = self.published_before().await? {
            return self.complete_published(&publication).await;
        }
        if let Some(report) = self.superseded().await? {
            return Ok(report);
        }
        fault::point("import.not_superseded")?;
        let supplier = self.importer.known(&self.job.supplier_code).await?;
        let received = match self.fetch().await? {
            Fetched::File(received) => received,
            Fetched::Replaced => return self.replaced().await,
            Fetched::NotModified => return self.not_modified().await,
        };
        let order = Order::of(&self.job)?;
        let mut task = Task::new(&self.importer.router, supplier, &order, received.facts.sha256).await?;
        self.record(&task, &received).await?;
        if let Some(report) = self.answered(&task, &order).await? {
            return Ok(report);
        }
        self.archive(&received).await?;
        fault::point("import.archived")?;
        if let Some(version) = task.mapping_version {
            jobs::set_mapping_version(self.importer.router.imports(), &self.attempt, version).await?;
        }
        let report = match self.staged_before(&task).await? {
            Some(report) => report,
            None => self.stage(&mut task, &received).await?,
        };
        if task.dry_run || report.state == ImportState::Held {
            return Ok(report);
        }
        self.publish(&task, &report).await?;
        self.complete(report).await
    }

    /// A newer full file says all that this one could: it is not read at all, unless a person asked for it.
    async fn superseded(&self) -> Result<Option<Report>> {
        let job = &self.job;
        if job.approved || job.dry_run || job.state == ImportState::Publishing {
            return Ok(None);
        }
        let imports = self.importer.router.imports();
        let Some(newer) = jobs::newer_full(imports, job).await? else { return Ok(None) };
        jobs::supersede(imports, &self.attempt, newer.id).await?;
        Ok(Some(Report { state: ImportState::Cancelled, superseded_by: Some(newer.file_name), ..Report::begin(job) }))
    }

    /// A crash between the publish transaction and the end of the job: everything visible is done. A first attempt asks
    /// as well: db_imports may have been restored from a dump that is older than the publication.
    async fn published_before(&self) -> Result<Option<Publication>> {
        Ok(publications::of_import(self.importer.router.catalog(), self.job.id).await?)
    }

    async fn complete_published(&mut self, publication: &Publication) -> Result<Report> {
        self.drop_staging().await?;
        let report = Report { counts: publication.counts, ..Report::kept(&self.job) };
        self.complete(report).await
    }

    /// The file: from the archive, from where it was dropped, or from where its schedule says it is.
    async fn fetch(&mut self) -> Result<Fetched> {
        fault::point("fetch.begun")?;
        if self.job.schedule_id.is_some() && !self.job.is_archived {
            return self.bring().await;
        }
        let (importer, archived) = (&self.importer, archive_key(&self.job));
        let key = if self.job.is_archived { &archived } else { &self.job.key };
        let fetched = match fetch::fetch(&importer.storage, key, &importer.settings, &self.progress).await {
            // The crash of an earlier attempt may have come between the copy and the note of it.
            Err(ImportError::Storage(StorageError::NotFound { key, .. })) if !self.job.is_archived => {
                match fetch::fetch(&importer.storage, &archived, &importer.settings, &self.progress).await {
                    Err(ImportError::Storage(StorageError::NotFound { .. })) => Err(ImportError::Gone { key }),
                    fetched => fetched.inspect(|_| self.job.is_archived = true),
                }
            }
            fetched => fetched,
        }?;
        fault::point("fetch.spooled")?;
        self.seconds.fetch = self.begun.elapsed().as_secs_f64();
        let replaced = !self.job.is_archived && self.job.etag.as_ref().is_some_and(|etag| *etag != fetched.facts.etag);
        Ok(if replaced { Fetched::Replaced } else { Fetched::File(fetched) })
    }

    /// The file of a schedule.
    async fn bring(&mut self) -> Result<Fetched> {
        let importer = &self.importer;
        self.progress.enter(Phase::Fetching, 0);
        match schedules::bring(&importer.router, &importer.settings, &importer.sources, &self.job).await? {
            Brought::NotModified => Ok(Fetched::NotModified),
            Brought::File(delivery) => {
                self.job.file_name = delivery.name;
                self.validators = Some(delivery.validators);
                self.seconds.fetch = self.begun.elapsed().as_secs_f64();
                Ok(Fetched::File(Received::spooled(delivery.file).await?))
            }
        }
    }

    /// The source has nothing new: the import ends with nothing read.
    async fn not_modified(&self) -> Result<Report> {
        let router = &self.importer.router;
        let report = Report { state: ImportState::Completed, identical: true, ..Report::begin(&self.job) };
        let (imports, counts) = (router.imports(), report.counts);
        match publications::latest(router.catalog(), self.job.supplier_id).await? {
            Some(latest) => {
                jobs::complete_identical(imports, &self.attempt, latest.import_id, &counts, &report.to_json()).await?;
            }
            None => jobs::complete(imports, &self.attempt, &counts, &report.to_json()).await?,
        }
        Ok(report)
    }

    /// The object was overwritten before it could be read: what lies there now has an import of its own.
    async fn replaced(&self) -> Result<Report> {
        let (importer, job) = (&self.importer, &self.job);
        let head = importer.storage.head(Bucket::ImportsFiles, &job.key).await?;
        let supplier = importer.known(&job.supplier_code).await?;
        let dropped =
            dropped(&InboxKey::parse(&job.key).map_err(ImportError::Key)?, head.etag, head.bytes, head.modified);
        let imports = importer.router.imports();
        let mode = supplier.default_mode;
        let offered = std::slice::from_ref(&dropped);
        jobs::offer(imports, (supplier.id, &supplier.code), mode, &job.bucket, offered).await?;
        let newer = jobs::of_drop(imports, &job.bucket, &dropped).await?.filter(|newer| *newer != job.id);
        let newer = newer.ok_or_else(|| ImportError::Gone { key: job.key.clone() })?;
        jobs::supersede(imports, &self.attempt, newer).await?;
        let name = Some(dropped.file_name);
        Ok(Report { state: ImportState::Cancelled, superseded_by: name, ..Report::begin(job) })
    }

    /// Notes the delivery by its content.
    async fn record(&mut self, task: &Task, received: &Received) -> Result<()> {
        let imports = self.importer.router.imports();
        if self.job.file_id.is_some() {
            return Ok(());
        }
        let new = NewFile {
            supplier_id: task.supplier.id,
            sha256: task.sha256,
            size_bytes: received.facts.bytes,
            file_name: &self.job.file_name,
            archive_key: None,
        };
        let file_id = files::record(imports, &new).await?;
        fault::point("import.recorded")?;
        let object = (&*self.importer.storage.bucket_name(Bucket::ImportsFiles), &*archive_key(&self.job));
        let (bytes, name) = (received.facts.bytes, &self.job.file_name);
        jobs::attach_file(imports, &self.attempt, file_id, bytes, name, object).await?;
        fault::point("import.attached")?;
        self.job.file_id = Some(file_id);
        self.job.bytes_total = Some(received.facts.bytes);
        Ok(())
    }

    /// The answer to a file that needs no work: it is byte for byte the one published last, or it is held already.
    async fn answered(&mut self, task: &Task, order: &Order) -> Result<Option<Report>> {
        if order.force || task.dry_run || self.job.approved {
            return Ok(None);
        }
        let imports = self.importer.router.imports();
        let other = jobs::unfinished(imports, task.supplier.id, &task.sha256, task.mode, false).await?;
        if let Some(held) = other.filter(|job| job.state == ImportState::Held && job.id != self.job.id) {
            jobs::supersede(imports, &self.attempt, held.id).await?;
            return Ok(Some(Report { identical: true, ..Report::kept(&held) }));
        }
        let Some(publication) = self.importer.published(task).await? else { return Ok(None) };
        let before = Report::kept(&self.importer.job_of(publication.import_id).await?);
        let job = &self.job;
        let report = Report { import_id: job.id, file: job.file_name.clone(), dry_run: false, ..before };
        let mut report = identical(&publication, report);
        self.take_time(&mut report);
        let (of, counts) = (publication.import_id, report.counts);
        jobs::complete_identical(imports, &self.attempt, of, &counts, &report.to_json()).await?;
        Ok(Some(report))
    }

    /// Keeps the file as received: a copy within the store, or, when the object was replaced or removed meanwhile, the
    /// bytes that were read. Doing it twice leaves one copy.
    async fn archive(&mut self, received: &Received) -> Result<()> {
        let (importer, job) = (&self.importer, &self.job);
        let key = archive_key(job);
        if !job.is_archived {
            let (from, to) = ((Bucket::ImportsFiles, job.key.as_str()), (Bucket::ImportsFiles, key.as_str()));
            let copied = match &job.etag {
                Some(etag) => importer.storage.copy(from, to, Some(etag)).await,
                None => Err(StorageError::NotFound { bucket: job.bucket.clone(), key: job.key.clone() }),
            };
            match copied {
                Ok(()) => {}
                Err(StorageError::Changed { .. } | StorageError::NotFound { .. }) => {
                    importer.storage.put_file(to.0, to.1, received.path()).await?;
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        fault::point("archive.copied")?;
        let imports = importer.router.imports();
        jobs::archived(imports, &self.attempt).await?;
        fault::point("archive.noted")?;
        if let Some(file_id) = job.file_id {
            files::set_archive_key(imports, file_id, &key).await?;
        }
        self.job.is_archived = true;
        Ok(())
    }

    /// What an earlier attempt staged and a person approved, when it still fits the catalogue.
    async fn staged_before(&self, task: &Task) -> Result<Option<Report>> {
        let catalog = self.importer.router.catalog();
        if !self.job.approved || !staging::exists(catalog, self.job.id).await? {
            return Ok(None);
        }
        let report = Report { state: ImportState::Staged, ..Report::kept(&self.job) };
        let base = publications::latest(catalog, task.supplier.id).await?.map(|latest| latest.id);
        let rows = staging::count(&catalog.bulk().await?, self.job.id).await?;
        Ok((rows == report.staged_rows && base == report.base_publication).then_some(report))
    }

    async fn stage(&mut self, task: &mut Task, received: &Received) -> Result<Report> {
        let importer = self.importer.clone();
        let (catalog, imports) = (importer.router.catalog(), importer.router.imports());
        let table = Arc::new(self.table(received).await?);
        fault::point("stage.opened")?;

        let begun = Instant::now();
        self.progress.enter(Phase::Surveying, table.bytes);
        let base = publications::latest(catalog, task.supplier.id).await?.map(|latest| latest.id);
        let (plan, snapshot) = tokio::try_join!(self.plan(task, &table), Snapshot::load(catalog, task.supplier.id))?;
        self.seconds.survey = begun.elapsed().as_secs_f64();
        fault::point("stage.surveyed")?;
        importer.note_content(&self.job, &plan).await?;
        fault::point("stage.noted")?;
        let mut sent_as = task.mode;
        if plan.is_correction() {
            sent_as = task.supplier.default_mode;
            (task.mode, self.job.mode) = (Mode::Partial, Mode::Partial);
            jobs::note_correction(imports, &self.attempt).await?;
        }
        let precedent = plan.precedent(sent_as);

        let begun = Instant::now();
        self.progress.enter(Phase::Staging, table.bytes);
        let active_before = snapshot.active();
        let keep = (precedent.empty_means == EmptyMeans::Keep).then(|| Keep::new(catalog.clone(), Handle::current()));
        let differ = Differ::new(snapshot, keep, &plan, &importer.limits);
        let own = (!plan.layout.numbered).then_some(plan.layout.dialect.delimiter);
        let form = RejectForm::new(Language::of(&task.supplier.language), own);
        let sink = RejectSink::open(imports, self.attempt, &plan.layout.header, form, &importer.settings).await?;
        fault::point("stage.cleared")?;
        let reading = Reading { table, plan: Arc::new(plan), limits: importer.limits.clone(), differ, mode: task.mode };
        let (understood, correction) = (reading.plan.evidence(), reading.plan.is_correction());
        let fence = self.attempt.fence();
        let staged = stage::stage(catalog, &fence, reading, sink, &importer.settings, &self.progress).await?;
        self.seconds.stage = begun.elapsed().as_secs_f64();
        fault::point("stage.ended")?;

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
        fault::point("stage.rejects_kept")?;
        self.take_time(&mut report);
        // A crash in the publish transaction leaves a job `publishing` that published nothing: it is staged anew.
        let before = [ImportState::Staging, ImportState::Publishing];
        jobs::advance(imports, &self.attempt, &before, ImportState::Staged).await?;
        fault::point("stage.advanced")?;
        let trip = report.guards.first().cloned().filter(|_| !self.job.approved);
        if task.dry_run {
            self.drop_staging().await?;
            jobs::complete(imports, &self.attempt, &report.counts, &report.to_json()).await?;
        } else if let Some(trip) = trip {
            report.state = ImportState::Held;
            jobs::hold(imports, &self.attempt, trip.code, &trip.detail, &report.counts, &report.to_json()).await?;
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
    async fn plan(&self, task: &Task, table: &Arc<Table>) -> Result<Plan> {
        let suggested = tokio::task::spawn_blocking({
            let (table, limits) = (table.clone(), self.importer.limits.clone());
            let (feed, mapping) = (task.feed.clone(), task.mapping.clone());
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
        let feed = task.feed.clone();
        let settled = tokio::task::spawn_blocking(move || {
            feed::survey(|| Ok(Counted::new(table.open()?, &progress)), plan, &feed, &limits)
        });
        Ok(settled.await??)
    }

    async fn publish(&mut self, task: &Task, report: &Report) -> Result<()> {
        let router = &self.importer.router;
        self.progress.enter(Phase::Publishing, 0);
        let begun = Instant::now();
        let before = [ImportState::Staging, ImportState::Staged];
        jobs::advance(router.imports(), &self.attempt, &before, ImportState::Publishing).await?;
        fault::point("publish.advanced")?;
        let staged = Publish {
            import_id: self.job.id,
            supplier_id: task.supplier.id,
            epoch: self.attempt.epoch,
            mode: task.mode,
            file_sha256: task.sha256,
            plan_fingerprint: task.fingerprint.to_vec(),
            counts: report.counts,
        };
        let mut bulk = router.catalog().bulk().await?;
        publish(&mut bulk, &staged).await?;
        self.seconds.publish = begun.elapsed().as_secs_f64();
        self.seconds.to_published = self.begun.elapsed().as_secs_f64();
        drop(bulk);
        fault::point("import.published")?;
        self.drop_staging().await?;
        Ok(fault::point("import.unstaged")?)
    }

    async fn complete(&self, mut report: Report) -> Result<Report> {
        report.state = ImportState::Completed;
        self.take_time(&mut report);
        let imports = self.importer.router.imports();
        jobs::complete(imports, &self.attempt, &report.counts, &report.to_json()).await?;
        fault::point("import.completed")?;
        if let Some(validators) = &self.validators {
            schedules::keep_validators(&self.importer.router, &self.job, validators).await?;
        }
        Ok(report)
    }

    async fn drop_staging(&self) -> Result<()> {
        let mut bulk = self.importer.router.catalog().bulk().await?;
        Ok(staging::drop(&mut bulk, &self.attempt.fence()).await?)
    }

    /// Notes time and memory so far.
    fn take_time(&self, report: &mut Report) {
        report.seconds = Seconds { total: self.begun.elapsed().as_secs_f64(), ..self.seconds };
        report.peak_rss_bytes = peak_rss_bytes();
    }
}

/// The report of a file that changes nothing, because a publication of the same bytes is the newest.
pub(crate) fn identical(publication: &Publication, report: Report) -> Report {
    let published = publication.counts;
    let unchanged = published.created + published.updated + published.unchanged;
    Report {
        state: ImportState::Completed,
        identical: true,
        counts: Counts { created: 0, updated: 0, deactivated: 0, unchanged, ..published },
        ..report
    }
}

/// An object of the inbox as the queue knows it. A store that tells no time gets the same one every time.
pub(crate) fn dropped(key: &InboxKey, etag: String, bytes: u64, modified: Option<DateTime<Utc>>) -> Dropped {
    Dropped {
        key: key.as_str().to_owned(),
        file_name: key.file().to_owned(),
        etag,
        bytes,
        arrived_at: modified.unwrap_or_default().trunc_subsecs(0),
    }
}
