//! What the values of a sampled column look like: asked of the very kernels that will read them.

use std::collections::HashSet;

use item::{Field, Gtin, RejectCode};

use crate::map::Tax;
use crate::normalize::kernels::*;
use crate::normalize::{Cells, Measure, NumberStyle};
use crate::{DateOrder, DecimalSign};

/// Values looked at per column.
const VALUES_MAX: usize = 1_000;

/// What shop systems call the kinds of their records.
#[rustfmt::skip]
const RECORD_KINDS: &[&str] = &[
    "simple", "variable", "variation", "configurable", "bundle", "grouped", "virtual", "downloadable",
];

/// The values of one column of a sample.
pub(super) struct Profile<'a> {
    /// Filled cells, trimmed, up to a limit.
    pub values: Vec<&'a str>,
    /// Rows looked at for them.
    pub rows: usize,
    pub distinct: usize,
}

impl<'a> Profile<'a> {
    pub fn of(cells: Cells<'a>) -> Profile<'a> {
        let mut values = Vec::new();
        let mut rows = 0;
        while rows < cells.len() && values.len() < VALUES_MAX {
            let text = trim(cells.get(rows));
            if !is_placeholder(text) && !is_formula_error(text) {
                values.push(text);
            }
            rows += 1;
        }
        let distinct = values.iter().collect::<HashSet<_>>().len();
        Profile { values, rows, distinct }
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Share of the filled cells of which something holds; 0 when none is filled.
    pub fn share(&self, holds: impl Fn(&str) -> bool) -> f32 {
        if self.values.is_empty() {
            return 0.0;
        }
        self.values.iter().filter(|text| holds(text)).count() as f32 / self.values.len() as f32
    }

    /// Share of the filled cells that are meant as this field, also where they have a fault of their own: a rounded
    /// GTIN is one, and so is a negative price. 1 for plain text, which is anything.
    pub fn share_meant_as(&self, field: Field) -> f32 {
        let number = |read: &dyn Fn(&str, NumberStyle) -> bool| {
            let under = |decimal| move |text: &str| read(text, NumberStyle { decimal, mixed: false });
            self.share(|text| under(DecimalSign::Point)(text) || under(DecimalSign::Comma)(text))
        };
        match field {
            Field::Price | Field::PriceInclTax | Field::Rrp => number(&|text, style| is_meant(amount(text, style))),
            Field::TaxRate => number(&|text, style| is_meant(tax_rate(text, style, false))),
            Field::Stock => number(&|text, style| is_meant(stock(text, style))),
            Field::MinOrderQuantity | Field::PackSize => number(&|text, style| is_meant(quantity(text, style))),
            Field::WeightG | Field::LengthMm | Field::WidthMm | Field::HeightMm => {
                number(&|text, style| is_meant(measure(text, field, style, Measure::assumed(field))))
            }
            Field::Gtin => self.share(|text| is_meant(gtin(text))),
            Field::Currency => self.share(|text| text.len() <= 12 && !text.contains(|c: char| c.is_ascii_digit())),
            Field::Unit => self.share(|text| unit(text).is_ok()),
            Field::Condition => self.share(|text| condition(text).is_ok()),
            Field::CountryOfOrigin => self.share(|text| country(text).is_ok()),
            Field::CustomsCode => self.share(|text| customs_code(text, &mut String::new()).is_ok()),
            Field::ImageUrls => self.share(|text| looks_like_pictures(text).is_some()),
            Field::AvailableFrom => self.share(|text| {
                is_meant(date(text, DateOrder::DayMonthYear)) || is_meant(date(text, DateOrder::MonthDayYear))
            }),
            Field::Discontinued => self.share(|text| yes_no(text).is_ok()),
            // Shop systems call the kind of a record its type: that is no category.
            Field::CategoryPath => self.share(|text| !RECORD_KINDS.contains(&text)),
            Field::Title | Field::Brand => self.share(|text| text.contains(char::is_alphabetic)),
            Field::Sku
            | Field::GtinRestricted
            | Field::Mpn
            | Field::Description
            | Field::VariantGroup
            | Field::VariantAttributes
            | Field::Attributes => 1.0,
        }
    }

    /// Share of valid GTINs of a full length.
    pub fn share_gtin(&self) -> f32 {
        self.share(|text| Gtin::parse(text).is_ok())
    }

    /// Share of addresses of pictures.
    pub fn share_pictures(&self) -> f32 {
        self.share(|text| looks_like_pictures(text) == Some(true))
    }

    /// Whether most prices say themselves that tax is in them.
    pub fn says_gross(&self) -> bool {
        let gross = |text: &str| matches!(amount(text, NumberStyle { decimal: DecimalSign::Comma, mixed: false }), Ok(Some(amount)) if amount.tax == Some(Tax::Gross));
        self.share(gross) > 0.5
    }

    /// Whether each filled cell stands alone and nearly every row has one.
    pub fn identifies(&self) -> bool {
        let lengths: usize = self.values.iter().map(|text| text.len()).sum();
        !self.is_empty()
            && !self.numbers_rows()
            && self.distinct == self.values.len()
            && self.values.len() * 10 >= self.rows * 9
            && lengths <= self.values.len() * 64
    }

    /// Whether the values are 0, 1, 2 … or 1, 2, 3 …: they name places in the file, not products.
    pub fn numbers_rows(&self) -> bool {
        const ROWS_MIN: usize = 5;
        let first: Option<usize> = self.values.first().and_then(|text| text.parse().ok());
        let counts = |start: usize| self.values.iter().enumerate().all(|(row, text)| text.parse() == Ok(start + row));
        self.values.len() >= ROWS_MIN && first.is_some_and(|first| first <= 1 && counts(first))
    }

    /// Average length of the filled cells in bytes.
    pub fn average_bytes(&self) -> usize {
        self.values.iter().map(|text| text.len()).sum::<usize>() / self.values.len().max(1)
    }
}

/// Whether the cell was read, or failed as what it is meant to be.
fn is_meant<T>(reading: Reading<T>) -> bool {
    use RejectCode::*;
    !matches!(reading, Err(Refusal::Fault(NumberUnreadable | GtinNotDigits | DateUnreadable, _) | Refusal::Unlisted))
}
