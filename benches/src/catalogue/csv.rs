//! Products as the supplier writes them: RFC 4180, comma, UTF-8, decimal point.

use super::flaw::Flaw;
use super::product::{Product, print};
use super::vocabulary::Vocabulary;

/// The header row. The last three columns belong to no field of ours and end in `attributes`.
pub const HEADER: [&str; 30] = [
    "sku",
    "ean",
    "mpn",
    "brand",
    "title",
    "description",
    "category",
    "price",
    "price incl tax",
    "rrp",
    "currency",
    "tax rate",
    "stock",
    "min order quantity",
    "pack size",
    "unit",
    "weight (kg)",
    "length (cm)",
    "width (cm)",
    "height (cm)",
    "condition",
    "country of origin",
    "customs code",
    "image urls",
    "variant group",
    "available from",
    "discontinued",
    "finish",
    "collection",
    "material",
];

/// Cells of a row that ends too early.
const SHORT_ROW_CELLS: usize = 20;

/// One line under construction.
#[derive(Debug, Default)]
pub(super) struct Line {
    line: String,
    /// Where each cell ends.
    ends: Vec<usize>,
}

impl Line {
    /// The header's line.
    pub fn header(&mut self) -> &str {
        self.clear();
        HEADER.iter().for_each(|name| self.text(name));
        self.finish()
    }

    /// The product's line, with the faults that concern its shape.
    pub fn product(&mut self, words: &Vocabulary, product: &Product, flaw: Option<Flaw>) -> &str {
        self.clear();
        self.cells(words, product);
        match flaw {
            Some(Flaw::ShortRow) => self.line.truncate(self.ends[SHORT_ROW_CELLS - 1]),
            Some(Flaw::LongRow) => self.text("surplus"),
            _ => {}
        }
        self.finish()
    }

    fn cells(&mut self, words: &Vocabulary, product: &Product) {
        self.text(&product.sku);
        self.text(&product.gtin);
        self.text(&product.mpn);
        self.text(&words.brands[product.brand]);
        self.text(&product.title);
        self.text(&product.description);
        self.text(&words.categories[product.category].join(" > "));
        self.fixed(Some(product.price_cents), 2);
        self.fixed(Some(product.price_incl_tax_cents), 2);
        self.fixed(product.rrp_cents, 2);
        self.text(product.currency);
        self.shortest(Some(product.tax_permille), 1);
        self.shortest(Some(product.stock), 0);
        self.shortest(Some(product.min_order_quantity), 0);
        self.shortest(Some(product.pack_size), 0);
        self.text(product.unit);
        self.shortest(Some(product.weight_g), 3);
        for side in 0..3 {
            self.shortest(product.size_mm.map(|sides| sides[side]), 1);
        }
        self.text(product.condition);
        self.text(product.country);
        self.text(&product.customs_code);
        self.text(&product.images.join("|"));
        self.text(&product.variant_group);
        self.text(product.available_from.map_or("", |date| &words.dates[date].1));
        self.text(if product.discontinued { "yes" } else { "no" });
        self.text(product.finish);
        self.text(product.collection);
        self.text(product.material);
    }

    fn clear(&mut self) {
        self.line.clear();
        self.ends.clear();
    }

    fn finish(&mut self) -> &str {
        self.line.push('\n');
        &self.line
    }

    /// Writes one cell behind those before it.
    fn cell(&mut self, write: impl FnOnce(&mut String)) {
        if !self.ends.is_empty() {
            self.line.push(',');
        }
        write(&mut self.line);
        self.ends.push(self.line.len());
    }

    /// A text, quoted when it must be.
    fn text(&mut self, text: &str) {
        self.cell(|line| {
            if text.contains([',', '"', '\n', '\r']) {
                line.push('"');
                line.push_str(&text.replace('"', "\"\""));
                line.push('"');
            } else {
                line.push_str(text);
            }
        });
    }

    /// `number` counts the last of so many decimals, all of which are printed: 1230 with 2 is `12.30`.
    fn fixed(&mut self, number: Option<i64>, decimals: usize) {
        self.cell(|line| number.into_iter().for_each(|number| push_decimal(line, number, decimals)));
    }

    /// The same without zeros at the end: 1230 with 2 is `12.3`.
    fn shortest(&mut self, mut number: Option<i64>, mut decimals: usize) {
        while let Some(tenths) = number.filter(|tenths| decimals > 0 && tenths % 10 == 0) {
            (number, decimals) = (Some(tenths / 10), decimals - 1);
        }
        self.fixed(number, decimals);
    }
}

/// Appends `number` with its last `decimals` digits behind a point.
pub(super) fn push_decimal(text: &mut String, number: i64, decimals: usize) {
    let (sign, digits, scale) = (if number < 0 { "-" } else { "" }, number.unsigned_abs(), 10_u64.pow(decimals as u32));
    print(text, format_args!("{sign}{}", digits / scale));
    if decimals > 0 {
        print(text, format_args!(".{:0decimals$}", digits % scale));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(write: impl FnOnce(&mut Line), expected: &str) {
        let mut line = Line::default();
        write(&mut line);
        assert_eq!(line.line, expected);
    }

    #[test]
    fn cells_are_quoted_only_when_they_must_be() {
        check(|line| line.text("Écran noir"), "Écran noir");
        check(|line| line.text("1,5 m"), "\"1,5 m\"");
        check(|line| line.text("15.6\""), "\"15.6\"\"\"");
        check(|line| ["", "a", ""].iter().for_each(|text| line.text(text)), ",a,");
    }

    #[test]
    fn numbers_are_written_as_suppliers_write_them() {
        check(|line| line.fixed(Some(1_230), 2), "12.30");
        check(|line| line.fixed(Some(-5), 2), "-0.05");
        check(|line| line.fixed(None, 2), "");
        check(|line| line.shortest(Some(1_250), 3), "1.25");
        check(|line| line.shortest(Some(200), 1), "20");
        check(|line| line.shortest(Some(100), 0), "100");
    }
}
