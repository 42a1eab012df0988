//! The five buckets and their making.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use crate::{Storage, StorageError};

/// The region whose buckets S3 makes when no location is named, and for which it refuses to be given one.
const REGION_WITHOUT_NAME: &str = "us-east-1";

/// One of our buckets. What it is called in a store is a setting: [`Storage::bucket_name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// Inbox, archive and outbox of suppliers' files.
    ImportsFiles,
    /// Product pictures and data sheets.
    CatalogProducts,
    /// Processed pictures and thumbnails.
    MediaImages,
    /// Answers of product look-ups.
    Code2asinResults,
    /// Exported reports.
    AnalyticsReports,
}

impl Bucket {
    /// All five.
    pub const ALL: [Bucket; 5] = [
        Bucket::ImportsFiles,
        Bucket::CatalogProducts,
        Bucket::MediaImages,
        Bucket::Code2asinResults,
        Bucket::AnalyticsReports,
    ];
}

impl Storage {
    /// Makes the buckets that are missing. Idempotent, and safe from several processes at once: whoever comes
    /// second finds the bucket made.
    ///
    /// # Errors
    /// [`StorageError::AccessDenied`] when a bucket of that name belongs to somebody else; otherwise as the store
    /// answers.
    pub async fn ensure_buckets(&self) -> Result<(), StorageError> {
        futures::future::try_join_all(Bucket::ALL.map(|bucket| self.ensure_bucket(bucket))).await.map(drop)
    }

    async fn ensure_bucket(&self, bucket: Bucket) -> Result<(), StorageError> {
        if self.bucket_exists(bucket).await? {
            return Ok(());
        }
        let at = self.place(bucket, "");
        let location = (self.settings.region != REGION_WITHOUT_NAME).then(|| {
            let name = BucketLocationConstraint::from(self.settings.region.as_str());
            CreateBucketConfiguration::builder().location_constraint(name).build()
        });
        let request = self.client.create_bucket().bucket(&at.bucket).set_create_bucket_configuration(location);
        match request.send().await {
            Ok(_) => {
                tracing::info!(bucket = at.bucket, "made bucket");
                Ok(())
            }
            // Made by another process since we looked, or owned by another account: the second look tells.
            Err(error) if matches!(error.code(), Some("BucketAlreadyOwnedByYou" | "BucketAlreadyExists")) => {
                self.bucket_exists(bucket).await.map(drop)
            }
            Err(error) => Err(at.failed("make", error)),
        }
    }

    async fn bucket_exists(&self, bucket: Bucket) -> Result<bool, StorageError> {
        let at = self.place(bucket, "");
        match self.client.head_bucket().bucket(&at.bucket).send().await {
            Ok(_) => Ok(true),
            Err(error) => match at.failed("look for", error) {
                StorageError::NotFound { .. } | StorageError::BucketMissing { .. } => Ok(false),
                other => Err(other),
            },
        }
    }
}
