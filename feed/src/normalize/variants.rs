//! Variant attributes: `{"Taille":"42"}`.

use serde_json::Value;

use super::json::{Object, escaped_key};
use super::refusal::Refusals;
use super::source::Source;
use super::text::trim;

/// One column of variant attributes, with the name its values go by.
pub(crate) struct VariantSource<'a> {
    pub values: Source<'a>,
    /// The column of names; where its cell is empty the fixed name stands in.
    pub names: Option<Source<'a>>,
    /// The fixed name, as a JSON key.
    pub key: String,
}

/// Writes the attributes of one row as a JSON object; of two with the same name the first counts.
pub(crate) fn variant_attributes(sources: &[VariantSource<'_>], row: usize, refusals: &mut Refusals, out: &mut String) {
    let mut object = Object::new(out);
    let mut seen: Vec<String> = Vec::new();
    let mut member = |key: String, value: &str| {
        if !seen.contains(&key) {
            object.member(&key, value);
            seen.push(key);
        }
    };
    for source in sources {
        let Some(value) = source.values.read(row, refusals, |text| Ok(Some(text))) else { continue };
        if let Some(members) = json_members(value) {
            members.iter().for_each(|(key, value)| member(escaped_key(key), value));
            continue;
        }
        let name = source.names.as_ref().map(|names| trim(names.cells.get(row))).filter(|name| !name.is_empty());
        member(name.map_or_else(|| source.key.clone(), escaped_key), value);
    }
    object.close();
}

/// The members of a cell that is a JSON object itself.
fn json_members(text: &str) -> Option<Vec<(String, String)>> {
    if !text.starts_with('{') {
        return None;
    }
    let Ok(Value::Object(members)) = serde_json::from_str(text) else { return None };
    let plain = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Some(members.into_iter().map(|(key, value)| (key, plain(value))).collect())
}
