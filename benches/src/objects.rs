//! The inbox that files are imported from.

use std::path::Path;

use anyhow::{Context, Result};
use storage::{Bucket, InboxKey, Storage};
use tokio::runtime::Runtime;

/// Buckets of our own in the object store.
pub struct Objects {
    runtime: Runtime,
    storage: Storage,
}

impl Objects {
    /// Connects to the store and makes the buckets.
    pub fn connect(settings: &storage::Settings) -> Result<Objects> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let storage = runtime.block_on(async {
            let storage = Storage::connect(settings).await?;
            storage.ensure_buckets().await?;
            anyhow::Ok(storage)
        })?;
        Ok(Objects { runtime, storage })
    }

    /// Puts a file into a supplier's inbox; its key.
    pub fn put(&self, supplier: &str, file: &Path) -> Result<String> {
        let name = file.file_name().and_then(|name| name.to_str()).context("the file has no readable name")?;
        let key = InboxKey::new(supplier, name)?;
        self.runtime.block_on(self.storage.put_file(Bucket::ImportsFiles, key.as_str(), file))?;
        Ok(key.as_str().to_owned())
    }

    /// Removes every file, archived ones included: a run would fill the disk with them.
    pub fn clear(&self) -> Result<()> {
        self.runtime.block_on(async {
            for object in self.storage.list_all(Bucket::ImportsFiles, "").await? {
                self.storage.delete(Bucket::ImportsFiles, &object.key).await?;
            }
            Ok(())
        })
    }
}
