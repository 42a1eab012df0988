//! What a duplicate says. Its first line is told in every language, so the sentence must be read as it was written.

const ON_LINE: &str = " stands already on line ";

/// The SKU stood earlier in the same file.
pub fn in_file(sku: &str, first_line: u64) -> String {
    format!("`{sku}`{ON_LINE}{first_line}; the first one counts")
}

/// The row came back in a correction while the catalogue has the one that counted.
pub fn in_catalogue(sku: &str) -> String {
    format!("`{sku}` is in the catalogue by the row that counted; give this one a SKU of its own, or leave it out")
}

/// The line in a sentence of [`in_file`].
pub fn first_line(message: &str) -> Option<u64> {
    let (_, behind) = message.rsplit_once(ON_LINE)?;
    behind.split(';').next()?.parse().ok()
}
