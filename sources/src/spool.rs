//! The file that is fetched into.

use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::error::{Result, SourceError};

/// Counts what is written: what a server says about sizes beforehand is never trusted.
pub(crate) struct Spool<'a> {
    file: &'a mut File,
    limit: u64,
    /// Bytes written.
    pub bytes: u64,
}

impl<'a> Spool<'a> {
    pub(crate) fn new(file: &'a mut File, limit: u64) -> Self {
        Spool { file, limit, bytes: 0 }
    }

    /// Refuses a file that is announced to be too large, before anything of it is read.
    pub(crate) fn expect(&self, bytes: u64) -> Result<()> {
        if bytes > self.limit { Err(SourceError::TooLarge { limit: self.limit }) } else { Ok(()) }
    }

    pub(crate) async fn write(&mut self, chunk: &[u8]) -> Result<()> {
        self.bytes += chunk.len() as u64;
        self.expect(self.bytes)?;
        self.file.write_all(chunk).await.map_err(SourceError::Spool)
    }

    /// The file itself, for who has checked beforehand how much will come.
    pub(crate) fn file(self) -> &'a mut File {
        self.file
    }

    /// Nothing waits in memory any more.
    pub(crate) async fn finish(self) -> Result<u64> {
        self.file.flush().await.map_err(SourceError::Spool)?;
        Ok(self.bytes)
    }
}
