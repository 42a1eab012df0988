//! Settings of a worker; each stands with its reason in `config/default.toml`.

use serde::{Deserialize, Serialize};

/// Settings of a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkSettings {
    /// Imports under way at once; 0 means one for each core.
    pub jobs: usize,
    /// Files of at most this size have a lane of their own beside the others.
    pub express_bytes_max: u64,
    /// Memory that imports under way may take together.
    pub memory_bytes_max: u64,
    /// Seconds that imports under way have to end when the worker is told to stop.
    pub drain_seconds: u32,
    /// How often a worker looks for work without being rung for.
    pub poll_seconds: f64,
    /// How long delivered outbox events are kept.
    pub outbox_keep_days: u32,
}

impl Default for WorkSettings {
    fn default() -> Self {
        WorkSettings {
            jobs: 0,
            express_bytes_max: 1 << 20,
            memory_bytes_max: 1 << 30,
            drain_seconds: 20,
            poll_seconds: 1.0,
            outbox_keep_days: 7,
        }
    }
}

impl WorkSettings {
    /// Imports under way at once, not counting the express lane.
    pub fn lanes(&self) -> usize {
        if self.jobs > 0 { self.jobs } else { std::thread::available_parallelism().map_or(2, usize::from) }
    }
}
