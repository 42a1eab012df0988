//! Rejected rows on their way out: counted by code, kept in `import_errors`, written to the rejects file.

use std::collections::BTreeMap;
use std::io::BufWriter;

use item::{Reject, RejectCode};
use router::imports::errors;
use router::imports::jobs::Attempt;
use router::{Db, Imports};
use tempfile::NamedTempFile;

use crate::Settings;
use crate::error::{ImportError, Result};
use crate::fetch::spool;
use crate::reject_file::{RejectFile, RejectForm};

/// Rows and bytes written to the database at once: rows are kept whole, and some are long.
const PAGE_ROWS: usize = 1_000;
const PAGE_BYTES: usize = 4 << 20;

/// Takes the rejects of one import.
pub struct RejectSink {
    imports: Db<Imports>,
    attempt: Attempt,
    stored_max: u64,
    stored: u64,
    waiting: Vec<Reject>,
    waiting_bytes: usize,
    by_code: BTreeMap<RejectCode, u64>,
    file: RejectFile<BufWriter<NamedTempFile>>,
}

impl RejectSink {
    /// Forgets what an earlier attempt stored and begins anew.
    pub async fn open(
        imports: &Db<Imports>,
        attempt: Attempt,
        header: &[String],
        form: RejectForm,
        settings: &Settings,
    ) -> Result<RejectSink> {
        errors::clear(imports, &attempt).await?;
        let file = spool(settings).map_err(ImportError::Spool)?;
        let file = RejectFile::begin(BufWriter::new(file), header, form).map_err(ImportError::Spool)?;
        Ok(RejectSink {
            imports: imports.clone(),
            attempt,
            stored_max: settings.rejects_stored_max,
            stored: 0,
            waiting: Vec::new(),
            waiting_bytes: 0,
            by_code: BTreeMap::new(),
            file,
        })
    }

    /// Takes more rejects.
    pub async fn take(&mut self, rejects: Vec<Reject>) -> Result<()> {
        for reject in rejects {
            *self.by_code.entry(reject.code()).or_default() += 1;
            self.file.write(&reject).map_err(ImportError::Spool)?;
            if self.stored < self.stored_max {
                self.stored += 1;
                self.waiting_bytes += reject.raw.iter().map(String::len).sum::<usize>();
                self.waiting.push(reject);
            }
            if self.waiting.len() >= PAGE_ROWS || self.waiting_bytes >= PAGE_BYTES {
                self.store().await?;
            }
        }
        Ok(())
    }

    /// The counts by code, and the rejects file when there is any reject.
    pub async fn finish(mut self) -> Result<(BTreeMap<RejectCode, u64>, Option<NamedTempFile>)> {
        self.store().await?;
        let written = self.file.end().map_err(ImportError::Spool)?;
        let file = written.into_inner().map_err(|fault| ImportError::Spool(fault.into_error()))?;
        let any = !self.by_code.is_empty();
        Ok((self.by_code, any.then_some(file)))
    }

    async fn store(&mut self) -> Result<()> {
        errors::insert(&self.imports, &self.attempt, &self.waiting).await?;
        self.waiting.clear();
        self.waiting_bytes = 0;
        Ok(())
    }
}
