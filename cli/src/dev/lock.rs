//! One `up` or `down` at a time for each stack.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::state;

/// Held while a stack changes; released when dropped, and by the system when its process dies.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// The lock of the stack in `root`, which is made when it is missing. Returns the root's full path with it.
    pub fn create(root: &Path, progress: &dyn Fn(&str)) -> anyhow::Result<(PathBuf, Self)> {
        let root = std::path::absolute(root)?;
        loop {
            claim(&root)?;
            let root = root.canonicalize()?;
            if let Some(lock) = take(&root, progress)? {
                return Ok((root, lock));
            }
        }
    }

    /// The lock of a stack that exists.
    pub fn of_existing(root: &Path, progress: &dyn Fn(&str)) -> anyhow::Result<Option<(PathBuf, Self)>> {
        if !state::is_stack(root) {
            return Ok(None);
        }
        let root = root.canonicalize()?;
        Ok(take(&root, progress)?.map(|lock| (root, lock)))
    }

    /// Removes the stack's own files and, when nothing else is in it, its folder.
    pub fn remove_stack(self, root: &Path) -> anyhow::Result<()> {
        for file in [state::OVERLAY, state::STATE, state::LOCK] {
            match fs::remove_file(root.join(file)) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("remove {file} of {}", root.display()));
                }
                _ => {}
            }
        }
        match fs::remove_dir(root) {
            Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty) => {
                Err(error).with_context(|| format!("remove {}", root.display()))
            }
            _ => Ok(()),
        }
    }
}

/// Makes the folder, unless it is there and belongs to something else. Stacks inside it are no strangers.
fn claim(root: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(root).with_context(|| format!("make the folder {}", root.display()))?;
    let mut entries = fs::read_dir(root)?.flatten();
    if !state::is_stack(root) && entries.any(|entry| !state::is_stack(&entry.path())) {
        bail!("{} is not empty and not a stack: choose another folder", root.display());
    }
    Ok(())
}

/// Waits for the lock. `None` when the stack was purged meanwhile, and the lock with it.
fn take(root: &Path, progress: &dyn Fn(&str)) -> anyhow::Result<Option<Lock>> {
    let path = root.join(state::LOCK);
    let file = match File::options().create(true).truncate(false).write(true).open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.with_context(|| format!("open {}", path.display()))?,
    };
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            progress("waiting for another `arrivage dev` to finish");
            file.lock()
        }
        Err(TryLockError::Error(error)) => Err(error),
        Ok(()) => Ok(()),
    }
    .with_context(|| format!("lock {}", path.display()))?;
    let locked = file.metadata()?.ino();
    let still_there = fs::metadata(&path).is_ok_and(|metadata| metadata.ino() == locked);
    Ok(still_there.then_some(Lock { _file: file }))
}
