//! Whole files, from text to items and rejects: each test is a file and what must come of it.

mod conventions;
mod corrections;
mod exports;
mod fields;
mod files;

use std::fmt::Write;
use std::ops::ControlFlow;

use item::Field;

use crate::inspect::values;
use crate::{FeedSettings, Limits, Mapping, Plan, plan, read_items, survey};

/// A file with its settings, as an import would read it.
#[derive(Default)]
struct Feed<'a> {
    file: &'a [u8],
    settings: FeedSettings,
    mapping: Option<&'a str>,
    limits: Limits,
}

impl<'a> Feed<'a> {
    fn of(file: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Feed { file: file.as_ref(), ..Feed::default() }
    }

    fn mapped(self, mapping: &'a str) -> Self {
        Feed { mapping: Some(mapping), ..self }
    }

    fn with(mut self, set: impl FnOnce(&mut FeedSettings)) -> Self {
        set(&mut self.settings);
        self
    }

    fn limited(mut self, set: impl FnOnce(&mut Limits)) -> Self {
        set(&mut self.limits);
        self
    }

    fn plan(&self) -> Result<Plan, crate::DecodeError> {
        let mapping = self.mapping.map(|mapping| Mapping::parse(mapping).unwrap());
        let sample = &self.file[..self.file.len().min(self.limits.sample_bytes)];
        let suggested = plan(sample, sample.len() == self.file.len(), mapping.as_ref(), &self.settings, &self.limits)?;
        survey(|| Ok(self.file), suggested, &self.settings, &self.limits)
    }

    /// One line per item and reject, in the file's order; nothing of the fields in `hidden`.
    fn outcome_without(&self, hidden: &[Field]) -> String {
        let plan = self.plan().unwrap();
        let mut lines = Vec::new();
        let mut read = 0;
        read_items(self.file, &plan, &self.limits, |batch| {
            read += batch.read;
            for row in 0..batch.items.len() {
                let mut text = String::new();
                for field in Field::ALL.into_iter().filter(|field| !hidden.contains(field)) {
                    if let Some(value) = values::show(&batch.items, field, row) {
                        write!(text, " {}={value}", field.name()).unwrap();
                    }
                }
                lines.push((batch.items.lines()[row], text));
            }
            for reject in &batch.rejects {
                let problems = reject.problems.iter().map(|problem| match &problem.column {
                    Some(column) => format!(" !{} [{column}] {}", problem.code, problem.message),
                    None => format!(" !{} {}", problem.code, problem.message),
                });
                lines.push((reject.line, problems.collect()));
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(read, lines.len() as u64, "every record is an item or a reject");
        lines.sort_by_key(|(line, _)| *line);
        lines.iter().map(|(line, text)| format!("{line}:{text}\n")).collect()
    }

    fn outcome(&self) -> String {
        self.outcome_without(&[])
    }

    fn error(&self) -> String {
        self.plan().unwrap_err().to_string()
    }

    fn evidence(&self, what: &str) -> String {
        let evidence = self.plan().unwrap().evidence();
        let found = evidence.iter().find(|evidence| evidence.what == what);
        found.map_or_else(
            || "none".to_owned(),
            |found| format!("{} ({:.2}: {})", found.value, found.confidence, found.reason),
        )
    }
}

/// Reads one cell as one field: the value as people see it, what stays as an attribute, or the code of the reject.
fn read_cell(header: &str, cell: &str) -> String {
    let file = format!("sku\ttitle\t{header}\toption1 name\nA\tB\t{cell}\t\n");
    let outcome = Feed::of(&file).outcome();
    let values = outcome.strip_prefix("2:").unwrap().replacen(" sku=A", "", 1).replacen(" title=B", "", 1);
    values.trim().to_owned()
}
