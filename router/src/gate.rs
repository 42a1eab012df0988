//! The door of a pool: who may pass is counted, waits have an end, and the figures are kept.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Result, RouterError};

/// What a session is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Intent {
    /// Statements on the primary.
    Queries,
    /// Reads on the replica.
    Replica,
    /// COPY and publish transactions.
    Bulk,
}

impl Intent {
    /// The word in metrics and in `application_name`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queries => "queries",
            Self::Replica => "replica",
            Self::Bulk => "bulk",
        }
    }
}

impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a pool is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolGauge {
    /// Name of the database.
    pub database: &'static str,
    /// Which of its pools.
    pub intent: Intent,
    /// Most sessions it opens.
    pub limit: u32,
    /// Sessions open now.
    pub open: u32,
    /// Open sessions that nobody uses.
    pub idle: u32,
    /// Callers waiting for a session.
    pub waiting: u64,
    /// Sessions handed out since the start.
    pub acquired_total: u64,
    /// Milliseconds callers have waited since the start, those who got nothing included.
    pub waited_ms_total: u64,
    /// Callers who got nothing within the acquire timeout.
    pub exhausted_total: u64,
}

/// Lets `limit` callers through at a time. The drivers' own pools behind it have the same limit, so that a wait
/// there can only mean that the server does not answer: exhaustion and absence are told apart.
pub(crate) struct Gate {
    database: &'static str,
    intent: Intent,
    limit: u32,
    timeout: Duration,
    permits: Arc<Semaphore>,
    waiting: AtomicU64,
    acquired: AtomicU64,
    waited_us: AtomicU64,
    exhausted: AtomicU64,
}

/// The right to hold one session; dropping it lets the next caller in.
pub(crate) type Permit = OwnedSemaphorePermit;

impl Gate {
    pub(crate) fn new(database: &'static str, intent: Intent, limit: u32, timeout: Duration) -> Self {
        Gate {
            database,
            intent,
            limit,
            timeout,
            permits: Arc::new(Semaphore::new(limit as usize)),
            waiting: AtomicU64::new(0),
            acquired: AtomicU64::new(0),
            waited_us: AtomicU64::new(0),
            exhausted: AtomicU64::new(0),
        }
    }

    /// Waits for a free place, at most the acquire timeout.
    pub(crate) async fn enter(&self) -> Result<Permit> {
        let wait = Wait::begin(self);
        let entered = tokio::time::timeout(self.timeout, self.permits.clone().acquire_owned()).await;
        let waited = wait.end();
        match entered {
            Ok(permit) => {
                self.acquired.fetch_add(1, Relaxed);
                Ok(permit.expect("the semaphore is never closed"))
            }
            Err(_) => {
                self.exhausted.fetch_add(1, Relaxed);
                Err(RouterError::PoolExhausted {
                    database: self.database,
                    intent: self.intent,
                    waited_ms: waited.as_millis() as u64,
                    limit: self.limit,
                })
            }
        }
    }

    /// The figures so far, completed by what the driver's pool knows.
    pub(crate) fn gauge(&self, open: u32, idle: u32) -> PoolGauge {
        PoolGauge {
            database: self.database,
            intent: self.intent,
            limit: self.limit,
            open,
            idle,
            waiting: self.waiting.load(Relaxed),
            acquired_total: self.acquired.load(Relaxed),
            waited_ms_total: self.waited_us.load(Relaxed) / 1_000,
            exhausted_total: self.exhausted.load(Relaxed),
        }
    }
}

/// A caller in the queue; counted out even when it is cancelled there.
struct Wait<'a> {
    gate: &'a Gate,
    since: Instant,
}

impl<'a> Wait<'a> {
    fn begin(gate: &'a Gate) -> Self {
        gate.waiting.fetch_add(1, Relaxed);
        Wait { gate, since: Instant::now() }
    }

    fn end(self) -> Duration {
        self.since.elapsed()
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.gate.waiting.fetch_sub(1, Relaxed);
        self.gate.waited_us.fetch_add(self.since.elapsed().as_micros() as u64, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(limit: u32) -> Gate {
        Gate::new("catalog", Intent::Queries, limit, Duration::from_millis(20))
    }

    #[tokio::test]
    async fn the_caller_beyond_the_limit_is_told_so_by_name() {
        let gate = gate(1);
        let _held = gate.enter().await.unwrap();
        let refused = gate.enter().await.unwrap_err();
        assert!(
            matches!(refused, RouterError::PoolExhausted { database: "catalog", limit: 1, waited_ms: 20.., .. }),
            "{refused}"
        );
        assert!(refused.transient());
        let gauge = gate.gauge(1, 0);
        assert_eq!((gauge.acquired_total, gauge.exhausted_total, gauge.waiting), (1, 1, 0));
        assert!(gauge.waited_ms_total >= 20);
    }

    #[tokio::test]
    async fn a_place_that_is_given_back_goes_to_who_waits() {
        let gate = Arc::new(gate(1));
        let held = gate.enter().await.unwrap();
        let waiter = tokio::spawn({
            let gate = gate.clone();
            async move { gate.enter().await.is_ok() }
        });
        tokio::task::yield_now().await;
        assert_eq!(gate.gauge(1, 0).waiting, 1);
        drop(held);
        assert!(waiter.await.unwrap());
    }
}
