//! The recipe of a catalogue and what can be made from it.

mod copy;
mod csv;
mod flaw;
mod items;
mod product;
mod random;
mod vocabulary;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;

use item::{ItemBatch, RejectCode};
use serde::Serialize;

pub use copy::CopyColumn;
pub use csv::HEADER;

use csv::Line;
use flaw::Flaw;
use product::Product;
use random::Share;
use vocabulary::Vocabulary;

/// Streams of chance beside those of the product itself.
mod stream {
    pub const FLAWS: u64 = 101;
    pub const CHANGES: u64 = 102;
}

/// A made-up supplier catalogue: the same recipe gives the same bytes everywhere. A row takes 250 to 400 bytes.
#[derive(Debug, Clone)]
pub struct Catalogue {
    rows: u64,
    seed: u64,
    flaws: Share,
    changes: Share,
    blank_line_at_end: bool,
    words: Vocabulary,
}

/// What a written file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Rows below the header.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Rows that become an item.
    pub clean: u64,
    /// Clean rows that differ from the first day's.
    pub changed: u64,
    /// Rows that cannot, by the one code a correct import gives them ([`RejectCode::DuplicateSku`] is counted as
    /// duplicate there, the others as rejected).
    pub flaws: BTreeMap<RejectCode, u64>,
}

impl Catalogue {
    /// The most rows for which SKUs and GTINs stay unique.
    pub const ROWS_MAX: u64 = 1_000_000_000;

    /// The first day's file without dirt: `rows` rows, at most [`Catalogue::ROWS_MAX`].
    pub fn new(rows: u64, seed: u64) -> Self {
        let rows = rows.min(Self::ROWS_MAX);
        Catalogue {
            rows,
            seed,
            flaws: Share::new(seed, stream::FLAWS, rows, 0.0),
            changes: Share::new(seed, stream::CHANGES, rows, 0.0),
            blank_line_at_end: false,
            words: Vocabulary::new(),
        }
    }

    /// Spoils exactly this fraction of the rows (rounded; at most half of them), in turn in eight ways.
    pub fn dirty(mut self, fraction: f64) -> Self {
        // Half at most: then one of the two rows above a dirty row is clean, and its SKU can be repeated.
        self.flaws = Share::new(self.seed, stream::FLAWS, self.rows, fraction.min(0.5));
        self
    }

    /// The file of the second day: exactly this fraction of the rows (rounded) has another price, with and without
    /// tax, and another stock. All else is as on the first day.
    pub fn second_day(mut self, fraction: f64) -> Self {
        self.changes = Share::new(self.seed, stream::CHANGES, self.rows, fraction);
        self
    }

    /// Ends the file with a blank line: the same rows in a file with another hash.
    pub fn blank_line_at_end(mut self) -> Self {
        self.blank_line_at_end = true;
        self
    }

    /// Writes the supplier's file: CSV with a header row. `out` is written in small pieces, so give it a buffer.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_csv(&self, mut out: impl Write) -> io::Result<Summary> {
        let (mut line, mut product, mut above) = (Line::default(), Product::default(), Product::default());
        let mut summary = Summary { rows: self.rows, ..Summary::default() };
        let mut write = |text: &str, bytes: &mut u64| {
            *bytes += text.len() as u64;
            out.write_all(text.as_bytes())
        };

        write(line.header(), &mut summary.bytes)?;
        for row in 0..self.rows {
            self.draw(row, &mut product);
            let flaw = self.flaw(row);
            match flaw {
                Some(flaw) => {
                    self.draw(self.clean_row_above(row), &mut above);
                    flaw.spoil(&mut product, &above.sku);
                    *summary.flaws.entry(flaw.code()).or_default() += 1;
                }
                None => {
                    summary.clean += 1;
                    summary.changed += u64::from(self.changed(row));
                }
            }
            write(line.product(&self.words, &product, flaw), &mut summary.bytes)?;
        }
        if self.blank_line_at_end {
            write("\n", &mut summary.bytes)?;
        }
        out.flush()?;
        Ok(summary)
    }

    /// What a correct import makes of these rows (from 0): canonical items with their lines in the file, the dirty rows
    /// left out.
    pub fn items(&self, rows: Range<u64>) -> ItemBatch {
        items::items(self, rows)
    }

    /// Writes all items as the text format of PostgreSQL's COPY, with these columns in this order.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_copy(&self, columns: &[CopyColumn], out: impl Write) -> io::Result<u64> {
        copy::write_copy(self, columns, out)
    }

    /// Brand names by identifier from 1, as [`CopyColumn::BrandId`] writes them; the most frequent one first.
    pub fn brands(&self) -> &[String] {
        &self.words.brands
    }

    /// Category paths by identifier from 1, as [`CopyColumn::CategoryId`] writes them.
    pub fn categories(&self) -> &[Vec<&'static str>] {
        &self.words.categories
    }

    /// Rows below the header, dirty ones included.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    fn draw(&self, row: u64, product: &mut Product) {
        product.draw(&self.words, self.seed, row);
        if self.changed(row) {
            product.draw_second_day(self.seed, row);
        }
    }

    fn changed(&self, row: u64) -> bool {
        self.changes.ordinal(row).is_some()
    }

    fn flaw(&self, row: u64) -> Option<Flaw> {
        self.flaws.ordinal(row).map(Flaw::of)
    }

    /// Row 0 has none above it, but the first dirty row does not repeat a SKU.
    fn clean_row_above(&self, row: u64) -> u64 {
        (0..row).rev().find(|above| self.flaw(*above).is_none()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use item::Field;

    use super::*;

    fn file(catalogue: &Catalogue) -> (Vec<String>, Summary) {
        let mut bytes = Vec::new();
        let summary = catalogue.write_csv(&mut bytes).unwrap();
        assert_eq!(summary.bytes, bytes.len() as u64);
        (String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect(), summary)
    }

    /// Splits an RFC 4180 line that holds no line break.
    fn cells(line: &str) -> Vec<String> {
        let (mut cells, mut quoted) = (vec![String::new()], false);
        for (position, character) in line.char_indices() {
            match character {
                '"' if quoted && line[position + 1..].starts_with('"') => quoted = false,
                '"' if line[..position].ends_with('"') && !quoted && !cells[cells.len() - 1].is_empty() => {
                    quoted = true;
                    cells.last_mut().unwrap().push('"');
                }
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                other => cells.last_mut().unwrap().push(other),
            }
        }
        cells
    }

    #[test]
    fn the_same_recipe_gives_the_same_file_and_another_seed_another_one() {
        let recipe = || Catalogue::new(500, 9).dirty(0.1).second_day(0.2);
        assert_eq!(file(&recipe()), file(&recipe()));
        assert_ne!(file(&Catalogue::new(500, 9)), file(&Catalogue::new(500, 10)));
    }

    #[test]
    fn every_clean_row_has_thirty_cells_and_a_realistic_length() {
        let (lines, summary) = file(&Catalogue::new(5_000, 1));
        assert_eq!(lines[0], HEADER.join(","));
        assert!(lines.iter().all(|line| cells(line).len() == HEADER.len()));
        assert!((250..400).contains(&(summary.bytes / summary.rows)), "{} bytes a row", summary.bytes / summary.rows);
    }

    #[test]
    fn dirt_is_counted_exactly() {
        let (lines, summary) = file(&Catalogue::new(8_000, 1).dirty(0.02));
        assert_eq!((summary.rows, summary.clean, lines.len()), (8_000, 7_840, 8_001));
        assert_eq!(summary.flaws.len(), 8);
        assert!(summary.flaws.values().all(|rows| *rows == 20), "{:?}", summary.flaws);

        let rows: Vec<Vec<String>> = lines[1..].iter().map(|line| cells(line)).collect();
        let count = |faulty: &dyn Fn(&Vec<String>) -> bool| rows.iter().filter(|row| faulty(row)).count();
        assert_eq!(count(&|row| row.len() < HEADER.len()), 20, "short");
        assert_eq!(count(&|row| row.len() > HEADER.len()), 20, "long");
        assert_eq!(count(&|row| row[4].is_empty()), 20, "no title");
        assert_eq!(count(&|row| row[7].starts_with('-')), 20, "negative price");
        assert_eq!(count(&|row| row[10] == "ZZZ"), 20, "unknown currency");
        assert_eq!(count(&|row| row[1].contains('E')), 20, "rounded GTIN");
        let wrong = |row: &Vec<String>| matches!(item::Gtin::parse(&row[1]), Err(item::GtinError::Checksum { .. }));
        assert_eq!(count(&wrong), 20, "check digit");
        assert_eq!(rows.len() - rows.iter().map(|row| &row[0]).collect::<HashSet<_>>().len(), 20, "repeated SKU");
    }

    #[test]
    fn a_repeated_sku_stands_clean_further_up_even_at_the_dirtiest() {
        let catalogue = Catalogue::new(1_000, 5).dirty(1.0);
        let (lines, summary) = file(&catalogue);
        assert_eq!((summary.clean, summary.flaws[&RejectCode::DuplicateSku]), (500, 63));
        let mut seen = HashSet::new();
        for (row, line) in (0..).zip(&lines[1..]) {
            let sku = cells(line)[0].clone();
            match catalogue.flaw(row) {
                Some(Flaw::RepeatedSku) => assert!(seen.contains(&sku), "line {}", row + 2),
                Some(_) => {}
                None => assert!(seen.insert(sku)),
            }
        }
    }

    #[test]
    fn the_second_day_differs_in_exactly_the_rows_it_says() {
        let (first, _) = file(&Catalogue::new(10_000, 3).dirty(0.01));
        let (second, summary) = file(&Catalogue::new(10_000, 3).dirty(0.01).second_day(0.01));
        let differing: Vec<_> = first.iter().zip(&second).filter(|(before, after)| before != after).collect();
        // A changed row that is dirty as well may differ, but it becomes no item.
        assert!((90..=100).contains(&summary.changed));
        assert!((summary.changed..=100).contains(&(differing.len() as u64)));
        for (before, after) in differing {
            let (before, after) = (cells(before), cells(after));
            let columns: Vec<&str> =
                (0..HEADER.len()).filter(|i| before.get(*i) != after.get(*i)).map(|i| HEADER[i]).collect();
            assert_eq!(columns, ["price", "price incl tax", "stock"]);
        }
        let (again, summary) = file(&Catalogue::new(10_000, 3).second_day(0.01));
        let (clean, _) = file(&Catalogue::new(10_000, 3));
        assert_eq!((summary.changed, clean.iter().zip(&again).filter(|(a, b)| a != b).count()), (100, 100));
    }

    #[test]
    fn a_blank_line_at_the_end_is_the_only_difference() {
        let (plain, _) = file(&Catalogue::new(10, 1));
        let (resent, _) = file(&Catalogue::new(10, 1).blank_line_at_end());
        assert_eq!((&resent[..11], resent[11].as_str(), resent.len()), (&plain[..], "", 12));
    }

    #[test]
    fn items_are_the_clean_rows_in_canonical_form_with_their_lines() {
        let catalogue = Catalogue::new(2_000, 4).dirty(0.1);
        let (lines, summary) = file(&catalogue);
        let items = catalogue.items(0..catalogue.rows());
        assert_eq!(items.len() as u64, summary.clean);
        for row in 0..items.len() {
            let cells = cells(&lines[items.lines()[row] as usize - 1]);
            let decimal = |column: usize| (cells[column].parse::<f64>().unwrap() * 10_000.0).round() as i64;
            assert_eq!(items.text(Field::Sku, row), Some(cells[0].as_str()));
            assert_eq!(
                items.text(Field::Gtin, row).unwrap_or("0").trim_start_matches('0'),
                cells[1].trim_start_matches('0')
            );
            assert_eq!(items.text(Field::CategoryPath, row).unwrap().replace('\u{1f}', " > "), cells[6]);
            assert_eq!(items.int(Field::Price, row), Some(decimal(7)));
            assert_eq!(items.int(Field::TaxRate, row), Some(decimal(11)));
            assert_eq!(items.int(Field::Stock, row).map(|stock| stock.to_string()), Some(cells[12].clone()));
            assert_eq!(items.int(Field::WeightG, row), Some(decimal(16) * 1_000));
            assert_eq!(items.text(Field::ImageUrls, row).unwrap().replace('\u{1f}', "|"), cells[23]);
        }
    }
}
