//! Items as the text format of PostgreSQL's COPY.

use std::collections::HashMap;
use std::io::{self, Write};

use chrono::{NaiveDate, TimeDelta};
use item::{Field, FieldKind, ItemBatch, LIST_SEPARATOR};

use super::Catalogue;
use super::csv::push_decimal;

/// A column of COPY text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyColumn {
    /// A field, as the type that its [`FieldKind`] names.
    Field(Field),
    /// 1, 2, 3 … in the order of the file.
    ProductId,
    /// The brand's identifier: its position in [`Catalogue::brands`], from 1.
    BrandId,
    /// The category's identifier: its position in [`Catalogue::categories`], from 1.
    CategoryId,
    /// [`item::key_hash`] as 16 bytes.
    KeyHash,
    /// [`item::content_hash`] as 16 bytes.
    ContentHash,
    /// The same text in every row, as COPY writes it.
    Constant(&'static str),
    /// The supplier's identifier.
    SupplierId(i64),
}

/// What the products table says about publications, in every row alike.
const PUBLICATION: CopyColumn = CopyColumn::Constant("1");
const PUBLISHED_AT: CopyColumn = CopyColumn::Constant("2026-01-01 00:00:00+00");

impl CopyColumn {
    /// What belongs in a column of the products table; `None` for a column that is not known here.
    pub fn of_products(column: &str, supplier_id: i64) -> Option<CopyColumn> {
        Some(match column {
            "id" => CopyColumn::ProductId,
            "supplier_id" => CopyColumn::SupplierId(supplier_id),
            "key_hash" => CopyColumn::KeyHash,
            "content_hash" => CopyColumn::ContentHash,
            "is_active" => CopyColumn::Constant("t"),
            "brand_id" => CopyColumn::BrandId,
            "category_id" => CopyColumn::CategoryId,
            "created_at" | "updated_at" | "price_since" | "stock_since" => PUBLISHED_AT,
            "created_publication" | "updated_publication" => PUBLICATION,
            field => CopyColumn::Field(Field::from_name(field)?),
        })
    }
}

/// Rows drawn at once.
const BATCH_ROWS: u64 = 4_096;

pub(super) fn write_copy(catalogue: &Catalogue, columns: &[CopyColumn], mut out: impl Write) -> io::Result<u64> {
    let identifiers = Identifiers::new(catalogue);
    let (mut line, mut written) = (String::new(), 0);
    for first in (0..catalogue.rows()).step_by(BATCH_ROWS as usize) {
        let batch = catalogue.items(first..catalogue.rows().min(first + BATCH_ROWS));
        let content_hashes = batch.content_hashes();
        for (row, content_hash) in content_hashes.into_iter().enumerate() {
            written += 1;
            line.clear();
            for column in columns {
                match column {
                    CopyColumn::Field(field) => push_field(&mut line, &batch, *field, row),
                    CopyColumn::ProductId => push_number(&mut line, written),
                    CopyColumn::BrandId => push_number(&mut line, identifiers.brand(&batch, row)),
                    CopyColumn::CategoryId => push_number(&mut line, identifiers.category(&batch, row)),
                    CopyColumn::KeyHash => push_hash(&mut line, item::key_hash(text(&batch, Field::Sku, row))),
                    CopyColumn::ContentHash => push_hash(&mut line, content_hash),
                    CopyColumn::Constant(text) => line.push_str(text),
                    CopyColumn::SupplierId(supplier) => push_number(&mut line, supplier),
                }
                line.push('\t');
            }
            line.pop();
            line.push('\n');
            out.write_all(line.as_bytes())?;
        }
    }
    out.flush()?;
    Ok(written)
}

/// Numbers that stand for names, as an import would hand them out.
struct Identifiers {
    brands: HashMap<String, usize>,
    categories: HashMap<String, usize>,
}

impl Identifiers {
    fn new(catalogue: &Catalogue) -> Self {
        let path = |names: &Vec<&str>| names.join(LIST_SEPARATOR.encode_utf8(&mut [0; 4]));
        Identifiers {
            brands: catalogue.brands().iter().cloned().zip(1..).collect(),
            categories: catalogue.categories().iter().map(path).zip(1..).collect(),
        }
    }

    fn brand(&self, batch: &ItemBatch, row: usize) -> usize {
        self.brands[text(batch, Field::Brand, row)]
    }

    fn category(&self, batch: &ItemBatch, row: usize) -> usize {
        self.categories[text(batch, Field::CategoryPath, row)]
    }
}

fn text(batch: &ItemBatch, field: Field, row: usize) -> &str {
    batch.text(field, row).unwrap_or("")
}

/// The value as PostgreSQL reads its type, `\N` when there is none.
fn push_field(line: &mut String, batch: &ItemBatch, field: Field, row: usize) {
    let start = line.len();
    match field.kind() {
        FieldKind::Text | FieldKind::Json => {
            batch.text(field, row).into_iter().for_each(|text| push_escaped(line, text));
        }
        FieldKind::List => batch.text(field, row).into_iter().for_each(|list| push_array(line, list)),
        FieldKind::Decimal => batch.int(field, row).into_iter().for_each(|number| push_decimal(line, number, 4)),
        FieldKind::Integer => batch.int(field, row).into_iter().for_each(|number| push_number(line, number)),
        FieldKind::Bool => {
            batch.int(field, row).into_iter().for_each(|bit| line.push(if bit == 1 { 't' } else { 'f' }))
        }
        FieldKind::Date => batch.int(field, row).into_iter().for_each(|days| push_number(line, date(days))),
    }
    if line.len() == start {
        line.push_str("\\N");
    }
}

/// Text with the characters escaped that COPY gives a meaning.
fn push_escaped(line: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '\\' => line.push_str("\\\\"),
            '\t' => line.push_str("\\t"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            other => line.push(other),
        }
    }
}

/// An array literal: every element quoted, quotes and backslashes escaped for the array and then for COPY.
fn push_array(line: &mut String, list: &str) {
    let elements: Vec<String> = list
        .split(LIST_SEPARATOR)
        .map(|element| format!("\"{}\"", element.replace('\\', "\\\\").replace('"', "\\\"")))
        .collect();
    push_escaped(line, &format!("{{{}}}", elements.join(",")));
}

fn push_number(line: &mut String, number: impl std::fmt::Display) {
    super::product::print(line, format_args!("{number}"));
}

fn push_hash(line: &mut String, hash: u128) {
    super::product::print(line, format_args!("\\\\x{hash:032x}"));
}

fn date(days: i64) -> NaiveDate {
    NaiveDate::default() + TimeDelta::days(days)
}

#[cfg(test)]
mod tests {
    use item::{Column, IntColumn, TextColumn};

    use super::*;

    fn check(field: Field, column: Column, expected: &str) {
        let mut batch = ItemBatch::new(vec![2]);
        batch.set(field, column);
        let mut line = String::new();
        push_field(&mut line, &batch, field, 0);
        assert_eq!(line, expected);
    }

    fn text(text: &str) -> Column {
        Column::Text(TextColumn::from_iter([text]))
    }

    fn int(number: i64) -> Column {
        Column::Int(IntColumn::from_iter([Some(number)]))
    }

    #[test]
    fn values_are_written_as_postgresql_reads_them() {
        check(Field::Title, text("a\tb\\c"), "a\\tb\\\\c");
        check(Field::Title, text(""), "\\N");
        check(Field::Title, Column::Absent, "\\N");
        check(Field::CategoryPath, text("Maison\u{1f}a\"b\\c"), r#"{"Maison","a\\"b\\\\c"}"#);
        check(Field::Price, int(89_9000), "89.9000");
        check(Field::Stock, int(-3), "-3");
        check(Field::Discontinued, int(1), "t");
        check(Field::AvailableFrom, int(19_723), "2024-01-01");
    }

    #[test]
    fn every_column_of_the_products_table_is_known() {
        for field in Field::ALL {
            let expected = CopyColumn::Field(field);
            assert_eq!(CopyColumn::of_products(field.name(), 1), Some(expected));
        }
        assert_eq!(CopyColumn::of_products("supplier_id", 4), Some(CopyColumn::SupplierId(4)));
        assert_eq!(CopyColumn::of_products("colour", 4), None);
    }

    #[test]
    fn every_clean_row_becomes_a_line_with_the_columns_asked_for() {
        let catalogue = Catalogue::new(5_000, 2).dirty(0.1);
        let columns = [
            CopyColumn::ProductId,
            CopyColumn::SupplierId(7),
            CopyColumn::Field(Field::Sku),
            CopyColumn::BrandId,
            CopyColumn::CategoryId,
            CopyColumn::KeyHash,
            CopyColumn::ContentHash,
            CopyColumn::Constant("t"),
        ];
        let mut bytes = Vec::new();
        assert_eq!(catalogue.write_copy(&columns, &mut bytes).unwrap(), 4_500);

        let (text, items) = (String::from_utf8(bytes).unwrap(), catalogue.items(0..5_000));
        let (keys, contents) = (items.key_hashes(), items.content_hashes());
        for (row, line) in text.lines().enumerate() {
            let cells: Vec<&str> = line.split('\t').collect();
            assert_eq!(cells[..3], [&(row + 1).to_string(), "7", items.text(Field::Sku, row).unwrap()]);
            assert_eq!(
                catalogue.brands()[cells[3].parse::<usize>().unwrap() - 1],
                items.text(Field::Brand, row).unwrap()
            );
            let category = catalogue.categories()[cells[4].parse::<usize>().unwrap() - 1].join("\u{1f}");
            assert_eq!(category, items.text(Field::CategoryPath, row).unwrap());
            let hash = |hash: u128| format!("\\\\x{hash:032x}");
            assert_eq!(cells[5..], [hash(keys[row]), hash(contents[row]), "t".to_owned()]);
        }
    }
}
