//! `arrivage rejects`

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use item::{Language, Reject};
use pipeline::{RejectFile, RejectForm, fixes, problems};
use router::DatabaseRouter;
use router::catalog::suppliers;
use router::imports::{errors, files, jobs};
use uuid::Uuid;

use crate::cli::{Context, Exit};
use crate::show;

/// Rows read at once.
const PAGE_ROWS: u32 = 1_000;

/// Print or save the rejected rows of an import: line, problem and fix; a saved file has the supplier's own columns before
/// them, and can be corrected and imported.
#[derive(Debug, Args)]
pub struct Rejects {
    /// The import.
    import: Uuid,
    /// Language of problems and fixes: en or fr [default: the supplier's].
    #[arg(long)]
    language: Option<Language>,
    /// Write them as CSV to this file, as in the outbox.
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
        let Read { header, form, rejects } = context.block_on(async {
            let router = DatabaseRouter::open(&config.databases)?;
            let limit = if self.save.is_some() || context.json { usize::MAX } else { self.limit };
            self.read(&router, limit).await
        })?;
        if let Some(path) = &self.save {
            let file = File::create(path).with_context(|| format!("create {}", path.display()))?;
            save(file, &header, form, &rejects)?;
            println!("{} rejected rows saved to {}", show::count(rejects.len() as u64), path.display());
        } else if context.json {
            show::json(&rejects)?;
        } else {
            print!("{}", listing(&header, &rejects, form.language));
        }
        Ok(Exit::Completed)
    }

    async fn read(&self, router: &DatabaseRouter, limit: usize) -> Result<Read> {
        let imports = router.imports();
        let job = jobs::find(imports, self.import).await?;
        let job = job.ok_or(pipeline::ImportError::UnknownImport(self.import))?;
        let facts = match job.file_id {
            Some(file) => files::find(imports, file).await?.and_then(|file| file.facts).unwrap_or_default(),
            None => files::Facts::default(),
        };
        let supplier = suppliers::find(router.catalog(), &job.supplier_code).await?;
        let own = supplier.map_or(Language::En, |supplier| Language::of(&supplier.language));
        let delimiter =
            facts.dialect.filter(|_| facts.format == "csv").and_then(|dialect| dialect["delimiter"].as_u64());
        let delimiter = delimiter.and_then(|sign| u8::try_from(sign).ok());
        let form = RejectForm::new(self.language.unwrap_or(own), delimiter);
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
        Ok(Read { header: facts.header, form, rejects })
    }
}

/// What is known of the rejects.
struct Read {
    header: Vec<String>,
    form: RejectForm,
    rejects: Vec<Reject>,
}

fn save(file: impl Write, header: &[String], form: RejectForm, rejects: &[Reject]) -> Result<()> {
    let mut out = RejectFile::begin(std::io::BufWriter::new(file), header, form)?;
    for reject in rejects {
        out.write(reject)?;
    }
    out.end()?;
    Ok(())
}

/// One line per row.
pub fn listing(header: &[String], rejects: &[Reject], language: Language) -> String {
    let row =
        |reject: &Reject| vec![reject.line.to_string(), problems(reject, header, language), fixes(reject, language)];
    let titles = match language {
        Language::En => ["line", "problem", "fix"],
        Language::Fr => ["ligne", "problème", "que faire"],
    };
    show::table(&titles, &rejects.iter().map(row).collect::<Vec<_>>(), 120)
}
