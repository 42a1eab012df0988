//! Hints: keys of objects that an event says were dropped. They may be lost; the listing is the truth.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

use super::Settings;
use super::event::{self, Limits, Unreadable};

/// The way of hints to those who look at them. Cheap to clone.
#[derive(Clone)]
pub(super) struct Hints {
    keys: mpsc::Sender<String>,
    reader: Reader,
}

/// Reads events, and counts.
#[derive(Clone)]
pub(super) struct Reader {
    bucket: Arc<str>,
    limits: Limits,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    taken: AtomicU64,
    ignored: AtomicU64,
    unreadable: AtomicU64,
    dropped: AtomicU64,
}

/// What became of the events since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HintCounts {
    /// Records of an object created in the inbox.
    pub taken: u64,
    /// Records of anything else.
    pub ignored: u64,
    /// Events that could not be read.
    pub unreadable: u64,
    /// Hints for which there was no room; the listing finds their objects.
    pub dropped: u64,
}

impl Reader {
    pub fn new(bucket: String, settings: &Settings) -> Self {
        let limits = Limits { bytes_max: settings.event_bytes_max, records_max: settings.event_records_max };
        Self { bucket: bucket.into(), limits, counts: Arc::default() }
    }

    /// The keys that an event tells of.
    pub fn keys(&self, json: &[u8]) -> Result<Vec<String>, Unreadable> {
        let told = event::read(json, &self.bucket, self.limits);
        match &told {
            Ok(told) => {
                self.counts.taken.fetch_add(told.keys.len() as u64, Ordering::Relaxed);
                self.counts.ignored.fetch_add(told.ignored as u64, Ordering::Relaxed);
            }
            Err(_) => {
                self.counts.unreadable.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(told?.keys)
    }

    pub fn counts(&self) -> HintCounts {
        let Counts { taken, ignored, unreadable, dropped } = &*self.counts;
        let [taken, ignored, unreadable, dropped] =
            [taken, ignored, unreadable, dropped].map(|count| count.load(Ordering::Relaxed));
        HintCounts { taken, ignored, unreadable, dropped }
    }
}

impl Hints {
    pub fn new(reader: Reader, waiting_max: usize) -> (Self, mpsc::Receiver<String>) {
        let (keys, waiting) = mpsc::channel(waiting_max);
        (Self { keys, reader }, waiting)
    }

    /// Passes on what an event tells of, as far as there is room: whoever sends events does not wait.
    pub fn take(&self, json: &[u8]) -> Result<(), Unreadable> {
        for key in self.reader.keys(json)? {
            if self.keys.try_send(key).is_err() {
                self.reader.counts.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }
}
