//! Names of files, as servers give them and as the inbox takes them.

use percent_encoding::percent_decode_str;
use url::Url;

/// Longest name, in bytes: the inbox takes 255, and our answers add an ending.
const NAME_BYTES_MAX: usize = 200;

/// A name that leads nowhere: its last part, without control characters, not too long.
pub(crate) fn safe(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|character| !character.is_control()).collect();
    let clean = clean.trim();
    if matches!(clean, "" | "." | "..") {
        return "file".to_owned();
    }
    if clean.len() <= NAME_BYTES_MAX {
        return clean.to_owned();
    }
    // The ending says what is in it, so the middle goes.
    let ending = clean.rfind('.').map(|dot| &clean[dot..]).filter(|ending| ending.len() <= 16).unwrap_or_default();
    format!("{}{ending}", &clean[..clean.floor_char_boundary(NAME_BYTES_MAX - ending.len())])
}

/// The name of a download: the one that the server gives, else the last part of its address.
pub(crate) fn of_download(disposition: Option<&str>, url: &Url) -> String {
    let from_path = || percent_decode_str(url.path()).decode_utf8_lossy().into_owned();
    safe(&disposition.and_then(from_disposition).unwrap_or_else(from_path))
}

/// `filename*=UTF-8''…` goes before `filename="…"` (RFC 6266).
fn from_disposition(header: &str) -> Option<String> {
    let mut plain = None;
    for parameter in parameters(header) {
        let Some((name, value)) = parameter.split_once('=') else { continue };
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "filename*" => {
                let mut pieces = value.splitn(3, '\'');
                if let (Some(charset), Some(_), Some(text)) = (pieces.next(), pieces.next(), pieces.next())
                    && charset.eq_ignore_ascii_case("utf-8")
                {
                    return Some(percent_decode_str(text).decode_utf8_lossy().into_owned());
                }
            }
            "filename" => plain = Some(unquoted(value)),
            _ => {}
        }
    }
    plain
}

/// What stands between semicolons that are not in quotes.
fn parameters(header: &str) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    let border = |character: char| {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' => return !quoted,
            _ => {}
        }
        false
    };
    header.split(border).collect()
}

fn unquoted(value: &str) -> String {
    match value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) {
        Some(inner) => inner.replace("\\\"", "\""),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere() {
        for (name, expected) in [
            ("prices.csv", "prices.csv"),
            ("../../etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("Prix été.csv", "Prix été.csv"),
            ("a\r\nb\0.csv", "ab.csv"),
            ("", "file"),
            ("..", "file"),
            ("x/", "file"),
        ] {
            assert_eq!(safe(name), expected, "{name:?}");
        }
        let long = safe(&("é".repeat(300) + ".csv"));
        assert!(long.len() <= NAME_BYTES_MAX && long.ends_with("é.csv"), "{long}");
    }

    #[test]
    fn the_server_names_the_file_or_else_its_address() {
        let url = Url::parse("https://acme.example/feeds/Prix%20%C3%A9t%C3%A9.csv?token=hush").unwrap();
        for (disposition, expected) in [
            (None, "Prix été.csv"),
            (Some("attachment"), "Prix été.csv"),
            (Some("attachment; filename=tarif.csv"), "tarif.csv"),
            (Some("attachment; filename=\"a;b \\\"c\\\".csv\"; size=3"), "a;b \"c\".csv"),
            (Some("attachment; filename=\"x.csv\"; filename*=UTF-8''pri%C3%A8s.csv"), "priès.csv"),
            (Some("attachment; filename=\"../../x.csv\""), "x.csv"),
            (Some("attachment; filename*=UTF-8''..%2F..%2Fx.csv"), "x.csv"),
        ] {
            assert_eq!(of_download(disposition, &url), expected, "{disposition:?}");
        }
        assert_eq!(of_download(None, &Url::parse("https://acme.example").unwrap()), "file");
    }
}
