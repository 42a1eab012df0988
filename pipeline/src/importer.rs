//! One set of services and settings, over which imports are made, worked on and answered.

use std::sync::Arc;

use feed::{Limits, Plan};
use item::ImportState;
use router::DatabaseRouter;
use router::catalog::{Publication, Supplier, publications, staging, suppliers};
use router::imports::files::{self, Facts};
use router::imports::jobs::{self, Claimant, Job};
use storage::{Bucket, Storage, StorageError, keys};
use tempfile::NamedTempFile;
use uuid::{Timestamp, Uuid};

use crate::Settings;
use crate::error::{ImportError, Result};
use crate::order::Task;
use crate::relay::Relay;

/// Imports files over one set of services.
pub struct Importer {
    pub(crate) router: DatabaseRouter,
    pub(crate) storage: Storage,
    pub(crate) settings: Settings,
    pub(crate) limits: Limits,
    pub(crate) sources: sources::Settings,
    name: String,
}

impl Importer {
    /// An importer over these services; `sources` says what scheduled imports may reach.
    pub fn new(
        router: DatabaseRouter,
        storage: Storage,
        settings: Settings,
        limits: Limits,
        sources: sources::Settings,
    ) -> Arc<Self> {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let name = format!("{}:{}", host.trim(), std::process::id());
        Arc::new(Importer { router, storage, settings, limits, sources, name })
    }

    /// The databases.
    pub fn router(&self) -> &DatabaseRouter {
        &self.router
    }

    /// The buckets.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Its name for people: host and process.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Settings of imports.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The supplier of this code.
    ///
    /// # Errors
    /// [`ImportError::UnknownSupplier`], which says how to create it.
    pub async fn known(&self, code: &str) -> Result<Supplier> {
        let found = suppliers::find(self.router.catalog(), code).await?;
        found.ok_or_else(|| ImportError::UnknownSupplier { code: code.to_owned() })
    }

    /// Gives up a held import; the catalogue stays as it is.
    ///
    /// # Errors
    /// [`ImportError::NotHeld`] among others.
    pub async fn discard(&self, import_id: Uuid) -> Result<()> {
        self.held(import_id).await?;
        jobs::cancel(self.router.imports(), import_id).await?;
        let bulk = self.router.catalog().bulk().await?;
        staging::forget(&bulk, import_id).await?;
        drop(bulk);
        self.answer(&self.job_of(import_id).await?).await
    }

    /// A held import, or an approved one that has not ended.
    pub(crate) async fn held(&self, import_id: Uuid) -> Result<Job> {
        let job = self.job_of(import_id).await?;
        if job.state == ImportState::Held || (job.approved && !job.state.ended()) {
            return Ok(job);
        }
        Err(ImportError::NotHeld { id: import_id, state: job.state })
    }

    /// The import of this id.
    ///
    /// # Errors
    /// [`ImportError::UnknownImport`] among others.
    pub async fn job_of(&self, import_id: Uuid) -> Result<Job> {
        jobs::find(self.router.imports(), import_id).await?.ok_or(ImportError::UnknownImport(import_id))
    }

    /// The supplier's newest publication, when these very bytes, understood in this very way, made it.
    pub(crate) async fn published(&self, task: &Task) -> Result<Option<Publication>> {
        let latest = publications::latest(self.router.catalog(), task.supplier.id).await?;
        Ok(latest.filter(|latest| {
            latest.file_sha256[..] == task.sha256[..] && latest.plan_fingerprint[..] == task.fingerprint[..]
        }))
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

    /// What carries publications to the other databases.
    pub fn relay(&self) -> Relay<'_> {
        Relay::new(&self.router, &self.settings)
    }

    /// The name and number under which a worker claims.
    pub(crate) fn claimant(&self, number: i32) -> Claimant {
        Claimant { name: self.name.clone(), number, lease_seconds: self.settings.lease_seconds }
    }
}

/// Where the file of a job is archived: the day is the one in its time-ordered id, so that every attempt agrees.
pub(crate) fn archive_key(job: &Job) -> String {
    archive_key_of(job.id, &job.file_name)
}

/// As [`archive_key`], for a job that is about to be made.
pub(crate) fn archive_key_of(id: Uuid, file_name: &str) -> String {
    let seconds = id.get_timestamp().as_ref().map_or(0, |time: &Timestamp| time.to_unix().0);
    let day = chrono::DateTime::from_timestamp(seconds as i64, 0).unwrap_or_default().date_naive();
    keys::archive(day, id, file_name)
}
