//! File names with `*` in them.

/// A `*` stands for any text, also for none; everything else for itself.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        match rest.find(piece) {
            Some(place) => rest = &rest[place + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Splits a path into its folder and its last part.
pub(crate) fn split(path: &str) -> (&str, &str) {
    match path.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((folder, name)) => (folder, name),
        None => (".", path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, expected) in [
            ("prices.csv", "prices.csv", true),
            ("prices.csv", "prices.csv2", false),
            ("prices.csv", "x-prices.csv", false),
            ("*", "anything", true),
            ("*.csv", "a.csv", true),
            ("*.csv", "a.csv.gz", false),
            ("p*.csv", "p.csv", true),
            ("p*-*.csv", "prices-2027.csv", true),
            ("p*-*.csv", "prices.csv", false),
            ("a*a", "a", false),
            ("*é*", "prix été", true),
            ("a**b", "ab", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_path_is_a_folder_and_a_name() {
        for (path, expected) in [("/a/b.csv", ("/a", "b.csv")), ("/b.csv", ("/", "b.csv")), ("b.csv", (".", "b.csv"))] {
            assert_eq!(split(path), expected);
        }
    }
}
