//! Files on their way to a client.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, stream};

/// Bytes read in one go: large enough that the cost of a chunk does not matter, small enough to be forgotten.
const CHUNK_BYTES: u64 = 512 << 10;

/// A range of a file, in chunks read off the server's threads.
pub(super) fn chunks(file: File, range: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync {
    let file = Arc::new(file);
    stream::try_unfold(range, move |rest| {
        let file = Arc::clone(&file);
        async move {
            let length = CHUNK_BYTES.min(rest.end - rest.start);
            if length == 0 {
                return Ok(None);
            }
            let read = tokio::task::spawn_blocking(move || {
                let mut chunk = vec![0; length as usize];
                file.read_exact_at(&mut chunk, rest.start).map(|()| chunk)
            });
            let chunk = read.await.map_err(io::Error::other)??;
            Ok(Some((Bytes::from(chunk), rest.start + length..rest.end)))
        }
    })
}
