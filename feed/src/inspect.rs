//! What would be understood of a file, for people: no database, no second pass, a sample only.

mod render;
pub(crate) mod values;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use item::{Field, Reject, RejectCode};
use serde::Serialize;

use crate::decode::{sniff, whole_records};
use crate::map::Choice;
use crate::{
    DecodeError, Dialect, Encoding, Evidence, FeedSettings, FileFormat, Limits, Mapping, NormalizedBatch, plan,
    read_items,
};

/// Items shown.
const ITEMS_SHOWN: usize = 5;

/// The answer of `arrivage inspect`; [`Inspection::render`] shows it to people.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// The family of the file.
    pub format: FileFormat,
    /// Bytes looked at.
    pub sample_bytes: usize,
    /// Whether they are the whole file. If not, the import may decide otherwise once it has seen the rest.
    pub complete: bool,
    /// The encoding.
    pub encoding: Encoding,
    /// Delimiter and quote.
    pub dialect: Dialect,
    /// Line of the header row, from 1.
    pub header_line: u64,
    /// Decisions about the file's writing, each with its reason.
    pub layout: Vec<Evidence>,
    /// What each column is taken for, and why.
    pub columns: Vec<Choice>,
    /// Columns that the given mapping names and the file does not have.
    pub missing: Vec<String>,
    /// The mapping in force, ready to be saved.
    pub mapping: Mapping,
    /// Conventions of the columns, each with its reason.
    pub conventions: Vec<Evidence>,
    /// Records of the sample.
    pub read: u64,
    /// Those that became items.
    pub accepted: u64,
    /// The first items: field to value, written for people.
    pub items: Vec<BTreeMap<Field, String>>,
    /// The others by code, the most frequent first.
    pub rejects: Vec<RejectSummary>,
}

/// The rejects of one code.
#[derive(Debug, Clone, Serialize)]
pub struct RejectSummary {
    /// The code.
    pub code: RejectCode,
    /// Rows that it counts for.
    pub count: u64,
    /// What the supplier can do.
    pub hint: &'static str,
    /// The first one.
    pub example: Reject,
}

/// Looks at a sample of a file's beginning (`complete` when it is the whole file): time and memory depend on the sample
/// alone.
///
/// # Errors
/// Those of [`plan()`]: a file that cannot be understood fails here by the same name as in an import.
pub fn inspect(
    sample: &[u8],
    complete: bool,
    mapping: Option<&Mapping>,
    settings: &FeedSettings,
    limits: &Limits,
) -> Result<Inspection, DecodeError> {
    let plan = plan(sample, complete, mapping, settings, limits)?;
    let mut trial = Trial::default();
    read_items(whole_records(sample, complete, &plan.layout), &plan, limits, |batch| trial.take_in(batch))?;
    Ok(Inspection {
        format: sniff(sample),
        sample_bytes: sample.len(),
        complete,
        encoding: plan.layout.encoding,
        dialect: plan.layout.dialect,
        header_line: plan.layout.header_line,
        missing: plan.binding.missing().to_vec(),
        conventions: plan.conventions.evidence().to_vec(),
        layout: plan.layout.evidence,
        columns: plan.choices,
        mapping: plan.mapping,
        read: trial.accepted + trial.rejects.len() as u64,
        accepted: trial.accepted,
        rejects: trial.summaries(),
        items: trial.items,
    })
}

/// The sample, read as an import would read it.
#[derive(Default)]
struct Trial {
    accepted: u64,
    items: Vec<BTreeMap<Field, String>>,
    rejects: Vec<Reject>,
}

impl Trial {
    fn take_in(&mut self, batch: NormalizedBatch) -> ControlFlow<()> {
        for row in 0..batch.items.len().min(ITEMS_SHOWN - self.items.len()) {
            let shown =
                Field::ALL.into_iter().filter_map(|field| Some((field, values::show(&batch.items, field, row)?)));
            self.items.push(shown.collect());
        }
        self.accepted += batch.items.len() as u64;
        self.rejects.extend(batch.rejects);
        ControlFlow::Continue(())
    }

    fn summaries(&self) -> Vec<RejectSummary> {
        let mut summaries: Vec<RejectSummary> = Vec::new();
        for reject in &self.rejects {
            match summaries.iter_mut().find(|summary| summary.code == reject.code()) {
                Some(summary) => summary.count += 1,
                None => summaries.push(RejectSummary {
                    code: reject.code(),
                    count: 1,
                    hint: reject.code().hint(),
                    example: reject.clone(),
                }),
            }
        }
        summaries.sort_by_key(|summary| std::cmp::Reverse(summary.count));
        summaries
    }
}
