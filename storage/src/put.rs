//! Writing objects.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;

use crate::error::Place;
use crate::settings::PARTS_MAX;
use crate::{Bucket, ObjectFacts, Storage, StorageError, unquoted};

impl Storage {
    /// Writes a small object that is already in memory.
    ///
    /// # Errors
    /// As the store answers; the object is then as it was.
    pub async fn put_bytes(
        &self,
        bucket: Bucket,
        key: impl AsRef<str>,
        bytes: impl Into<Bytes>,
    ) -> Result<ObjectFacts, StorageError> {
        let at = self.place(bucket, key.as_ref());
        let bytes = bytes.into();
        let length = bytes.len() as u64;
        let sha256 = Sha256::digest(&bytes).into();
        let request = self.client.put_object().bucket(&at.bucket).key(&at.key).body(ByteStream::from(bytes));
        let answer = request.send().await.map_err(|error| at.failed("write", error))?;
        Ok(ObjectFacts { bytes: length, sha256, etag: unquoted(answer.e_tag()) })
    }

    /// Writes a local file, in parts when it is larger than one. Memory stays within about `part_bytes` ×
    /// (`parts_in_flight` + 1). Each part carries a CRC-32 that the store checks.
    ///
    /// # Errors
    /// [`StorageError::File`] when the file cannot be read; otherwise as the store answers. The object is then as
    /// it was, and parts already sent are given up: also when the future is dropped half way.
    pub async fn put_file(
        &self,
        bucket: Bucket,
        key: impl AsRef<str>,
        path: &Path,
    ) -> Result<ObjectFacts, StorageError> {
        let at = self.place(bucket, key.as_ref());
        let mut parts = Parts::open(path, self.settings.part_bytes).await?;
        let first = parts.next().await?;
        if parts.at_end() {
            return self.put_bytes(bucket, &at.key, first).await;
        }
        let upload = Upload::begin(self.client.clone(), at).await?;
        let etag = self.put_parts(&upload, first, &mut parts).await?;
        upload.completed();
        let (bytes, sha256) = parts.finish();
        Ok(ObjectFacts { bytes, sha256, etag })
    }

    async fn put_parts(&self, upload: &Upload, first: Bytes, parts: &mut Parts) -> Result<String, StorageError> {
        let mut sending = JoinSet::new();
        let mut sent = Vec::new();
        let mut part = first;
        for number in 1.. {
            if sending.len() == self.settings.parts_in_flight {
                sent.extend(join(&mut sending).await?);
            }
            sending.spawn(upload.send(number, part));
            if parts.at_end() {
                break;
            }
            part = parts.next().await?;
        }
        while let Some(part) = join(&mut sending).await? {
            sent.push(part);
        }
        sent.sort_unstable_by_key(CompletedPart::part_number);
        upload.complete(sent).await
    }

    /// Copies an object within the store, without its bytes passing through here; `etag` names the version that is
    /// meant. S3 copies objects of up to 5 GB this way.
    ///
    /// # Errors
    /// [`StorageError::NotFound`]; [`StorageError::Changed`] when the object is not of that version any more;
    /// otherwise as the store answers.
    pub async fn copy(
        &self,
        from: (Bucket, impl AsRef<str>),
        to: (Bucket, impl AsRef<str>),
        etag: Option<&str>,
    ) -> Result<(), StorageError> {
        let source = self.place(from.0, from.1.as_ref());
        let target = self.place(to.0, to.1.as_ref());
        let request = self.client.copy_object().bucket(&target.bucket).key(&target.key);
        let request = request
            .copy_source(format!("{}/{}", source.bucket, percent_encoded(&source.key)))
            .set_copy_source_if_match(etag.map(|etag| format!("\"{etag}\"")));
        request.send().await.map(drop).map_err(|error| source.failed("copy", error))
    }
}

async fn join(
    sending: &mut JoinSet<Result<CompletedPart, StorageError>>,
) -> Result<Option<CompletedPart>, StorageError> {
    // Nobody aborts these tasks, so only their own panic can end them early.
    let ended = sending.join_next().await;
    ended.map(|part| part.unwrap_or_else(|failure| std::panic::resume_unwind(failure.into_panic()))).transpose()
}

/// A local file, read part by part off the runtime and hashed on the way.
struct Parts {
    path: std::path::PathBuf,
    part_bytes: u64,
    bytes: u64,
    /// `None` once everything is read.
    file: Option<File>,
    hash: Sha256,
}

impl Parts {
    async fn open(path: &Path, part_bytes: u64) -> Result<Self, StorageError> {
        let path = path.to_owned();
        let failed = |source| StorageError::File { path: path.clone(), source };
        let file = tokio::fs::File::open(&path).await.map_err(failed)?;
        let length = file.metadata().await.map_err(failed)?.len();
        let part_bytes = part_bytes.max(length.div_ceil(PARTS_MAX));
        Ok(Self { part_bytes, bytes: 0, file: Some(file.into_std().await), hash: Sha256::new(), path })
    }

    fn at_end(&self) -> bool {
        self.file.is_none()
    }

    /// The next `part_bytes` bytes; the last part is shorter, or empty when the file ends on a border.
    async fn next(&mut self) -> Result<Bytes, StorageError> {
        let Some(mut file) = self.file.take() else { return Ok(Bytes::new()) };
        let (part_bytes, mut hash) = (self.part_bytes, std::mem::take(&mut self.hash));
        let read = tokio::task::spawn_blocking(move || {
            let mut part = Vec::with_capacity(part_bytes as usize);
            let outcome = (&mut file).take(part_bytes).read_to_end(&mut part);
            hash.update(&part);
            outcome.map(|_| (part, hash, file))
        });
        let outcome = read.await.unwrap_or_else(|failure| std::panic::resume_unwind(failure.into_panic()));
        let (part, hash, file) = outcome.map_err(|source| StorageError::File { path: self.path.clone(), source })?;
        self.hash = hash;
        self.bytes += part.len() as u64;
        self.file = (part.len() as u64 == part_bytes).then_some(file);
        Ok(part.into())
    }

    fn finish(self) -> (u64, [u8; 32]) {
        (self.bytes, self.hash.finalize().into())
    }
}

/// A multipart upload under way: given up when dropped before it is [`Upload::completed`].
struct Upload {
    client: Client,
    at: Place,
    id: String,
    open: bool,
}

impl Upload {
    async fn begin(client: Client, at: Place) -> Result<Self, StorageError> {
        let request = client.create_multipart_upload().bucket(&at.bucket).key(&at.key);
        let answer = request.checksum_algorithm(ChecksumAlgorithm::Crc32).send().await;
        let answer = answer.map_err(|error| at.failed("write", error))?;
        let id = answer.upload_id.unwrap_or_default();
        Ok(Self { client, at, id, open: true })
    }

    fn send(
        &self,
        number: i32,
        part: Bytes,
    ) -> impl Future<Output = Result<CompletedPart, StorageError>> + Send + use<> {
        let Self { client, at, id, .. } = self;
        let request = client.upload_part().bucket(&at.bucket).key(&at.key).upload_id(id).part_number(number);
        let request = request.checksum_algorithm(ChecksumAlgorithm::Crc32).body(ByteStream::from(part));
        let at = at.clone();
        async move {
            let answer = request.send().await.map_err(|error| at.failed("write a part of", error))?;
            Ok(CompletedPart::builder()
                .part_number(number)
                .set_e_tag(answer.e_tag)
                .set_checksum_crc32(answer.checksum_crc32)
                .build())
        }
    }

    async fn complete(&self, parts: Vec<CompletedPart>) -> Result<String, StorageError> {
        let Self { client, at, id, .. } = self;
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = client.complete_multipart_upload().bucket(&at.bucket).key(&at.key).upload_id(id);
        let answer = request.multipart_upload(parts).send().await;
        let answer = answer.map_err(|error| at.failed("complete the writing of", error))?;
        Ok(unquoted(answer.e_tag()))
    }

    fn completed(mut self) {
        self.open = false;
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if !self.open {
            return;
        }
        let Place { bucket, key, .. } = self.at.clone();
        let request = self.client.abort_multipart_upload().bucket(bucket).key(key).upload_id(&self.id);
        runtime.spawn(async move {
            // What cannot be given up now, the bucket's lifecycle rule for unfinished uploads sweeps later.
            if let Err(error) = request.send().await {
                tracing::warn!(%error, "could not give up an unfinished upload");
            }
        });
    }
}

/// A key as it stands in the `x-amz-copy-source` header: RFC 3986 unreserved characters and `/` stay.
fn percent_encoded(key: &str) -> String {
    key.bytes().fold(String::with_capacity(key.len()), |mut encoded, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copied_key_is_encoded_byte_by_byte() {
        assert_eq!(percent_encoded("inbox/acmé/a b+c%.csv"), "inbox/acm%C3%A9/a%20b%2Bc%25.csv");
    }
}
