//! Fetching and looking, whatever the kind of source.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::fs::File;

use crate::error::{Result, SourceError};
use crate::secret::Secret;
use crate::settings::Settings;
use crate::source::Source;
use crate::spool::Spool;
use crate::{folder, http, s3, sftp};

/// By what a file is known again without reading it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Validators {
    /// HTTP's or S3's mark of the version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// When it was last changed, as the server writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
    /// Which of several files it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// What a fetch brought.
#[derive(Debug)]
pub enum Fetched {
    /// A file, now in the spool file.
    File(FetchedFile),
    /// The file is the one that the validators are of.
    NotModified,
}

/// A file that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedFile {
    /// Its name, safe to be that of an inbox object.
    pub name: String,
    /// How many bytes were written.
    pub bytes: u64,
    /// By what it is known again.
    pub validators: Validators,
}

/// What a source shows without its file being fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Name of the file that would be fetched.
    pub name: String,
    /// Its size, as the server tells it.
    pub bytes: Option<u64>,
    /// When it was last changed, as the server tells it.
    pub modified: Option<DateTime<Utc>>,
}

/// Fetches the file of a source into `into`, from where that file stands. With `known` it is only fetched when it is
/// another one than that.
///
/// # Errors
/// Every [`SourceError`]; then `into` holds a beginning of the file, to be thrown away.
pub async fn fetch(
    source: &Source,
    secret: Option<&Secret>,
    known: Option<&Validators>,
    settings: &Settings,
    into: &mut File,
) -> Result<Fetched> {
    let spool = Spool::new(into, settings.file_bytes_max);
    let fetching = async {
        match source {
            Source::Http(http) => http::fetch(http, secret, known, settings, spool).await,
            Source::Sftp(sftp) => sftp::fetch(sftp, secret, known, settings, spool).await,
            Source::S3(s3) => s3::fetch(s3, secret, known, settings, spool).await,
            Source::Folder(folder) => folder::fetch(folder, known, settings, spool).await,
        }
    };
    in_time(source, settings, fetching).await
}

/// Tells what a fetch would find, without fetching it.
///
/// # Errors
/// Every [`SourceError`].
pub async fn test(source: &Source, secret: Option<&Secret>, settings: &Settings) -> Result<Seen> {
    let looking = async {
        match source {
            Source::Http(http) => http::test(http, secret, settings).await,
            Source::Sftp(sftp) => sftp::test(sftp, secret, settings).await,
            Source::S3(s3) => s3::test(s3, secret, settings).await,
            Source::Folder(folder) => folder::test(folder, settings).await,
        }
    };
    in_time(source, settings, looking).await
}

/// A server that sends a byte now and then is never silent, so the whole has an end too.
async fn in_time<T>(source: &Source, settings: &Settings, work: impl Future<Output = Result<T>>) -> Result<T> {
    let seconds = settings.fetch_seconds_max;
    let ended = tokio::time::timeout(Duration::from_secs(seconds), work).await;
    let setting = "`sources.fetch_seconds_max`";
    ended.unwrap_or_else(|_| Err(SourceError::TimedOut { host: source.place(), seconds, setting }))
}
