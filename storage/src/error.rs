//! What can go wrong with an object, by name.

use std::error::Error;
use std::path::PathBuf;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use thiserror::Error;

use crate::{Bucket, Storage};

type Cause = Box<dyn Error + Send + Sync>;

/// Why an operation on the store failed.
#[derive(Debug, Error)]
pub enum StorageError {
    /// There is no such object.
    #[error("find `{key}` in bucket `{bucket}`: there is no such object")]
    NotFound {
        /// Name of the bucket.
        bucket: String,
        /// Full key.
        key: String,
    },
    /// There is no such bucket: [`Storage::ensure_buckets`] makes it.
    #[error("find bucket `{bucket}`: there is no such bucket")]
    BucketMissing {
        /// Name of the bucket.
        bucket: String,
    },
    /// The store knows us and refuses, or does not accept our keys.
    #[error(
        "{action} `{key}` in bucket `{bucket}`: the store denies access ({code}); check access_key, secret_key, region and policy"
    )]
    AccessDenied {
        /// What was tried.
        action: &'static str,
        /// Name of the bucket.
        bucket: String,
        /// Full key; empty for the bucket itself.
        key: String,
        /// The store's word for it, such as `SignatureDoesNotMatch`.
        code: String,
    },
    /// No connection, or one that broke before an answer came, at every try.
    #[error("reach the object store at {endpoint}")]
    Unreachable {
        /// Where it was expected.
        endpoint: String,
        /// The last try's failure.
        #[source]
        source: Cause,
    },
    /// The store was reached but did not answer in time, at every try.
    #[error("{action} `{key}` in bucket `{bucket}`: no answer in time")]
    TimedOut {
        /// What was tried.
        action: &'static str,
        /// Name of the bucket.
        bucket: String,
        /// Full key.
        key: String,
        /// The last try's failure.
        #[source]
        source: Cause,
    },
    /// The object was replaced between two reads that belong together.
    #[error("read `{key}` in bucket `{bucket}`: the object changed meanwhile; try again")]
    Changed {
        /// Name of the bucket.
        bucket: String,
        /// Full key.
        key: String,
    },
    /// Fewer bytes came than were promised, also when asked for again.
    #[error("read `{key}` in bucket `{bucket}`: got {got} of {expected} bytes")]
    Truncated {
        /// Name of the bucket.
        bucket: String,
        /// Full key.
        key: String,
        /// Bytes promised.
        expected: u64,
        /// Bytes that came, counted from the beginning of the object.
        got: u64,
        /// How the connection ended, when it did so with an error.
        #[source]
        source: Option<Cause>,
    },
    /// The object is larger than the caller takes.
    #[error("read `{key}` in bucket `{bucket}`: {bytes} bytes, at most {bytes_max} are taken")]
    TooLarge {
        /// Name of the bucket.
        bucket: String,
        /// Full key.
        key: String,
        /// Its size.
        bytes: u64,
        /// The caller's limit.
        bytes_max: u64,
    },
    /// Any other answer that is not a success.
    #[error("{action} `{key}` in bucket `{bucket}`: the store answered {status} {code}: {message}")]
    Refused {
        /// What was tried.
        action: &'static str,
        /// Name of the bucket.
        bucket: String,
        /// Full key; empty for the bucket itself.
        key: String,
        /// HTTP status; 0 when there was none.
        status: u16,
        /// The store's error code.
        code: String,
        /// The store's explanation.
        message: String,
    },
    /// A local file could not be read.
    #[error("read file `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The object came, but where it was to be written to did not take it.
    #[error("write the bytes of `{key}`")]
    Sink {
        /// Full key.
        key: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A setting is missing or out of range.
    #[error("use storage settings: {0}")]
    Settings(String),
}

/// Where an operation happens: what its error will say.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub endpoint: String,
    pub bucket: String,
    pub key: String,
}

impl Storage {
    pub(crate) fn place(&self, bucket: Bucket, key: &str) -> Place {
        let Self { settings, .. } = self;
        let endpoint = match settings.endpoint.as_str() {
            "" => format!("Amazon S3 in {}", settings.region),
            endpoint => endpoint.to_owned(),
        };
        Place { endpoint, bucket: settings.bucket_name(bucket), key: key.to_owned() }
    }
}

impl Place {
    /// The named error behind an SDK error.
    pub(crate) fn failed<E>(&self, action: &'static str, error: SdkError<E, HttpResponse>) -> StorageError
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let Self { endpoint, bucket, key } = self.clone();
        match &error {
            SdkError::TimeoutError(_) => StorageError::TimedOut { action, bucket, key, source: error.into() },
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                StorageError::TimedOut { action, bucket, key, source: error.into() }
            }
            SdkError::DispatchFailure(_) => StorageError::Unreachable { endpoint, source: error.into() },
            SdkError::ServiceError(_) | SdkError::ResponseError(_) => self.refused(action, &error),
            _ => StorageError::Settings(format!("{action} `{key}` in bucket `{bucket}`: {}", chain(&error))),
        }
    }

    fn refused<E>(&self, action: &'static str, error: &SdkError<E, HttpResponse>) -> StorageError
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let Self { bucket, key, .. } = self.clone();
        let status = error.raw_response().map_or(0, |answer| answer.status().as_u16());
        // An answer to HEAD has no body, hence no code: the status speaks.
        let code = error.code().unwrap_or_default();
        match (status, code) {
            (_, "NoSuchBucket") => StorageError::BucketMissing { bucket },
            (404, _) => StorageError::NotFound { bucket, key },
            (412 | 416, _) => StorageError::Changed { bucket, key },
            (401 | 403, _) => {
                let code = if code.is_empty() { format!("status {status}") } else { code.to_owned() };
                StorageError::AccessDenied { action, bucket, key, code }
            }
            _ => StorageError::Refused {
                action,
                bucket,
                key,
                status,
                code: code.to_owned(),
                message: error.message().map_or_else(|| chain(error), str::to_owned),
            },
        }
    }
}

/// An error with its causes on one line: SDK errors print only their outermost words.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
