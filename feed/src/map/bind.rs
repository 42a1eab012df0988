//! A mapping tied to the columns of one file.

use item::{Field, FileCode};
use serde::Serialize;

use super::{ColumnRule, Mapping, Tax};
use crate::DecodeError;
use crate::fold::squash;
use crate::normalize::{Currency, Measure};

/// A mapping bound to the columns of one file.
#[derive(Debug, Clone, Serialize)]
pub struct Binding {
    pub(crate) header: Vec<String>,
    /// In the mapping's order, which is the order of parts in lists.
    pub(crate) columns: Vec<BoundColumn>,
    pub(crate) constants: Vec<(Field, String)>,
    /// Places of the columns that nobody maps.
    pub(crate) rest: Vec<usize>,
    /// Rules whose column the file does not have.
    #[serde(skip)]
    pub(crate) missing: Vec<String>,
}

/// One rule, with its column found and its options understood.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BoundColumn {
    /// Place of the column in the header.
    pub place: usize,
    pub field: Field,
    pub unit: Option<Measure>,
    pub currency: Option<Currency>,
    pub separator: Option<String>,
    pub key: Option<String>,
    pub key_place: Option<usize>,
}

impl Mapping {
    /// Binds the mapping to a header. A column matches exactly, else without case, accents, spaces and punctuation;
    /// columns that are not there are left out and can be asked for with [`Binding::missing`].
    ///
    /// # Errors
    /// [`FileCode::NoMapping`] when neither a column nor a constant gives the SKU or the title, when two columns feed
    /// a field that takes one, and when an option means nothing.
    pub fn bind(&self, header: &[String]) -> Result<Binding, DecodeError> {
        let mut columns = Vec::with_capacity(self.columns.len());
        let mut missing = Vec::new();
        for rule in self.columns.iter().filter(|rule| rule.field != Field::Attributes) {
            match find(header, &rule.column) {
                Some(place) => columns.push(bind_rule(rule, place, header)?),
                None => missing.push(rule.column.clone()),
            }
        }
        let constants: Vec<(Field, String)> =
            self.constants.iter().map(|(field, value)| (*field, value.clone())).collect();
        let key_places = columns.iter().filter_map(|column| column.key_place);
        let taken: Vec<usize> = columns.iter().map(|column| column.place).chain(key_places).collect();
        let rest = (0..header.len()).filter(|place| !taken.contains(place)).collect();
        let binding = Binding { header: header.to_vec(), columns, constants, rest, missing };
        binding.check_fields()?;
        binding.check_required(self)?;
        Ok(binding)
    }
}

impl Binding {
    /// Columns that the mapping names and the file does not have.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// Headers of the columns that nobody maps, kept as attributes.
    pub fn unmapped(&self) -> impl Iterator<Item = &str> {
        self.rest.iter().map(|place| self.header[*place].as_str())
    }

    /// The columns that feed a field, with their index among all bound columns.
    pub(crate) fn feeding(&self, field: Field) -> impl Iterator<Item = (usize, &BoundColumn)> {
        self.columns.iter().enumerate().filter(move |(_, column)| column.field == field)
    }

    /// Whether a column or a constant feeds the field.
    pub(crate) fn feeds(&self, field: Field) -> bool {
        self.feeding(field).next().is_some() || self.constants.iter().any(|(constant, _)| *constant == field)
    }

    /// One column per field, lists excepted, and nothing for the fields we fill ourselves.
    fn check_fields(&self) -> Result<(), DecodeError> {
        for field in Field::ALL {
            let mut headers: Vec<&str> =
                self.feeding(field).map(|(_, column)| self.header[column.place].as_str()).collect();
            if self.constants.iter().any(|(constant, _)| *constant == field) {
                headers.push("a constant");
            }
            if field.derived() && !headers.is_empty() {
                return Err(no_mapping(format!(
                    "{} is derived and cannot be mapped (from {})",
                    field.name(),
                    headers.join(", ")
                )));
            }
            if headers.len() > 1 && !takes_many(field) {
                return Err(no_mapping(format!(
                    "{} takes one column, but {} feed it: keep one",
                    field.name(),
                    headers.join(", ")
                )));
            }
        }
        Ok(())
    }

    /// Every product needs a SKU and a title.
    fn check_required(&self, mapping: &Mapping) -> Result<(), DecodeError> {
        for field in Field::ALL.into_iter().filter(|field| field.required()) {
            if !self.feeds(field) {
                let wanted = match mapping.columns.iter().find(|rule| rule.field == field) {
                    Some(rule) => format!("column `{}` for {} is not in the file", rule.column, field.name()),
                    None => format!("no column was recognised as {}", field.name()),
                };
                let header = self.header.iter().take(40).map(|cell| format!("`{cell}`")).collect::<Vec<_>>().join(", ");
                return Err(no_mapping(format!(
                    "{wanted}; the header holds {header}: rename the column, or save a mapping for this supplier"
                )));
            }
        }
        Ok(())
    }
}

/// Fields that several columns may feed.
pub(super) fn takes_many(field: Field) -> bool {
    matches!(field, Field::CategoryPath | Field::ImageUrls | Field::VariantAttributes)
}

/// The place of a column: by its exact name, else by its letters and digits alone.
fn find(header: &[String], name: &str) -> Option<usize> {
    header.iter().position(|cell| cell == name).or_else(|| {
        let wanted = squash(name);
        header.iter().position(|cell| !wanted.is_empty() && squash(cell) == wanted)
    })
}

fn bind_rule(rule: &ColumnRule, place: usize, header: &[String]) -> Result<BoundColumn, DecodeError> {
    let about =
        |what: &str, given: &str| no_mapping(format!("column `{}`: {what} `{given}` is not known", rule.column));
    let unit = match &rule.unit {
        Some(word) => {
            let unit = Measure::from_word(word).filter(|unit| unit.fits(rule.field));
            Some(unit.ok_or_else(|| about(&format!("unit for {}", rule.field.name()), word))?)
        }
        None => None,
    };
    let currency = match &rule.currency {
        Some(code) => Some(Currency::from_code(code).ok_or_else(|| about("currency", code))?),
        None => None,
    };
    let key_place = match &rule.key_column {
        Some(name) => Some(find(header, name).ok_or_else(|| about("key_column", name))?),
        None => None,
    };
    let field = match (rule.field, rule.tax) {
        (Field::Price, Some(Tax::Gross)) => Field::PriceInclTax,
        (field, _) => field,
    };
    let separator = rule.separator.clone().filter(|separator| !separator.is_empty());
    Ok(BoundColumn { place, field, unit, currency, separator, key: rule.key.clone(), key_place })
}

fn no_mapping(detail: String) -> DecodeError {
    DecodeError::file(FileCode::NoMapping, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    fn mapping(rules: &[(&str, Field)]) -> Mapping {
        Mapping {
            columns: rules.iter().map(|(column, field)| ColumnRule::new(*column, *field)).collect(),
            ..Mapping::default()
        }
    }

    #[test]
    fn columns_are_found_exactly_and_else_by_their_letters() {
        let header = header(&["REF ARTICLE", "Désignation", "designation"]);
        let binding = mapping(&[("Réf. article", Field::Sku), ("designation", Field::Title)]).bind(&header).unwrap();
        assert_eq!(binding.columns.iter().map(|column| column.place).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(binding.unmapped().collect::<Vec<_>>(), ["Désignation"]);
    }

    #[test]
    fn a_missing_required_column_fails_by_name_and_another_is_reported() {
        let header = header(&["ref", "name"]);
        let rules = mapping(&[("ref", Field::Sku), ("name", Field::Title), ("prix", Field::Price)]);
        assert_eq!(rules.bind(&header).unwrap().missing(), ["prix"]);

        let error = mapping(&[("ref", Field::Sku), ("libelle", Field::Title)]).bind(&header).unwrap_err();
        assert_eq!(error.code(), Some(FileCode::NoMapping));
        assert!(
            error.to_string().contains("column `libelle` for title is not in the file; the header holds `ref`, `name`"),
            "{error}"
        );
    }

    #[test]
    fn options_and_fields_are_checked() {
        let header = header(&["ref", "name", "w", "w2"]);
        let base = [ColumnRule::new("ref", Field::Sku), ColumnRule::new("name", Field::Title)];
        for (rule, complaint) in [
            (
                ColumnRule { unit: Some("furlong".into()), ..ColumnRule::new("w", Field::WeightG) },
                "unit for weight_g `furlong`",
            ),
            (ColumnRule { unit: Some("cm".into()), ..ColumnRule::new("w", Field::WeightG) }, "unit for weight_g `cm`"),
            (ColumnRule { currency: Some("EURO€".into()), ..ColumnRule::new("w", Field::Price) }, "currency `EURO€`"),
            (
                ColumnRule { key_column: Some("none".into()), ..ColumnRule::new("w", Field::VariantAttributes) },
                "key_column `none`",
            ),
            (ColumnRule::new("w", Field::Title), "title takes one column, but name, w feed it"),
            (ColumnRule::new("w", Field::GtinRestricted), "gtin_restricted is derived"),
        ] {
            let mapping = Mapping { columns: base.iter().cloned().chain([rule]).collect(), ..Mapping::default() };
            let error = mapping.bind(&header).unwrap_err().to_string();
            assert!(error.contains(complaint), "{error}");
        }
    }

    #[test]
    fn a_gross_price_is_the_price_including_tax() {
        let header = header(&["ref", "name", "prix"]);
        let mut mapping = mapping(&[("ref", Field::Sku), ("name", Field::Title), ("prix", Field::Price)]);
        mapping.columns[2].tax = Some(Tax::Gross);
        assert_eq!(mapping.bind(&header).unwrap().columns[2].field, Field::PriceInclTax);
    }
}
