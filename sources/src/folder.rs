//! Files of this machine, under the folders that the configuration allows.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use tokio::io::AsyncReadExt;

use crate::error::{Result, SourceError};
use crate::fetch::{Fetched, FetchedFile, Seen, Validators};
use crate::settings::Settings;
use crate::source::Folder;
use crate::spool::Spool;
use crate::{name, pattern};

const CHUNK_BYTES: usize = 256 << 10;

pub(crate) async fn fetch(
    source: &Folder,
    known: Option<&Validators>,
    settings: &Settings,
    mut spool: Spool<'_>,
) -> Result<Fetched> {
    let found = find_apart(source, settings).await?;
    let validators = found.validators()?;
    if known == Some(&validators) {
        return Ok(Fetched::NotModified);
    }
    let mut file = tokio::fs::File::from_std(found.file.try_clone().map_err(|fault| unreadable(&found.path, fault))?);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk).await.map_err(|fault| unreadable(&found.path, fault))? {
            0 => break,
            read => spool.write(&chunk[..read]).await?,
        }
    }
    // Whoever put it there may still be writing it.
    if found.validators()? != validators {
        return Err(SourceError::Changed { place: found.path.display().to_string() });
    }
    Ok(Fetched::File(FetchedFile { name: found.name(), bytes: spool.finish().await?, validators }))
}

pub(crate) async fn test(source: &Folder, settings: &Settings) -> Result<Seen> {
    let found = find_apart(source, settings).await?;
    let facts = found.file.metadata().map_err(|fault| unreadable(&found.path, fault))?;
    Ok(Seen {
        name: found.name(),
        bytes: Some(facts.len()),
        modified: facts.modified().ok().map(DateTime::<Utc>::from),
    })
}

/// A file that may be read, opened.
#[derive(Debug)]
struct Found {
    file: File,
    path: PathBuf,
}

impl Found {
    fn name(&self) -> String {
        name::safe(&self.path.file_name().unwrap_or_default().to_string_lossy())
    }

    fn validators(&self) -> Result<Validators> {
        let facts = self.file.metadata().map_err(|fault| unreadable(&self.path, fault))?;
        Ok(Validators {
            name: Some(self.path.display().to_string()),
            bytes: Some(facts.len()),
            modified: Some(format!("{}.{:09}", facts.mtime(), facts.mtime_nsec())),
            etag: Some(facts.ino().to_string()),
        })
    }
}

/// Folders may be on slow disks and networks: not on the threads of the runtime.
async fn find_apart(source: &Folder, settings: &Settings) -> Result<Found> {
    let (source, settings) = (source.clone(), settings.clone());
    let finding = tokio::task::spawn_blocking(move || find(&source, &settings)).await;
    finding.unwrap_or_else(|ended| Err(unreadable(Path::new("the folder"), std::io::Error::other(ended))))
}

fn find(source: &Folder, settings: &Settings) -> Result<Found> {
    let refused = |reason| SourceError::FolderRefused { path: source.path.clone(), reason };
    if settings.folder_roots.is_empty() {
        return Err(refused("no folder may be read"));
    }
    // Roots may be links themselves; what counts is where they lead.
    let roots: Vec<PathBuf> = settings.folder_roots.iter().filter_map(|root| fs::canonicalize(root).ok()).collect();
    let allowed = |path: &Path| roots.iter().any(|root| path.starts_with(root));
    let (folder, wanted) = pattern::split(&source.path);
    let missing = |fault: std::io::Error| missing_or_unreadable(&source.path, fault);
    let folder = fs::canonicalize(folder).map_err(missing)?;
    if !allowed(&folder) {
        return Err(refused("it is not under a folder that may be read"));
    }
    let path = if wanted.contains('*') { newest(&folder, wanted, source, settings)? } else { folder.join(wanted) };
    // Non-blocking, because opening a pipe would wait for somebody to write to it.
    let opened = fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&path).map_err(missing)?;
    // Where the open file really is, whatever links were followed or changed on the way.
    let real =
        fs::read_link(format!("/proc/self/fd/{}", opened.as_raw_fd())).map_err(|fault| unreadable(&path, fault))?;
    if !allowed(&real) {
        return Err(refused("a link leads out of the folders that may be read"));
    }
    if !opened.metadata().map_err(|fault| unreadable(&path, fault))?.is_file() {
        return Err(refused("it is no regular file"));
    }
    Ok(Found { file: opened, path: real })
}

fn newest(folder: &Path, wanted: &str, source: &Folder, settings: &Settings) -> Result<PathBuf> {
    let failed = |fault| unreadable(folder, fault);
    let mut newest: Option<(SystemTime, PathBuf)> = None;
    for (number, entry) in fs::read_dir(folder).map_err(failed)?.enumerate() {
        if number >= settings.entries_max {
            let place = folder.display().to_string();
            return Err(SourceError::TooManyEntries { place, limit: settings.entries_max });
        }
        let entry = entry.map_err(failed)?;
        if !entry.file_name().to_str().is_some_and(|name| pattern::matches(wanted, name)) {
            continue;
        }
        // Of a link, not of what it leads to; what it leads to is judged when it is opened.
        let facts = entry.metadata().map_err(failed)?;
        if facts.is_file() {
            let modified = facts.modified().map_err(failed)?;
            newest = newest.max(Some((modified, entry.path())));
        }
    }
    let (_, path) = newest.ok_or_else(|| SourceError::NotFound { place: source.path.clone() })?;
    Ok(path)
}

fn missing_or_unreadable(path: &str, fault: std::io::Error) -> SourceError {
    match fault.kind() {
        std::io::ErrorKind::NotFound => SourceError::NotFound { place: path.to_owned() },
        _ => unreadable(Path::new(path), fault),
    }
}

fn unreadable(path: &Path, source: std::io::Error) -> SourceError {
    SourceError::Read { path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn settings(root: &Path) -> Settings {
        Settings { folder_roots: vec![root.to_owned()], ..Settings::default() }
    }

    fn look(path: &Path, settings: &Settings) -> Result<String> {
        find(&Folder { path: path.display().to_string() }, settings).map(|found| found.name())
    }

    #[test]
    fn only_files_under_a_root_are_read_whatever_leads_to_them() {
        let place = tempfile::tempdir().unwrap();
        let (root, outside) = (place.path().join("in"), place.path().join("in-other"));
        fs::create_dir_all(root.join("sub")).unwrap();
        fs::create_dir_all(&outside).unwrap();
        fs::write(root.join("prices.csv"), "a").unwrap();
        fs::write(outside.join("secret.csv"), "b").unwrap();
        symlink(outside.join("secret.csv"), root.join("link.csv")).unwrap();
        symlink(&outside, root.join("linked")).unwrap();
        symlink(root.join("prices.csv"), root.join("inner.csv")).unwrap();
        let rules = settings(&root);
        assert_eq!(look(&root.join("prices.csv"), &rules).unwrap(), "prices.csv");
        assert_eq!(look(&root.join("sub/../prices.csv"), &rules).unwrap(), "prices.csv");
        assert_eq!(look(&root.join("inner.csv"), &rules).unwrap(), "prices.csv");
        for escape in ["../in-other/secret.csv", "link.csv", "linked/secret.csv", "linked/*.csv", "link*.csv", "sub"] {
            let error = look(&root.join(escape), &rules).unwrap_err();
            let refused = matches!(error, SourceError::FolderRefused { .. } | SourceError::NotFound { .. });
            assert!(refused, "{escape}: {error}");
        }
        assert!(matches!(look(&root.join("none.csv"), &rules).unwrap_err(), SourceError::NotFound { .. }));
    }

    #[test]
    fn without_a_root_nothing_is_read() {
        let error = look(Path::new("/etc/passwd"), &Settings::default()).unwrap_err();
        assert!(error.to_string().contains("sources.folder_roots"), "{error}");
    }

    #[test]
    fn a_star_takes_the_newest_that_matches() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, age_seconds: u64| {
            let file = File::create(root.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - std::time::Duration::from_secs(age_seconds)).unwrap();
        };
        write("p-1.csv", 300);
        write("p-2.csv", 100);
        write("p-3.csv", 200);
        write("q.csv", 0);
        fs::create_dir(root.path().join("p-9.csv")).unwrap();
        let rules = settings(root.path());
        assert_eq!(look(&root.path().join("p-*.csv"), &rules).unwrap(), "p-2.csv");
        let few = Settings { entries_max: 3, ..rules };
        let error = look(&root.path().join("p-*.csv"), &few).unwrap_err();
        assert!(error.to_string().contains("sources.entries_max"), "{error}");
    }

    #[tokio::test]
    async fn the_same_file_is_not_fetched_twice() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("prices.csv");
        fs::write(&path, "sku;price\n").unwrap();
        let (source, rules) = (Folder { path: path.display().to_string() }, settings(root.path()));
        let fetch_once = async |known: Option<&Validators>| {
            let spool = tempfile::tempfile().unwrap();
            let mut into = tokio::fs::File::from_std(spool);
            fetch(&source, known, &rules, Spool::new(&mut into, 1_000)).await.unwrap()
        };
        let Fetched::File(first) = fetch_once(None).await else { panic!("nothing was fetched") };
        assert_eq!((first.name.as_str(), first.bytes), ("prices.csv", 10));
        assert!(matches!(fetch_once(Some(&first.validators)).await, Fetched::NotModified));
        fs::write(&path, "sku;prices\n").unwrap();
        assert!(matches!(fetch_once(Some(&first.validators)).await, Fetched::File(_)));
    }
}
