//! Variant attributes: `{"Taille":"42"}`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::json::{Object, escaped_key};
use super::refusal::{Reading, Refusals};
use super::source::Source;
use super::text::{trim, within};

/// One column of variant attributes, with the name its values go by.
pub(crate) struct VariantSource<'a> {
    pub values: Source<'a>,
    /// The column of names; where its cell is empty the fixed name stands in.
    pub names: Option<Source<'a>>,
    /// The fixed name.
    pub key: String,
}

/// Longest value, in bytes, and most values that one cell may hold as JSON: each key is compared with all before it.
const VALUE_BYTES_MAX: usize = 1_000;
const MEMBERS_MAX: usize = 100;

/// Writes the attributes of one row as a JSON object, keys in byte order as the catalogue gives them back; of two with
/// the same name the first counts.
pub(crate) fn variant_attributes(sources: &[VariantSource<'_>], row: usize, refusals: &mut Refusals, out: &mut String) {
    let mut members: BTreeMap<Cow<'_, str>, Cow<'_, str>> = BTreeMap::new();
    for source in sources {
        let Some(value) = source.values.read(row, refusals, limited) else { continue };
        if let Some(inner) = json_members(value) {
            for (key, value) in inner {
                members.entry(Cow::Owned(key)).or_insert(Cow::Owned(value));
            }
            continue;
        }
        let name = source.names.as_ref().map(|names| trim(names.cells.get(row))).filter(|name| !name.is_empty());
        members.entry(Cow::Borrowed(name.unwrap_or(&source.key))).or_insert(Cow::Borrowed(value));
    }
    let mut object = Object::new(out);
    for (key, value) in &members {
        object.member(&escaped_key(key), value);
    }
    object.close();
}

fn limited(text: &str) -> Reading<&str> {
    let bytes_max = if text.starts_with('{') { VALUE_BYTES_MAX * MEMBERS_MAX } else { VALUE_BYTES_MAX };
    within(text, bytes_max).map(|()| Some(text))
}

/// The members of a cell that is a JSON object itself.
fn json_members(text: &str) -> Option<Vec<(String, String)>> {
    if !text.starts_with('{') {
        return None;
    }
    let Ok(Value::Object(members)) = serde_json::from_str(text) else { return None };
    if members.len() > MEMBERS_MAX {
        return None;
    }
    let plain = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Some(members.into_iter().map(|(key, value)| (key, plain(value))).collect())
}
