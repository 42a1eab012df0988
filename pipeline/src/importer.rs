//! Takes files in, one supplier at a time: what is new gets a job and a run, what is known already gets an answer.

use std::time::Instant;

use feed::{Limits, Plan};
use item::{Counts, ImportState, Language};
use router::DatabaseRouter;
use router::catalog::{Supplier, SupplierLock, publications, staging, suppliers};
use router::imports::files::{self, Facts, NewFile};
use router::imports::jobs::{self, Job, NewJob, Priority};
use storage::{Bucket, Storage, StorageError, keys};
use tempfile::NamedTempFile;
use uuid::{Timestamp, Uuid};

use crate::Settings;
use crate::error::{ImportError, Result};
use crate::fan_out::Relay;
use crate::fetch::{self, Received};
use crate::import::Run;
use crate::order::{Order, Task};
use crate::progress::{Phase, Progress};
use crate::receipt::Circumstances;
use crate::report::{Report, Seconds, peak_rss_bytes};

/// Imports files over one set of services.
pub struct Importer {
    pub(crate) router: DatabaseRouter,
    pub(crate) storage: Storage,
    pub(crate) settings: Settings,
    pub(crate) limits: Limits,
    pub(crate) owner: String,
}

impl Importer {
    /// An importer over these services.
    pub fn new(router: DatabaseRouter, storage: Storage, settings: Settings, limits: Limits) -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let owner = format!("{}:{}", host.trim(), std::process::id());
        Importer { router, storage, settings, limits, owner }
    }

    /// The databases.
    pub fn router(&self) -> &DatabaseRouter {
        &self.router
    }

    /// The buckets.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// The supplier of this code.
    ///
    /// # Errors
    /// [`ImportError::UnknownSupplier`], which says how to create it.
    pub async fn known(&self, code: &str) -> Result<Supplier> {
        let found = suppliers::find(self.router.catalog(), code).await?;
        found.ok_or_else(|| ImportError::UnknownSupplier { code: code.to_owned() })
    }

    /// Imports an object of the inbox. Running it again after a crash takes up the same import.
    ///
    /// # Errors
    /// Every [`ImportError`]; the catalogue is as it was unless the publish transaction had ended.
    pub async fn import(&self, order: &Order, progress: &Progress) -> Result<Report> {
        let begun = Instant::now();
        let supplier = self.known(order.key.supplier()).await?;
        let received = fetch::fetch(&self.storage, order.key.as_str(), &self.settings, progress).await?;
        let seconds = Seconds { fetch: begun.elapsed().as_secs_f64(), ..Seconds::default() };

        progress.enter(Phase::Waiting, 0);
        let lock = SupplierLock::acquire(self.router.catalog(), supplier.id).await?;
        self.relay().settle(supplier.id).await?;
        let task = Task::new(&self.router, supplier, order, received.facts.sha256).await?;
        let file = self.record(&task, order, &received).await?;
        let outcome = match self.answered(&task, order, begun).await? {
            Some(report) => Ok(report),
            None => {
                let job = self.job(&task, order, file, &received).await?;
                self.archive(order.key.as_str(), &received, &job).await?;
                Run { importer: self, lock: &lock, job, task, progress, begun, seconds }.attempt(&received).await
            }
        };
        progress.enter(Phase::Done, 0);
        // The archive has the file, so the inbox ends empty; after a passing fault it stays, to be found again.
        if outcome.as_ref().err().is_none_or(ImportError::permanent) {
            self.clear_inbox(order, &received).await?;
        }
        outcome
    }

    /// Removes the object that was imported, but not another one that was dropped under its name meanwhile.
    async fn clear_inbox(&self, order: &Order, received: &Received) -> Result<()> {
        let (bucket, key) = (Bucket::ImportsFiles, order.key.as_str());
        match self.storage.head(bucket, key).await {
            Ok(head) if head.etag == received.facts.etag => Ok(self.storage.delete(bucket, key).await?),
            Ok(_) | Err(StorageError::NotFound { .. }) => Ok(()),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Publishes a held import: what was staged, or the archived file read again when the staging table or the
    /// catalogue under it is not what it was.
    ///
    /// # Errors
    /// [`ImportError::NotHeld`] among others.
    pub async fn publish(&self, import_id: Uuid, progress: &Progress) -> Result<Report> {
        let begun = Instant::now();
        let job = self.job_of(import_id).await?;
        if let Some(report) = published_before(&job) {
            return Ok(report);
        }
        let supplier = self.known(&self.held(import_id).await?.supplier_code).await?;
        progress.enter(Phase::Waiting, 0);
        let lock = SupplierLock::acquire(self.router.catalog(), supplier.id).await?;
        self.relay().settle(supplier.id).await?;
        // Another process may have decided while this one waited, or a crash left only the fan-out, which is done now.
        if let Some(report) = published_before(&self.job_of(import_id).await?) {
            return Ok(report);
        }
        let held = self.held(import_id).await?;
        if held.state == ImportState::Held {
            jobs::approve(self.router.imports(), import_id).await?;
        }
        let job = self.job_of(import_id).await?;
        let received = fetch::fetch(&self.storage, &archive_key(&job), &self.settings, progress).await?;
        let seconds = Seconds { fetch: begun.elapsed().as_secs_f64(), ..Seconds::default() };
        let task = Task::new(&self.router, supplier, &Order::of(&job)?, received.facts.sha256).await?;
        Run { importer: self, lock: &lock, job, task, progress, begun, seconds }.attempt(&received).await
    }

    /// Gives up a held import; the catalogue stays as it is.
    ///
    /// # Errors
    /// [`ImportError::NotHeld`] among others.
    pub async fn discard(&self, import_id: Uuid) -> Result<()> {
        let job = self.held(import_id).await?;
        jobs::cancel(self.router.imports(), import_id).await?;
        let bulk = self.router.catalog().bulk().await?;
        staging::drop(&bulk, import_id).await?;
        let language = Language::of(&self.known(&job.supplier_code).await?.language);
        let report = Report { state: ImportState::Cancelled, ..Report::kept(&job) };
        self.answer(import_id, Some(&report), language, Circumstances::default()).await;
        Ok(())
    }

    /// A held import, or an approved one that a crash stopped on its way.
    async fn held(&self, import_id: Uuid) -> Result<Job> {
        let job = self.job_of(import_id).await?;
        if job.state == ImportState::Held || (job.approved && !job.state.ended()) {
            return Ok(job);
        }
        Err(ImportError::NotHeld { id: import_id, state: job.state })
    }

    async fn job_of(&self, import_id: Uuid) -> Result<Job> {
        jobs::find(self.router.imports(), import_id).await?.ok_or(ImportError::UnknownImport(import_id))
    }

    /// The answer to a file that needs no work: it is byte for byte the one published last, or it is held already.
    async fn answered(&self, task: &Task, order: &Order, begun: Instant) -> Result<Option<Report>> {
        if order.force || order.dry_run {
            return Ok(None);
        }
        let job = jobs::unfinished(self.router.imports(), task.supplier.id, &task.sha256, task.mode, false).await?;
        if let Some(held) = job.filter(|job| job.state == ImportState::Held) {
            return Ok(Some(Report::kept(&held)));
        }
        let latest = publications::latest(self.router.catalog(), task.supplier.id).await?;
        let same = latest.filter(|latest| {
            latest.file_sha256[..] == task.sha256[..] && latest.plan_fingerprint[..] == task.fingerprint[..]
        });
        let Some(publication) = same else { return Ok(None) };
        let published = publication.counts;
        let unchanged = published.created + published.updated + published.unchanged;
        let counts = Counts { created: 0, updated: 0, deactivated: 0, unchanged, ..published };
        let job = self.job_of(publication.import_id).await?;
        let before = Report::kept(&job);
        let total = begun.elapsed().as_secs_f64();
        let report = Report {
            state: ImportState::Completed,
            identical: true,
            file: order.key.file().to_owned(),
            counts,
            seconds: Seconds { total, to_published: total, ..Seconds::default() },
            peak_rss_bytes: peak_rss_bytes(),
            ..before
        };
        let circumstances = Circumstances { identical_to: Some(publication.created_at), ..Circumstances::default() };
        self.answer(job.id, Some(&report), Language::of(&task.supplier.language), circumstances).await;
        Ok(Some(report))
    }

    async fn record(&self, task: &Task, order: &Order, received: &Received) -> Result<i64> {
        let new = NewFile {
            supplier_id: task.supplier.id,
            sha256: task.sha256,
            size_bytes: received.facts.bytes,
            file_name: order.key.file(),
            archive_key: None,
        };
        Ok(files::record(self.router.imports(), &new).await?)
    }

    /// The job of this delivery: the one that a crash left unfinished, else a new one.
    async fn job(&self, task: &Task, order: &Order, file_id: i64, received: &Received) -> Result<Job> {
        let imports = self.router.imports();
        let unfinished = jobs::unfinished(imports, task.supplier.id, &task.sha256, task.mode, task.dry_run).await?;
        if let Some(job) = unfinished.filter(|job| job.state != ImportState::Held) {
            return Ok(job);
        }
        let settings = serde_json::to_value(order.kept())
            .map_err(|source| ImportError::Mapping { supplier: task.supplier.code.clone(), source })?;
        let new = NewJob {
            id: Uuid::now_v7(),
            supplier_id: task.supplier.id,
            supplier_code: &task.supplier.code,
            mode: task.mode,
            priority: Priority::Default,
            dry_run: task.dry_run,
            file_id: Some(file_id),
            bucket: &self.storage.bucket_name(Bucket::ImportsFiles),
            key: order.key.as_str(),
            file_name: order.key.file(),
            bytes_total: Some(received.facts.bytes),
            settings: &settings,
        };
        Ok(jobs::create(imports, &new).await?)
    }

    /// Keeps the file as received: a copy within the store, or, when the object was replaced or removed meanwhile, the
    /// bytes that were read. Doing it twice leaves one copy.
    async fn archive(&self, inbox_key: &str, received: &Received, job: &Job) -> Result<()> {
        let key = archive_key(job);
        let (from, to) = ((Bucket::ImportsFiles, inbox_key), (Bucket::ImportsFiles, key.as_str()));
        match self.storage.copy(from, to, Some(&received.facts.etag)).await {
            Ok(()) => {}
            Err(StorageError::Changed { .. } | StorageError::NotFound { .. }) => {
                self.storage.put_file(to.0, to.1, received.path()).await?;
            }
            Err(fault) => return Err(fault.into()),
        }
        if let Some(file_id) = job.file_id {
            files::set_archive_key(self.router.imports(), file_id, &key).await?;
        }
        Ok(())
    }

    /// Notes what was understood of a file with the file.
    pub(crate) async fn note_content(&self, job: &Job, plan: &Plan) -> Result<()> {
        let Some(file_id) = job.file_id else { return Ok(()) };
        let layout = &plan.layout;
        let facts = Facts {
            format: if layout.numbered { "spreadsheet" } else { "csv" }.to_owned(),
            encoding: serde_json::to_value(layout.encoding).ok().and_then(|name| name.as_str().map(str::to_owned)),
            dialect: serde_json::to_value(layout.dialect).ok(),
            header: layout.header.clone(),
            evidence: serde_json::json!(plan.evidence()),
        };
        Ok(files::set_facts(self.router.imports(), file_id, &facts).await?)
    }

    /// Puts the rejects file beside the supplier's receipts and returns its key. Without rejects, that of an earlier file of
    /// the same name goes: nobody is to correct it any more.
    pub(crate) async fn keep_rejects(&self, job: &Job, rejects: Option<NamedTempFile>) -> Result<Option<String>> {
        let key = keys::rejects(&job.supplier_code, &job.file_name);
        let Some(file) = rejects else {
            return match self.storage.delete(Bucket::ImportsFiles, &key).await {
                Ok(()) | Err(StorageError::NotFound { .. }) => Ok(None),
                Err(fault) => Err(fault.into()),
            };
        };
        self.storage.put_file(Bucket::ImportsFiles, &key, file.path()).await?;
        Ok(Some(key))
    }

    pub(crate) fn relay(&self) -> Relay<'_> {
        Relay::new(&self.router, &self.owner, &self.settings)
    }
}

/// The report of a held import that a person had published: asking twice gives the same answer.
fn published_before(job: &Job) -> Option<Report> {
    (job.approved && job.state == ImportState::Completed).then(|| Report::kept(job))
}

/// Where the file of a job is archived: the day is the one in its time-ordered id, so that every attempt agrees.
fn archive_key(job: &Job) -> String {
    let seconds = job.id.get_timestamp().as_ref().map_or(0, |time: &Timestamp| time.to_unix().0);
    let day = chrono::DateTime::from_timestamp(seconds as i64, 0).unwrap_or_default().date_naive();
    keys::archive(day, job.id, &job.file_name)
}
