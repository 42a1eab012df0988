//! URLs that let somebody without keys read or write one object for a while.

use std::fmt;
use std::time::Duration;

use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use chrono::{DateTime, Utc};

use crate::{Bucket, Storage, StorageError};

/// The longest life of a presigned URL.
/// Source: Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters", `X-Amz-Expires`.
const EXPIRY_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// A URL that works until it expires. Whoever has it may use it: treat it as a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Presigned {
    /// `GET` or `PUT`.
    pub method: &'static str,
    /// The URL with its signature.
    pub url: String,
    /// When it stops working.
    pub expires_at: DateTime<Utc>,
}

impl Storage {
    /// A URL to download an object with `GET`. Whether the object exists is found out when it is used.
    ///
    /// # Errors
    /// [`StorageError::Settings`] when `expires_in` is zero or longer than seven days.
    pub async fn presigned_get(
        &self,
        bucket: Bucket,
        key: impl AsRef<str>,
        expires_in: Duration,
    ) -> Result<Presigned, StorageError> {
        let at = self.place(bucket, key.as_ref());
        let request = self.client.get_object().bucket(&at.bucket).key(&at.key);
        let request = request.presigned(expiry(expires_in)?).await;
        Ok(presigned("GET", request.map_err(|error| at.failed("sign a URL for", error))?, expires_in))
    }

    /// A URL to upload an object with `PUT`: the body is the object, no other header is needed.
    ///
    /// # Errors
    /// As [`Storage::presigned_get`].
    pub async fn presigned_put(
        &self,
        bucket: Bucket,
        key: impl AsRef<str>,
        expires_in: Duration,
    ) -> Result<Presigned, StorageError> {
        let at = self.place(bucket, key.as_ref());
        let request = self.client.put_object().bucket(&at.bucket).key(&at.key);
        // The body is not known yet: without this, the checksum of an empty one would be signed.
        let unchecked = aws_sdk_s3::config::Config::builder()
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        let request = request.customize().config_override(unchecked).presigned(expiry(expires_in)?).await;
        Ok(presigned("PUT", request.map_err(|error| at.failed("sign a URL for", error))?, expires_in))
    }
}

fn expiry(expires_in: Duration) -> Result<PresigningConfig, StorageError> {
    let refuse = || StorageError::Settings(format!("a URL may live for 1 second to 7 days, not {expires_in:?}"));
    if expires_in < Duration::from_secs(1) || expires_in > EXPIRY_MAX {
        return Err(refuse());
    }
    PresigningConfig::expires_in(expires_in).map_err(|_| refuse())
}

fn presigned(method: &'static str, request: PresignedRequest, expires_in: Duration) -> Presigned {
    Presigned { method, url: request.uri().to_owned(), expires_at: Utc::now() + expires_in }
}

impl fmt::Debug for Presigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unsigned = self.url.split('?').next().unwrap_or_default();
        f.debug_struct("Presigned")
            .field("method", &self.method)
            .field("url", &format_args!("{unsigned}?(signature)"))
            .field("expires_at", &self.expires_at)
            .finish()
    }
}
