//! `arrivage rejects`

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use item::Reject;
use pipeline::RejectFile;
use router::DatabaseRouter;
use router::imports::{errors, files, jobs};
use uuid::Uuid;

use crate::cli::{Context, Exit};
use crate::show;

/// Rows read at once.
const PAGE_ROWS: u32 = 1_000;

/// Print or save the rejected rows of an import: line, column, reason, fix, and the supplier's own columns.
#[derive(Debug, Args)]
pub struct Rejects {
    /// The import.
    import: Uuid,
    /// Write them as CSV to this file.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Print at most so many rows.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

impl Rejects {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<Exit> {
        let config = context.config()?;
        let (header, rejects) = context.block_on(async {
            let router = DatabaseRouter::open(&config.databases)?;
            let limit = if self.save.is_some() || context.json { usize::MAX } else { self.limit };
            self.read(&router, limit).await
        })?;
        if let Some(path) = &self.save {
            let file = File::create(path).with_context(|| format!("create {}", path.display()))?;
            save(file, &header, &rejects)?;
            println!("{} rejected rows saved to {}", show::count(rejects.len() as u64), path.display());
        } else if context.json {
            show::json(&rejects)?;
        } else {
            print!("{}", listing(&rejects));
        }
        Ok(Exit::Completed)
    }

    async fn read(&self, router: &DatabaseRouter, limit: usize) -> Result<(Vec<String>, Vec<Reject>)> {
        let imports = router.imports();
        let job = jobs::find(imports, self.import).await?;
        let job = job.ok_or(pipeline::ImportError::UnknownImport(self.import))?;
        let header = match job.file_id {
            Some(file) => files::find(imports, file)
                .await?
                .and_then(|file| file.facts)
                .map(|facts| facts.header)
                .unwrap_or_default(),
            None => Vec::new(),
        };
        let mut rejects: Vec<Reject> = Vec::new();
        while rejects.len() < limit {
            let after = rejects.last().map_or(0, |reject| reject.line);
            let page = errors::page(imports, self.import, after, PAGE_ROWS).await?;
            let last = page.is_empty();
            rejects.extend(page);
            if last {
                break;
            }
        }
        rejects.truncate(limit);
        Ok((header, rejects))
    }
}

fn save(file: impl Write, header: &[String], rejects: &[Reject]) -> Result<()> {
    let mut out = RejectFile::begin(std::io::BufWriter::new(file), header)?;
    for reject in rejects {
        out.write(reject)?;
    }
    out.end()?;
    Ok(())
}

/// One line per problem.
pub fn listing(rejects: &[Reject]) -> String {
    let rows: Vec<Vec<String>> = rejects
        .iter()
        .flat_map(|reject| {
            reject.problems.iter().map(|problem| {
                vec![
                    reject.line.to_string(),
                    problem.column.clone().unwrap_or_default(),
                    problem.code.to_string(),
                    problem.message.clone(),
                    problem.code.hint().to_owned(),
                ]
            })
        })
        .collect();
    show::table(&["line", "column", "code", "message", "fix"], &rows, 60)
}
