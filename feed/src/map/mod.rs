//! Supplier columns to our fields: a [`Mapping`] says which column feeds which field, [`propose`] finds one, a
//! [`Binding`] ties it to the header of one file, and a [`RowBatch`] is what comes out.

mod bind;
mod hints;
mod names;
mod profile;
mod propose;
mod row_batch;

use std::collections::BTreeMap;

use item::{EmptyMeans, Field};
use serde::{Deserialize, Serialize};

pub use bind::Binding;
pub(crate) use bind::BoundColumn;
pub(crate) use propose::given_choices;
pub use propose::{Choice, Proposal, propose};
pub use row_batch::RowBatch;

/// A supplier's saved mapping, as TOML or JSON:
///
/// ```toml
/// empty_means = "clear"
///
/// [[columns]]
/// column = "Prix € HT"
/// field = "price"
/// currency = "EUR"
///
/// [[columns]]
/// column = "Poids"
/// field = "weight_g"
/// unit = "kg"
///
/// [constants]
/// condition = "new"
/// ```
///
/// Columns that no rule names are kept in [`Field::Attributes`] under their header.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// What an empty cell means; by the import's mode when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty_means: Option<EmptyMeans>,
    /// One rule per mapped column. Several may feed a category path, the image addresses or the variant attributes,
    /// in this order; every other field has one column.
    #[serde(default)]
    pub columns: Vec<ColumnRule>,
    /// Values for every row of fields that no column feeds, written as a cell would be.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub constants: BTreeMap<Field, String>,
}

/// One supplier column and the field it feeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnRule {
    /// The header cell: matched exactly, else without case, accents, spaces and punctuation.
    pub column: String,
    /// The field. [`Field::Attributes`] keeps the column as it is, as if no rule named it.
    pub field: Field,
    /// Unit of bare numbers in weights and sizes: `kg`, `g`, `lb`, `cm`, `mm`, `in` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// ISO 4217 code of prices that name no currency themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// `gross` makes a column of [`Field::Price`] one of [`Field::PriceInclTax`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<Tax>,
    /// What stands between the parts of a list in one cell: `>`, `|` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// Name of a variant attribute; the header when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The column that holds the name of a variant attribute, row by row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_column: Option<String>,
}

/// Whether a price holds tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tax {
    /// Without tax: HT, excl. VAT.
    Net,
    /// With tax: TTC, incl. VAT.
    Gross,
}

/// A mapping that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// Not the TOML of a mapping.
    #[error("read mapping as TOML")]
    Toml(#[from] toml::de::Error),
    /// Not the JSON of a mapping.
    #[error("read mapping as JSON")]
    Json(#[from] serde_json::Error),
}

impl ColumnRule {
    /// A rule without options.
    pub fn new(column: impl Into<String>, field: Field) -> Self {
        ColumnRule {
            column: column.into(),
            field,
            unit: None,
            currency: None,
            tax: None,
            separator: None,
            key: None,
            key_column: None,
        }
    }
}

impl Mapping {
    /// Reads a saved mapping: JSON when it begins with `{`, else TOML.
    pub fn parse(text: &str) -> Result<Mapping, MappingError> {
        if text.trim_start().starts_with('{') { Ok(serde_json::from_str(text)?) } else { Ok(toml::from_str(text)?) }
    }

    /// The mapping as TOML, to be saved or edited.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("texts, lists and a table of texts are always TOML")
    }

    /// The mapping as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("texts, lists and a table of texts are always JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = r#"
empty_means = "keep"

[[columns]]
column = "Prix € HT"
field = "price"
currency = "EUR"
tax = "net"

[[columns]]
column = "Rayon"
field = "category_path"
separator = ">"

[constants]
condition = "new"
"#;

    #[test]
    fn toml_and_json_carry_the_same_mapping() {
        let mapping = Mapping::parse(TOML).unwrap();
        assert_eq!(mapping.columns.len(), 2);
        assert_eq!(mapping.columns[0].tax, Some(Tax::Net));
        assert_eq!(mapping.constants[&Field::Condition], "new");
        assert_eq!(Mapping::parse(&mapping.to_toml()).unwrap(), mapping);
        assert_eq!(Mapping::parse(&mapping.to_json().to_string()).unwrap(), mapping);
    }

    #[test]
    fn a_misspelt_option_or_field_is_an_error() {
        for text in [
            "colums = []",
            "[[columns]]\ncolumn = \"a\"\nfield = \"prise\"",
            "[[columns]]\ncolumn = \"a\"\nfield = \"price\"\nunits = \"kg\"",
            "{\"columns\": 1}",
        ] {
            assert!(Mapping::parse(text).is_err(), "{text}");
        }
    }
}
