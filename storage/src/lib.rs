//! The five buckets, and the only crate that knows S3.
//!
//! A [`Bucket`] and a key name an object. [`keys`] builds and reads the keys of `imports-files` and its siblings;
//! [`Storage`] streams objects in and out with bounded memory, computing the SHA-256 on the way, and says in
//! [`StorageError`] what went wrong with which object.
//!
//! Reads come in as ranges, a few at a time, each tied to the ETag seen first: a connection that breaks is resumed
//! where it stopped, and an object that is replaced meanwhile is reported ([`StorageError::Changed`]) rather than
//! stitched together from two versions.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use storage::{Bucket, InboxKey, Settings, Storage};
//!
//! let storage = Storage::connect(&Settings { endpoint: "http://127.0.0.1:9000".into(), ..Settings::default() }).await?;
//! storage.ensure_buckets().await?;
//!
//! let key = InboxKey::parse("inbox/acme/Catalogue général.csv")?;
//! let mut spool = tokio::fs::File::create("/tmp/spool").await?;
//! let facts = storage.get_to(Bucket::ImportsFiles, &key, &mut spool).await?;
//! println!("{} bytes from {}, etag {}", facts.bytes, key.supplier(), facts.etag);
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod buckets;
mod error;
mod get;
pub mod keys;
mod list;
mod other;
mod presign;
mod put;
mod settings;

use std::sync::Arc;

use aws_sdk_s3::Client;
use chrono::{DateTime, Utc};

pub use buckets::Bucket;
pub use error::StorageError;
pub use keys::{InboxKey, KeyError};
pub use other::{OtherBucket, OtherBucketSettings, Resolve};
pub use presign::Presigned;
pub use settings::{Buckets, Secret, Settings};

/// A connection to the object store. Cheap to clone: clones share the connection pool.
#[derive(Clone)]
pub struct Storage {
    client: Client,
    settings: Arc<Settings>,
}

/// An object as the store describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectHead {
    /// Full key.
    pub key: String,
    /// Size in bytes.
    pub bytes: u64,
    /// The store's version mark, without quotes: changes with the content, but is not a hash of it. Empty where
    /// the store does not tell.
    pub etag: String,
    /// When it was written, by the store's clock.
    pub modified: Option<DateTime<Utc>>,
}

/// What was learned about an object by moving all of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectFacts {
    /// Bytes moved: the whole object.
    pub bytes: u64,
    /// SHA-256 of the bytes, as moved.
    pub sha256: [u8; 32],
    /// The version mark, as in [`ObjectHead::etag`].
    pub etag: String,
}

impl Storage {
    /// Makes a client for the store. Nothing is sent yet: the first call finds out whether the store is there.
    ///
    /// # Errors
    /// [`StorageError::Settings`] when a setting is out of its range.
    pub async fn connect(settings: &Settings) -> Result<Self, StorageError> {
        settings.check()?;
        let client = Client::from_conf(settings.client_config(None).await);
        Ok(Self { client, settings: Arc::new(settings.clone()) })
    }

    /// What the store says about one object, without reading it.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when there is no such object; otherwise as the store answers.
    pub async fn head(&self, bucket: Bucket, key: impl AsRef<str>) -> Result<ObjectHead, StorageError> {
        let key = key.as_ref();
        let at = self.place(bucket, key);
        let answer = self.client.head_object().bucket(&at.bucket).key(key).send().await;
        let answer = answer.map_err(|error| at.failed("read the facts of", error))?;
        Ok(ObjectHead {
            key: key.to_owned(),
            bytes: answer.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0),
            etag: unquoted(answer.e_tag()),
            modified: answer.last_modified().and_then(date_time),
        })
    }

    /// Removes an object. Removing what is not there succeeds, as S3 defines it.
    ///
    /// # Errors
    /// As the store answers.
    pub async fn delete(&self, bucket: Bucket, key: impl AsRef<str>) -> Result<(), StorageError> {
        let at = self.place(bucket, key.as_ref());
        let answer = self.client.delete_object().bucket(&at.bucket).key(&at.key).send().await;
        answer.map(drop).map_err(|error| at.failed("delete", error))
    }

    /// Removes an object if it still is the version of this `etag`; tells whether it was. What was put in its place
    /// meanwhile stays.
    ///
    /// The condition is looked at here and sent along too: Amazon S3 keeps it to the instant, a store that does not
    /// know it leaves the moment between the look and the removal open.
    ///
    /// # Errors
    /// As the store answers; an object that is gone or replaced is no error.
    pub async fn delete_version(&self, bucket: Bucket, key: impl AsRef<str>, etag: &str) -> Result<bool, StorageError> {
        let at = self.place(bucket, key.as_ref());
        let same = match self.head(bucket, &at.key).await {
            Ok(head) => head.etag == etag,
            Err(StorageError::NotFound { .. }) => false,
            Err(fault) => return Err(fault),
        };
        if !same {
            return Ok(false);
        }
        let request = self.client.delete_object().bucket(&at.bucket).key(&at.key);
        match request.set_if_match((!etag.is_empty()).then(|| format!("\"{etag}\""))).send().await {
            Ok(_) => Ok(true),
            Err(error) => match at.failed("delete", error) {
                StorageError::Changed { .. } | StorageError::NotFound { .. } => Ok(false),
                // A store that knows no such condition and says so: the look has to do.
                StorageError::Refused { status: 501, .. } => self.delete(bucket, &at.key).await.map(|()| true),
                fault => Err(fault),
            },
        }
    }

    /// The name of a bucket in this store, with the configured prefix.
    pub fn bucket_name(&self, bucket: Bucket) -> String {
        self.settings.bucket_name(bucket)
    }
}

/// S3 sends ETags in quotes; we keep and compare them without.
fn unquoted(etag: Option<&str>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

fn date_time(time: &aws_sdk_s3::primitives::DateTime) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(time.secs(), time.subsec_nanos())
}
