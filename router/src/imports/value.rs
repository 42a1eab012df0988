//! Between our values and those of PostgreSQL.

use std::borrow::Cow;
use std::str::FromStr;

use item::UnknownWord;
use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::PgRow;

/// What stands for a NUL character, which PostgreSQL stores in no text: its picture in Unicode.
const NUL_PICTURE: &str = "\u{2400}";

/// A word of one of item's closed sets.
pub(super) fn word<T: FromStr<Err = UnknownWord>>(row: &PgRow, column: &str) -> sqlx::Result<T> {
    let word: &str = row.try_get(column)?;
    word.parse().map_err(|unknown: UnknownWord| undecodable(column, unknown))
}

/// A column holds what its type forbids.
pub(super) fn undecodable(column: &str, why: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: Box::new(why) }
}

/// A count; the schema keeps them at zero or above.
pub(super) fn count(row: &PgRow, column: &str) -> sqlx::Result<u64> {
    row.try_get::<i64, _>(column).map(|count| count.max(0) as u64)
}

/// A count as PostgreSQL keeps it. No count of ours comes near 2^63.
pub(super) fn bigint(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A text from a supplier's file, fit to be stored.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', NUL_PICTURE)) } else { Cow::Borrowed(text) }
}

/// A JSON value that may hold text from a supplier's file, fit to be stored.
pub(super) fn storable_json(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(storable(text).into_owned()),
        Value::Array(values) => values.iter().map(storable_json).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (storable(name).into_owned(), storable_json(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// Several texts as one PostgreSQL array literal (manual, 8.15.2): lists of unequal length fit no two-dimensional array.
pub(super) fn array_literal(texts: &[String]) -> String {
    let mut literal = String::with_capacity(2 + texts.iter().map(|text| text.len() + 3).sum::<usize>());
    literal.push('{');
    for (place, text) in texts.iter().enumerate() {
        if place > 0 {
            literal.push(',');
        }
        literal.push('"');
        for character in text.chars() {
            match character {
                '\0' => literal.push_str(NUL_PICTURE),
                '"' | '\\' => literal.extend(['\\', character]),
                _ => literal.push(character),
            }
        }
        literal.push('"');
    }
    literal.push('}');
    literal
}
