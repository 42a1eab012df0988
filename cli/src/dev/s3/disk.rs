//! The S3 operations over a folder: a bucket is a folder, an object is a file at its key's [`path`](super::path), and
//! nothing else is kept.
//!
//! An object's ETag is made of its file's inode and modification time, and an object is written to a file of its own
//! that is renamed into place. So there is no second file to go out of step: a server killed at any moment has each
//! object either as it was or as it is to be.
//!
//! Not kept: content types and user metadata, which nothing here uses. As on MinIO, a key and a longer key below it
//! (`a` and `a/b`) cannot both exist.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, Bucket, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, CreateBucketInput,
    CreateBucketOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteObjectInput, DeleteObjectOutput,
    ETag, ETagCondition, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput,
    HeadObjectOutput, ListBucketsInput, ListBucketsOutput, ListObjectsV2Input, ListObjectsV2Output, PutObjectInput,
    PutObjectOutput, StreamingBlob, Timestamp, UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

use super::incoming::{self, Promise};
use super::uploads::Uploads;
use super::{listing, outgoing, path};

/// The object store in one folder.
pub(super) struct Disk {
    buckets: PathBuf,
    uploads: Arc<Uploads>,
}

/// An object's file as S3 describes it.
pub(super) struct Facts {
    pub bytes: u64,
    pub etag: ETag,
    pub modified: Option<Timestamp>,
}

impl Facts {
    pub fn of(metadata: &Metadata) -> Self {
        let nanoseconds = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
        Self {
            bytes: metadata.len(),
            // The dash tells clients that this is no MD5 for them to check.
            etag: ETag::Strong(format!("{:x}-{nanoseconds:x}", metadata.ino())),
            modified: metadata.modified().ok().map(Timestamp::from),
        }
    }

    /// The facts of an object that is there.
    pub fn read(path: &Path) -> S3Result<Self> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => Ok(Self::of(&metadata)),
            _ => Err(s3_error!(NoSuchKey)),
        }
    }

    fn length(&self) -> i64 {
        i64::try_from(self.bytes).unwrap_or(i64::MAX)
    }

    fn check(&self, if_match: Option<&ETagCondition>, if_none_match: Option<&ETagCondition>) -> S3Result<()> {
        let is_this = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(etag) => etag.strong_cmp(&self.etag),
        };
        if if_match.is_some_and(|condition| !is_this(condition)) {
            return Err(s3_error!(PreconditionFailed));
        }
        if if_none_match.is_some_and(is_this) {
            return Err(s3_error!(NotModified));
        }
        Ok(())
    }
}

impl Disk {
    /// # Errors
    /// When the folders cannot be made.
    pub fn open(root: &Path) -> io::Result<Self> {
        let buckets = root.join("buckets");
        fs::create_dir_all(&buckets)?;
        Ok(Self { buckets, uploads: Arc::new(Uploads::open(root.join("uploads"))?) })
    }

    fn bucket(&self, bucket: &str) -> S3Result<PathBuf> {
        let path = self.buckets.join(bucket);
        if s3s::path::check_bucket_name(bucket) && path.is_dir() { Ok(path) } else { Err(s3_error!(NoSuchBucket)) }
    }

    /// Where an object of an existing bucket lies, or would.
    fn object(&self, bucket: &str, key: &str) -> S3Result<PathBuf> {
        Ok(self.bucket(bucket)?.join(path::of(key)))
    }
}

/// Puts a finished file in an object's place.
pub(super) fn publish(file: &Path, object: &Path) -> S3Result<Facts> {
    let facts = Facts::read(file)?;
    let folder = object.parent().unwrap_or(object);
    match fs::create_dir_all(folder).and_then(|()| fs::rename(file, object)) {
        Ok(()) => Ok(facts),
        Err(error) => match error.kind() {
            io::ErrorKind::InvalidFilename => Err(s3_error!(KeyTooLongError)),
            io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory | io::ErrorKind::AlreadyExists => {
                Err(s3_error!(InvalidArgument, "a key and a longer key below it cannot both exist here"))
            }
            _ => Err(s3_error!(error, InternalError)),
        },
    }
}

/// Runs blocking file work off the server's threads.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> S3Result<T> + Send + 'static) -> S3Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|failure| s3_error!(failure, InternalError))?
}

#[async_trait::async_trait]
impl S3 for Disk {
    async fn create_bucket(&self, req: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        match fs::create_dir(self.buckets.join(&req.input.bucket)) {
            Ok(()) => Ok(S3Response::new(CreateBucketOutput::default())),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(s3_error!(BucketAlreadyOwnedByYou)),
            Err(error) => Err(s3_error!(error, InternalError)),
        }
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.bucket(&req.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn list_buckets(&self, _: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        let entries = fs::read_dir(&self.buckets).map_err(|error| s3_error!(error, InternalError))?;
        let mut names: Vec<_> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort_unstable();
        let buckets = names.into_iter().map(|name| Bucket { name: Some(name), ..Bucket::default() }).collect();
        Ok(S3Response::new(ListBucketsOutput { buckets: Some(buckets), ..ListBucketsOutput::default() }))
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        let bucket = self.bucket(&req.input.bucket)?;
        blocking(move || listing::page(&bucket, req.input)).await.map(S3Response::new)
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = req.input;
        let facts = Facts::read(&self.object(&input.bucket, &input.key)?)?;
        facts.check(input.if_match.as_ref(), input.if_none_match.as_ref())?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: Some(facts.length()),
            e_tag: Some(facts.etag),
            last_modified: facts.modified,
            ..HeadObjectOutput::default()
        }))
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = req.input;
        let path = self.object(&input.bucket, &input.key)?;
        // From here on the open file is the object: replacing the key leaves it as it is.
        let file = fs::File::open(path).map_err(|_| s3_error!(NoSuchKey))?;
        let metadata = file.metadata().map_err(|error| s3_error!(error, InternalError))?;
        if !metadata.is_file() {
            return Err(s3_error!(NoSuchKey));
        }
        let facts = Facts::of(&metadata);
        facts.check(input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let range = input.range.map(|range| range.check(facts.bytes)).transpose()?;
        let content_range = range.as_ref().map(|r| format!("bytes {}-{}/{}", r.start, r.end - 1, facts.bytes));
        let range = range.unwrap_or(0..facts.bytes);
        Ok(S3Response::new(GetObjectOutput {
            content_length: i64::try_from(range.end - range.start).ok(),
            content_range,
            e_tag: Some(facts.etag),
            last_modified: facts.modified,
            body: Some(StreamingBlob::wrap(outgoing::chunks(file, range))),
            ..GetObjectOutput::default()
        }))
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let object = self.object(&req.input.bucket, &req.input.key)?;
        if req.input.if_match.is_some() || req.input.if_none_match.is_some() {
            return Err(s3_error!(NotImplemented, "conditional writes"));
        }
        let (promise, file) = (Promise::of(&req), self.uploads.fresh_file());
        let received = incoming::receive(promise, req.input.body, req.trailing_headers, file).await?;
        let facts = blocking(move || publish(&received.file.path, &object)).await?;
        Ok(S3Response::new(PutObjectOutput { e_tag: Some(facts.etag), ..PutObjectOutput::default() }))
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        let CopySource::Bucket { bucket, key, .. } = &req.input.copy_source else {
            return Err(s3_error!(NotImplemented, "access points"));
        };
        let source = self.object(bucket, key)?;
        let target = self.object(&req.input.bucket, &req.input.key)?;
        let condition = req.input.copy_source_if_match;
        let uploads = Arc::clone(&self.uploads);
        let facts = blocking(move || {
            Facts::read(&source)?.check(condition.as_ref(), None)?;
            let copy = uploads.fresh_file();
            fs::copy(&source, &copy.path).map_err(|error| s3_error!(error, InternalError))?;
            publish(&copy.path, &target)
        });
        let facts = facts.await?;
        let result =
            CopyObjectResult { e_tag: Some(facts.etag), last_modified: facts.modified, ..CopyObjectResult::default() };
        Ok(S3Response::new(CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() }))
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let object = self.object(&req.input.bucket, &req.input.key)?;
        let Ok(facts) = Facts::read(&object) else {
            // Removing what is not there succeeds; a folder of longer keys is no object.
            return Ok(S3Response::new(DeleteObjectOutput::default()));
        };
        facts.check(req.input.if_match.as_ref(), None)?;
        match fs::remove_file(object) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(s3_error!(error, InternalError)),
            _ => Ok(S3Response::new(DeleteObjectOutput::default())),
        }
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let CreateMultipartUploadInput { bucket, key, .. } = req.input;
        self.object(&bucket, &key)?;
        Ok(S3Response::new(CreateMultipartUploadOutput {
            upload_id: Some(self.uploads.begin()?),
            bucket: Some(bucket),
            key: Some(key),
            ..CreateMultipartUploadOutput::default()
        }))
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        let part = self.uploads.part(&req.input.upload_id, req.input.part_number)?;
        let (promise, file) = (Promise::of(&req), self.uploads.fresh_file());
        let received = incoming::receive(promise, req.input.body, req.trailing_headers, file).await?;
        let facts = blocking(move || publish(&received.file.path, &part)).await?;
        let output = UploadPartOutput { e_tag: Some(facts.etag), ..UploadPartOutput::default() };
        let mut response = S3Response::new(output);
        if let Some((name, value)) = received.checksum
            && let Ok(value) = value.parse()
        {
            // The client repeats it when it completes the upload.
            response.headers.insert(name, value);
        }
        Ok(response)
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let CompleteMultipartUploadInput { bucket, key, upload_id, multipart_upload, .. } = req.input;
        let object = self.object(&bucket, &key)?;
        let parts = multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let uploads = Arc::clone(&self.uploads);
        let facts = blocking(move || uploads.complete(&upload_id, &parts, &object)).await?;
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(bucket),
            key: Some(key),
            e_tag: Some(facts.etag),
            ..CompleteMultipartUploadOutput::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.uploads.abort(&req.input.upload_id)?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}
