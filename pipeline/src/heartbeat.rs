//! Keeps the lease of a running import and tells the jobs table how far it is.

use std::time::Duration;

use router::imports::jobs::{self, Attempt};
use router::{Db, Imports};
use tokio::task::JoinHandle;

use crate::progress::Progress;

/// Twice a second: people watch it, and a lease of 30 s survives many lost beats.
const BEAT: Duration = Duration::from_millis(500);

/// Beats until it is dropped.
pub struct Heartbeat(JoinHandle<()>);

impl Heartbeat {
    /// Starts beating for an attempt.
    pub fn start(imports: &Db<Imports>, attempt: Attempt, lease_seconds: u32, progress: &Progress) -> Self {
        let (imports, progress) = (imports.clone(), progress.clone());
        Heartbeat(tokio::spawn(async move {
            let mut beat = tokio::time::interval(BEAT);
            loop {
                beat.tick().await;
                let kept = async {
                    jobs::heartbeat(&imports, &attempt, lease_seconds).await?;
                    jobs::progress(&imports, &attempt, progress.rows_read(), progress.bytes().0).await
                };
                // A lost beat is no reason to stop: the fenced writes of the import itself decide.
                if let Err(fault) = kept.await {
                    tracing::warn!(import.id = %attempt.import_id, error = %fault, "heartbeat failed");
                }
            }
        }))
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0.abort();
    }
}
