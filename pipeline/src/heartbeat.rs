//! Keeps the lease of a running import and tells the jobs table how far it is.

use std::sync::Arc;
use std::time::Duration;

use router::imports::jobs::{self, Attempt};
use router::{Db, Imports, RouterError};
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use crate::progress::Progress;

/// Twice a second: people watch it, and a lease of 30 s survives many lost beats.
const BEAT: Duration = Duration::from_millis(500);

/// Beats until it is dropped, or until the attempt is over.
pub struct Heartbeat {
    over: Arc<Notify>,
    _beating: AbortOnDropHandle<()>,
}

impl Heartbeat {
    /// Starts beating for an attempt.
    pub fn start(imports: &Db<Imports>, attempt: Attempt, lease_seconds: u32, progress: &Progress) -> Self {
        let (imports, progress, over) = (imports.clone(), progress.clone(), Arc::new(Notify::new()));
        let told = over.clone();
        let beating = tokio::spawn(async move {
            let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + BEAT, BEAT);
            beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                beat.tick().await;
                let (rows, bytes) = progress.read();
                match jobs::heartbeat(&imports, &attempt, lease_seconds, rows, bytes).await {
                    Ok(()) => {}
                    Err(RouterError::Fenced { .. }) => return told.notify_one(),
                    // A lost beat is no reason to stop: the fenced writes of the import itself decide.
                    Err(fault) => {
                        tracing::warn!(import.id = %attempt.import_id, error = %fault, "heartbeat failed");
                    }
                }
            }
        });
        Heartbeat { over, _beating: AbortOnDropHandle::new(beating) }
    }

    /// Waits until somebody else has the import, or a person cancelled it.
    pub async fn over(&self) {
        self.over.notified().await;
    }
}
