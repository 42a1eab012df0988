//! Bodies of requests on their way to a file.

use std::fs::File;
use std::io::Write;

use bytes::Bytes;
use futures::StreamExt;
use s3s::checksum::ChecksumHasher;
use s3s::dto::StreamingBlob;
use s3s::{S3Request, S3Result, TrailingHeaders, s3_error};

use super::disk::blocking;
use super::uploads::FreshFile;

/// Bytes gathered before they are hashed and written in one go, off the server's threads.
const GATHER_BYTES: usize = 1 << 20;

/// The checksums that S3 knows; a request carries at most one, in a header or, announced there, after the body.
const CHECKSUMS: [&str; 5] = [
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
];

/// The checksum that a request promises.
pub(super) struct Promise {
    name: &'static str,
    /// `None`: it comes after the body.
    value: Option<String>,
}

/// A body that arrived whole.
pub(super) struct Received {
    pub file: FreshFile,
    /// Name and value of the checksum that was promised and kept.
    pub checksum: Option<(&'static str, String)>,
}

impl Promise {
    pub fn of<T>(req: &S3Request<T>) -> Option<Self> {
        let text = |name| req.headers.get(name).and_then(|value| value.to_str().ok());
        CHECKSUMS.into_iter().find_map(|name| match text(name) {
            Some(value) => Some(Self { name, value: Some(value.to_owned()) }),
            None => (text("x-amz-trailer") == Some(name)).then_some(Self { name, value: None }),
        })
    }
}

/// Writes a body to a file and checks it against what was promised.
pub(super) async fn receive(
    promise: Option<Promise>,
    body: Option<StreamingBlob>,
    trailers: Option<TrailingHeaders>,
    file: FreshFile,
) -> S3Result<Received> {
    let target = File::create(&file.path).map_err(|error| s3_error!(error, InternalError))?;
    let mut writing = Writing { file: target, hasher: hasher(promise.as_ref().map(|promise| promise.name)) };
    let mut body = body.ok_or_else(|| s3_error!(IncompleteBody))?;
    let mut gathered = Vec::new();
    let mut gathered_bytes = 0;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| s3_error!(IncompleteBody, "{error}"))?;
        gathered_bytes += chunk.len();
        gathered.push(chunk);
        if gathered_bytes >= GATHER_BYTES {
            writing = writing.write(std::mem::take(&mut gathered)).await?;
            gathered_bytes = 0;
        }
    }
    let computed = digest(writing.write(gathered).await?.hasher);
    let checksum = match (promise, computed) {
        (Some(Promise { name, value }), Some(computed)) => {
            let after_body = |trailers: TrailingHeaders| {
                trailers.read(|trailers| Some(trailers.get(name)?.to_str().ok()?.to_owned())).flatten()
            };
            if value.or_else(|| trailers.and_then(after_body)).as_ref() != Some(&computed) {
                return Err(s3_error!(BadDigest, "{name} does not match the body"));
            }
            Some((name, computed))
        }
        _ => None,
    };
    Ok(Received { file, checksum })
}

struct Writing {
    file: File,
    hasher: ChecksumHasher,
}

impl Writing {
    async fn write(mut self, chunks: Vec<Bytes>) -> S3Result<Self> {
        blocking(move || {
            for chunk in &chunks {
                self.hasher.update(chunk);
                self.file.write_all(chunk).map_err(|error| s3_error!(error, InternalError))?;
            }
            Ok(self)
        })
        .await
    }
}

fn hasher(name: Option<&str>) -> ChecksumHasher {
    let mut hasher = ChecksumHasher::default();
    match name {
        Some("x-amz-checksum-crc32") => hasher.crc32 = Some(Default::default()),
        Some("x-amz-checksum-crc32c") => hasher.crc32c = Some(Default::default()),
        Some("x-amz-checksum-crc64nvme") => hasher.crc64nvme = Some(Default::default()),
        Some("x-amz-checksum-sha1") => hasher.sha1 = Some(Default::default()),
        Some("x-amz-checksum-sha256") => hasher.sha256 = Some(Default::default()),
        _ => {}
    }
    hasher
}

/// The one checksum that was computed, if any.
fn digest(hasher: ChecksumHasher) -> Option<String> {
    let sums = hasher.finalize();
    sums.checksum_crc32
        .or(sums.checksum_crc32c)
        .or(sums.checksum_crc64nvme)
        .or(sums.checksum_sha1)
        .or(sums.checksum_sha256)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures::stream;
    use uuid::Uuid;

    use super::*;

    async fn received(promise: Option<(&'static str, &str)>) -> Result<Vec<u8>, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = FreshFile { path: folder.path().join(Uuid::now_v7().to_string()) };
        let promise = promise.map(|(name, value)| Promise { name, value: Some(value.to_owned()) });
        let chunks = ["hello, ", "", "world"].map(|chunk| Ok::<_, std::io::Error>(Bytes::from(chunk)));
        let body = StreamingBlob::wrap(stream::iter(chunks));
        let received =
            receive(promise, Some(body), None, file).await.map_err(|error| error.code().as_str().to_owned())?;
        Ok(std::fs::read(&received.file.path).unwrap())
    }

    #[tokio::test]
    async fn a_body_is_written_when_it_is_what_was_promised() {
        assert_eq!(received(None).await.unwrap(), b"hello, world");
        // CRC-32 and SHA-256 of "hello, world", in Base64.
        let crc32 = Some(("x-amz-checksum-crc32", "/6tyOg=="));
        assert_eq!(received(crc32).await.unwrap(), b"hello, world");
        let sha256 = Some(("x-amz-checksum-sha256", "Ccp+TqpuiunH0mEWcSkYSINkTQffuny/vEyKLgg2DVs="));
        assert_eq!(received(sha256).await.unwrap(), b"hello, world");
    }

    #[tokio::test]
    async fn a_body_that_is_not_what_was_promised_is_refused() {
        for name in CHECKSUMS {
            assert_eq!(received(Some((name, "AAAAAA=="))).await.unwrap_err(), "BadDigest", "{name}");
        }
    }
}
