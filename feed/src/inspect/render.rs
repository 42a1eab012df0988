//! An inspection as text for a terminal.

use std::fmt::{self, Write};

use super::Inspection;
use crate::{Evidence, FileFormat};

impl Inspection {
    /// The inspection as text, for a terminal.
    pub fn render(&self) -> String {
        let mut out = String::new();
        self.write(&mut out).expect("a String takes everything");
        out
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        self.write_file(out)?;
        self.write_columns(out)?;
        if !self.conventions.is_empty() {
            writeln!(out, "\nConventions")?;
            write_evidence(out, &self.conventions)?;
        }
        self.write_items(out)?;
        self.write_rejects(out)
    }

    fn write_file(&self, out: &mut String) -> fmt::Result {
        let format = match self.format {
            FileFormat::Csv => "delimited text",
            FileFormat::Spreadsheet => "spreadsheet",
            FileFormat::Gzip => "gzip",
            FileFormat::Zstd => "zstd",
            FileFormat::Zip => "zip",
        };
        if self.complete {
            writeln!(out, "Format: {format}; read whole, {} bytes", self.sample_bytes)?;
        } else {
            writeln!(
                out,
                "Format: {format}; only the first {} bytes were read: the import decides by the whole file",
                self.sample_bytes
            )?;
        }
        write_evidence(out, &self.layout)
    }

    fn write_columns(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "\nColumns")?;
        let width = self.columns.iter().map(|choice| choice.column.chars().count()).max().unwrap_or(0).min(40);
        for choice in &self.columns {
            let field = choice.field.map_or("(attribute)", |field| field.name());
            let confidence = if choice.field.is_some() {
                format!("{:3.0} %", choice.confidence * 100.0)
            } else {
                "     ".to_owned()
            };
            writeln!(out, "  {:width$}  {field:18}  {confidence}  {}", one_line(&choice.column), choice.reason)?;
        }
        for column in &self.missing {
            writeln!(out, "  {:width$}  missing: the mapping names it, the file does not have it", one_line(column))?;
        }
        Ok(())
    }

    fn write_items(&self, out: &mut String) -> fmt::Result {
        for (number, item) in self.items.iter().enumerate() {
            writeln!(out, "\nItem {}", number + 1)?;
            for (field, value) in item {
                writeln!(out, "  {:18}  {}", field.name(), one_line(value))?;
            }
        }
        Ok(())
    }

    fn write_rejects(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "\n{} read, {} accepted, {} rejected", self.read, self.accepted, self.read - self.accepted)?;
        for summary in &self.rejects {
            writeln!(out, "  {:6} × {}: {}", summary.count, summary.code, summary.hint)?;
            if let Some(problem) = summary.example.problems.first() {
                let column = problem
                    .column
                    .as_deref()
                    .map(|column| format!(", column {}", one_line(column)))
                    .unwrap_or_default();
                writeln!(out, "           line {}{column}: {}", summary.example.line, one_line(&problem.message))?;
            }
        }
        Ok(())
    }
}

fn write_evidence(out: &mut String, evidence: &[Evidence]) -> fmt::Result {
    for Evidence { what, value, confidence, reason } in evidence {
        writeln!(out, "  {}: {} ({:.0} %: {})", one_line(what), one_line(value), confidence * 100.0, one_line(reason))?;
    }
    Ok(())
}

/// A text from the file cannot break the table or send commands to the terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
