//! What is left to do for a supplier once its import has ended or is held. Each step may be done twice; a crash in
//! between is made up for by whoever looks for unanswered imports next.

use item::{ImportState, Language};
use router::catalog::{publications, staging, suppliers};
use router::imports::jobs::{self, Job};
use router::imports::statistics;
use storage::{Bucket, StorageError};
use uuid::Uuid;

use crate::error::Result;
use crate::importer::{Importer, archive_key};
use crate::receipt::{Circumstances, Newer, Receipt, keep_receipt};
use crate::relay::chain;
use crate::report::Report;

impl Importer {
    /// Answers imports that ended, or were held, at least `since_seconds` ago and have no answer yet; returns how many.
    ///
    /// # Errors
    /// Those of db_imports; an answer that fails is given later.
    pub async fn answer_all(&self, since_seconds: f64, limit: u32) -> Result<usize> {
        let jobs = jobs::unanswered(self.router.imports(), None, since_seconds, limit).await?;
        for job in &jobs {
            if let Err(fault) = self.answer(job).await {
                tracing::warn!(import.id = %job.id, error = chain(&fault), "cannot answer yet");
            }
        }
        Ok(jobs.len())
    }

    /// Answers an import: its receipt, a file in the archive and none in the inbox, no staging table, and its place in
    /// the supplier's day.
    ///
    /// # Errors
    /// Those of the databases and the store; answer it again then.
    pub async fn answer(&self, job: &Job) -> Result<()> {
        fault::point("answer.begun")?;
        let imports = self.router.imports();
        // A publication's outbox event sees to these two. An identical file, and a source without news, have none.
        let is_published = job.state == ImportState::Completed && job.identical_to.is_none() && job.file_id.is_some();
        if !is_published && job.finished_at.is_some() {
            let bulk = self.router.catalog().bulk().await?;
            staging::forget(&bulk, job.id).await?;
            drop(bulk);
            statistics::record(imports, job.id).await?;
        }
        if !job.file_name.is_empty() {
            self.keep_receipt(job).await?;
        }
        fault::point("answer.receipt")?;
        self.clear_inbox(job).await?;
        fault::point("answer.cleared")?;
        jobs::answered(imports, job).await?;
        Ok(fault::point("answer.noted")?)
    }

    /// The receipt of an import as it stands.
    async fn keep_receipt(&self, job: &Job) -> Result<()> {
        let (catalog, imports) = (self.router.catalog(), self.router.imports());
        let mut circumstances = Circumstances::default();
        if let Some(newer) = job.superseded_by {
            let newer = jobs::find(imports, newer).await?;
            circumstances.superseded_by = newer.map(|newer| Newer { import_id: newer.id, file: newer.file_name });
        }
        if let Some(former) = job.identical_to {
            let former = publications::of_import(catalog, former).await?;
            circumstances.identical_to = former.map(|former| former.created_at);
        }
        // A supplier that is unknown, or was removed, reads English.
        let language = suppliers::find(catalog, &job.supplier_code).await?;
        let language = language.map_or(Language::En, |supplier| Language::of(&supplier.language));
        let report = Report::kept(job);
        keep_receipt(&self.storage, &Receipt::of(job, Some(&report), language, circumstances)).await?;
        Ok(())
    }

    /// As [`Importer::answer`] for an import that may have ended just now; what fails is made up for later.
    pub(crate) async fn answer_if_ended(&self, import_id: Uuid) {
        let answered = async {
            let job = self.job_of(import_id).await?;
            if job.finished_at.is_some() || job.state == ImportState::Held {
                self.answer(&job).await?;
            }
            Ok::<_, crate::ImportError>(())
        };
        if let Err(fault) = answered.await {
            tracing::warn!(import.id = %import_id, error = chain(&fault), "cannot answer yet");
        }
    }

    /// Removes the object that the import was about, but not another one that was dropped under its name meanwhile. What
    /// was never read is archived first.
    async fn clear_inbox(&self, job: &Job) -> Result<()> {
        let Some(etag) = &job.etag else { return Ok(()) };
        let inbox = (Bucket::ImportsFiles, job.key.as_str());
        if !job.is_archived && job.identical_to.is_none() {
            let archived = (Bucket::ImportsFiles, archive_key(job));
            match self.storage.copy(inbox, archived, Some(etag)).await {
                Ok(()) | Err(StorageError::NotFound { .. } | StorageError::Changed { .. }) => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        match self.storage.head(inbox.0, inbox.1).await {
            Ok(head) if head.etag == *etag => Ok(self.storage.delete(inbox.0, inbox.1).await?),
            Ok(_) | Err(StorageError::NotFound { .. }) => Ok(()),
            Err(fault) => Err(fault.into()),
        }
    }
}
