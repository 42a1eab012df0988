//! A bucket of another store, to read from: one of a supplier's.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use futures::Stream;
use futures::future::BoxFuture;
use tokio::io::AsyncWrite;

use crate::{Bucket, Buckets, ObjectFacts, ObjectHead, Secret, Settings, Storage, StorageError};

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Looks up the addresses of a host, and refuses those that may not be reached.
pub type Resolve = Arc<dyn Fn(String) -> BoxFuture<'static, Result<Vec<IpAddr>, Fault>> + Send + Sync>;

/// How to reach a bucket of another store.
#[derive(Debug, Clone)]
pub struct OtherBucketSettings {
    /// `https://host`; empty for Amazon S3 in `region`.
    pub endpoint: String,
    /// Region that requests are signed for.
    pub region: String,
    /// Its name in that store.
    pub bucket: String,
    /// Access key; it must not be empty, for this server's own rights are not for other stores.
    pub access_key: String,
    /// Secret key.
    pub secret_key: Secret,
    /// Longest wait for a connection.
    pub connect_seconds: u64,
    /// Longest wait for the first byte of an answer.
    pub response_seconds: u64,
}

/// A bucket of another store.
pub struct OtherBucket {
    /// A store of which we know one bucket, in the place of our own.
    storage: Storage,
}

/// The name under which the one bucket is kept.
const THE_BUCKET: Bucket = Bucket::ImportsFiles;

/// Keys of one page of a listing: what S3 gives at most.
const PAGE_KEYS: u16 = 1_000;

impl OtherBucket {
    /// Makes a client that looks names up with `resolve`. Nothing is sent yet. A host written as an address is not looked
    /// up: check it beforehand.
    ///
    /// # Errors
    /// [`StorageError::Settings`] when the access key is missing or the endpoint is none.
    pub async fn connect(other: OtherBucketSettings, resolve: Resolve) -> Result<Self, StorageError> {
        if other.access_key.is_empty() {
            return Err(StorageError::Settings("another store's bucket needs an access key".to_owned()));
        }
        let settings = Settings {
            path_style: !other.endpoint.is_empty(),
            endpoint: other.endpoint,
            region: other.region,
            access_key: other.access_key,
            secret_key: other.secret_key,
            buckets: Buckets { prefix: String::new(), imports_files: other.bucket, ..Buckets::default() },
            connect_seconds: other.connect_seconds,
            response_seconds: other.response_seconds,
            ..Settings::default()
        };
        settings.check()?;
        let client = Client::from_conf(settings.client_config(Some(Resolver(resolve))).await);
        Ok(OtherBucket { storage: Storage { client, settings: Arc::new(settings) } })
    }

    /// What the store says about one object, without reading it.
    ///
    /// # Errors
    /// [`StorageError::NotFound`]; otherwise as the store answers.
    pub async fn head(&self, key: &str) -> Result<ObjectHead, StorageError> {
        self.storage.head(THE_BUCKET, key).await
    }

    /// The objects whose keys begin with `prefix`, page by page.
    ///
    /// # Errors
    /// Each page may fail, as the store answers; the stream then ends.
    pub fn list(&self, prefix: &str) -> impl Stream<Item = Result<Vec<ObjectHead>, StorageError>> + Send + use<> {
        self.storage.list(THE_BUCKET, prefix, PAGE_KEYS)
    }

    /// Streams that version of an object into `sink`: exactly as many bytes as `object` says.
    ///
    /// # Errors
    /// As [`Storage::get_to`].
    pub async fn get_to<W>(&self, object: ObjectHead, sink: &mut W) -> Result<ObjectFacts, StorageError>
    where
        W: AsyncWrite + Unpin + ?Sized,
    {
        self.storage.read_to(THE_BUCKET, object, sink).await
    }
}

/// [`Resolve`] as the SDK's client wants it.
#[derive(Clone)]
pub(crate) struct Resolver(Resolve);

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        let found = (self.0)(name.to_owned());
        DnsFuture::new(async move { found.await.map_err(ResolveDnsError::new) })
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn no_name_is_reached_that_the_given_resolver_refuses() {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = asked.clone();
        let refuse: Resolve = Arc::new(move |name| {
            heard.lock().unwrap().push(name);
            async { Err("refused by rule".into()) }.boxed()
        });
        let other = OtherBucketSettings {
            endpoint: "http://localhost:9".to_owned(),
            region: "us-east-1".to_owned(),
            bucket: "feeds".to_owned(),
            access_key: "AK".to_owned(),
            secret_key: "SK".into(),
            connect_seconds: 5,
            response_seconds: 5,
        };
        let bucket = OtherBucket::connect(other, refuse).await.unwrap();
        let error = bucket.head("prices.csv").await.unwrap_err();
        assert!(matches!(error, StorageError::Unreachable { .. }), "{error}");
        assert!(asked.lock().unwrap().iter().all(|name| name == "localhost") && !asked.lock().unwrap().is_empty());
    }
}
