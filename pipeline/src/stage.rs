//! The second pass over a file: read, normalise, compare on this machine's cores while the database takes in the
//! difference.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use feed::{Limits, Plan};
use item::{Counts, Mode, Reject, RejectCode, Totals};
use router::catalog::staging::{self, RowEncoder};
use router::{Catalog, Db, Fence};
use tempfile::NamedTempFile;
use tokio::sync::mpsc;

use crate::Settings;
use crate::diff::{DeltaBatch, Differ};
use crate::error::{ImportError, Result};
use crate::fetch::Table;
use crate::progress::{Counted, Progress};
use crate::rejects::RejectSink;

/// What one pass over the file reads from and compares with.
pub struct Reading {
    /// The file.
    pub table: Arc<Table>,
    /// How it is understood.
    pub plan: Arc<Plan>,
    /// Limits of decoding.
    pub limits: Limits,
    /// The comparison.
    pub differ: Differ,
    /// Full files remove what they do not show.
    pub mode: Mode,
}

/// A difference at rest in staging.
pub struct Staged {
    /// How the rows ended.
    pub counts: Counts,
    /// Sums over the accepted rows.
    pub totals: Totals,
    /// Rows of the staging table: created, updated and deactivated.
    pub rows: u64,
    /// Rejected rows by their first problem.
    pub rejects_by_code: BTreeMap<RejectCode, u64>,
    /// The rejects file.
    pub rejects_file: Option<NamedTempFile>,
}

/// Stages the difference of a file. Whatever an earlier attempt staged is gone first.
pub async fn stage(
    catalog: &Db<Catalog>,
    fence: &Fence,
    reading: Reading,
    mut sink: RejectSink,
    settings: &Settings,
    progress: &Progress,
) -> Result<Staged> {
    let (chunks, mut arriving) = mpsc::channel::<Bytes>(settings.copy_chunks_waiting_max);
    let (refused, mut rejected) = mpsc::channel::<Vec<Reject>>(settings.copy_chunks_waiting_max);

    let outlet = Outlet {
        chunks,
        refused,
        chunk_bytes: settings.copy_chunk_bytes,
        encoder: RowEncoder::with_capacity(settings.copy_chunk_bytes),
    };
    let read = tokio::task::spawn_blocking({
        let progress = progress.clone();
        move || reading.run(outlet, &progress)
    });
    let write = async {
        let mut writer = staging::Writer::open(catalog, fence).await?;
        while let Some(chunk) = arriving.recv().await {
            writer.send(chunk).await?;
        }
        Ok::<_, ImportError>(writer.finish().await?)
    };
    let refuse = async {
        while let Some(rejects) = rejected.recv().await {
            sink.take(rejects).await?;
        }
        sink.finish().await
    };
    let ((counts, totals), rows, (rejects_by_code, rejects_file)) =
        tokio::try_join!(async { read.await? }, write, refuse)?;
    if !counts.balances() {
        return Err(ImportError::Unbalanced(Box::new(counts)));
    }
    Ok(Staged { counts, totals, rows, rejects_by_code, rejects_file })
}

/// Where the reading thread puts what it finds. Its channels are short: a slow database slows the reading down.
struct Outlet {
    chunks: mpsc::Sender<Bytes>,
    refused: mpsc::Sender<Vec<Reject>>,
    chunk_bytes: usize,
    encoder: RowEncoder,
}

impl Reading {
    fn run(mut self, mut outlet: Outlet, progress: &Progress) -> Result<(Counts, Totals)> {
        let (mut counts, mut totals) = (Counts::default(), Totals::default());
        let mut fault = None;
        let reader = Counted::new(self.table.open().map_err(ImportError::Spool)?, progress);
        feed::read_items(reader, &self.plan, &self.limits, |batch| match self.differ.compare(batch) {
            Ok(delta) => {
                progress.add_rows(delta.counts.read);
                counts.add(&delta.counts);
                totals.add(&delta.totals);
                outlet.put(delta)
            }
            Err(failed) => {
                fault = Some(failed);
                ControlFlow::Break(())
            }
        })?;
        if let Some(fault) = fault {
            return Err(fault);
        }
        if self.mode == Mode::Full {
            for product_id in self.differ.unseen() {
                counts.deactivated += 1;
                outlet.encoder.push_deactivated(product_id);
                if outlet.flush_if_full().is_break() {
                    break;
                }
            }
        }
        // When the other side is gone its own error is what `stage` reports, and these counts are never looked at.
        let _ = outlet.flush();
        Ok((counts, totals))
    }
}

impl Outlet {
    /// Sends on what changed and what was refused; breaks off when the other side is gone.
    fn put(&mut self, delta: DeltaBatch) -> ControlFlow<()> {
        for (row, change) in &delta.changes {
            let (key_hash, content_hash) = (delta.key_hashes[*row], delta.content_hashes[*row]);
            self.encoder.push(*change, &delta.items, *row, key_hash, content_hash);
            self.flush_if_full()?;
        }
        if delta.rejects.is_empty() {
            return ControlFlow::Continue(());
        }
        sent(self.refused.blocking_send(delta.rejects))
    }

    fn flush_if_full(&mut self) -> ControlFlow<()> {
        if self.encoder.bytes() >= self.chunk_bytes { self.flush() } else { ControlFlow::Continue(()) }
    }

    fn flush(&mut self) -> ControlFlow<()> {
        match self.encoder.take() {
            chunk if chunk.is_empty() => ControlFlow::Continue(()),
            chunk => sent(self.chunks.blocking_send(chunk)),
        }
    }
}

fn sent<T>(result: Result<(), mpsc::error::SendError<T>>) -> ControlFlow<()> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}
