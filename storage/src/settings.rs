//! How to reach the store, and the limits of using it.

use std::fmt;
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region};
use aws_smithy_http_client::{Builder, tls};
use serde::Deserialize;

use crate::other::Resolver;
use crate::{Bucket, StorageError};

/// S3 takes at most this many parts in one upload.
/// Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits".
pub(crate) const PARTS_MAX: u64 = 10_000;
/// S3 refuses smaller parts, except the last. Same source.
const PART_BYTES_MIN: u64 = 5 << 20;
/// S3 refuses larger parts. Same source.
const PART_BYTES_MAX: u64 = 5 << 30;

/// The store and its limits; `config/default.toml` gives the reason of each default.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `http://host:port` or `https://host`; empty for Amazon S3 in `region`.
    pub endpoint: String,
    /// Region that requests are signed for; MinIO takes any unless it is told otherwise.
    pub region: String,
    /// Access key; empty to look in the usual places of the AWS SDK (environment, instance role, …).
    pub access_key: String,
    /// Secret key.
    pub secret_key: Secret,
    /// `http://host/bucket/key` rather than `http://bucket.host/key`: what MinIO and most others want.
    pub path_style: bool,
    /// The names of the five buckets.
    pub buckets: Buckets,
    /// Bytes of one part of an upload and of one range of a download, from 5 MiB to 5 GiB.
    pub part_bytes: u64,
    /// Parts or ranges of one object under way at once. Memory of one transfer: about `part_bytes` × (this + 1).
    pub parts_in_flight: usize,
    /// Longest wait for a connection.
    pub connect_seconds: u64,
    /// Longest wait for the first byte of an answer.
    pub response_seconds: u64,
    /// Tries of one request, the first included.
    pub attempts_max: u32,
}

/// What each bucket is called in this store: `prefix` followed by the name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Buckets {
    /// Set before every name, so that installations can share a store.
    pub prefix: String,
    /// Inbox, archive and outbox of suppliers' files.
    pub imports_files: String,
    /// Product pictures and data sheets.
    pub catalog_products: String,
    /// Processed pictures and thumbnails.
    pub media_images: String,
    /// Answers of product look-ups.
    pub code2asin_results: String,
    /// Exported reports.
    pub analytics_reports: String,
}

/// A text that is never printed.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "(unset)" } else { "(secret)" })
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            region: "us-east-1".to_owned(),
            access_key: String::new(),
            secret_key: Secret::default(),
            path_style: true,
            buckets: Buckets::default(),
            part_bytes: 8 << 20,
            parts_in_flight: 3,
            connect_seconds: 5,
            response_seconds: 30,
            attempts_max: 4,
        }
    }
}

impl Default for Buckets {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            imports_files: "imports-files".to_owned(),
            catalog_products: "catalog-products".to_owned(),
            media_images: "media-images".to_owned(),
            code2asin_results: "code2asin-results".to_owned(),
            analytics_reports: "analytics-reports".to_owned(),
        }
    }
}

impl Settings {
    /// Reads endpoint and keys from `http://ACCESS_KEY:SECRET_KEY@HOST:PORT`, the form of `ARRIVAGE_TEST_S3`.
    /// Everything else stays at its default.
    ///
    /// # Errors
    /// [`StorageError::Settings`] when a piece is missing. The message never holds the URL, which is secret.
    pub fn from_url(url: &str) -> Result<Self, StorageError> {
        let pieces = || {
            let (scheme, rest) = url.split_once("://")?;
            let (keys, host) = rest.rsplit_once('@')?;
            let (access_key, secret_key) = keys.split_once(':')?;
            let complete = ["http", "https"].contains(&scheme) && !access_key.is_empty() && !host.is_empty();
            complete.then(|| (format!("{scheme}://{host}"), access_key, secret_key))
        };
        let (endpoint, access_key, secret_key) = pieces().ok_or_else(|| {
            StorageError::Settings("the URL of the store must look like http://ACCESS_KEY:SECRET_KEY@HOST:PORT".into())
        })?;
        Ok(Self { endpoint, access_key: access_key.to_owned(), secret_key: secret_key.into(), ..Self::default() })
    }

    /// The name of a bucket, prefix included.
    pub fn bucket_name(&self, bucket: Bucket) -> String {
        let Buckets { prefix, imports_files, catalog_products, media_images, code2asin_results, analytics_reports } =
            &self.buckets;
        let name = match bucket {
            Bucket::ImportsFiles => imports_files,
            Bucket::CatalogProducts => catalog_products,
            Bucket::MediaImages => media_images,
            Bucket::Code2asinResults => code2asin_results,
            Bucket::AnalyticsReports => analytics_reports,
        };
        format!("{prefix}{name}")
    }

    pub(crate) fn check(&self) -> Result<(), StorageError> {
        let refuse = |message: String| Err(StorageError::Settings(message));
        if !(PART_BYTES_MIN..=PART_BYTES_MAX).contains(&self.part_bytes) {
            return refuse(format!("part_bytes is {}, S3 takes 5 MiB to 5 GiB", self.part_bytes));
        }
        if !(1..=64).contains(&self.parts_in_flight) {
            return refuse(format!("parts_in_flight is {}, it must be 1 to 64", self.parts_in_flight));
        }
        if self.attempts_max == 0 {
            return refuse("attempts_max is 0, it must be at least 1".into());
        }
        if !self.endpoint.is_empty() && !self.endpoint.contains("://") {
            return refuse(format!("endpoint `{}` has no scheme: write http://… or https://…", self.endpoint));
        }
        Ok(())
    }

    /// A client for the store; `resolve` looks its name up in place of the system.
    pub(crate) async fn client_config(&self, resolve: Option<Resolver>) -> Config {
        // rustls with ring: the one TLS stack of this workspace.
        let http = Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .pool_max_idle_per_host(self.parts_in_flight * 2);
        let http = match resolve {
            Some(resolver) => http.build_with_resolver(resolver),
            None => http.build_https(),
        };
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(self.connect_seconds))
            .read_timeout(Duration::from_secs(self.response_seconds))
            .build();
        let mut config = if self.access_key.is_empty() {
            let found = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
            aws_sdk_s3::config::Builder::from(&found)
        } else {
            let keys = Credentials::new(&self.access_key, self.secret_key.reveal(), None, None, "settings");
            Config::builder().behavior_version(BehaviorVersion::latest()).http_client(http).credentials_provider(keys)
        };
        if !self.endpoint.is_empty() {
            config.set_endpoint_url(Some(self.endpoint.clone()));
        }
        config
            .region(Region::new(self.region.clone()))
            .force_path_style(self.path_style)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(self.attempts_max))
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let settings = Settings::from_url("http://access:tell-nobody@127.0.0.1:9000").unwrap();
        assert_eq!(settings.secret_key.reveal(), "tell-nobody");
        assert!(!format!("{settings:?}").contains("tell-nobody"));
    }

    #[test]
    fn a_url_without_keys_is_refused_without_being_repeated() {
        for url in ["", "127.0.0.1:9000", "http://127.0.0.1:9000", "ftp://a:hush@host", "http://a:hush@"] {
            let error = Settings::from_url(url).unwrap_err().to_string();
            assert!(error.contains("ACCESS_KEY") && !error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let check = |change: fn(&mut Settings), expected: &str| {
            let mut settings = Settings::default();
            change(&mut settings);
            let message = settings.check().unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        };
        check(|s| s.part_bytes = 1 << 20, "part_bytes");
        check(|s| s.parts_in_flight = 0, "parts_in_flight");
        check(|s| s.attempts_max = 0, "attempts_max");
        check(|s| s.endpoint = "localhost:9000".into(), "scheme");
    }

    #[test]
    fn a_prefix_stands_before_every_bucket_name() {
        let mut settings = Settings::default();
        settings.buckets.prefix = "test-".into();
        assert_eq!(settings.bucket_name(Bucket::ImportsFiles), "test-imports-files");
        assert_eq!(settings.bucket_name(Bucket::AnalyticsReports), "test-analytics-reports");
    }
}
