//! What the values of a sampled column look like: asked of the very kernels that will read them.

use std::collections::HashSet;

use item::{Field, Gtin};

use crate::map::Tax;
use crate::normalize::{Cells, Measure, NumberStyle, Stated, kernels};
use crate::{DateOrder, DecimalSign};

/// Values looked at per column.
const VALUES_MAX: usize = 1_000;

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
            let text = kernels::trim(cells.get(rows));
            if !kernels::is_placeholder(text) {
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

    /// Share of the filled cells that the field could take; 1 for plain text, which takes anything.
    pub fn share_read_as(&self, field: Field) -> f32 {
        let under_either_sign = |read: &dyn Fn(NumberStyle) -> bool| {
            [DecimalSign::Point, DecimalSign::Comma].into_iter().any(|decimal| read(NumberStyle { decimal, mixed: false }))
        };
        match field {
            Field::Price | Field::PriceInclTax | Field::Rrp => self.share(|text| under_either_sign(&|style| kernels::amount(text, style).is_ok())),
            Field::TaxRate => self.share(|text| under_either_sign(&|style| kernels::tax_rate(text, style, false).is_ok())),
            Field::Stock => self.share(|text| under_either_sign(&|style| kernels::stock(text, style).is_ok())),
            Field::MinOrderQuantity | Field::PackSize => self.share(|text| under_either_sign(&|style| kernels::quantity(text, style).is_ok())),
            Field::WeightG | Field::LengthMm | Field::WidthMm | Field::HeightMm => {
                self.share(|text| under_either_sign(&|style| kernels::measure(text, field, style, Measure::assumed(field)).is_ok()))
            }
            Field::Gtin => self.share(|text| (7..=14).contains(&text.bytes().filter(u8::is_ascii_digit).count()) && !text.contains(char::is_alphabetic)),
            Field::Currency => self.share(|text| Stated::from_text(text).is_some()),
            Field::Unit => self.share(|text| kernels::unit(text).is_ok()),
            Field::Condition => self.share(|text| kernels::condition(text).is_ok()),
            Field::CountryOfOrigin => self.share(|text| kernels::country(text).is_ok()),
            Field::CustomsCode => self.share(|text| text.bytes().filter(u8::is_ascii_digit).count() >= 4 && !text.contains(char::is_alphabetic)),
            Field::ImageUrls => self.share(|text| kernels::looks_like_pictures(text).is_some()),
            Field::AvailableFrom => self.share(|text| [DateOrder::DayMonthYear, DateOrder::MonthDayYear].into_iter().any(|order| kernels::date(text, order).is_ok())),
            Field::Discontinued => self.share(|text| kernels::yes_no(text).is_ok()),
            // Shop systems call the kind of a record its type: that is no category.
            Field::CategoryPath => self.share(|text| !matches!(text, "simple" | "variable" | "variation" | "configurable" | "bundle" | "grouped" | "virtual" | "downloadable")),
            Field::Title | Field::Brand => self.share(|text| text.contains(char::is_alphabetic)),
            Field::Sku | Field::GtinRestricted | Field::Mpn | Field::Description | Field::VariantGroup | Field::VariantAttributes | Field::Attributes => 1.0,
        }
    }

    /// Share of valid GTINs of a full length.
    pub fn share_gtin(&self) -> f32 {
        self.share(|text| Gtin::parse(text).is_ok())
    }

    /// Share of addresses of pictures.
    pub fn share_pictures(&self) -> f32 {
        self.share(|text| kernels::looks_like_pictures(text) == Some(true))
    }

    /// Whether most prices say themselves that tax is in them.
    pub fn says_gross(&self) -> bool {
        let gross = |text: &str| matches!(kernels::amount(text, NumberStyle { decimal: DecimalSign::Comma, mixed: false }), Ok(Some(amount)) if amount.tax == Some(Tax::Gross));
        self.share(gross) > 0.5
    }

    /// Whether each filled cell stands alone and nearly every row has one.
    pub fn identifies(&self) -> bool {
        let lengths: usize = self.values.iter().map(|text| text.len()).sum();
        !self.is_empty() && self.distinct == self.values.len() && self.values.len() * 10 >= self.rows * 9 && lengths <= self.values.len() * 64
    }

    /// Average length of the filled cells in bytes.
    pub fn average_bytes(&self) -> usize {
        self.values.iter().map(|text| text.len()).sum::<usize>() / self.values.len().max(1)
    }
}
