//! From an order to an import in the queue.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use item::{ImportState, Language};
use router::catalog::Supplier;
use router::imports::files::{self, NewFile};
use router::imports::jobs::{self, Job, NewJob, Priority};
use storage::Bucket;
use uuid::Uuid;

use crate::error::{ImportError, Result};
use crate::fetch::hash;
use crate::import::{dropped, identical};
use crate::importer::{Importer, archive_key_of};
use crate::order::{Order, Task};
use crate::progress::Progress;
use crate::receipt::{Circumstances, Receipt, keep_receipt};
use crate::report::{Report, Seconds, peak_rss_bytes};

/// What came of an order.
#[derive(Debug)]
pub enum Submitted {
    /// An import is queued, or was already.
    Queued(Box<Job>),
    /// There is nothing to do: these bytes were published last, or they are held.
    Answered(Box<Report>),
}

impl Importer {
    /// Imports a local file here and now, and leaves nothing behind for others.
    ///
    /// # Errors
    /// Every [`ImportError`]; the catalogue is as it was unless the publish transaction had ended.
    pub async fn import_file(self: &Arc<Self>, order: &Order, path: &Path, progress: &Progress) -> Result<Report> {
        let submitted = self.submit_file(order, path).await?;
        self.see_through(submitted, progress).await
    }

    /// Imports an object of the inbox here and now, and leaves nothing behind for others.
    ///
    /// # Errors
    /// As [`Importer::import_file`].
    pub async fn import_object(self: &Arc<Self>, order: &Order, progress: &Progress) -> Result<Report> {
        let submitted = self.submit_object(order).await?;
        self.see_through(submitted, progress).await
    }

    async fn see_through(self: &Arc<Self>, submitted: Submitted, progress: &Progress) -> Result<Report> {
        match submitted {
            Submitted::Queued(job) => self.finish(job.id, progress).await,
            Submitted::Answered(report) => {
                self.conclude(self.job_of(report.import_id).await?.supplier_id).await?;
                Ok(*report)
            }
        }
    }

    /// Queues a local file. It goes straight to the archive: the inbox is for those who drop files. The same file under
    /// way already, or left behind by a crash, is not queued twice.
    ///
    /// # Errors
    /// [`ImportError::UnknownSupplier`], [`ImportError::FileTooLarge`] and those of the databases and the store; nothing is
    /// queued then.
    pub async fn submit_file(&self, order: &Order, path: &Path) -> Result<Submitted> {
        let begun = Instant::now();
        let supplier = self.known(order.key.supplier()).await?;
        let (sha256, bytes) = hash(path).await?;
        if bytes > self.settings.file_bytes_max {
            return Err(ImportError::FileTooLarge { bytes, limit: self.settings.file_bytes_max });
        }
        let task = Task::new(&self.router, supplier, order, sha256).await?;
        if let Some(submitted) = self.under_way(&task, order, bytes, begun).await? {
            return Ok(submitted);
        }
        let id = Uuid::now_v7();
        let key = archive_key_of(id, order.key.file());
        let facts = self.storage.put_file(Bucket::ImportsFiles, &key, path).await?;
        let new = NewFile {
            supplier_id: task.supplier.id,
            sha256: facts.sha256,
            size_bytes: facts.bytes,
            file_name: order.key.file(),
            archive_key: Some(&key),
        };
        let file_id = files::record(self.router.imports(), &new).await?;
        let settings = order.kept_json(&task.supplier.code)?;
        let job = NewJob {
            id,
            supplier_id: task.supplier.id,
            supplier_code: &task.supplier.code,
            mode: task.mode,
            priority: Priority::Default,
            dry_run: task.dry_run,
            file_id: Some(file_id),
            bucket: &self.storage.bucket_name(Bucket::ImportsFiles),
            key: &key,
            file_name: order.key.file(),
            bytes_total: Some(facts.bytes),
            settings: &settings,
            schedule_id: None,
            is_archived: true,
        };
        Ok(Submitted::Queued(Box::new(jobs::create(self.router.imports(), &job).await?)))
    }

    /// Queues an object of the inbox, as a worker that finds it would.
    ///
    /// # Errors
    /// [`ImportError::UnknownSupplier`] and those of the databases and the store.
    pub async fn submit_object(&self, order: &Order) -> Result<Submitted> {
        let supplier = self.known(order.key.supplier()).await?;
        let head = self.storage.head(Bucket::ImportsFiles, order.key.as_str()).await?;
        if order.dry_run {
            return self.submit_look(order, &supplier, head.bytes).await;
        }
        let dropped = dropped(&order.key, head.etag, head.bytes, head.modified);
        let (imports, bucket) = (self.router.imports(), self.storage.bucket_name(Bucket::ImportsFiles));
        let mode = order.mode.unwrap_or(supplier.default_mode);
        jobs::offer(imports, (supplier.id, &supplier.code), mode, &bucket, std::slice::from_ref(&dropped)).await?;
        let id = jobs::of_drop(imports, &bucket, &dropped).await?.ok_or(ImportError::Gone { key: dropped.key })?;
        let settings = order.kept_json(&supplier.code)?;
        jobs::set_order(imports, id, mode, &settings).await?;
        Ok(Submitted::Queued(Box::new(self.job_of(id).await?)))
    }

    /// A dry run only looks at an object of the inbox: it is not the import of that drop, which stays where it is.
    async fn submit_look(&self, order: &Order, supplier: &Supplier, bytes: u64) -> Result<Submitted> {
        let settings = order.kept_json(&supplier.code)?;
        let job = NewJob {
            id: Uuid::now_v7(),
            supplier_id: supplier.id,
            supplier_code: &supplier.code,
            mode: order.mode.unwrap_or(supplier.default_mode),
            priority: Priority::Default,
            dry_run: true,
            file_id: None,
            bucket: &self.storage.bucket_name(Bucket::ImportsFiles),
            key: order.key.as_str(),
            file_name: order.key.file(),
            bytes_total: Some(bytes),
            settings: &settings,
            schedule_id: None,
            is_archived: false,
        };
        Ok(Submitted::Queued(Box::new(jobs::create(self.router.imports(), &job).await?)))
    }

    /// What there is already of a file: a publication, or an import that has not ended.
    async fn under_way(&self, task: &Task, order: &Order, bytes: u64, begun: Instant) -> Result<Option<Submitted>> {
        let imports = self.router.imports();
        let unfinished = jobs::unfinished(imports, task.supplier.id, &task.sha256, task.mode, task.dry_run).await?;
        match unfinished {
            Some(held) if held.state == ImportState::Held && order.force => return Ok(None),
            Some(held) if held.state == ImportState::Held => {
                return Ok(Some(Submitted::Answered(Box::new(Report::kept(&held)))));
            }
            Some(job) => return Ok(Some(Submitted::Queued(Box::new(job)))),
            None if order.force || order.dry_run => return Ok(None),
            None => {}
        }
        let Some(publication) = self.published(task).await? else { return Ok(None) };
        let again = NewFile {
            supplier_id: task.supplier.id,
            sha256: task.sha256,
            size_bytes: bytes,
            file_name: order.key.file(),
            archive_key: None,
        };
        files::record(imports, &again).await?;
        let total = begun.elapsed().as_secs_f64();
        let former = self.job_of(publication.import_id).await?;
        let before = Report::kept(&former);
        let report = Report {
            file: order.key.file().to_owned(),
            seconds: Seconds { total, to_published: total, ..Seconds::default() },
            peak_rss_bytes: peak_rss_bytes(),
            ..identical(&publication, before)
        };
        let circumstances = Circumstances { identical_to: Some(publication.created_at), ..Circumstances::default() };
        let language = Language::of(&task.supplier.language);
        keep_receipt(&self.storage, &Receipt::of(&former, Some(&report), language, circumstances)).await?;
        Ok(Some(Submitted::Answered(Box::new(report))))
    }
}
