//! Blocks of a file worked on by all cores and delivered in order, with a bounded number in flight.

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use crate::decode::Records;
use crate::{Block, DecodeError, Layout, Limits};

/// What the splitter hands on, in file order.
enum Step<T> {
    /// A block under work: its result arrives here, or nothing when the work panicked.
    Block(Receiver<T>),
    Failed(DecodeError),
}

/// Cuts the file into blocks on one thread, gives each to `work` on rayon's threads, and calls `deliver` with the
/// results in file order on the calling thread. The channel of pending results is the bound: when `deliver` is slow,
/// reading waits.
pub(crate) fn in_order<R, T>(
    reader: R,
    layout: &Layout,
    limits: &Limits,
    work: impl Fn(Block) -> T + Send + Sync + 'static,
    mut deliver: impl FnMut(T) -> ControlFlow<()>,
) -> Result<(), DecodeError>
where
    R: Read + Send,
    T: Send + 'static,
{
    let in_flight_max = rayon::current_num_threads() + 2;
    thread::scope(|scope| {
        let (steps, pending) = sync_channel(in_flight_max);
        let splitter = scope.spawn(move || split(Records::open(reader, layout, limits), Arc::new(work), &steps));
        // Dropping `pending` on the way out is what stops the splitter.
        for step in iter(&pending) {
            let result = match step {
                Step::Block(result) => receive(&result)
                    .ok_or_else(|| io::Error::other("a block could not be understood: the work on it panicked"))?,
                Step::Failed(error) => return Err(error),
            };
            if deliver(result).is_break() {
                break;
            }
        }
        drop(pending);
        splitter
            .join()
            .map_err(|_| io::Error::other("the file could not be cut into blocks: the splitter panicked").into())
    })
}

/// Reads blocks until the end, an error, or until nobody wants them any more.
fn split<R, T>(
    mut records: Records<R>,
    work: Arc<impl Fn(Block) -> T + Send + Sync + 'static>,
    steps: &SyncSender<Step<T>>,
) where
    R: Read,
    T: Send + 'static,
{
    loop {
        let step = match records.next_block() {
            Ok(None) => return,
            Ok(Some(block)) => Step::Block(start(block, Arc::clone(&work))),
            Err(error) => Step::Failed(error),
        };
        let failed = matches!(step, Step::Failed(_));
        if steps.send(step).is_err() || failed {
            return;
        }
    }
}

/// Starts the work on a block; a panic in it drops the sender, which the receiver notices.
fn start<T: Send + 'static>(block: Block, work: Arc<impl Fn(Block) -> T + Send + Sync + 'static>) -> Receiver<T> {
    let (sender, receiver) = sync_channel(1);
    rayon::spawn(move || {
        if let Ok(result) = catch_unwind(AssertUnwindSafe(|| work(block))) {
            // Nobody waits any more: the delivery was stopped.
            let _ = sender.send(result);
        }
    });
    receiver
}

fn iter<T>(pending: &Receiver<T>) -> impl Iterator<Item = T> + '_ {
    std::iter::from_fn(|| receive(pending))
}

/// Waits for a value; `None` when none will come. On a thread of rayon's own pool the wait takes part in the pool's
/// work: with a single thread nobody else would do it.
fn receive<T>(from: &Receiver<T>) -> Option<T> {
    const NAP: Duration = Duration::from_millis(1);
    loop {
        match from.try_recv() {
            Ok(value) => return Some(value),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => {}
        }
        match rayon::yield_now() {
            Some(rayon::Yield::Executed) => {}
            Some(rayon::Yield::Idle) => match from.recv_timeout(NAP) {
                Ok(value) => return Some(value),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            },
            None => return from.recv().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FeedSettings, detect};

    #[test]
    fn a_panic_in_the_work_is_an_error_and_no_hang() {
        let file = "sku,title\n".to_owned() + &"A,a\n".repeat(1_000);
        let limits = Limits { block_bytes: 256, ..Limits::default() };
        let layout = detect(file.as_bytes(), true, &FeedSettings::default(), &limits).unwrap();
        let work = |block: Block| {
            let lines = block.records(None).lines;
            assert!(!lines.contains(&500), "a bug in the work");
            lines.len()
        };
        let mut rows = 0;
        let error = in_order(file.as_bytes(), &layout, &limits, work, |count| {
            rows += count;
            ControlFlow::Continue(())
        });
        assert!(error.unwrap_err().to_string().contains("read file"));
        assert!(rows > 100 && rows < 500);
    }
}
