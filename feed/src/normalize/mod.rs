//! Text to canonical values: a column at a time, under conventions decided for the whole file ([`Conventions`]).
//!
//! Every cell ends in exactly one of four ways: a value, no value, a refusal that rejects its row with a code and a
//! sentence, or, where a closed list does not know it, among the row's attributes. An unreadable cell never becomes
//! zero or nothing.

mod attributes;
mod category;
mod conventions;
mod country;
mod currency;
mod date;
mod decimal_sign;
mod fields;
mod gtin;
mod html;
mod json;
mod markup;
mod measure;
mod money;
mod number;
mod prices;
mod quantity;
mod refusal;
mod source;
mod survey;
mod text;
mod unit;
mod urls;
mod variants;
mod words;

pub(crate) use conventions::Convention;
pub use conventions::Conventions;
use item::{Column, Field, FileCode, IntColumn, ItemBatch, Problem, Reject, RejectCode, TextColumn, key_hash};

use crate::map::RowBatch;
use crate::{Binding, DecodeError, Limits, RecordBatch};

pub(crate) use currency::Currency;
use fields::Fields;
pub(crate) use measure::Measure;
pub(crate) use money::tax_words;
pub(crate) use number::NumberStyle;
use refusal::Fault;
pub(crate) use source::Cells;
pub(crate) use survey::Survey;

/// What the mapping's proposal asks about values: the very kernels that will read them.
pub(crate) mod kernels {
    pub(crate) use super::country::country;
    pub(crate) use super::date::date;
    pub(crate) use super::gtin::gtin;
    pub(crate) use super::measure::measure;
    pub(crate) use super::money::{amount, tax_rate};
    pub(crate) use super::quantity::{quantity, stock};
    pub(crate) use super::refusal::{Reading, Refusal};
    pub(crate) use super::text::{is_formula_error, is_placeholder, trim};
    pub(crate) use super::unit::unit;
    pub(crate) use super::urls::looks_like_pictures;
    pub(crate) use super::words::{condition, customs_code, yes_no};
}

/// Items of one stretch of a file, with what did not become an item.
pub struct NormalizedBatch {
    /// The items.
    pub items: ItemBatch,
    /// Hash of each item's SKU.
    pub key_hashes: Vec<u128>,
    /// Hash of each item's content.
    pub content_hashes: Vec<u128>,
    /// Rows that could not become items, in line order; decoding's rejects included.
    pub rejects: Vec<Reject>,
    /// Hashes of the SKUs that rejected rows show. Such a row says nothing of its product that counts, but it says that the
    /// supplier still has it.
    pub mentioned: Vec<u128>,
    /// Records read: items plus rejects.
    pub read: u64,
    /// The decoded records, for the raw cells of rows rejected later (duplicates).
    pub records: RecordBatch,
    /// For each item its row in `records`.
    pub rows: Vec<u32>,
}

impl NormalizedBatch {
    /// The cells of an item as they were sent, each cut at `cell_bytes_max`: for a reject decided later.
    pub fn raw(&self, item: usize, cell_bytes_max: usize) -> Vec<String> {
        self.records.raw(self.rows[item] as usize, cell_bytes_max)
    }
}

/// Turns mapped text into items and rejects.
pub(crate) fn normalize(
    mut rows: RowBatch,
    binding: &Binding,
    conventions: &Conventions,
    limits: &Limits,
) -> NormalizedBatch {
    let mut rejects = std::mem::take(&mut rows.records.rejects);
    let read = (rows.records.lines.len() + rejects.len()) as u64;
    let mut fields = Fields::read(&rows, binding, conventions, limits);
    require(&mut fields, binding, rows.records.lines.len());
    let (mut columns, refusals) = fields.into_parts();

    let kept = kept_rows(rows.records.lines.len(), &refusals.faults);
    let mut mentioned = mentioned(&rejects, binding);
    let mut lines = rows.records.lines.clone();
    if kept.len() < lines.len() {
        let skus = &columns[Field::Sku.index()];
        let faulty = refusals.faults.iter().filter_map(|fault| skus.text(fault.row));
        mentioned.extend(faulty.map(key_hash));
        rejects.extend(rejected(refusals.faults, &rows.records, binding, limits));
        rejects.sort_by_key(|reject| reject.line);
        lines = kept.iter().map(|row| lines[*row as usize]).collect();
        columns.iter_mut().for_each(|column| *column = only(column, &kept));
    }

    let mut items = ItemBatch::new(lines);
    Field::ALL.into_iter().zip(columns).for_each(|(field, column)| items.set(field, column));
    NormalizedBatch {
        key_hashes: items.key_hashes(),
        content_hashes: items.content_hashes(),
        items,
        rejects,
        mentioned,
        read,
        records: rows.records,
        rows: kept,
    }
}

/// What stands in the place of the SKU in records that decoding rejected: too wide, too narrow, of another encoding.
fn mentioned(rejects: &[Reject], binding: &Binding) -> Vec<u128> {
    let Some((_, column)) = binding.feeding(Field::Sku).next() else { return Vec::new() };
    let shown = rejects.iter().filter_map(|reject| reject.raw.get(column.place));
    shown.map(|sku| sku.trim()).filter(|sku| !sku.is_empty()).map(key_hash).collect()
}

/// Refuses a mapping whose constants mean nothing: every row would be rejected for it.
///
/// # Errors
/// [`FileCode::NoMapping`] with the first such constant's fault.
pub(crate) fn check_constants(
    binding: &Binding,
    conventions: &Conventions,
    limits: &Limits,
) -> Result<(), DecodeError> {
    if binding.constants.is_empty() {
        return Ok(());
    }
    let rows = RowBatch::map(RecordBatch::blank(&binding.header, 1), binding);
    let (_, refusals) = Fields::read(&rows, binding, conventions, limits).into_parts();
    match refusals.faults.iter().find(|fault| fault.place.is_none()) {
        Some(fault) => {
            Err(DecodeError::file(FileCode::NoMapping, format!("a constant of the mapping: {}", fault.message)))
        }
        None => Ok(()),
    }
}

/// Adds a fault for every row without a SKU or a title, unless the cell has a fault already.
fn require(fields: &mut Fields<'_>, binding: &Binding, rows: usize) {
    for field in Field::ALL.into_iter().filter(|field| field.required()) {
        let place = binding.feeding(field).next().map(|(_, column)| column.place);
        let mut explained = vec![false; rows];
        fields
            .refusals
            .faults
            .iter()
            .filter(|fault| fault.place == place)
            .for_each(|fault| explained[fault.row] = true);
        for row in (0..rows).filter(|row| !explained[*row]) {
            if fields.text(field, row).is_none() {
                let message = format!("{} is empty", field.name());
                fields.refusals.faults.push(Fault { row, place, code: RejectCode::RequiredMissing, message });
            }
        }
    }
}

/// The rows without a fault.
fn kept_rows(rows: usize, faults: &[Fault]) -> Vec<u32> {
    let mut faulty = vec![false; rows];
    faults.iter().for_each(|fault| faulty[fault.row] = true);
    let row = |row: usize| u32::try_from(row).expect("a block holds fewer than 2^32 records");
    (0..rows).filter(|row| !faulty[*row]).map(row).collect()
}

/// One reject per faulty row, with all its problems in column order.
fn rejected(mut faults: Vec<Fault>, records: &RecordBatch, binding: &Binding, limits: &Limits) -> Vec<Reject> {
    faults.sort_by_key(|fault| (fault.row, fault.place));
    let of_one_row = faults.chunk_by(|one, next| one.row == next.row);
    of_one_row
        .map(|faults| Reject {
            line: records.lines[faults[0].row],
            problems: faults.iter().map(|fault| problem(fault, binding)).collect(),
            raw: records.raw(faults[0].row, limits.reject_cell_bytes_max),
        })
        .collect()
}

fn problem(fault: &Fault, binding: &Binding) -> Problem {
    Problem {
        code: fault.code,
        column: fault.place.map(|place| binding.header[place].clone()),
        message: fault.message.clone(),
    }
}

/// The values of the given rows.
fn only(column: &Column, rows: &[u32]) -> Column {
    match column {
        Column::Absent => Column::Absent,
        Column::Text(texts) => {
            let mut kept = TextColumn::with_capacity(rows.len(), 0);
            rows.iter().for_each(|row| kept.push(texts.get(*row as usize)));
            Column::Text(kept)
        }
        Column::Int(numbers) => Column::Int(rows.iter().map(|row| numbers.get(*row as usize)).collect::<IntColumn>()),
    }
}
