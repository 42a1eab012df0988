//! Category paths: `Gear > Bags`, `Default Category/Men/Tops,Default Category/Sale`, or one column per level.

use item::{LIST_SEPARATOR, RejectCode};

use super::refusal::{Refusal, quote};
use super::text::{Lines, clean_into, is_clean};

/// Longest name of one category, in bytes.
const NAME_BYTES_MAX: usize = 255;
/// Deepest path: real trees have fewer than ten levels.
const DEPTH_MAX: usize = 20;

/// What may stand between categories, the surest sign first: a column that holds a `>` anywhere is not cut at `/`,
/// which occurs in names.
pub(crate) const SEPARATORS: [&str; 6] = ["&gt;", ">", "»", "|", "\n", "/"];

/// Appends the categories of a cell to a path under construction that begins at `start`.
pub(crate) fn category_path(
    text: &str,
    separator: Option<&str>,
    start: usize,
    out: &mut String,
) -> Result<(), Refusal> {
    let Some(separator) = separator else { return add(text, start, out) };
    let path = if text.contains(',') { deepest_path(text, separator) } else { text };
    let mut one = separator.chars();
    match (one.next(), one.next()) {
        // Searching one character is much cheaper than searching a text.
        (Some(sign), None) => path.split(sign).try_for_each(|name| add(name, start, out)),
        _ => path.split(separator).try_for_each(|name| add(name, start, out)),
    }
}

/// The deepest of several paths in one cell (the first of equals). Commas part paths only when every part is a path
/// itself or the root of one: `Default Category/Men,Default Category`, not `Nuts, bolts > M6`.
fn deepest_path<'a>(text: &'a str, separator: &str) -> &'a str {
    let depth = |path: &str| path.split(separator).count();
    let roots: Vec<&str> = text
        .split(',')
        .filter(|part| depth(part) > 1)
        .filter_map(|part| part.split(separator).next())
        .map(str::trim)
        .collect();
    let is_path = |part: &str| depth(part) > 1 || roots.contains(&part.trim());
    if roots.is_empty() || !text.split(',').all(is_path) {
        return text;
    }
    text.split(',').rev().max_by_key(|path| depth(path)).unwrap_or(text)
}

fn add(name: &str, start: usize, out: &mut String) -> Result<(), Refusal> {
    let name = name.trim();
    if name.is_empty() {
        return Ok(());
    }
    let levels = if out.len() == start { 0 } else { out[start..].split(LIST_SEPARATOR).count() };
    if levels == DEPTH_MAX || name.len() > NAME_BYTES_MAX {
        let message = format!(
            "category {} is too long or lies too deep ({NAME_BYTES_MAX} bytes, {DEPTH_MAX} levels)",
            quote(name)
        );
        return Err(Refusal::fault(RejectCode::TextTooLong, message));
    }
    if levels > 0 {
        out.push(LIST_SEPARATOR);
    }
    if is_clean(name) {
        out.push_str(name);
    } else {
        clean_into(name, Lines::One, out);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, separator: Option<&str>) -> Vec<String> {
        let mut out = "before".to_owned();
        category_path(text, separator, 6, &mut out).unwrap();
        out[6..].split(LIST_SEPARATOR).map(str::to_owned).collect()
    }

    #[test]
    fn one_cell_holds_a_path() {
        for (text, separator, expected) in [
            ("Gear > Bags", Some(">"), vec!["Gear", "Bags"]),
            ("TV/Video", Some(">"), vec!["TV/Video"]),
            ("A/B/C", Some("/"), vec!["A", "B", "C"]),
            ("Gear\nBags", Some("\n"), vec!["Gear", "Bags"]),
            ("Gear\nBags", None, vec!["Gear Bags"]),
            ("A >  > B >", Some(">"), vec!["A", "B"]),
            (
                "Default Category/Men/Tops,Default Category/Sale,Default Category",
                Some("/"),
                vec!["Default Category", "Men", "Tops"],
            ),
            ("Clothing > Tshirts, Clothing > Hoodies", Some(">"), vec!["Clothing", "Tshirts"]),
            ("Nuts, bolts > M6", Some(">"), vec!["Nuts, bolts", "M6"]),
        ] {
            assert_eq!(read(text, separator), expected, "{text:?}");
        }
    }

    #[test]
    fn several_cells_make_one_path() {
        let mut out = String::new();
        for cell in ["Gear", "", "Bags"] {
            category_path(cell, None, 0, &mut out).unwrap();
        }
        assert_eq!(out, format!("Gear{LIST_SEPARATOR}Bags"));
    }

    #[test]
    fn a_name_or_a_path_beyond_reason_is_refused() {
        let mut out = String::new();
        for text in ["x".repeat(256), "a>".repeat(30)] {
            out.clear();
            assert_eq!(category_path(&text, Some(">"), 0, &mut out).unwrap_err().code(), Some(RejectCode::TextTooLong));
        }
    }
}
