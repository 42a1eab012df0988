//! From a bucket object, or a local file, to a table that can be read twice.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use feed::{DecodeError, FileFormat};
use sha2::{Digest, Sha256};
use storage::{Bucket, ObjectFacts, Storage, StorageError};
use tempfile::NamedTempFile;

use crate::error::{ImportError, Result};
use crate::progress::{Phase, Progress};
use crate::{Settings, spreadsheet, unpack};

/// Bytes by which the family of a file is told: the first entries of a workbook may be large.
const SNIFFED_BYTES: u64 = 64 << 10;

/// Archives in archives that are unpacked: a gzip in a zip, a workbook in a zip.
const NESTED_MAX: usize = 2;

/// A file as received, in the spool folder until dropped.
pub struct Received {
    file: NamedTempFile,
    /// Size and SHA-256.
    pub facts: ObjectFacts,
}

/// Times that an object is read anew because it was replaced while it was read.
const READS_MAX: u32 = 5;

/// Brings an object of the imports bucket to the spool folder. An object that is replaced while it is read is read again.
pub async fn fetch(storage: &Storage, key: &str, settings: &Settings, progress: &Progress) -> Result<Received> {
    let mut reads = 1;
    loop {
        match fetch_once(storage, key, settings, progress).await {
            Err(ImportError::Storage(StorageError::Changed { .. } | StorageError::Truncated { .. }))
                if reads < READS_MAX =>
            {
                reads += 1;
            }
            ended => return ended,
        }
    }
}

async fn fetch_once(storage: &Storage, key: &str, settings: &Settings, progress: &Progress) -> Result<Received> {
    let bytes = storage.head(Bucket::ImportsFiles, key).await?.bytes;
    if bytes > settings.file_bytes_max {
        return Err(ImportError::FileTooLarge { bytes, limit: settings.file_bytes_max });
    }
    progress.enter(Phase::Fetching, bytes);
    let file = spool(settings).map_err(ImportError::Spool)?;
    let mut writer = tokio::fs::File::from_std(file.reopen().map_err(ImportError::Spool)?);
    let facts = storage.get_to(Bucket::ImportsFiles, key, &mut writer).await?;
    progress.add_bytes(facts.bytes);
    Ok(Received { file, facts })
}

impl Received {
    /// A file that lies in the spool folder already.
    pub async fn spooled(file: NamedTempFile) -> Result<Received> {
        let (sha256, bytes) = hash(file.path()).await?;
        Ok(Received { file, facts: ObjectFacts { bytes, sha256, etag: String::new() } })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The file, from its first byte.
    pub fn reopen(&self) -> std::io::Result<File> {
        self.file.reopen()
    }
}

/// SHA-256 and size of a local file.
pub async fn hash(path: &Path) -> Result<([u8; 32], u64)> {
    let path = path.to_owned();
    let hashed = tokio::task::spawn_blocking(move || {
        let (mut file, mut hash) = (File::open(path)?, Sha256::new());
        let bytes = std::io::copy(&mut file, &mut hash)?;
        Ok((hash.finalize().into(), bytes))
    });
    hashed.await?.map_err(ImportError::Spool)
}

/// Delimited text that can be read again and again.
pub struct Table {
    file: File,
    /// Bytes of the text.
    pub bytes: u64,
}

impl Table {
    /// A reader from the first byte. One at a time: they share the file's position.
    pub fn open(&self) -> std::io::Result<File> {
        let mut file = self.file.try_clone()?;
        file.rewind()?;
        Ok(file)
    }

    /// The beginning of the text, and whether that is all of it.
    pub fn sample(&self, sample_bytes: usize) -> std::io::Result<(Vec<u8>, bool)> {
        let mut sample = Vec::new();
        self.open()?.take(sample_bytes as u64).read_to_end(&mut sample)?;
        let complete = sample.len() as u64 == self.bytes;
        Ok((sample, complete))
    }
}

/// The table in a file: unpacked, and written out as CSV when it is a spreadsheet.
///
/// # Errors
/// The named fault of the file, or [`DecodeError::Read`].
pub fn open_table(file: File, settings: &Settings) -> Result<Table, DecodeError> {
    let mut file = file;
    for _ in 0..=NESTED_MAX {
        match feed::sniff(&head(&mut file)?) {
            FileFormat::Csv => return table(file),
            FileFormat::Spreadsheet => {
                let out = spool(settings)?.into_file();
                spreadsheet::write_out(&proc_path(&file), &out, settings)?;
                return table(out);
            }
            packed => {
                let mut out = spool(settings)?.into_file();
                unpack::unpack(packed, &proc_path(&file), &mut out, &settings.unpack)?;
                file = out;
            }
        }
    }
    Err(DecodeError::file(item::FileCode::UnknownFormat, format!("more than {NESTED_MAX} archives inside each other")))
}

fn table(file: File) -> Result<Table, DecodeError> {
    let bytes = file.metadata()?.len();
    Ok(Table { file, bytes })
}

fn head(file: &mut File) -> std::io::Result<Vec<u8>> {
    file.rewind()?;
    let mut head = Vec::new();
    file.take(SNIFFED_BYTES).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(head)
}

/// A file in the spool folder, gone when it is dropped.
pub(crate) fn spool(settings: &Settings) -> std::io::Result<NamedTempFile> {
    let mut name = tempfile::Builder::new();
    name.prefix("arrivage-");
    match &settings.spool_dir {
        Some(folder) => name.tempfile_in(folder),
        None => name.tempfile(),
    }
}

/// A path by which this process, and a child of it, reaches an open file that may have no name any more.
fn proc_path(file: &File) -> std::path::PathBuf {
    use std::os::fd::AsRawFd;
    Path::new("/proc").join(std::process::id().to_string()).join("fd").join(file.as_raw_fd().to_string())
}
