//! Which kernel reads which field.

use item::{Column, Field, IntColumn, LIST_SEPARATOR, TextColumn};
use polars::prelude::DataFrame;

use super::attributes::attributes;
use super::category::category_path;
use super::conventions::{Convention, Conventions};
use super::country::country;
use super::date::date;
use super::gtin::gtin;
use super::html::description;
use super::measure::{Measure, measure};
use super::money::tax_rate;
use super::prices::{PriceColumn, currencies, derive};
use super::quantity::{quantity, stock};
use super::refusal::{Reading, Refusals};
use super::source::{Cells, Source};
use super::text::{line, within};
use super::unit::unit;
use super::urls::image_urls;
use super::variants::{VariantSource, variant_attributes};
use super::words::{condition, customs_code, yes_no};
use crate::map::{BoundColumn, RowBatch, Tax};
use crate::{Binding, Limits};

/// Longest SKU: it is part of index entries, whose size PostgreSQL limits.
const SKU_BYTES_MAX: usize = 255;
/// Longest title, brand and part number.
const NAME_BYTES_MAX: usize = 1_000;

/// The canonical columns of a batch under construction, every row of it, refused ones included.
pub(crate) struct Fields<'a> {
    rows: &'a RowBatch,
    binding: &'a Binding,
    conventions: &'a Conventions,
    limits: &'a Limits,
    columns: Vec<Column>,
    pub refusals: Refusals,
}

/// A column that feeds a field.
struct Feed<'a> {
    source: Source<'a>,
    convention: &'a Convention,
    /// None for a constant.
    bound: Option<&'a BoundColumn>,
}

impl<'a> Fields<'a> {
    /// Reads every field of the rows.
    pub fn read(
        rows: &'a RowBatch,
        binding: &'a Binding,
        conventions: &'a Conventions,
        limits: &'a Limits,
    ) -> Fields<'a> {
        let columns = vec![Column::Absent; Field::ALL.len()];
        let mut fields = Fields { rows, binding, conventions, limits, columns, refusals: Refusals::default() };
        fields.read_identity();
        fields.read_prices();
        fields.read_quantities();
        fields.read_lists();
        fields.read_words();
        // Last, for it also keeps what the other fields could not take.
        let frame: &DataFrame = &rows.records.frame;
        let attributes = attributes(frame, binding, limits.text_bytes_max, &mut fields.refusals);
        fields.set(Field::Attributes, attributes);
        fields
    }

    pub fn into_parts(self) -> (Vec<Column>, Refusals) {
        (self.columns, self.refusals)
    }

    pub fn text(&self, field: Field, row: usize) -> Option<&str> {
        self.columns[field.index()].text(row)
    }

    fn set(&mut self, field: Field, column: Column) {
        self.columns[field.index()] = column;
    }

    fn height(&self) -> usize {
        self.rows.frame.height()
    }

    /// The columns and the constant that feed a field, in the mapping's order.
    fn feeds(&self, field: Field) -> impl Iterator<Item = Feed<'a>> + use<'a> {
        let (rows, binding, conventions) = (self.rows, self.binding, self.conventions);
        let bound = binding.columns.iter().map(|column| (column.field, Some(column)));
        let constants = binding.constants.iter().map(|(constant, _)| (*constant, None));
        bound.chain(constants).enumerate().filter(move |(_, (fed, _))| *fed == field).map(move |(index, (_, bound))| {
            Feed {
                source: Source {
                    cells: Cells::of(&rows.frame.columns()[index]),
                    place: bound.map(|column| column.place),
                },
                convention: &conventions.columns[index],
                bound,
            }
        })
    }

    fn feed(&self, field: Field) -> Option<Feed<'a>> {
        self.feeds(field).next()
    }

    fn read_identity(&mut self) {
        if let Some(feed) = self.feed(Field::Gtin) {
            let mut restricted = IntColumn::with_capacity(self.height());
            let mut texts = TextColumn::with_capacity(self.height(), self.height() * 14);
            for row in 0..self.height() {
                let read = feed.source.read(row, &mut self.refusals, gtin);
                texts.push(read.as_ref().map_or("", |gtin| gtin.as_str()));
                restricted.push(read.map(|gtin| i64::from(gtin.restricted())));
            }
            self.set(Field::Gtin, Column::Text(texts));
            self.set(Field::GtinRestricted, Column::Int(restricted));
        }
        self.literal(Field::Sku, |text, out| line(text, SKU_BYTES_MAX, out));
        self.literal(Field::Title, |text, out| line(text, NAME_BYTES_MAX, out));
        self.texts(Field::Mpn, |text, out| line(text, NAME_BYTES_MAX, out));
        self.texts(Field::Brand, |text, out| line(text, NAME_BYTES_MAX, out));
        self.texts(Field::VariantGroup, |text, out| line(text, SKU_BYTES_MAX, out));
        let text_bytes_max = self.limits.text_bytes_max;
        self.texts(Field::Description, |text, out| description(text, text_bytes_max, out));
    }

    fn read_prices(&mut self) {
        let rows = self.height();
        let mut price = self.prices(Field::Price, Some(Tax::Net));
        let mut gross = self.prices(Field::PriceInclTax, Some(Tax::Gross));
        let rrp = self.prices(Field::Rrp, None);
        let rate_feed = self.feed(Field::TaxRate);
        let mut rates: Vec<Option<i64>> = match &rate_feed {
            Some(feed) => (0..rows)
                .map(|row| {
                    feed.source.read(row, &mut self.refusals, |text| {
                        tax_rate(text, feed.convention.number, feed.convention.ratio)
                    })
                })
                .collect(),
            None => vec![None; rows],
        };
        if price.is_none()
            && gross.is_none()
            && rrp.is_none()
            && rate_feed.is_none()
            && self.feed(Field::Currency).is_none()
        {
            return;
        }
        let present: Vec<&PriceColumn> = [&price, &gross, &rrp].into_iter().flatten().collect();
        let source = self.feed(Field::Currency).map(|feed| feed.source);
        let currency = currencies(source, &present, rows, self.conventions.currency, &mut self.refusals);
        let supplier_rate = self.conventions.tax_rate;
        if (price.is_some() || gross.is_some()) && (rate_feed.is_some() || supplier_rate.is_some()) {
            let price = price.get_or_insert_with(|| PriceColumn::absent(rows));
            let gross = gross.get_or_insert_with(|| PriceColumn::absent(rows));
            derive(price, gross, &mut rates, supplier_rate, &mut self.refusals);
        }
        self.set(Field::Currency, Column::Text(currency));
        self.set(Field::TaxRate, Column::Int(rates.into_iter().collect()));
        for (field, prices) in [(Field::Price, price), (Field::PriceInclTax, gross), (Field::Rrp, rrp)] {
            if let Some(prices) = prices {
                self.set(field, Column::Int(prices.into_column()));
            }
        }
    }

    fn prices(&mut self, field: Field, tax: Option<Tax>) -> Option<PriceColumn> {
        let feed = self.feed(field)?;
        let currency = feed.bound.and_then(|column| column.currency);
        Some(PriceColumn::read(feed.source, feed.convention, currency, tax, &mut self.refusals))
    }

    fn read_quantities(&mut self) {
        self.ints(Field::Stock, |text, convention| stock(text, convention.number));
        self.ints(Field::MinOrderQuantity, |text, convention| quantity(text, convention.number));
        self.ints(Field::PackSize, |text, convention| quantity(text, convention.number));
        for field in [Field::WeightG, Field::LengthMm, Field::WidthMm, Field::HeightMm] {
            self.ints(field, |text, convention| {
                let bare = convention.unit.unwrap_or_else(|| Measure::assumed(field));
                measure(text, field, convention.number, bare)
            });
        }
        self.ints(Field::AvailableFrom, |text, convention| date(text, convention.order));
        self.ints(Field::Discontinued, |text, _| yes_no(text));
    }

    fn read_lists(&mut self) {
        self.list(Field::CategoryPath, |text, separator, start, out| {
            category_path(text, separator, start, out).map(Some)
        });
        self.list(Field::ImageUrls, |text, separator, start, out| image_urls(text, separator, start, out).map(Some));
        let variants: Vec<VariantSource<'a>> = self
            .feeds(Field::VariantAttributes)
            .map(|feed| {
                let header = feed.source.place.map_or("variant", |place| &self.binding.header[place]);
                let columns = self.rows.records.frame.columns();
                let name_place = feed.bound.and_then(|column| column.key_place);
                VariantSource {
                    values: feed.source,
                    names: name_place.map(|place| Source { cells: Cells::of(&columns[place]), place: Some(place) }),
                    key: feed.bound.and_then(|column| column.key.as_deref()).unwrap_or(header).to_owned(),
                }
            })
            .collect();
        if !variants.is_empty() {
            let mut out = TextColumn::with_capacity(self.height(), 0);
            for row in 0..self.height() {
                variant_attributes(&variants, row, &mut self.refusals, out.buffer());
                out.finish();
            }
            self.set(Field::VariantAttributes, Column::Text(out));
        }
    }

    fn read_words(&mut self) {
        self.listed(Field::Unit, unit);
        self.listed(Field::Condition, condition);
        self.listed(Field::CountryOfOrigin, country);
        self.texts(Field::CustomsCode, customs_code);
    }

    fn literal(&mut self, field: Field, read: impl FnMut(&str, &mut String) -> Reading<()>) {
        if let Some(feed) = self.feed(field) {
            let column = feed.source.literal_texts(&mut self.refusals, read);
            self.set(field, Column::Text(column));
        }
    }

    fn texts(&mut self, field: Field, read: impl FnMut(&str, &mut String) -> Reading<()>) {
        if let Some(feed) = self.feed(field) {
            let column = feed.source.texts(&mut self.refusals, read);
            self.set(field, Column::Text(column));
        }
    }

    fn ints(&mut self, field: Field, read: impl Fn(&str, &Convention) -> Reading<i64>) {
        if let Some(feed) = self.feed(field) {
            let column = feed.source.ints(&mut self.refusals, |text| read(text, feed.convention));
            self.set(field, Column::Int(column));
        }
    }

    /// Words of a closed list. The same word mostly stands in many rows in turn, so the last answer is kept.
    fn listed(&mut self, field: Field, read: fn(&str) -> Reading<&'static str>) {
        let mut last = (String::new(), Ok(None));
        self.texts(field, |text, out| {
            if text != last.0 {
                last = (text.to_owned(), read(text));
            }
            last.1.clone().map(|word| word.map(|word| out.push_str(word)))
        });
    }

    /// Lists, joined from all the cells of a row that feed the field.
    fn list(&mut self, field: Field, read: impl Fn(&str, Option<&str>, usize, &mut String) -> Reading<()>) {
        let feeds: Vec<Feed<'a>> = self.feeds(field).collect();
        if feeds.is_empty() {
            return;
        }
        let bytes = feeds.iter().map(|feed| feed.source.cells.bytes()).sum();
        let mut out = TextColumn::with_capacity(self.height(), bytes);
        for row in 0..self.height() {
            let start = out.buffer().len();
            for feed in &feeds {
                let separator = feed.convention.separator.as_deref();
                let buffer = out.buffer();
                feed.source.read(row, &mut self.refusals, |text| {
                    within(text, self.limits.text_bytes_max)?;
                    read(text, separator, start, buffer)
                });
            }
            debug_assert!(!out.buffer()[start..].ends_with(LIST_SEPARATOR));
            out.finish();
        }
        self.set(field, Column::Text(out));
    }
}
