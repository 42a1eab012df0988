//! Memory shared by the imports of one worker.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What one permit stands for.
const UNIT_BYTES: u64 = 1 << 20;
/// What an import takes however small it is.
const FIXED_BYTES: u64 = 8 << 20;
/// Blocks on their way through decoding, normalising and COPY: as much as the file has, several times over, up to this.
const FLOWING_BYTES_MAX: u64 = 128 << 20;

/// Memory that imports under way may take together. Who asks first is served first, so that a large file is not kept
/// waiting by a stream of small ones.
#[derive(Debug, Clone)]
pub struct Budget(Option<(Arc<Semaphore>, u32)>);

impl Budget {
    /// A budget of so many bytes.
    pub fn new(bytes: u64) -> Self {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX).max(1);
        Budget(Some((Arc::new(Semaphore::new(units as usize)), units)))
    }

    /// No limit: for who runs one import.
    pub fn unlimited() -> Self {
        Budget(None)
    }

    /// Waits until an import of a file of this size fits; one that never would runs alone.
    pub async fn admit(&self, file_bytes: u64) -> Option<OwnedSemaphorePermit> {
        let (units, all) = self.0.as_ref()?;
        let wanted = u32::try_from(need(file_bytes).div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX).min(*all);
        units.clone().acquire_many_owned(wanted).await.ok()
    }
}

/// What an import of a file of this size takes at most, measured: 171 MiB for 37 MB, 204 MiB for 367 MB. What grows
/// with the file is the snapshot of the supplier's catalogue, whose rows are the file's.
fn need(file_bytes: u64) -> u64 {
    FIXED_BYTES + file_bytes.saturating_mul(4).min(FLOWING_BYTES_MAX) + file_bytes / 6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn imports_wait_for_memory_and_a_giant_runs_alone() {
        let budget = Budget::new(64 << 20);
        let small = budget.admit(1_000).await;
        let giant = budget.admit(1 << 40);
        tokio::pin!(giant);
        assert!(futures::poll!(&mut giant).is_pending());
        drop(small);
        let giant = giant.await;
        let next = budget.admit(1_000);
        tokio::pin!(next);
        assert!(futures::poll!(&mut next).is_pending());
        drop(giant);
        assert!(next.await.is_some());
        assert!(Budget::unlimited().admit(1 << 40).await.is_none());
    }
}
