//! Rejected rows on their way out: counted by code, kept in `import_errors`, written to a file in the supplier's own
//! columns.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};

use item::{Reject, RejectCode};
use router::imports::errors;
use router::imports::jobs::Attempt;
use router::{Db, Imports};
use tempfile::NamedTempFile;

use crate::Settings;
use crate::error::{ImportError, Result};
use crate::fetch::spool;

/// Rows written to the database at once.
const PAGE_ROWS: usize = 1_000;

/// Takes the rejects of one import.
pub struct RejectSink {
    imports: Db<Imports>,
    attempt: Attempt,
    stored_max: u64,
    stored: u64,
    waiting: Vec<Reject>,
    by_code: BTreeMap<RejectCode, u64>,
    file: RejectFile<BufWriter<NamedTempFile>>,
}

impl RejectSink {
    /// Forgets what an earlier attempt stored and begins anew.
    pub async fn open(
        imports: &Db<Imports>,
        attempt: Attempt,
        header: &[String],
        settings: &Settings,
    ) -> Result<RejectSink> {
        errors::clear(imports, &attempt).await?;
        let file = spool(settings).map_err(ImportError::Spool)?;
        let file = RejectFile::begin(BufWriter::new(file), header).map_err(ImportError::Spool)?;
        Ok(RejectSink {
            imports: imports.clone(),
            attempt,
            stored_max: settings.rejects_stored_max,
            stored: 0,
            waiting: Vec::new(),
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
                self.waiting.push(reject);
            }
            if self.waiting.len() >= PAGE_ROWS {
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
        Ok(())
    }
}

/// Rejected rows as CSV: line, code, column, message and fix, then the supplier's own columns.
pub struct RejectFile<W: Write> {
    out: W,
}

impl<W: Write> RejectFile<W> {
    /// Writes the header: ours, then the supplier's.
    pub fn begin(mut out: W, header: &[String]) -> std::io::Result<Self> {
        let ours = ["line", "code", "column", "message", "fix"];
        feed::write_csv_row(&mut out, ours.into_iter().chain(header.iter().map(String::as_str)))?;
        Ok(RejectFile { out })
    }

    /// Writes one rejected row; several problems share its cells, one per line of the cell.
    pub fn write(&mut self, reject: &Reject) -> std::io::Result<()> {
        let join = |part: &dyn Fn(&item::Problem) -> String| {
            let parts: Vec<String> = reject.problems.iter().map(part).collect();
            parts.join("\n")
        };
        let cells = [
            reject.line.to_string(),
            join(&|problem| problem.code.to_string()),
            join(&|problem| problem.column.clone().unwrap_or_default()),
            join(&|problem| problem.message.clone()),
            join(&|problem| problem.code.hint().to_owned()),
        ];
        let raw = reject.raw.iter().cloned();
        let safe: Vec<String> = cells.into_iter().chain(raw).map(harmless).collect();
        feed::write_csv_row(&mut self.out, safe.iter().map(String::as_str))
    }

    /// Flushes and gives the writer back.
    pub fn end(mut self) -> std::io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// A cell that no spreadsheet runs as a formula (OWASP ASVS 5.0, 1.2.10): an apostrophe before `= + - @`, tab and CR,
/// except for plain numbers.
fn harmless(cell: String) -> String {
    let number = cell
        .strip_prefix(['-', '+'])
        .unwrap_or(&cell)
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b".,".contains(&byte));
    if !number && cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;
    use item::Problem;

    #[test]
    fn a_reject_keeps_its_cells_and_runs_no_formula() {
        let header = ["sku".to_owned(), "price".to_owned()];
        let mut file = RejectFile::begin(Vec::new(), &header).unwrap();
        let problem = |code, column: &str| Problem { code, column: Some(column.to_owned()), message: "m".to_owned() };
        file.write(&Reject {
            line: 7,
            problems: vec![problem(RejectCode::RequiredMissing, "sku"), problem(RejectCode::NumberNegative, "price")],
            raw: vec!["=cmd|x".to_owned(), "-3,50".to_owned()],
        })
        .unwrap();
        let text = String::from_utf8(file.end().unwrap()).unwrap();
        let row = text.split_once("\r\n").unwrap().1;
        assert!(row.starts_with("7,\"required_missing\nnumber_negative\",\"sku\nprice\""), "{row}");
        assert!(row.ends_with(",'=cmd|x,\"-3,50\"\r\n"), "{row}");
    }
}
