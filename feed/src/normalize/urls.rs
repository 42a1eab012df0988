//! Picture addresses: absolute http(s) only, several in one cell.

use item::{LIST_SEPARATOR, RejectCode};
use memchr::memchr3;

use super::refusal::{Refusal, quote};

/// Longer addresses are refused by browsers and servers alike.
const URL_BYTES_MAX: usize = 2_048;
/// Most pictures of one product; each new one is compared with all before it.
const PICTURES_MAX: usize = 200;

/// Appends the addresses of a cell to a list under construction that begins at `start`, in order, each once.
pub(crate) fn image_urls(text: &str, separator: Option<&str>, start: usize, out: &mut String) -> Result<(), Refusal> {
    match separator {
        Some(separator) => text.split(separator).try_for_each(|url| add(url.trim(), start, out)),
        None => pieces(text).try_for_each(|url| add(url, start, out)),
    }
}

fn add(url: &str, start: usize, out: &mut String) -> Result<(), Refusal> {
    if url.is_empty() {
        return Ok(());
    }
    if let Some(fault) = fault(url) {
        return Err(Refusal::fault(RejectCode::UrlInvalid, format!("{} {fault}", quote(url))));
    }
    let list = &out[start..];
    let known = if list.is_empty() { 0 } else { list.split(LIST_SEPARATOR).count() };
    if known == PICTURES_MAX {
        return Err(Refusal::fault(RejectCode::TextTooLong, format!("more than {PICTURES_MAX} pictures")));
    }
    if known == 0 {
        out.push_str(url);
    } else if list.split(LIST_SEPARATOR).all(|known| known != url) {
        out.push(LIST_SEPARATOR);
        out.push_str(url);
    }
    Ok(())
}

/// Cuts at `|` and line breaks always, at `,` `;` and spaces only before another address: all three occur inside
/// addresses.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(BETWEEN);
        if rest.is_empty() {
            return None;
        }
        let line = memchr3(b'|', b'\n', b'\r', rest.as_bytes()).unwrap_or(rest.len());
        let end = next_address(&rest[..line]);
        let url = rest[..end].trim_end_matches(BETWEEN);
        rest = &rest[end..];
        Some(url)
    })
}

/// What may stand between addresses, and is cut off their ends.
const BETWEEN: [char; 6] = ['|', '\n', '\r', ' ', ',', ';'];

/// Where the address behind the first one begins, or the end.
fn next_address(text: &str) -> usize {
    let mut from = 0;
    while let Some(found) = memchr3(b' ', b',', b';', &text.as_bytes()[from..]) {
        from += found + 1;
        if text[from..].starts_with("http://") || text[from..].starts_with("https://") {
            return from;
        }
    }
    text.len()
}

/// Why this is no address of a picture.
fn fault(url: &str) -> Option<&'static str> {
    let Some(rest) = strip_scheme(url) else {
        return Some("does not begin with https:// or http://");
    };
    let authority = &rest[..memchr3(b'/', b'?', b'#', rest.as_bytes()).unwrap_or(rest.len())];
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.is_empty() || host.starts_with([':', '.']) {
        return Some("names no server");
    }
    if url.len() > URL_BYTES_MAX {
        return Some("is longer than 2,048 bytes");
    }
    let forbidden = url
        .bytes()
        .any(|byte| byte <= b' ' || matches!(byte, 0x7f | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'}'));
    (forbidden || !url.is_ascii() && url.contains(|c: char| c.is_whitespace() || c.is_control()))
        .then_some("holds a character that no address has")
}

fn strip_scheme(url: &str) -> Option<&str> {
    if let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) {
        return Some(rest);
    }
    let (scheme, rest) = url.split_once("://")?;
    (scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")).then_some(rest)
}

/// Whether a cell looks like addresses, and whether they end like pictures.
pub(crate) fn looks_like_pictures(text: &str) -> Option<bool> {
    let url = pieces(text).next()?;
    let rest = strip_scheme(url)?;
    let path = rest.split(['?', '#']).next().unwrap_or("").to_ascii_lowercase();
    let is_picture = [".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".tif", ".tiff", ".bmp", ".svg"]
        .iter()
        .any(|end| path.ends_with(end));
    Some(is_picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, separator: Option<&str>) -> Result<Vec<String>, RejectCode> {
        let mut out = "before".to_owned();
        image_urls(text, separator, 6, &mut out).map_err(|refusal| refusal.code().unwrap())?;
        Ok(out[6..].split(LIST_SEPARATOR).map(str::to_owned).collect())
    }

    #[test]
    fn addresses_are_cut_apart_and_kept_in_order_each_once() {
        for (text, expected) in [
            ("https://a.example/x.jpg", vec!["https://a.example/x.jpg"]),
            ("HTTP://a.example/x.jpg", vec!["HTTP://a.example/x.jpg"]),
            ("https://a/1.jpg, https://a/2.jpg", vec!["https://a/1.jpg", "https://a/2.jpg"]),
            ("https://a/1.jpg,https://a/2.jpg", vec!["https://a/1.jpg", "https://a/2.jpg"]),
            (
                "https://a/1.jpg;https://a/2.jpg https://a/3.jpg",
                vec!["https://a/1.jpg", "https://a/2.jpg", "https://a/3.jpg"],
            ),
            ("https://a/1.jpg|https://a/2.jpg\nhttps://a/1.jpg", vec!["https://a/1.jpg", "https://a/2.jpg"]),
            ("https://a/w_100,h_200/1.jpg", vec!["https://a/w_100,h_200/1.jpg"]),
            ("https://a/fetch/https://b/1.jpg", vec!["https://a/fetch/https://b/1.jpg"]),
            ("https://a/1.jpg,", vec!["https://a/1.jpg"]),
        ] {
            assert_eq!(read(text, None).unwrap(), expected, "{text}");
        }
        assert_eq!(read("https://a/1~https://a/2", Some("~")).unwrap(), ["https://a/1", "https://a/2"]);
    }

    #[test]
    fn anything_but_absolute_http_is_refused() {
        for text in [
            "/m/b/x.jpg",
            "ftp://a/x.jpg",
            "javascript:alert(1)",
            "//cdn/x.jpg",
            "https://",
            "https:///x",
            "https://a/x y.jpg",
            "https://a/1.jpg, /2.jpg",
            "data:image/png;base64,AA",
            "x.jpg",
        ] {
            assert_eq!(read(text, None), Err(RejectCode::UrlInvalid), "{text}");
        }
        assert_eq!(read(&format!("https://a/{}", "x".repeat(3_000)), None), Err(RejectCode::UrlInvalid));
    }

    #[test]
    fn the_number_of_pictures_has_a_limit() {
        let cell = |count: usize| (0..count).map(|number| format!("https://a/{number}.jpg|")).collect::<String>();
        assert_eq!(read(&cell(PICTURES_MAX), None).unwrap().len(), PICTURES_MAX);
        assert_eq!(read(&cell(PICTURES_MAX + 1), None), Err(RejectCode::TextTooLong));
    }

    #[test]
    fn pictures_are_known_by_their_ending() {
        assert_eq!(looks_like_pictures("https://a/x.JPG?w=1"), Some(true));
        assert_eq!(looks_like_pictures("https://a/product/1"), Some(false));
        assert_eq!(looks_like_pictures("/x.jpg"), None);
    }
}
