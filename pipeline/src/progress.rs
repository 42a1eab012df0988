//! How far an import is, readable from any thread at any moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// What an import is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Phase {
    /// Another import of the same supplier has the floor.
    Waiting,
    /// The object is coming from the bucket.
    Fetching,
    /// The first pass decides encoding and conventions; the supplier's catalogue is read meanwhile.
    Surveying,
    /// The second pass reads, normalises, compares and stages.
    Staging,
    /// The publish transaction.
    Publishing,
    /// The other databases follow.
    FanningOut,
    /// Nothing more to do.
    Done,
}

impl Phase {
    const ALL: [Phase; 7] = [
        Phase::Waiting,
        Phase::Fetching,
        Phase::Surveying,
        Phase::Staging,
        Phase::Publishing,
        Phase::FanningOut,
        Phase::Done,
    ];

    /// The word for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::Waiting => "waiting for another import of this supplier",
            Phase::Fetching => "fetching",
            Phase::Surveying => "surveying",
            Phase::Staging => "staging",
            Phase::Publishing => "publishing",
            Phase::FanningOut => "fanning out",
            Phase::Done => "done",
        }
    }
}

#[derive(Debug, Default)]
struct State {
    phase: AtomicU8,
    rows_read: AtomicU64,
    bytes_read: AtomicU64,
    bytes_total: AtomicU64,
}

/// The shared counters of one import. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<State>);

impl Progress {
    /// Enters a phase; the bytes of the phase before are forgotten.
    pub fn enter(&self, phase: Phase, bytes_total: u64) {
        self.0.bytes_read.store(0, Ordering::Relaxed);
        self.0.bytes_total.store(bytes_total, Ordering::Relaxed);
        self.0.phase.store(phase as u8, Ordering::Release);
    }

    /// Counts bytes of the running phase.
    pub fn add_bytes(&self, bytes: u64) {
        self.0.bytes_read.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts rows of the file.
    pub fn add_rows(&self, rows: u64) {
        self.0.rows_read.fetch_add(rows, Ordering::Relaxed);
    }

    /// Where the import stands.
    pub fn phase(&self) -> Phase {
        Phase::ALL[usize::from(self.0.phase.load(Ordering::Acquire)).min(Phase::ALL.len() - 1)]
    }

    /// Rows and bytes that the pass which decides has read: what the jobs table tells. Those of other passes would make
    /// it look done before it began.
    pub fn read(&self) -> (u64, u64) {
        let bytes = if self.phase() == Phase::Staging { self.bytes().0 } else { 0 };
        (self.rows_read(), bytes)
    }

    /// Rows read so far.
    pub fn rows_read(&self) -> u64 {
        self.0.rows_read.load(Ordering::Relaxed)
    }

    /// Bytes of the running phase so far, and all of them (0 when unknown).
    pub fn bytes(&self) -> (u64, u64) {
        (self.0.bytes_read.load(Ordering::Relaxed), self.0.bytes_total.load(Ordering::Relaxed))
    }
}

/// Counts what passes through a reader.
pub(crate) struct Counted<R> {
    reader: R,
    progress: Progress,
}

impl<R> Counted<R> {
    pub(crate) fn new(reader: R, progress: &Progress) -> Self {
        Counted { reader, progress: progress.clone() }
    }
}

impl<R: std::io::Read> std::io::Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.progress.add_bytes(read as u64);
        Ok(read)
    }
}
