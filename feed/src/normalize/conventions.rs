//! How each column writes numbers, dates and lists: decided once for the whole file, with the reason.

use item::{Field, FieldKind, FileCode};
use serde::{Deserialize, Serialize};

use super::category::SEPARATORS;
use super::currency::Currency;
use super::decimal_sign::Sign;
use super::measure::Measure;
use super::money::tax_rate;
use super::number::NumberStyle;
use super::survey::{NumberSurvey, Seen, Survey};
use crate::{Binding, DateOrder, DecimalSign, DecodeError, Dialect, Evidence, FeedSettings};

/// The conventions of a file, column by column, and what the supplier's settings fill in.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Conventions {
    /// One per bound column, then one per constant.
    pub(crate) columns: Vec<Convention>,
    /// Currency of prices that name none.
    pub(crate) currency: Option<Currency>,
    /// Tax rate of rows that name none, in ten-thousandths of a percent.
    pub(crate) tax_rate: Option<i64>,
    #[serde(skip)]
    pub(crate) evidence: Vec<Evidence>,
}

/// How the cells of one column are read; what its field does not need stays at its default.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Convention {
    pub number: NumberStyle,
    pub order: DateOrder,
    /// Unit of bare weights and sizes.
    pub unit: Option<Measure>,
    /// Bare tax rates are ratios: `0.2` is 20 %.
    pub ratio: bool,
    /// Between the parts of a list; none when the cell is one part (or, for addresses, when they are found by their
    /// scheme).
    pub separator: Option<String>,
}

impl Default for Convention {
    fn default() -> Self {
        Convention {
            number: NumberStyle::default(),
            order: DateOrder::DayMonthYear,
            unit: None,
            ratio: false,
            separator: None,
        }
    }
}

impl Conventions {
    /// Every decision with its reason.
    pub fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    /// Decides by what the columns prove.
    ///
    /// # Errors
    /// When the settings name a currency or a tax rate that is none.
    pub(crate) fn decide(
        binding: &Binding,
        survey: &Survey,
        settings: &FeedSettings,
        dialect: Dialect,
    ) -> Result<Conventions, DecodeError> {
        let mut decision = Decision { binding, survey, settings, dialect, evidence: Vec::new() };
        let columns: Vec<Convention> = (0..binding.columns.len()).map(|index| decision.column(index)).collect();
        let constants = binding.constants.iter().map(|(field, text)| constant(*field, text));
        Ok(Conventions {
            columns: columns.into_iter().chain(constants).collect(),
            currency: settings.currency.as_deref().map(currency_setting).transpose()?,
            tax_rate: settings.tax_rate.as_deref().map(tax_rate_setting).transpose()?,
            evidence: decision.evidence,
        })
    }
}

fn currency_setting(code: &str) -> Result<Currency, DecodeError> {
    Currency::from_code(code).ok_or_else(|| {
        DecodeError::file(FileCode::NoMapping, format!("feed setting currency: `{code}` is not an ISO 4217 code"))
    })
}

fn tax_rate_setting(text: &str) -> Result<i64, DecodeError> {
    let rate = tax_rate(text.trim(), constant_style(text), false);
    rate.ok().flatten().ok_or_else(|| {
        DecodeError::file(FileCode::NoMapping, format!("feed setting tax_rate: `{text}` is not a rate in percent"))
    })
}

/// A constant is written by a person who means what it proves.
fn constant(field: Field, text: &str) -> Convention {
    let separator = SEPARATORS.iter().find(|sign| field == Field::CategoryPath && text.contains(**sign));
    Convention {
        number: constant_style(text),
        unit: Some(Measure::assumed(field)),
        separator: separator.map(|sign| (*sign).to_owned()),
        ..Convention::default()
    }
}

fn constant_style(text: &str) -> NumberStyle {
    let decimal = match Sign::of(text) {
        Some(Sign::Proven(decimal)) => decimal,
        _ => DecimalSign::Point,
    };
    NumberStyle { decimal, mixed: false }
}

/// One round of decisions.
struct Decision<'a> {
    binding: &'a Binding,
    survey: &'a Survey,
    settings: &'a FeedSettings,
    dialect: Dialect,
    evidence: Vec<Evidence>,
}

/// A choice with the sureness and the sentence that go into its evidence.
struct Verdict<T> {
    choice: T,
    confidence: f32,
    reason: String,
}

fn verdict<T>(choice: T, confidence: f32, reason: impl Into<String>) -> Verdict<T> {
    Verdict { choice, confidence, reason: reason.into() }
}

impl Decision<'_> {
    fn column(&mut self, index: usize) -> Convention {
        let column = &self.binding.columns[index];
        let field = column.field;
        let mut convention = Convention { separator: column.separator.clone(), ..Convention::default() };
        match field.kind() {
            FieldKind::Decimal | FieldKind::Integer => {
                convention.number = self.number_style(index);
                if matches!(field, Field::WeightG | Field::LengthMm | Field::WidthMm | Field::HeightMm) {
                    convention.unit = Some(self.unit(index));
                }
                convention.ratio = field == Field::TaxRate && self.ratio(index);
            }
            FieldKind::Date => convention.order = self.date_order(index),
            FieldKind::List if field == Field::CategoryPath && column.separator.is_none() => {
                convention.separator = self.separator(index)
            }
            _ => {}
        }
        convention
    }

    fn record(&mut self, what: &str, index: usize, value: impl Into<String>, confidence: f32, reason: String) {
        let header = &self.binding.header[self.binding.columns[index].place];
        self.evidence.push(Evidence { what: format!("{what} of {header}"), value: value.into(), confidence, reason });
    }

    fn number_style(&mut self, index: usize) -> NumberStyle {
        let numbers = &self.survey.columns[index].numbers;
        if numbers.comma.count + numbers.point.count + numbers.ambiguous.count == 0 {
            // Nothing but digits: either sign reads them alike. A sign that turns up later takes the file's.
            return NumberStyle { decimal: self.sign_elsewhere(index).choice, mixed: false };
        }
        let mixed = numbers.comma.count > 0 && numbers.point.count > 0;
        let Verdict { choice, confidence, reason } = self.decimal_sign(index, numbers);
        self.record("decimal sign", index, sign_word(choice), confidence, reason);
        NumberStyle { decimal: choice, mixed: mixed && self.settings.decimal_sign.is_none() }
    }

    fn decimal_sign(&self, index: usize, numbers: &NumberSurvey) -> Verdict<DecimalSign> {
        if let Some(sign) = self.settings.decimal_sign {
            return verdict(sign, 1.0, "given by the supplier's settings");
        }
        let (comma, point) = (numbers.comma.count, numbers.point.count);
        match (comma, point) {
            (0, 0) => {
                let elsewhere = self.sign_elsewhere(index);
                let reason = format!("{} could mean two numbers; {}", cells(&numbers.ambiguous), elsewhere.reason);
                verdict(elsewhere.choice, elsewhere.confidence, reason)
            }
            (_, 0) => verdict(DecimalSign::Comma, 1.0, format!("{} read only so", cells(&numbers.comma))),
            (0, _) => verdict(DecimalSign::Point, 1.0, format!("{} read only so", cells(&numbers.point))),
            _ => {
                let sign = if comma > point { DecimalSign::Comma } else { DecimalSign::Point };
                let share = comma.max(point) as f32 / (comma + point) as f32;
                let reason = format!(
                    "the column mixes both: {} prove the comma, {} the point; the fewer are rejected",
                    cells(&numbers.comma),
                    cells(&numbers.point)
                );
                verdict(sign, share, reason)
            }
        }
    }

    /// The sign for a column that proves none: by the other columns, else by the settings, else by the delimiter.
    fn sign_elsewhere(&self, index: usize) -> Verdict<DecimalSign> {
        if let Some(sign) = self.settings.decimal_sign {
            return verdict(sign, 1.0, "given by the supplier's settings");
        }
        let others = || self.survey.columns.iter().enumerate().filter(|(other, _)| *other != index);
        let proving = |wanted: fn(&NumberSurvey) -> bool| {
            others().find(|(_, column)| wanted(&column.numbers)).map(|(other, _)| self.header(other))
        };
        let comma = proving(|numbers| numbers.comma.count > 0 && numbers.point.count == 0);
        let point = proving(|numbers| numbers.point.count > 0 && numbers.comma.count == 0);
        match (comma, point) {
            (Some(header), None) => {
                verdict(DecimalSign::Comma, 0.9, format!("column {header} of the same file proves the comma"))
            }
            (None, Some(header)) => {
                verdict(DecimalSign::Point, 0.9, format!("column {header} of the same file proves the point"))
            }
            _ if self.dialect.delimiter == b';' => {
                verdict(DecimalSign::Comma, 0.4, "no column proves a sign; files with semicolons mostly write a comma")
            }
            _ => verdict(
                DecimalSign::Point,
                0.4,
                "no column proves a sign; files without semicolons mostly write a point",
            ),
        }
    }

    fn header(&self, index: usize) -> &str {
        &self.binding.header[self.binding.columns[index].place]
    }

    fn date_order(&mut self, index: usize) -> DateOrder {
        let dates = &self.survey.columns[index].dates;
        let seen = [&dates.day_first, &dates.month_first, &dates.year_first];
        let orders = [DateOrder::DayMonthYear, DateOrder::MonthDayYear, DateOrder::YearMonthDay];
        if dates.ambiguous.count == 0 && seen.iter().all(|seen| seen.count == 0) {
            return self.settings.date_order.unwrap_or(DateOrder::DayMonthYear);
        }
        let best = (0..3).rev().max_by_key(|order| seen[*order].count).unwrap_or(0);
        let total: u64 = seen.iter().map(|seen| seen.count).sum();
        let Verdict { choice, confidence, reason } = if let Some(order) = self.settings.date_order {
            verdict(order, 1.0, "given by the supplier's settings")
        } else if total == 0 {
            self.order_elsewhere(index, &dates.ambiguous)
        } else if seen[best].count == total {
            verdict(orders[best], 1.0, format!("{} read only so", cells(seen[best])))
        } else {
            let reason = format!("{} of {total} cells read only so; the others are rejected", cells(seen[best]));
            verdict(orders[best], seen[best].count as f32 / total as f32, reason)
        };
        self.record("date order", index, order_word(choice), confidence, reason);
        choice
    }

    /// The order for a column whose dates all read two ways: by another date column, else day first.
    fn order_elsewhere(&self, index: usize, ambiguous: &Seen) -> Verdict<DateOrder> {
        let others = self.survey.columns.iter().enumerate().filter(|(other, _)| *other != index);
        let mut proofs =
            others.filter_map(|(other, column)| match (column.dates.day_first.count, column.dates.month_first.count) {
                (1.., 0) => Some((DateOrder::DayMonthYear, other)),
                (0, 1..) => Some((DateOrder::MonthDayYear, other)),
                _ => None,
            });
        match proofs.next() {
            Some((order, other)) => verdict(
                order,
                0.9,
                format!(
                    "{} could mean two days; column {} of the same file proves the order",
                    cells(ambiguous),
                    self.header(other)
                ),
            ),
            None => verdict(
                DateOrder::DayMonthYear,
                0.3,
                format!(
                    "{} could mean two days and nothing proves the order: set date_order if this is wrong",
                    cells(ambiguous)
                ),
            ),
        }
    }

    fn unit(&mut self, index: usize) -> Measure {
        let column = &self.binding.columns[index];
        let units = &self.survey.columns[index].numbers.units;
        let Verdict { choice, confidence, reason } = match (column.unit, units.as_slice()) {
            (Some(unit), _) => verdict(unit, 1.0, "named by the header or the mapping"),
            (None, [(unit, seen)]) => verdict(*unit, 0.8, format!("{} name this unit and none another", cells(seen))),
            (None, _) => verdict(
                Measure::assumed(column.field),
                0.4,
                "neither header, mapping nor cells name one unit: assumed for bare numbers",
            ),
        };
        self.record("unit", index, choice.sign(), confidence, reason);
        choice
    }

    fn ratio(&mut self, index: usize) -> bool {
        let numbers = &self.survey.columns[index].numbers;
        let ratio = numbers.below_one.count > 0 && numbers.one_or_more.count == 0;
        if ratio {
            let reason = format!("{} lie between 0 and 1 and none above: read as ratios", cells(&numbers.below_one));
            self.record("tax rate", index, "ratio", 0.9, reason);
        }
        ratio
    }

    fn separator(&mut self, index: usize) -> Option<String> {
        // With one column per level a cell is one name.
        if self.binding.feeding(Field::CategoryPath).count() > 1 {
            return None;
        }
        let seen = &self.survey.columns[index].separators;
        let first = seen.iter().position(|seen| seen.count > 0)?;
        let reason = format!("{} hold it", cells(&seen[first]));
        self.record("category separator", index, SEPARATORS[first].escape_debug().to_string(), 0.9, reason);
        Some(SEPARATORS[first].to_owned())
    }
}

/// `412 cells (line 7: "1.234,50")`
fn cells(seen: &Seen) -> String {
    let noun = if seen.count == 1 { "cell" } else { "cells" };
    match &seen.first {
        Some((line, text)) => format!("{} {noun} (line {line}: {text:?})", seen.count),
        None => format!("{} {noun}", seen.count),
    }
}

fn sign_word(sign: DecimalSign) -> &'static str {
    match sign {
        DecimalSign::Point => "point",
        DecimalSign::Comma => "comma",
    }
}

fn order_word(order: DateOrder) -> &'static str {
    match order {
        DateOrder::DayMonthYear => "day, month, year",
        DateOrder::MonthDayYear => "month, day, year",
        DateOrder::YearMonthDay => "year, month, day",
    }
}
