//! Which row names the columns, and how the columns are called.

use std::collections::{HashMap, HashSet};

use super::reading::{Kind, ROWS_JUDGED, Reading};
use crate::fold::fold;
use crate::is_correction;

/// Rows from the top among which the header is searched: title lines above it are few.
const HEADER_ROWS: usize = 50;

/// Rows below a header with which it is compared.
const ROWS_COMPARED: usize = 50;

/// Nobody names a column at such length, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// Words that name columns of product files. A header need not have any, but they outweigh every other sign.
const WORDS: [&str; 97] = [
    "article",
    "artikel",
    "artikelnummer",
    "asin",
    "availability",
    "barcode",
    "bezeichnung",
    "bild",
    "brand",
    "brandname",
    "cat",
    "categorie",
    "category",
    "code",
    "color",
    "condition",
    "cost",
    "couleur",
    "currency",
    "delai",
    "descripcion",
    "description",
    "designation",
    "devise",
    "dimensions",
    "disponibilite",
    "ean",
    "ean13",
    "einheit",
    "fabricant",
    "famille",
    "farbe",
    "gencod",
    "gewicht",
    "groesse",
    "gtin",
    "handle",
    "hauteur",
    "height",
    "hersteller",
    "ht",
    "id",
    "image",
    "imagen",
    "isbn",
    "item",
    "kategorie",
    "key",
    "largeur",
    "length",
    "libelle",
    "libelles",
    "lieferzeit",
    "longueur",
    "manufacturer",
    "marca",
    "marke",
    "marque",
    "material",
    "matiere",
    "menge",
    "mpn",
    "name",
    "nom",
    "nombre",
    "nummer",
    "photo",
    "poids",
    "precio",
    "preis",
    "price",
    "prix",
    "product",
    "produit",
    "qte",
    "qty",
    "quantite",
    "quantity",
    "ref",
    "reference",
    "references",
    "referencia",
    "size",
    "sku",
    "stock",
    "taille",
    "tarif",
    "titel",
    "title",
    "titre",
    "tva",
    "type",
    "unit",
    "unite",
    "upc",
    "url",
    "weight",
];

/// A row that may be the header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    /// Its place among the reading's rows.
    pub row: usize,
    /// Rows below it that are as wide as it is, and all of them.
    pub fitting: usize,
    pub below: usize,
    /// Cells with words that name columns.
    pub known: usize,
    /// Signs for and against, those words included.
    pub score: i32,
}

impl Header {
    /// Share of the rows below that are as wide as the header.
    pub(super) fn fit(&self) -> f32 {
        if self.below == 0 { 1.0 } else { self.fitting as f32 / self.below as f32 }
    }

    /// The row that names the columns: among those that could, the one with the most signs, the first when in doubt.
    pub(super) fn find(reading: &Reading) -> Option<Header> {
        let mut best: Option<Header> = None;
        for row in 0..reading.rows.len().min(HEADER_ROWS) {
            if is_correction(&reading.values(row)) {
                return Some(Header::measured(reading, row, known_words(reading, row)));
            }
            if let Some(header) = Header::of_row(reading, row)
                && best.is_none_or(|best| header.score > best.score)
            {
                best = Some(header);
            }
        }
        best
    }

    /// The row at a line that somebody has named.
    pub(super) fn at_line(reading: &Reading, line: u64) -> Option<Header> {
        let row = reading.rows.iter().take(ROWS_JUDGED).position(|row| row.line == line)?;
        Some(Header::measured(reading, row, known_words(reading, row)))
    }

    fn of_row(reading: &Reading, row: usize) -> Option<Header> {
        let known = known_words(reading, row);
        if !could_be_names(reading, row, known) {
            return None;
        }
        let header = Header::measured(reading, row, known);
        let narrower_above = reading.rows[..row].iter().all(|above| above.width < reading.rows[row].width);
        let plausible = match reading.rows[row].width {
            1 => header.known > 0,
            _ if header.below == 0 => header.known > 0 || narrower_above,
            _ => header.fit() >= 0.5 || header.known >= 3,
        };
        (plausible && header.score >= 0).then_some(header)
    }

    fn measured(reading: &Reading, row: usize, known: usize) -> Header {
        let width = reading.rows[row].width;
        let below = &reading.rows[row + 1..];
        let fitting = below
            .iter()
            .filter(|below| below.width >= width && (below.width == width || below.filled_width <= width))
            .count();
        let score = 2 * known as i32 + contrast(reading, row);
        Header { row, fitting, below: below.len(), known, score }
    }
}

/// Mostly filled (less will do when words speak for it) with short texts, mostly distinct.
fn could_be_names(reading: &Reading, row: usize, known: usize) -> bool {
    let kinds = reading.kinds(row);
    let filled = kinds.iter().filter(|kind| **kind != Kind::Empty).count();
    let numbers = kinds.iter().filter(|kind| **kind == Kind::Number).count();
    let values = reading.values(row);
    let distinct = values.iter().filter(|value| !value.is_empty()).collect::<HashSet<_>>().len();
    (filled * 2 > kinds.len() || known >= 3)
        && numbers * 2 <= filled
        && distinct * 3 >= filled * 2
        && !kinds.contains(&Kind::Address)
        && values.iter().all(|value| value.len() <= NAME_BYTES_MAX)
}

/// How the row differs from those below, column by column: a name above numbers or addresses speaks for it, a number
/// above numbers or a text that comes again below speaks against it.
fn contrast(reading: &Reading, row: usize) -> i32 {
    let width = reading.rows[row].width;
    let compared = (row + 1..reading.rows.len().min(ROWS_JUDGED))
        .filter(|below| reading.rows[*below].width >= width)
        .take(ROWS_COMPARED);
    let compared: Vec<usize> = compared.collect();
    let column = |place: usize| {
        let own = reading.cells(row)[place].bytes(reading.text);
        let below = || compared.iter().map(|row| reading.kinds(*row)[place]).filter(|kind| *kind != Kind::Empty);
        let same_kind = |kind: Kind| {
            below().count() > 0 && below().filter(|below| *below == kind).count() * 5 >= below().count() * 4
        };
        let comes_again = || compared.iter().any(|row| reading.cells(*row)[place].bytes(reading.text) == own);
        match reading.kinds(row)[place] {
            Kind::Text if comes_again() => -2,
            Kind::Text if same_kind(Kind::Number) || same_kind(Kind::Address) => 1,
            Kind::Number if same_kind(Kind::Number) => -2,
            _ => 0,
        }
    };
    (0..width).map(column).sum()
}

/// Cells that hold a word which names columns.
fn known_words(reading: &Reading, row: usize) -> usize {
    reading.values(row).iter().filter(|value| is_known(value)).count()
}

fn is_known(value: &str) -> bool {
    value.len() <= 40 && fold(value).split(' ').any(|word| WORDS.binary_search(&word).is_ok())
}

/// The names of the columns: trimmed as they come, made unique (`Price`, `Price (2)`), `column 3` where empty.
pub(super) fn unique_names(cells: Vec<String>) -> Vec<String> {
    let given: HashSet<String> = cells.iter().cloned().collect();
    let mut kept = HashSet::new();
    let mut counts: HashMap<String, usize> = HashMap::new();
    let name = |(place, cell): (usize, String)| {
        if !cell.is_empty() && kept.insert(cell.clone()) {
            return cell;
        }
        let wanted = if cell.is_empty() { format!("column {}", place + 1) } else { cell };
        let count = counts.entry(wanted.clone()).or_default();
        // A made-up name must not be one that some column was given.
        loop {
            *count += 1;
            let name = if *count == 1 { wanted.clone() } else { format!("{wanted} ({count})") };
            if !given.contains(&name) {
                return name;
            }
        }
    };
    cells.into_iter().enumerate().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dialect;

    fn check(text: &str, expected_line: Option<u64>) {
        let reading = Reading::new(text.as_bytes(), true, Dialect { delimiter: b';', quote: Some(b'"') }, false);
        let line = Header::find(&reading).map(|header| reading.rows[header.row].line);
        assert_eq!(line, expected_line, "{text}");
    }

    #[test]
    fn words_are_sorted_as_the_search_needs() {
        assert!(WORDS.is_sorted());
    }

    #[test]
    fn the_first_row_of_names_is_the_header() {
        check("sku;title;price\nA1;Screw;4,50\nA2;Nail;3,10\n", Some(1));
        check("foo;bar;baz\nA1;Screw;4,50\nA2;Nail;3,10\n", Some(1));
        check("foo;bar\nx;y\nz;w\n", Some(1));
        check("sku\nA1\nA2\n", Some(1));
        check("sku;title;price\n", Some(1));
    }

    #[test]
    fn title_lines_above_the_header_are_not_the_header() {
        check("Tarif 2026\nACME SA;;\n\nRéférence;Désignation;Prix HT\nA1;Vis;4,50\n", Some(4));
        check("ACME;Catalogue;2026\nRéf;Libellé;Prix\nA1;Vis;4,50\nA2;Clou;3,10\n", Some(2));
        check(";;Prix;;\nRéf;Libellé;Achat;Public;Stock\nA1;Vis;4,50;9;1\n", Some(2));
    }

    #[test]
    fn remarks_far_to_the_right_do_not_hide_a_header_of_known_words() {
        check("sku;title;price;;;;;\nA1;Screw;4,50;;;;;remark\nA2;Nail;3,10;;;;;\n", Some(1));
    }

    #[test]
    fn rows_of_data_are_no_header() {
        check("A1;Screw;4,50\nA2;Nail;3,10\nA3;Nut;1\n", None);
        check("A1;https://x.example/1.jpg\nA2;https://x.example/2.jpg\n", None);
        check("Tools;Hammer\nTools;Saw\n", None);
        check("4006381333931\n4006381333948\n", None);
        check("Lorem ipsum dolor sit amet\nconsectetur adipiscing elit\n", None);
    }

    #[test]
    fn sizes_and_years_may_name_columns_between_words() {
        check("sku;title;price;38;40;42\nA1;Shoe;40;1;0;2\nA2;Boot;50;3;4;5\n", Some(1));
    }

    #[test]
    fn rows_that_are_too_wide_do_not_hide_a_header_of_known_words() {
        check("sku;title;price\nA1;Screw; big;4,50\nA2;Nail; small;3,10\n", Some(1));
    }

    #[test]
    fn every_column_gets_a_name_of_its_own() {
        let check = |cells: &[&str], expected: &[&str]| {
            assert_eq!(unique_names(cells.iter().map(|cell| (*cell).to_owned()).collect()), expected)
        };
        check(&["Price", "Price", "Price"], &["Price", "Price (2)", "Price (3)"]);
        check(&["a", "", ""], &["a", "column 2", "column 3"]);
        check(&["", "column 1"], &["column 1 (2)", "column 1"]);
        check(&["", "column 1", "column 1"], &["column 1 (2)", "column 1", "column 1 (3)"]);
        check(&["a", "a", "a (2)"], &["a", "a (3)", "a (2)"]);
    }
}
