//! Files on their way to become objects: uploads in parts, and temporary files.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use s3s::dto::{CompletedPart, ETag};
use s3s::{S3Result, s3_error};
use uuid::Uuid;

use super::disk::{Facts, publish};

/// S3's limits of an upload. Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits".
const PARTS_MAX: i32 = 10_000;
const PART_BYTES_MIN: u64 = 5 << 20;

/// A folder with a folder per upload and a file per part, and the temporary files beside them. Nothing in it outlives
/// the server: an upload cut off by a restart is begun again by its client.
pub(super) struct Uploads {
    root: PathBuf,
}

/// A file that goes away with its guard, unless it was renamed.
pub(super) struct FreshFile {
    pub path: PathBuf,
}

impl Drop for FreshFile {
    fn drop(&mut self) {
        // Renamed into place, or not: either way nothing is left here.
        let _ = fs::remove_file(&self.path);
    }
}

impl Uploads {
    pub fn open(root: PathBuf) -> io::Result<Self> {
        match fs::remove_dir_all(&root) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir_all(&root)?,
        }
        Ok(Self { root })
    }

    pub fn fresh_file(&self) -> FreshFile {
        FreshFile { path: self.root.join(format!("{}.file", Uuid::now_v7())) }
    }

    pub fn begin(&self) -> S3Result<String> {
        let id = Uuid::now_v7();
        fs::create_dir(self.root.join(id.to_string())).map_err(|error| s3_error!(error, InternalError))?;
        Ok(id.to_string())
    }

    /// Where a part of a running upload lies, or would.
    pub fn part(&self, id: &str, number: i32) -> S3Result<PathBuf> {
        if !(1..=PARTS_MAX).contains(&number) {
            return Err(s3_error!(InvalidArgument, "part numbers go from 1 to 10000"));
        }
        Ok(self.folder(id)?.join(number.to_string()))
    }

    fn folder(&self, id: &str) -> S3Result<PathBuf> {
        let id = Uuid::parse_str(id).map_err(|_| s3_error!(NoSuchUpload))?;
        let folder = self.root.join(id.to_string());
        if folder.is_dir() { Ok(folder) } else { Err(s3_error!(NoSuchUpload)) }
    }

    /// Joins the parts to an object and ends the upload. Whatever is refused leaves it open for another try.
    pub fn complete(&self, id: &str, parts: &[CompletedPart], object: &Path) -> S3Result<Facts> {
        let folder = self.folder(id)?;
        let files = checked(parts, &folder)?;
        let whole = self.fresh_file();
        join(&files, &whole.path).map_err(|error| s3_error!(error, InternalError))?;
        let facts = publish(&whole.path, object)?;
        // The object is there: a folder that stays is swept at the next start.
        let _ = fs::remove_dir_all(folder);
        Ok(facts)
    }

    pub fn abort(&self, id: &str) -> S3Result<()> {
        fs::remove_dir_all(self.folder(id)?).map_err(|error| s3_error!(error, InternalError))
    }
}

/// The parts' files in order, each one the version that the client was told of.
fn checked(parts: &[CompletedPart], folder: &Path) -> S3Result<Vec<PathBuf>> {
    if !parts.is_sorted_by(|one, next| one.part_number < next.part_number) {
        return Err(s3_error!(InvalidPartOrder));
    }
    let mut files = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        let file = folder.join(part.part_number.unwrap_or_default().to_string());
        let facts = Facts::read(&file).map_err(|_| s3_error!(InvalidPart))?;
        if part.e_tag.as_ref().map(ETag::value) != Some(facts.etag.value()) {
            return Err(s3_error!(InvalidPart));
        }
        if index + 1 < parts.len() && facts.bytes < PART_BYTES_MIN {
            return Err(s3_error!(EntityTooSmall));
        }
        files.push(file);
    }
    if files.is_empty() { Err(s3_error!(InvalidPart, "an upload has at least one part")) } else { Ok(files) }
}

fn join(files: &[PathBuf], whole: &Path) -> io::Result<()> {
    let mut whole = File::create(whole)?;
    for file in files {
        // Copied by the kernel, file to file.
        io::copy(&mut File::open(file)?, &mut whole)?;
    }
    Ok(())
}
