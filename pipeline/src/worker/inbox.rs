//! What a worker finds in the inbox goes into the queue.

use std::sync::Arc;
use std::time::Duration;

use router::catalog::Supplier;
use router::imports::jobs::{self, Dropped};
use router::imports::workers;
use storage::Bucket;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Stop;
use crate::error::Result;
use crate::importer::Importer;
use crate::watch::{self as bucket, Desk, Found, Watch};

/// How a worker watches the inbox.
pub struct Inbox {
    /// Timer and hints.
    pub settings: bucket::Settings,
    /// Where MinIO leaves its events, when it does so in Redis; else empty.
    pub redis_url: String,
}

impl Inbox {
    /// The watch over an importer's inbox.
    pub(super) fn watch(&self, importer: &Arc<Importer>) -> Result<Watch<Arc<Importer>>> {
        let (router, storage) = (importer.router.clone(), importer.storage.clone());
        Ok(Watch::new(router, storage, importer.clone(), self.settings.clone())?)
    }

    /// Watches until the worker is told to stop.
    pub(super) async fn follow(self, watch: Watch<Arc<Importer>>, mut stop: watch::Receiver<Stop>) -> Result<()> {
        let over = CancellationToken::new();
        let told = over.clone();
        let told = async move {
            let _ = stop.wait_for(|stop| *stop != Stop::No).await;
            told.cancel();
        };
        let (watched, ()) = tokio::join!(watch.run(&self.redis_url, &over), told);
        Ok(watched?)
    }
}

impl Desk for Arc<Importer> {
    async fn offer(&self, supplier: &Supplier, found: Vec<Found>) -> bucket::Result<()> {
        let bucket = self.storage.bucket_name(Bucket::ImportsFiles);
        let drops: Vec<Dropped> = found.into_iter().map(dropped).collect();
        let whose = (supplier.id, supplier.code.as_str());
        jobs::offer(self.router.imports(), whose, supplier.default_mode, &bucket, &drops).await?;
        Ok(())
    }

    async fn may_list(&self, every: Duration) -> bucket::Result<bool> {
        Ok(workers::turn(self.router.imports(), "listing", every.as_secs_f64()).await?)
    }
}

fn dropped(found: Found) -> Dropped {
    Dropped {
        file_name: found.key.file().to_owned(),
        key: found.key.as_str().to_owned(),
        etag: found.etag,
        bytes: found.bytes,
        arrived_at: found.modified,
    }
}
