//! A whole file, twice: once to decide, once to deliver.

use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;

use item::{EmptyMeans, Field, FileCode, Mode};
use serde::Serialize;

use crate::blocks::in_order;
use crate::correction::{Correction, unprotect};
use crate::decode::{Records, detect, whole_records};
use crate::map::{Choice, RowBatch, given_choices};
use crate::normalize::{Survey, check_constants, normalize};
use crate::{
    Binding, Block, Conventions, DecodeError, Encoding, Evidence, FeedSettings, Layout, Limits, Mapping,
    NormalizedBatch, Precedent, RecordBatch, propose,
};

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
    pub(crate) mapping_given: bool,
    /// How the file was read of which this one corrects rows.
    pub(crate) precedent: Option<Precedent>,
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

    /// Every decision about the file's writing and its columns' conventions, with its reason, and every column that the
    /// mapping names in vain.
    pub fn evidence(&self) -> Vec<Evidence> {
        let missing = self.binding.missing().iter().map(|column| Evidence {
            what: format!("column {column}"),
            value: "missing".to_owned(),
            confidence: 1.0,
            reason: "the mapping names it, and the file does not have it".to_owned(),
        });
        self.layout.evidence.iter().chain(self.conventions.evidence()).cloned().chain(missing).collect()
    }

    /// The file is a rejects file that comes back corrected: its rows are some, never the whole catalogue.
    pub fn is_correction(&self) -> bool {
        self.layout.correction.is_some()
    }

    /// The file is a correction, whether or not our columns are still in it: somebody says so who knows its name.
    ///
    /// # Errors
    /// Those of [`Mapping::bind`].
    pub fn into_correction(mut self) -> Result<Plan, DecodeError> {
        if !self.is_correction() {
            self.layout.correction = Some(Correction::WITHOUT_COLUMNS);
            unprotect(&mut self.layout.header);
            self.binding = self.mapping.bind(&self.layout.header)?;
        }
        Ok(self)
    }

    /// What an empty cell means: by the mapping, else as in the file of which this one corrects rows, else by a mode: the
    /// import's, or for a correction the one in which its rows were sent, for they come back whole.
    pub fn empty_means(&self, mode: Mode) -> EmptyMeans {
        let before = self.precedent.as_ref().map(|precedent| precedent.empty_means);
        self.mapping.empty_means.or(before).unwrap_or(mode.empty_means())
    }

    /// The fields that this file can give a value, in field order: where empty cells keep what is stored, the others
    /// stay as they are.
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

/// Decides layout, mapping and conventions from a sample of the file's beginning (`complete` when it is the whole
/// file).
///
/// # Errors
/// Those of [`crate::detect`], [`FileCode::NoMapping`] when SKU or title cannot be found or a setting means nothing.
pub fn plan(
    sample: &[u8],
    complete: bool,
    mapping: Option<&Mapping>,
    settings: &FeedSettings,
    limits: &Limits,
) -> Result<Plan, DecodeError> {
    let layout = written(sample, complete, settings, limits)?;
    let records = sample_records(sample, complete, &layout, limits)?;
    let (mapping, choices, mapping_given) = match mapping {
        Some(mapping) => (mapping.clone(), Vec::new(), true),
        None => {
            // A correction's values are those that nobody could read: they speak for no column and against none.
            let nothing = RecordBatch::blank(&layout.header, 0);
            let proposal = propose(&layout.header, if layout.correction.is_some() { &nothing } else { &records });
            (proposal.mapping, proposal.choices, false)
        }
    };
    let binding = mapping.bind(&layout.header)?;
    let choices = if mapping_given { given_choices(&binding) } else { choices };
    let places: Vec<usize> = (0..layout.header.len()).collect();
    let conventions =
        Conventions::decide(&binding, &Survey::of(&records, &places, &binding), settings, layout.dialect)?;
    check_constants(&binding, &conventions, limits)?;
    Ok(Plan { layout, mapping, binding, conventions, choices, mapping_given, precedent: None })
}

/// How a sample is written. What a supplier's settings say of its files is not so of a rejects file that comes back.
fn written(sample: &[u8], complete: bool, settings: &FeedSettings, limits: &Limits) -> Result<Layout, DecodeError> {
    let silent = FeedSettings { encoding: None, delimiter: None, quote: None, header_line: None, ..settings.clone() };
    if silent != *settings
        && let Ok(layout) = detect(sample, complete, &silent, limits)
        && layout.correction.is_some()
    {
        return Ok(layout);
    }
    detect(sample, complete, settings, limits)
}

/// The records of a sample, without the last one when it may be cut.
fn sample_records(sample: &[u8], complete: bool, layout: &Layout, limits: &Limits) -> Result<RecordBatch, DecodeError> {
    // One block holds the whole sample, so that what is looked at is one frame.
    let limits = Limits { block_bytes: sample.len().max(limits.block_bytes), ..limits.clone() };
    let mut records = Records::open(whole_records(sample, complete, layout), layout, &limits);
    match records.next_block()? {
        Some(block) => Ok(block.records(None)),
        None if complete => Err(no_records(layout)),
        // The first record is longer than the sample.
        None => Ok(RecordBatch::blank(&layout.header, 0)),
    }
}

fn no_records(layout: &Layout) -> DecodeError {
    DecodeError::file(FileCode::EmptyFile, format!("there is no row below the header on line {}", layout.header_line))
}

/// Passes over the whole file and settles what the sample only suggested: the encoding, by how many records are valid
/// in it, and every column's conventions.
///
/// `open` opens the file at its first byte; it is called once, or a few times when the file is not UTF-8.
///
/// # Errors
/// [`FileCode::EmptyFile`] when there is no row below the header; what the reader and the layout may fail with.
pub fn survey<R: Read + Send>(
    open: impl Fn() -> std::io::Result<R>,
    mut plan: Plan,
    settings: &FeedSettings,
    limits: &Limits,
) -> Result<Plan, DecodeError> {
    let open_to_judgement = settings.encoding.is_none() || plan.is_correction();
    let judged = open_to_judgement && matches!(plan.layout.encoding, Encoding::Utf8 | Encoding::Windows1252);
    if !judged {
        return settle(survey_once(open()?, &plan.layout, &plan.binding, limits)?, plan, settings);
    }
    let as_utf8 = Layout { encoding: Encoding::Utf8, ..plan.layout.clone() };
    let seen = survey_once(open()?, &as_utf8, &plan.binding, limits)?;
    let encoding = true_encoding(&seen);
    let as_suggested = encoding == plan.layout.encoding;
    if !as_suggested {
        plan = plan_again(open()?, encoding, &plan, settings, limits)?;
    }
    explain_encoding(&mut plan.layout, &seen);
    if as_suggested && encoding == Encoding::Utf8 {
        return settle(seen, plan, settings);
    }
    settle(survey_once(open()?, &plan.layout, &plan.binding, limits)?, plan, settings)
}

/// The plan under another encoding: other header cells, perhaps another mapping.
fn plan_again<R: Read>(
    reader: R,
    encoding: Encoding,
    plan: &Plan,
    settings: &FeedSettings,
    limits: &Limits,
) -> Result<Plan, DecodeError> {
    let settings = FeedSettings { encoding: Some(encoding), ..settings.clone() };
    let mut sample = Vec::new();
    reader.take(limits.sample_bytes as u64 + 1).read_to_end(&mut sample)?;
    let complete = sample.len() <= limits.sample_bytes;
    sample.truncate(limits.sample_bytes);
    let mut again = crate::plan(&sample, complete, plan.mapping_given.then_some(&plan.mapping), &settings, limits)?;
    again.layout.encoding = encoding;
    again.precedent = plan.precedent.clone();
    if plan.is_correction() { again.into_correction() } else { Ok(again) }
}

fn survey_once<R: Read + Send>(
    reader: R,
    layout: &Layout,
    binding: &Binding,
    limits: &Limits,
) -> Result<Survey, DecodeError> {
    let binding = binding.clone();
    let places = Survey::places(&binding);
    let mut whole = Survey::default();
    let look = move |block: Block| Survey::of(&block.records(Some(&places)), &places, &binding);
    in_order(reader, layout, limits, look, |part| {
        whole.add(part);
        ControlFlow::Continue(())
    })?;
    if whole.read == 0 { Err(no_records(layout)) } else { Ok(whole) }
}

fn settle(seen: Survey, mut plan: Plan, settings: &FeedSettings) -> Result<Plan, DecodeError> {
    plan.conventions = Conventions::decide(&plan.binding, &seen, settings, plan.layout.dialect)?;
    if let Some(precedent) = &plan.precedent {
        precedent.settle(&plan.binding, &mut plan.conventions);
    }
    Ok(plan)
}

/// What the whole file speaks for, read as UTF-8: records that are none and hardly any cell that is UTF-8 beyond ASCII
/// make Windows-1252; else the file is UTF-8, and records that are not are rejected.
fn true_encoding(seen: &Survey) -> Encoding {
    if seen.multibyte_utf8 * 10 < seen.invalid_utf8 { Encoding::Windows1252 } else { Encoding::Utf8 }
}

/// The sample's evidence for the encoding gives way to the file's.
fn explain_encoding(layout: &mut Layout, seen: &Survey) {
    let value = if layout.encoding == Encoding::Windows1252 { "windows-1252" } else { "utf-8" };
    let (invalid, multibyte) = (seen.invalid_utf8, seen.multibyte_utf8);
    let confidence = if invalid == 0 || multibyte == 0 { 1.0 } else { 0.9 };
    let reason = format!("of {} records {invalid} are not UTF-8; {multibyte} cells are UTF-8 beyond ASCII", seen.read);
    layout.evidence.retain(|evidence| evidence.what != "encoding");
    layout.evidence.insert(0, Evidence { what: "encoding".to_owned(), value: value.to_owned(), confidence, reason });
}

/// Reads the file from its first byte and delivers its items in file order, one batch per block; rayon's threads do the
/// work, and `deliver` is called on this one. At most a few blocks per thread are in memory at once.
///
/// # Errors
/// What the reader and the decoder fail with; batches delivered before stay delivered. A break ends the reading early
/// and is no error.
pub fn read_items<R: Read + Send>(
    reader: R,
    plan: &Plan,
    limits: &Limits,
    deliver: impl FnMut(NormalizedBatch) -> ControlFlow<()>,
) -> Result<(), DecodeError> {
    let shared = Arc::new((plan.binding.clone(), plan.conventions.clone(), limits.clone()));
    let understand = move |block: Block| {
        let (binding, conventions, limits) = &*shared;
        normalize(RowBatch::map(block.records(None), binding), binding, conventions, limits)
    };
    in_order(reader, &plan.layout, limits, understand, deliver)
}
