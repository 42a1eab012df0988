//! Objects of other buckets.

use std::net::IpAddr;
use std::sync::Arc;

use futures::{FutureExt, TryStreamExt};
use storage::{OtherBucket, OtherBucketSettings, StorageError};
use url::Url;

use crate::error::{Result, SourceError};
use crate::fetch::{Fetched, FetchedFile, Seen, Validators};
use crate::secret::Secret;
use crate::settings::Settings;
use crate::source::S3;
use crate::spool::Spool;
use crate::{Addresses, name, pattern};

pub(crate) async fn fetch(
    source: &S3,
    secret: Option<&Secret>,
    known: Option<&Validators>,
    settings: &Settings,
    spool: Spool<'_>,
) -> Result<Fetched> {
    let bucket = open(source, secret, settings).await?;
    let object = find(&bucket, source, settings).await?;
    let validators = validators(&object);
    if known == Some(&validators) && !object.etag.is_empty() {
        return Ok(Fetched::NotModified);
    }
    spool.expect(object.bytes)?;
    let name = name::safe(&object.key);
    // Exactly as many bytes as were announced, or an error.
    let bytes = bucket.get_to(object, spool.file()).await?.bytes;
    Ok(Fetched::File(FetchedFile { name, bytes, validators }))
}

pub(crate) async fn test(source: &S3, secret: Option<&Secret>, settings: &Settings) -> Result<Seen> {
    let bucket = open(source, secret, settings).await?;
    let object = find(&bucket, source, settings).await?;
    Ok(Seen { name: name::safe(&object.key), bytes: Some(object.bytes), modified: object.modified })
}

fn validators(object: &storage::ObjectHead) -> Validators {
    Validators {
        etag: Some(object.etag.clone()),
        name: Some(object.key.clone()),
        bytes: Some(object.bytes),
        modified: None,
    }
}

async fn open(source: &S3, secret: Option<&Secret>, settings: &Settings) -> Result<OtherBucket> {
    let secret = secret.ok_or_else(|| {
        SourceError::Secret("give the secret key of the access key with `--secret-env` or `--secret-file`".to_owned())
    })?;
    let addresses = Addresses::new(settings);
    if let Some(endpoint) = &source.endpoint {
        addresses.check_literal(endpoint.host())?;
        // The refusal by name; the store's client, which resolves anew, is held to the same rule below.
        if let (Some(host), Some(port)) = (endpoint.domain(), endpoint.port_or_known_default()) {
            addresses.resolve(host, port).await?;
        }
    }
    let resolve = move |name: String| {
        let addresses = addresses.clone();
        async move {
            let found = addresses.resolve(&name, 0).await?;
            Ok(found.into_iter().map(|address| address.ip()).collect::<Vec<IpAddr>>())
        }
        .boxed()
    };
    let other = OtherBucketSettings {
        endpoint: source.endpoint.as_ref().map(Url::as_str).unwrap_or_default().trim_end_matches('/').to_owned(),
        region: source.region.clone(),
        bucket: source.bucket.clone(),
        access_key: source.access_key.clone(),
        secret_key: secret.reveal().trim_end_matches(['\r', '\n']).into(),
        connect_seconds: settings.connect_seconds,
        response_seconds: settings.silence_seconds_max,
    };
    Ok(OtherBucket::connect(other, Arc::new(resolve)).await?)
}

/// The object itself, or the newest under a prefix.
async fn find(bucket: &OtherBucket, source: &S3, settings: &Settings) -> Result<storage::ObjectHead> {
    let place = || format!("s3://{}/{}", source.bucket, source.key);
    let not_found = |fault| match fault {
        StorageError::NotFound { .. } => SourceError::NotFound { place: place() },
        fault => SourceError::Store(fault),
    };
    if !source.key.contains('*') && !source.key.ends_with('/') {
        return bucket.head(&source.key).await.map_err(not_found);
    }
    let prefix = source.key.split('*').next().unwrap_or_default();
    let wanted = if source.key.ends_with('/') { format!("{}*", source.key) } else { source.key.clone() };
    let limit = settings.entries_max;
    let mut newest: Option<storage::ObjectHead> = None;
    let mut seen = 0;
    let mut pages = std::pin::pin!(bucket.list(prefix));
    while let Some(page) = pages.try_next().await.map_err(not_found)? {
        seen += page.len().max(1);
        if seen > limit {
            return Err(SourceError::TooManyEntries { place: place(), limit });
        }
        // Consoles make folders visible by empty objects whose keys end in a slash.
        let objects =
            page.into_iter().filter(|object| !object.key.ends_with('/') && pattern::matches(&wanted, &object.key));
        newest = objects.chain(newest).max_by(|one, other| (one.modified, &one.key).cmp(&(other.modified, &other.key)));
    }
    newest.ok_or_else(|| SourceError::NotFound { place: place() })
}
