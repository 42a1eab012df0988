//! `arrivage decode`, and the child process that opens spreadsheets.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use feed::Records;

use crate::cli::{Context, Exit};

/// Write the decoded table of a file as plain CSV, untyped: for comparison and debugging.
#[derive(Debug, Args)]
pub struct Decode {
    /// The file: CSV, TSV, a spreadsheet, or one of them packed.
    file: PathBuf,
    /// The form to write: RFC 4180, UTF-8, commas, CRLF.
    #[arg(long, value_enum, default_value_t = Form::Csv)]
    to: Form,
    /// Write to this file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Put each record's line in the original file first.
    #[arg(long)]
    lines: bool,
}

/// What `decode` can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// RFC 4180
    Csv,
}

impl Decode {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<Exit> {
        let config = context.config()?;
        let file = File::open(&self.file).with_context(|| format!("open {}", self.file.display()))?;
        let table = pipeline::open_table(file, &config.import)?;
        let (sample, complete) = table.sample(config.feed.sample_bytes)?;
        let layout = feed::detect(&sample, complete, &Default::default(), &config.feed)?;
        let out: Box<dyn Write> = match &self.output {
            Some(path) => Box::new(File::create(path).with_context(|| format!("create {}", path.display()))?),
            None => Box::new(std::io::stdout().lock()),
        };
        let mut out = BufWriter::with_capacity(256 << 10, out);
        let first = self.lines.then_some("line");
        feed::write_csv_row(&mut out, b',', first.into_iter().chain(layout.header.iter().map(String::as_str)))?;
        let mut records = Records::open(table.open()?, &layout, &config.feed);
        while let Some(block) = records.next_block()? {
            let batch = block.records(None);
            for (row, line) in batch.lines.iter().enumerate() {
                let line = line.to_string();
                let first = self.lines.then_some(line.as_str());
                feed::write_csv_row(&mut out, b',', first.into_iter().chain(batch.cells(row)))?;
            }
            for reject in &batch.rejects {
                for problem in &reject.problems {
                    eprintln!("line {}: {}: {}", reject.line, problem.code, problem.message);
                }
            }
        }
        out.flush()?;
        Ok(Exit::Completed)
    }
}

/// Write a spreadsheet to standard output as numbered CSV. Runs as a child with limits: it may die of the file.
#[derive(Debug, Args)]
pub struct DecodeSpreadsheet {
    file: PathBuf,
}

impl DecodeSpreadsheet {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<Exit> {
        let config = context.config()?;
        let workbook = std::fs::read(&self.file).context("read workbook")?;
        let mut out = BufWriter::with_capacity(256 << 10, std::io::stdout().lock());
        feed::spreadsheet_to_csv(&workbook, None, true, &config.feed, &mut out)?;
        out.flush()?;
        Ok(Exit::Completed)
    }
}
