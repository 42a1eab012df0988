//! What the columns of a file prove about their conventions, counted block by block and added up.

use item::{Field, FieldKind};

use super::category::SEPARATORS;
use super::date::OrderProof;
use super::decimal_sign::Sign;
use super::measure::Measure;
use super::number::Parts;
use super::source::Cells;
use super::text::trim;
use crate::map::BoundColumn;
use crate::{Binding, DateOrder, DecimalSign, RecordBatch};

/// The evidence of a stretch of a file, or of all of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Survey {
    /// Records, rejected ones included.
    pub read: u64,
    /// See [`RecordBatch::invalid_utf8`].
    pub invalid_utf8: u64,
    /// See [`RecordBatch::multibyte_utf8`].
    pub multibyte_utf8: u64,
    /// One per bound column.
    pub columns: Vec<ColumnSurvey>,
}

/// The evidence of one column; what its field does not need stays empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct ColumnSurvey {
    pub numbers: NumberSurvey,
    pub dates: DateSurvey,
    /// Cells that hold each of [`SEPARATORS`].
    pub separators: [Seen; SEPARATORS.len()],
}

/// Decimal signs, units and the size of rates.
#[derive(Debug, Clone, Default)]
pub(crate) struct NumberSurvey {
    pub comma: Seen,
    pub point: Seen,
    pub ambiguous: Seen,
    /// Units beside the numbers.
    pub units: Vec<(Measure, Seen)>,
    /// Numbers between 0 and 1, and others but 0: a column of tax rates that knows only the former holds ratios.
    pub below_one: Seen,
    pub one_or_more: Seen,
}

/// Orders of day and month.
#[derive(Debug, Clone, Default)]
pub(crate) struct DateSurvey {
    pub day_first: Seen,
    pub month_first: Seen,
    pub year_first: Seen,
    pub ambiguous: Seen,
}

/// How often something was seen, and where first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub count: u64,
    /// Line and cell.
    pub first: Option<(u64, String)>,
}

impl Survey {
    /// The places of the columns that need a decision, in header order.
    pub fn places(binding: &Binding) -> Vec<usize> {
        let mut places: Vec<usize> =
            binding.columns.iter().filter(|column| needs_survey(column)).map(|column| column.place).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Looks at records whose frame has the columns at `places` of the header, in this order.
    pub fn of(records: &RecordBatch, places: &[usize], binding: &Binding) -> Survey {
        let columns = binding.columns.iter().map(|column| {
            let mut survey = ColumnSurvey::default();
            if needs_survey(column)
                && let Ok(index) = places.binary_search(&column.place)
            {
                survey.watch(column.field, Cells::of(&records.frame.columns()[index]), &records.lines);
            }
            survey
        });
        Survey {
            read: records.read(),
            invalid_utf8: records.invalid_utf8,
            multibyte_utf8: records.multibyte_utf8,
            columns: columns.collect(),
        }
    }

    /// Adds the evidence of a later stretch.
    pub fn add(&mut self, later: Survey) {
        self.read += later.read;
        self.invalid_utf8 += later.invalid_utf8;
        self.multibyte_utf8 += later.multibyte_utf8;
        if self.columns.is_empty() {
            self.columns = later.columns;
        } else {
            self.columns.iter_mut().zip(later.columns).for_each(|(column, later)| column.add(later));
        }
    }
}

/// Numbers and dates have conventions; a category path in one column has a separator, unless the mapping names it.
fn needs_survey(column: &BoundColumn) -> bool {
    match column.field.kind() {
        FieldKind::Decimal | FieldKind::Integer | FieldKind::Date => true,
        FieldKind::List => column.field == Field::CategoryPath && column.separator.is_none(),
        FieldKind::Text | FieldKind::Json | FieldKind::Bool => false,
    }
}

impl ColumnSurvey {
    fn watch(&mut self, field: Field, cells: Cells<'_>, lines: &[u64]) {
        for (row, line) in lines.iter().enumerate() {
            let text = trim(cells.get(row));
            if text.is_empty() {
                continue;
            }
            match field.kind() {
                FieldKind::Date => self.dates.watch(text, *line),
                FieldKind::List => {
                    for (separator, seen) in SEPARATORS.iter().zip(&mut self.separators) {
                        if text.contains(separator) {
                            seen.add_one(text, *line);
                        }
                    }
                }
                _ => self.numbers.watch(field, text, *line),
            }
        }
    }

    fn add(&mut self, later: ColumnSurvey) {
        self.numbers.add(later.numbers);
        self.dates.day_first.add(later.dates.day_first);
        self.dates.month_first.add(later.dates.month_first);
        self.dates.year_first.add(later.dates.year_first);
        self.dates.ambiguous.add(later.dates.ambiguous);
        self.separators.iter_mut().zip(later.separators).for_each(|(seen, later)| seen.add(later));
    }
}

impl NumberSurvey {
    fn watch(&mut self, field: Field, text: &str, line: u64) {
        match Sign::of(text) {
            Some(Sign::Proven(DecimalSign::Comma)) => self.comma.add_one(text, line),
            Some(Sign::Proven(DecimalSign::Point)) => self.point.add_one(text, line),
            Some(Sign::Ambiguous) => self.ambiguous.add_one(text, line),
            None => {}
        }
        match field {
            Field::WeightG | Field::LengthMm | Field::WidthMm | Field::HeightMm => self.watch_unit(field, text, line),
            Field::TaxRate => self.watch_rate(text, line),
            _ => {}
        }
    }

    fn watch_unit(&mut self, field: Field, text: &str, line: u64) {
        if text.ends_with(|c: char| c.is_ascii_digit()) {
            return;
        }
        let unit = Parts::of(text).and_then(|parts| Measure::from_word(parts.suffix)).filter(|unit| unit.fits(field));
        if let Some(unit) = unit {
            self.unit(unit).add_one(text, line);
        }
    }

    fn unit(&mut self, unit: Measure) -> &mut Seen {
        let known = self.units.iter().position(|(known, _)| *known == unit);
        let index = known.unwrap_or_else(|| {
            self.units.push((unit, Seen::default()));
            self.units.len() - 1
        });
        &mut self.units[index].1
    }

    fn watch_rate(&mut self, text: &str, line: u64) {
        let Some(parts) = Parts::of(text) else { return };
        let whole = parts.digits.split(['.', ',']).next().unwrap_or("");
        let not_zero = |digits: &str| digits.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
        if not_zero(whole) || !parts.suffix.is_empty() {
            self.one_or_more.add_one(text, line);
        } else if not_zero(parts.digits) {
            self.below_one.add_one(text, line);
        }
    }

    fn add(&mut self, later: NumberSurvey) {
        self.comma.add(later.comma);
        self.point.add(later.point);
        self.ambiguous.add(later.ambiguous);
        self.below_one.add(later.below_one);
        self.one_or_more.add(later.one_or_more);
        for (unit, seen) in later.units {
            self.unit(unit).add(seen);
        }
    }
}

impl DateSurvey {
    fn watch(&mut self, text: &str, line: u64) {
        match OrderProof::of(text) {
            Some(OrderProof::Proven(DateOrder::DayMonthYear)) => self.day_first.add_one(text, line),
            Some(OrderProof::Proven(DateOrder::MonthDayYear)) => self.month_first.add_one(text, line),
            Some(OrderProof::Proven(DateOrder::YearMonthDay)) => self.year_first.add_one(text, line),
            Some(OrderProof::Ambiguous) => self.ambiguous.add_one(text, line),
            None => {}
        }
    }
}

impl Seen {
    fn add_one(&mut self, text: &str, line: u64) {
        const EXAMPLE_CHARS: usize = 40;
        self.count += 1;
        if self.first.is_none() {
            self.first = Some((line, text.chars().take(EXAMPLE_CHARS).collect()));
        }
    }

    fn add(&mut self, later: Seen) {
        self.count += later.count;
        if self.first.is_none() {
            self.first = later.first;
        }
    }
}
