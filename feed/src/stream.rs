//! A whole file, twice: once to decide, once to deliver.

use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;

use item::{EmptyMeans, Field, FileCode, Mode};
use serde::Serialize;

use crate::blocks::in_order;
use crate::decode::{Records, detect, whole_records};
use crate::map::{Choice, RowBatch, given_choices};
use crate::normalize::{Survey, normalize};
use crate::{Binding, Conventions, DecodeError, Encoding, Evidence, FeedSettings, Layout, Limits, Mapping, NormalizedBatch, RecordBatch, propose};

/// Everything decided about one file: how it is written, what its columns mean, which conventions they follow.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How the file is written.
    pub layout: Layout,
    /// The mapping in force.
    pub mapping: Mapping,
    /// The mapping, bound to the file's columns.
    pub binding: Binding,
    /// The conventions.
    pub conventions: Conventions,
    /// Why each column is mapped as it is.
    pub choices: Vec<Choice>,
    /// The mapping was given, not found.
    mapping_given: bool,
}

impl Plan {
    /// A number that changes with everything that decides what the cells become: two equal files under plans with equal
    /// fingerprints give equal items.
    pub fn fingerprint(&self) -> u128 {
        /// Raised whenever the rules of normalisation change what a cell becomes.
        const RULES: u32 = 1;
        #[derive(Serialize)]
        struct Decided<'a> {
            rules: u32,
            layout: Layout,
            binding: &'a Binding,
            conventions: &'a Conventions,
        }
        let layout = Layout { evidence: Vec::new(), ..self.layout.clone() };
        let decided = Decided { rules: RULES, layout, binding: &self.binding, conventions: &self.conventions };
        item::key_hash(&serde_json::to_string(&decided).expect("plans hold texts, numbers and lists only"))
    }

    /// Every decision about the file's writing and its columns' conventions, with its reason.
    pub fn evidence(&self) -> Vec<Evidence> {
        self.layout.evidence.iter().chain(self.conventions.evidence()).cloned().collect()
    }

    /// What an empty cell means: by the mapping, else by the import's mode.
    pub fn empty_means(&self, mode: Mode) -> EmptyMeans {
        self.mapping.empty_means.unwrap_or(mode.empty_means())
    }

    /// The fields that this file can give a value, in field order: where empty cells keep what is stored, the others stay
    /// as they are.
    pub fn given(&self) -> Vec<Field> {
        let feeds = |field| self.binding.feeds(field);
        let priced = feeds(Field::Price) || feeds(Field::PriceInclTax);
        let taxed = priced && (feeds(Field::TaxRate) || self.conventions.tax_rate.is_some());
        let given = |field: Field| match field {
            Field::GtinRestricted => feeds(Field::Gtin),
            Field::Currency => feeds(field) || priced || feeds(Field::Rrp),
            Field::Price | Field::PriceInclTax | Field::TaxRate => feeds(field) || taxed,
            Field::Attributes => true,
            field => feeds(field),
        };
        Field::ALL.into_iter().filter(|field| given(*field)).collect()
    }

    /// The header of the (first) column that feeds a field.
    pub fn column_of(&self, field: Field) -> Option<&str> {
        self.binding.feeding(field).next().map(|(_, column)| self.layout.header[column.place].as_str())
    }
}

/// Decides layout, mapping and conventions from a sample of the file's beginning (`complete` when it is the whole file).
///
/// # Errors
/// Those of [`crate::detect`], [`FileCode::NoMapping`] when SKU or title cannot be found or a setting means nothing.
pub fn plan(sample: &[u8], complete: bool, mapping: Option<&Mapping>, settings: &FeedSettings, limits: &Limits) -> Result<Plan, DecodeError> {
    let layout = detect(sample, complete, settings, limits)?;
    let records = sample_records(sample, complete, &layout, limits)?;
    let (mapping, choices, mapping_given) = match mapping {
        Some(mapping) => (mapping.clone(), Vec::new(), true),
        None => {
            let proposal = propose(&layout.header, &records);
            (proposal.mapping, proposal.choices, false)
        }
    };
    let binding = mapping.bind(&layout.header)?;
    let choices = if mapping_given { given_choices(&binding) } else { choices };
    let places: Vec<usize> = (0..layout.header.len()).collect();
    let conventions = Conventions::decide(&binding, &Survey::of(&records, &places, &binding), settings, layout.dialect)?;
    Ok(Plan { layout, mapping, binding, conventions, choices, mapping_given })
}

/// The records of a sample, without the last one when it may be cut.
fn sample_records(sample: &[u8], complete: bool, layout: &Layout, limits: &Limits) -> Result<RecordBatch, DecodeError> {
    // One block holds the whole sample, so that what is looked at is one frame.
    let limits = Limits { block_bytes: sample.len().max(limits.block_bytes), ..limits.clone() };
    let mut records = Records::open(whole_records(sample, complete, layout), layout, &limits);
    match records.next_block()? {
        Some(block) => Ok(block.records(None)),
        None => Err(DecodeError::file(FileCode::EmptyFile, format!("there is no row below the header on line {}", layout.header_line))),
    }
}

/// Passes over the whole file and settles what the sample only suggested: the encoding, by how many records are valid in
/// it, and every column's conventions.
///
/// `open` opens the file at its first byte; it is called once, and once more when the encoding turns out to be another.
///
/// # Errors
/// [`FileCode::EmptyFile`] when there is no row below the header; what the reader and the layout may fail with.
pub fn survey<R: Read + Send>(open: impl Fn() -> std::io::Result<R>, plan: Plan, settings: &FeedSettings, limits: &Limits) -> Result<Plan, DecodeError> {
    let seen = survey_once(open()?, &plan, limits)?;
    let Some(encoding) = better_encoding(&seen, &plan.layout, settings) else { return settle(plan, &seen, settings) };
    let settings = FeedSettings { encoding: Some(encoding), ..settings.clone() };
    let mut sample = Vec::new();
    open()?.take(limits.sample_bytes as u64 + 1).read_to_end(&mut sample)?;
    let complete = sample.len() <= limits.sample_bytes;
    sample.truncate(limits.sample_bytes);
    let mut plan = crate::plan(&sample, complete, plan.mapping_given.then_some(&plan.mapping), &settings, limits)?;
    explain_encoding(&mut plan.layout, encoding, &seen);
    let seen = survey_once(open()?, &plan, limits)?;
    settle(plan, &seen, &settings)
}

fn survey_once<R: Read + Send>(reader: R, plan: &Plan, limits: &Limits) -> Result<Survey, DecodeError> {
    let binding = plan.binding.clone();
    let places = Survey::places(&binding);
    let mut whole = Survey::default();
    let look = move |block: crate::Block| Survey::of(&block.records(Some(&places)), &places, &binding);
    in_order(reader, &plan.layout, limits, look, |part| {
        whole.add(part);
        ControlFlow::Continue(())
    })?;
    if whole.read == 0 {
        return Err(DecodeError::file(FileCode::EmptyFile, format!("there is no row below the header on line {}", plan.layout.header_line)));
    }
    Ok(whole)
}

fn settle(mut plan: Plan, seen: &Survey, settings: &FeedSettings) -> Result<Plan, DecodeError> {
    if seen.columns.is_empty() {
        return Ok(plan);
    }
    plan.conventions = Conventions::decide(&plan.binding, seen, settings, plan.layout.dialect)?;
    Ok(plan)
}

/// The encoding that the whole file speaks for, when it is not the sample's: invalid records and hardly any valid
/// multi-byte cell make Windows-1252; the contrary makes UTF-8.
fn better_encoding(seen: &Survey, layout: &Layout, settings: &FeedSettings) -> Option<Encoding> {
    if settings.encoding.is_some() {
        return None;
    }
    let hardly = |few: u64, many: u64| few * 10 < many;
    match layout.encoding {
        Encoding::Utf8 if hardly(seen.multibyte_utf8, seen.invalid_utf8) => Some(Encoding::Windows1252),
        Encoding::Windows1252 if hardly(seen.invalid_utf8, seen.multibyte_utf8) => Some(Encoding::Utf8),
        _ => None,
    }
}

/// The sample's evidence for the encoding gives way to the file's.
fn explain_encoding(layout: &mut Layout, encoding: Encoding, seen: &Survey) {
    let value = match encoding {
        Encoding::Windows1252 => "windows-1252",
        _ => "utf-8",
    };
    let reason = format!("in the whole file {} records are not UTF-8 and {} cells are UTF-8 beyond ASCII", seen.invalid_utf8, seen.multibyte_utf8);
    layout.evidence.retain(|evidence| evidence.what != "encoding");
    layout.evidence.insert(0, Evidence { what: "encoding".to_owned(), value: value.to_owned(), confidence: 0.95, reason });
}

/// Reads the file from its first byte and delivers its items in file order, one batch per block; rayon's threads do the
/// work, and `deliver` is called on this one. At most a few blocks per thread are in memory at once.
///
/// # Errors
/// What the reader and the decoder fail with; batches delivered before stay delivered. A break ends the reading early
/// and is no error.
pub fn read_items<R: Read + Send>(reader: R, plan: &Plan, limits: &Limits, deliver: impl FnMut(NormalizedBatch) -> ControlFlow<()>) -> Result<(), DecodeError> {
    let shared = Arc::new((plan.binding.clone(), plan.conventions.clone(), limits.clone()));
    let understand = move |block: crate::Block| {
        let (binding, conventions, limits) = &*shared;
        normalize(RowBatch::map(block.records(None), binding), binding, conventions, limits)
    };
    in_order(reader, &plan.layout, limits, understand, deliver)
}
