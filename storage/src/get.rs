//! Reading objects.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio_util::task::AbortOnDropHandle;

use crate::error::Place;
use crate::{Bucket, ObjectFacts, ObjectHead, Storage, StorageError, unquoted};

/// Pause before a broken range is asked for again; doubled each time.
const RESUME_PAUSE: Duration = Duration::from_millis(100);

impl Storage {
    /// Streams an object into `sink`, in order, and flushes it. Memory stays within about `part_bytes` ×
    /// (`parts_in_flight` + 1), whatever the size of the object.
    ///
    /// # Errors
    /// [`StorageError::NotFound`]; [`StorageError::Changed`] when the object is replaced while it is read;
    /// [`StorageError::Truncated`] when its bytes stop coming although asked for again; [`StorageError::Sink`].
    /// The sink then holds a beginning of the object, to be thrown away.
    pub async fn get_to<W>(
        &self,
        bucket: Bucket,
        key: impl AsRef<str>,
        sink: &mut W,
    ) -> Result<ObjectFacts, StorageError>
    where
        W: AsyncWrite + Unpin + ?Sized,
    {
        let head = self.head(bucket, key).await?;
        self.read_to(bucket, head, sink).await
    }

    /// As [`Storage::get_to`], for the version of an object that a head or a listing told of.
    pub(crate) async fn read_to<W>(
        &self,
        bucket: Bucket,
        head: ObjectHead,
        sink: &mut W,
    ) -> Result<ObjectFacts, StorageError>
    where
        W: AsyncWrite + Unpin + ?Sized,
    {
        let sink_failed = |source| StorageError::Sink { key: head.key.clone(), source };

        let mut hash = Sha256::new();
        let mut ranges = std::pin::pin!(self.ranges(bucket, &head));
        while let Some(chunks) = ranges.try_next().await? {
            for chunk in chunks {
                hash.update(&chunk);
                sink.write_all(&chunk).await.map_err(sink_failed)?;
            }
        }
        sink.flush().await.map_err(sink_failed)?;
        Ok(ObjectFacts { bytes: head.bytes, sha256: hash.finalize().into(), etag: head.etag })
    }

    /// A small object as a whole.
    ///
    /// # Errors
    /// [`StorageError::TooLarge`] when it has more than `bytes_max` bytes; otherwise as [`Storage::get_to`].
    pub async fn get_bytes(&self, bucket: Bucket, key: impl AsRef<str>, bytes_max: u64) -> Result<Bytes, StorageError> {
        let head = self.head(bucket, key).await?;
        if head.bytes > bytes_max {
            let ObjectHead { key, bytes, .. } = head;
            return Err(StorageError::TooLarge { bucket: self.bucket_name(bucket), key, bytes, bytes_max });
        }
        let gather = |mut whole: BytesMut, chunks: Vec<Bytes>| async move {
            chunks.iter().for_each(|chunk| whole.extend_from_slice(chunk));
            Ok(whole)
        };
        let whole = self.ranges(bucket, &head).try_fold(BytesMut::new(), gather).await?;
        Ok(whole.freeze())
    }

    /// The object's ranges in order, a few of them on their way at once. Each is fetched by a task of its own, so
    /// that bytes keep coming while the caller hashes and writes; dropping the stream ends them.
    fn ranges(
        &self,
        bucket: Bucket,
        head: &ObjectHead,
    ) -> impl Stream<Item = Result<Vec<Bytes>, StorageError>> + use<> {
        let object = Arc::new(Object {
            client: self.client.clone(),
            at: self.place(bucket, &head.key),
            bytes: head.bytes,
            etag: head.etag.clone(),
            attempts_max: self.settings.attempts_max,
        });
        let part_bytes = self.settings.part_bytes;
        let starts = (0..head.bytes.div_ceil(part_bytes)).map(move |part| part * part_bytes);
        stream::iter(starts)
            .map(move |start| {
                let range = start..object.bytes.min(start + part_bytes);
                let fetch = AbortOnDropHandle::new(tokio::spawn(Arc::clone(&object).fetch(range)));
                async move {
                    // The task is never aborted while somebody awaits it, so only its own panic can end it early.
                    fetch.await.unwrap_or_else(|failure| std::panic::resume_unwind(failure.into_panic()))
                }
            })
            .buffered(self.settings.parts_in_flight)
    }
}

/// One version of one object.
struct Object {
    client: Client,
    at: Place,
    bytes: u64,
    etag: String,
    attempts_max: u32,
}

impl Object {
    /// All bytes of a range. A body that breaks is continued where it broke; requests that get no answer at all are
    /// already tried again by the SDK.
    async fn fetch(self: Arc<Self>, range: Range<u64>) -> Result<Vec<Bytes>, StorageError> {
        let mut chunks = Vec::new();
        let mut next = range.start;
        let mut pause = RESUME_PAUSE;
        for attempt in 1.. {
            let broken = self.read(next..range.end, &mut chunks, &mut next).await?;
            if next == range.end {
                break;
            }
            if attempt >= self.attempts_max {
                let Place { bucket, key, .. } = self.at.clone();
                return Err(StorageError::Truncated { bucket, key, expected: self.bytes, got: next, source: broken });
            }
            tracing::debug!(key = self.at.key, at_byte = next, "resuming a broken read");
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Ok(chunks)
    }

    /// One request: appends what comes to `chunks` and moves `next` on. Returns how the body broke, if it did.
    async fn read(
        &self,
        range: Range<u64>,
        chunks: &mut Vec<Bytes>,
        next: &mut u64,
    ) -> Result<Option<Box<dyn std::error::Error + Send + Sync>>, StorageError> {
        let Place { bucket, key, .. } = &self.at;
        let request = self.client.get_object().bucket(bucket).key(key);
        let request = request.range(format!("bytes={}-{}", range.start, range.end - 1)).set_if_match(self.condition());
        let answer = request.send().await.map_err(|error| self.at.failed("read", error))?;
        // Not every store honours If-Match and Range; every one says what it sends.
        let as_asked = format!("bytes {}-{}/{}", range.start, range.end - 1, self.bytes);
        if unquoted(answer.e_tag()) != self.etag || answer.content_range() != Some(&as_asked) {
            return Err(StorageError::Changed { bucket: bucket.clone(), key: key.clone() });
        }
        let mut body = answer.body;
        loop {
            match body.try_next().await {
                Ok(Some(chunk)) => {
                    *next += chunk.len() as u64;
                    // A store that sends more than it said would otherwise fill the memory.
                    if *next > range.end {
                        return Err(StorageError::Changed { bucket: bucket.clone(), key: key.clone() });
                    }
                    chunks.push(chunk);
                }
                Ok(None) => return Ok(None),
                Err(error) => return Ok(Some(error.into())),
            }
        }
    }

    /// "This version or nothing", where the store tells versions at all.
    fn condition(&self) -> Option<String> {
        (!self.etag.is_empty()).then(|| format!("\"{}\"", self.etag))
    }
}
