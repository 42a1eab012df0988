//! Finding a mapping by header names and values.

use item::Field;
use serde::{Deserialize, Serialize};

use super::bind::takes_many;
use super::hints::Heading;
use super::names::{fields_named, is_level, is_variant_property, option_names_for, partly_named};
use super::profile::Profile;
use super::{Binding, ColumnRule, Mapping};
use crate::RecordBatch;
use crate::normalize::Cells;

/// What one column is taken for, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The header cell.
    pub column: String,
    /// The field; none when the column is kept among the attributes.
    pub field: Option<Field>,
    /// From 0 (a guess) to 1 (given by a person).
    pub confidence: f32,
    /// Why.
    pub reason: String,
}

/// An automatic mapping with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// The mapping.
    pub mapping: Mapping,
    /// One choice per column, in header order; a column that feeds a second field has one more.
    pub choices: Vec<Choice>,
}

/// Below this nothing is mapped: a wrong field is worse than an attribute.
const CONFIDENCE_MIN: f32 = 0.3;

/// Finds a mapping by header names (in five languages) and the values of a sample whose frame has every column of the
/// header. A name is believed only as far as the values can be read as that field; GTINs and pictures are also known by
/// their values alone. Where two columns want the same field the surer one gets it, and the other stays an attribute.
pub fn propose(header: &[String], sample: &RecordBatch) -> Proposal {
    let columns: Vec<Candidate<'_>> = header
        .iter()
        .zip(sample.frame.columns())
        .map(|(header, cells)| Candidate {
            header,
            heading: Heading::of(header),
            profile: Profile::of(Cells::of(cells)),
        })
        .collect();
    let mut proposal = Draft { taken: vec![Vec::new(); columns.len()], refused: vec![None; columns.len()], columns };
    proposal.choose_by_name_and_values();
    proposal.choose_sku();
    proposal.choose_gtin();
    proposal.choose_title();
    proposal.choose_variant_attributes();
    proposal.finish()
}

/// The choices of a mapping that a person gave.
pub(crate) fn given_choices(binding: &Binding) -> Vec<Choice> {
    let choice = |place: usize, field: Option<Field>, confidence: f32, reason: &str| Choice {
        column: binding.header[place].clone(),
        field,
        confidence,
        reason: reason.to_owned(),
    };
    let mapped = binding
        .columns
        .iter()
        .map(|column| (column.place, choice(column.place, Some(column.field), 1.0, "given by the mapping")));
    let rest = binding
        .rest
        .iter()
        .map(|place| (*place, choice(*place, None, 1.0, "not in the mapping: kept among the attributes")));
    let mut choices: Vec<(usize, Choice)> = mapped.chain(rest).collect();
    choices.sort_by_key(|(place, _)| *place);
    choices.into_iter().map(|(_, choice)| choice).collect()
}

struct Candidate<'a> {
    header: &'a str,
    heading: Heading,
    profile: Profile<'a>,
}

/// A field that a column was given, and why.
#[derive(Debug, Clone)]
struct Taken {
    field: Field,
    confidence: f32,
    reason: String,
    key_column: Option<String>,
}

struct Draft<'a> {
    columns: Vec<Candidate<'a>>,
    taken: Vec<Vec<Taken>>,
    /// Why a column that wanted a field did not get it.
    refused: Vec<Option<String>>,
}

impl Candidate<'_> {
    /// The fields this column could feed, with confidence and reason; or why its name is not believed.
    fn wishes(&self) -> Result<Vec<(Field, f32, String)>, String> {
        let by_value = self.wishes_by_value();
        let named = self.fields_named();
        let mut doubt = None;
        let mut wishes = Vec::new();
        for (field, confidence) in named {
            let field = if field == Field::Price && self.is_gross() { Field::PriceInclTax } else { field };
            match self.belief(field) {
                Ok((belief, reason)) => wishes.push((field, confidence * belief, reason)),
                Err(reason) => doubt = Some(reason),
            }
        }
        wishes.extend(by_value);
        match doubt {
            Some(reason) if wishes.is_empty() => Err(reason),
            _ => Ok(wishes),
        }
    }

    /// By all the header's words, else by those that are left without hints, else by part of these.
    fn fields_named(&self) -> Vec<(Field, f32)> {
        let Heading { words, name, .. } = &self.heading;
        [fields_named(words), fields_named(name), partly_named(name).into_iter().collect()]
            .into_iter()
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    /// Whether the column adds to a field that another column feeds already: further pictures, and lower levels of a
    /// path.
    fn joins(&self, field: Field) -> bool {
        match field {
            Field::ImageUrls => true,
            Field::CategoryPath => is_level(&self.heading.words),
            _ => false,
        }
    }

    fn is_gross(&self) -> bool {
        self.heading.tax == Some(super::Tax::Gross) || self.profile.says_gross()
    }

    /// How far the values bear out the name.
    fn belief(&self, field: Field) -> Result<(f32, String), String> {
        if self.profile.is_empty() {
            return Ok((0.5, "by its header; the sample has no value".to_owned()));
        }
        let share = self.profile.share_meant_as(field);
        let percent = (share * 100.0).round();
        let wanted = if field == Field::Gtin { 0.2 } else { 0.5 };
        if share < wanted {
            return Err(format!("called like {}, but only {percent} % of its values are one", field.name()));
        }
        if field == Field::Sku && self.profile.numbers_rows() {
            return Err("its values only number the rows".to_owned());
        }
        if field == Field::Sku && self.profile.distinct * 2 < self.profile.values.len() {
            return Ok((0.6, "by its header, though its values repeat".to_owned()));
        }
        let reason = if matches!(field.kind(), item::FieldKind::Text) && share == 1.0 {
            "by its header".to_owned()
        } else {
            format!("by its header; {percent} % of {} values fit", self.profile.values.len())
        };
        Ok((if share < 0.9 { 0.8 } else { 1.0 }, reason))
    }

    /// Values that speak for themselves.
    fn wishes_by_value(&self) -> Option<(Field, f32, String)> {
        const SURE: f32 = 0.8;
        if self.profile.values.len() < 3 {
            return None;
        }
        let (gtins, pictures) = (self.profile.share_gtin(), self.profile.share_pictures());
        if gtins >= SURE && self.profile.distinct * 2 > self.profile.values.len() {
            return Some((Field::Gtin, 0.8, format!("{} % of its values are valid GTINs", (gtins * 100.0).round())));
        }
        (pictures >= SURE).then(|| {
            (Field::ImageUrls, 0.8, format!("{} % of its values are addresses of pictures", (pictures * 100.0).round()))
        })
    }
}

impl Draft<'_> {
    fn choose_by_name_and_values(&mut self) {
        let mut wishes = Vec::new();
        for (place, column) in self.columns.iter().enumerate() {
            match column.wishes() {
                Ok(found) => wishes.extend(
                    found
                        .into_iter()
                        .filter(|(_, confidence, _)| *confidence >= CONFIDENCE_MIN)
                        .map(|wish| (place, wish)),
                ),
                Err(reason) => self.refused[place] = Some(reason),
            }
        }
        wishes.sort_by(|(place, (_, one, _)), (other_place, (_, other, _))| {
            other.total_cmp(one).then(place.cmp(other_place))
        });
        for (place, (field, confidence, reason)) in wishes {
            // An empty column of numbers or dates feeds nothing, but an empty SKU column would reject every row, and an
            // empty level of a path would keep the others from being cut.
            let profile = &self.columns[place].profile;
            let unusable = (field.required() || takes_many(field)) && profile.is_empty() && profile.rows > 0;
            if !self.taken[place].is_empty() || unusable {
                continue;
            }
            match self.feeding(field).filter(|_| !self.columns[place].joins(field)) {
                Some(other) => {
                    let reason = format!("{} is taken from `{}`", field.name(), self.columns[other].header);
                    self.refused[place].get_or_insert(reason);
                }
                None => self.take(place, field, confidence, reason),
            }
        }
    }

    /// Without a SKU column another column that identifies products stands in.
    fn choose_sku(&mut self) {
        if self.feeding(Field::Sku).is_some() {
            return;
        }
        let named: Vec<&str> = self
            .columns
            .iter()
            .filter(|column| {
                column.fields_named().iter().any(|(field, confidence)| *field == Field::Sku && *confidence > 0.9)
            })
            .map(|column| column.header)
            .collect();
        let why = match named.first() {
            Some(header) => format!("`{header}` is empty in the sample"),
            None => "no column is called SKU or reference".to_owned(),
        };
        for (field, confidence, what) in [
            (Field::VariantGroup, 0.5, "product reference"),
            (Field::Mpn, 0.6, "part number"),
            (Field::Gtin, 0.6, "GTIN"),
        ] {
            if let Some(place) = self.feeding(field).filter(|place| !self.columns[*place].profile.is_empty()) {
                if field == Field::VariantGroup {
                    self.taken[place].clear();
                }
                return self.take(place, Field::Sku, confidence, format!("{why}; this {what} stands in"));
            }
        }
        let unique = (0..self.columns.len())
            .find(|place| self.taken[*place].is_empty() && self.columns[*place].profile.identifies());
        if let Some(place) = unique {
            self.take(place, Field::Sku, 0.4, format!("{why}; every value of this column is another"));
        }
    }

    /// A supplier whose references are GTINs gives both in one column.
    fn choose_gtin(&mut self) {
        const SURE: f32 = 0.9;
        if self.feeding(Field::Gtin).is_none()
            && let Some(place) =
                self.feeding(Field::Sku).filter(|place| self.columns[*place].profile.share_gtin() >= SURE)
        {
            self.take(place, Field::Gtin, 0.7, "these references are valid GTINs".to_owned());
        }
    }

    /// Many price lists call the name of the product its description.
    fn choose_title(&mut self) {
        const TITLE_BYTES: usize = 200;
        if self.feeding(Field::Title).is_some() {
            return;
        }
        if let Some(place) = self
            .feeding(Field::Description)
            .filter(|place| (1..=TITLE_BYTES).contains(&self.columns[*place].profile.average_bytes()))
        {
            self.taken[place].clear();
            self.take(
                place,
                Field::Title,
                0.6,
                "no column is called title, and these descriptions are short".to_owned(),
            );
        }
    }

    /// Pairs of option name and value, and, where variants are grouped, properties such as size and colour.
    fn choose_variant_attributes(&mut self) {
        let grouped = self.feeding(Field::VariantGroup).is_some();
        for place in 0..self.columns.len() {
            let words = &self.columns[place].heading.words;
            if !self.taken[place].is_empty() {
                continue;
            }
            let names = option_names_for(words)
                .and_then(|names| self.columns.iter().position(|column| column.heading.words == names));
            if let Some(names) = names.filter(|_| !self.columns[place].profile.is_empty()) {
                let header = self.columns[names].header;
                let key_column = Some(header.to_owned());
                let reason = format!("values of the options named by `{header}`");
                self.taken[place].push(Taken { field: Field::VariantAttributes, confidence: 0.9, reason, key_column });
                self.refused[names] = Some(format!("names of the options in `{}`", self.columns[place].header));
            } else if grouped && is_variant_property(words) {
                self.take(place, Field::VariantAttributes, 0.8, "tells the variants of a product apart".to_owned());
            }
        }
    }

    fn feeding(&self, field: Field) -> Option<usize> {
        self.taken.iter().position(|fields| fields.iter().any(|taken| taken.field == field))
    }

    fn take(&mut self, place: usize, field: Field, confidence: f32, reason: String) {
        self.taken[place].push(Taken { field, confidence, reason, key_column: None });
    }

    fn finish(self) -> Proposal {
        let mut mapping = Mapping::default();
        let mut choices = Vec::with_capacity(self.columns.len());
        for ((column, taken), refused) in self.columns.iter().zip(self.taken).zip(self.refused) {
            for Taken { field, confidence, reason, key_column } in &taken {
                mapping.columns.push(ColumnRule { key_column: key_column.clone(), ..rule(column, *field) });
                choices.push(Choice {
                    column: column.header.to_owned(),
                    field: Some(*field),
                    confidence: *confidence,
                    reason: reason.clone(),
                });
            }
            if taken.is_empty() {
                let reason = refused.unwrap_or_else(|| "kept among the attributes".to_owned());
                choices.push(Choice { column: column.header.to_owned(), field: None, confidence: 1.0, reason });
            }
        }
        Proposal { mapping, choices }
    }
}

/// The rule of a column with the hints of its header that matter to the field.
fn rule(column: &Candidate<'_>, field: Field) -> ColumnRule {
    let heading = &column.heading;
    let priced = matches!(field, Field::Price | Field::PriceInclTax | Field::Rrp);
    ColumnRule {
        unit: heading.unit.filter(|unit| unit.fits(field)).map(|unit| unit.sign().to_owned()),
        currency: heading.currency.filter(|_| priced).map(str::to_owned),
        tax: heading.tax.filter(|tax| field == Field::Price && *tax == super::Tax::Net),
        ..ColumnRule::new(column.header, field)
    }
}
