//! Products as the canonical items that a correct import makes of them.

use std::ops::Range;

use item::{Column, DECIMAL_SCALE, Field, FieldKind, IntColumn, ItemBatch, LIST_SEPARATOR, TextColumn};

use super::Catalogue;
use super::product::{Product, print};
use super::vocabulary::Vocabulary;

/// The line of row 0: the header is above it.
const FIRST_LINE: u64 = 2;

pub(super) fn items(catalogue: &Catalogue, rows: Range<u64>) -> ItemBatch {
    let rows: Vec<u64> = rows.filter(|row| catalogue.flaw(*row).is_none()).collect();
    let mut columns = Field::ALL.map(|field| empty_column(field, rows.len()));
    let mut product = Product::default();
    for row in &rows {
        catalogue.draw(*row, &mut product);
        for (field, column) in Field::ALL.into_iter().zip(&mut columns) {
            match column {
                Column::Text(texts) => {
                    push_text(texts.buffer(), field, &product, &catalogue.words);
                    texts.finish();
                }
                Column::Int(numbers) => numbers.push(number(field, &product, &catalogue.words)),
                Column::Absent => {}
            }
        }
    }

    let mut batch = ItemBatch::new(rows.iter().map(|row| row + FIRST_LINE).collect());
    for (field, column) in Field::ALL.into_iter().zip(columns) {
        batch.set(field, column);
    }
    batch
}

fn empty_column(field: Field, rows: usize) -> Column {
    match field.kind() {
        FieldKind::Text | FieldKind::List | FieldKind::Json => Column::Text(TextColumn::with_capacity(rows, 0)),
        FieldKind::Decimal | FieldKind::Integer | FieldKind::Bool | FieldKind::Date => {
            Column::Int(IntColumn::with_capacity(rows))
        }
    }
}

/// Appends the canonical text of a field; nothing when there is no value.
fn push_text(text: &mut String, field: Field, product: &Product, words: &Vocabulary) {
    match field {
        Field::Sku => text.push_str(&product.sku),
        Field::Gtin if !product.gtin.is_empty() => print(text, format_args!("{:0>14}", product.gtin)),
        Field::Mpn => text.push_str(&product.mpn),
        Field::Brand => text.push_str(&words.brands[product.brand]),
        Field::Title => text.push_str(&product.title),
        Field::Description => text.push_str(&product.description),
        Field::CategoryPath => push_list(text, &words.categories[product.category]),
        Field::Currency => text.push_str(product.currency),
        Field::Unit => text.push_str(product.unit),
        Field::Condition => text.push_str(product.condition),
        Field::CountryOfOrigin => text.push_str(product.country),
        Field::CustomsCode => text.push_str(&product.customs_code),
        Field::ImageUrls => push_list(text, &product.images),
        Field::VariantGroup => text.push_str(&product.variant_group),
        Field::Attributes => push_attributes(text, product),
        _ => {}
    }
}

/// The canonical number of a field.
fn number(field: Field, product: &Product, words: &Vocabulary) -> Option<i64> {
    const CENT: i64 = DECIMAL_SCALE / 100;
    match field {
        Field::GtinRestricted => (!product.gtin.is_empty()).then_some(0),
        Field::Price => Some(product.price_cents * CENT),
        Field::PriceInclTax => Some(product.price_incl_tax_cents * CENT),
        Field::Rrp => product.rrp_cents.map(|cents| cents * CENT),
        // A permille is a tenth of a percent.
        Field::TaxRate => Some(product.tax_permille * DECIMAL_SCALE / 10),
        Field::MinOrderQuantity => Some(product.min_order_quantity * DECIMAL_SCALE),
        Field::PackSize => Some(product.pack_size * DECIMAL_SCALE),
        Field::Stock => Some(product.stock),
        Field::WeightG => Some(product.weight_g * DECIMAL_SCALE),
        Field::LengthMm => product.size_mm.map(|sides| sides[0] * DECIMAL_SCALE),
        Field::WidthMm => product.size_mm.map(|sides| sides[1] * DECIMAL_SCALE),
        Field::HeightMm => product.size_mm.map(|sides| sides[2] * DECIMAL_SCALE),
        Field::AvailableFrom => product.available_from.map(|date| words.dates[date].0),
        Field::Discontinued => Some(i64::from(product.discontinued)),
        _ => None,
    }
}

fn push_list(text: &mut String, elements: &[impl AsRef<str>]) {
    for (position, element) in elements.iter().enumerate() {
        if position > 0 {
            text.push(LIST_SEPARATOR);
        }
        text.push_str(element.as_ref());
    }
}

/// The columns nobody maps, as JSON. Their values hold no character that JSON would escape.
fn push_attributes(text: &mut String, product: &Product) {
    let attributes = [("collection", product.collection), ("finish", product.finish), ("material", product.material)];
    let mut separator = "{";
    for (name, value) in attributes.into_iter().filter(|(_, value)| !value.is_empty()) {
        print(text, format_args!("{separator}\"{name}\":\"{value}\""));
        separator = ",";
    }
    text.push('}');
}
