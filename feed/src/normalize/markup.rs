//! Simple markup, written byte for byte as the sanitiser would, without parsing like a browser.

use memchr::{memchr, memchr3};

/// Deeper nesting is left to the sanitiser.
const DEPTH_MAX: usize = 12;

/// How an element nests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Holds text and other inline elements.
    Inline,
    /// Holds text and inline elements, and closes an open paragraph.
    Text,
    /// Holds blocks, and closes an open paragraph.
    Flow,
    /// Holds list items only (and the white space between them).
    List,
    /// Stands in a list.
    Item,
}

/// Elements that only need to be nested properly to be parsed as they are written.
fn element(name: &str) -> Option<(&'static str, Kind)> {
    Some(match name {
        "b" => ("b", Kind::Inline),
        "strong" => ("strong", Kind::Inline),
        "i" => ("i", Kind::Inline),
        "em" => ("em", Kind::Inline),
        "u" => ("u", Kind::Inline),
        "s" => ("s", Kind::Inline),
        "small" => ("small", Kind::Inline),
        "sub" => ("sub", Kind::Inline),
        "sup" => ("sup", Kind::Inline),
        "span" => ("span", Kind::Inline),
        "code" => ("code", Kind::Inline),
        "p" => ("p", Kind::Text),
        "h1" => ("h1", Kind::Text),
        "h2" => ("h2", Kind::Text),
        "h3" => ("h3", Kind::Text),
        "h4" => ("h4", Kind::Text),
        "h5" => ("h5", Kind::Text),
        "h6" => ("h6", Kind::Text),
        "div" => ("div", Kind::Flow),
        "blockquote" => ("blockquote", Kind::Flow),
        "ul" => ("ul", Kind::List),
        "ol" => ("ol", Kind::List),
        "li" => ("li", Kind::Item),
        _ => return None,
    })
}

/// Writes a fragment of text, known entities and well-nested simple tags as the sanitiser would; `false` (with
/// anything written) when it holds something else. The text has no control characters but tab and line feed.
pub(super) fn simple(text: &str, out: &mut String) -> bool {
    let mut open: Vec<(&'static str, Kind)> = Vec::new();
    let may_hold_nbsp = memchr(0xc2, text.as_bytes()).is_some();
    let mut rest = text;
    loop {
        let bytes = rest.as_bytes();
        let markup = memchr3(b'<', b'>', b'&', bytes).unwrap_or(bytes.len());
        let special = if may_hold_nbsp { memchr(0xc2, &bytes[..markup]).unwrap_or(markup) } else { markup };
        out.push_str(&rest[..special]);
        rest = &rest[special..];
        let taken = match rest.as_bytes().first() {
            None => return open.is_empty(),
            Some(b'<') => tag(rest, &mut open, out),
            Some(b'&') => entity(rest, out),
            Some(b'>') => written("&gt;", 1, out),
            Some(_) if rest.starts_with('\u{a0}') => written("&nbsp;", 2, out),
            // Another character of two bytes that begins as the no-break space does.
            Some(_) => written(&rest[..2], 2, out),
        };
        match taken {
            Some(bytes) => rest = &rest[bytes..],
            None => return false,
        }
    }
}

fn written(text: &str, taken: usize, out: &mut String) -> Option<usize> {
    out.push_str(text);
    Some(taken)
}

/// One tag; the bytes it takes, `None` when it is not simple where it stands.
fn tag(rest: &str, open: &mut Vec<(&'static str, Kind)>, out: &mut String) -> Option<usize> {
    let end = memchr(b'>', rest.as_bytes())?;
    let inner = &rest[1..end];
    if let Some(name) = inner.strip_prefix('/') {
        if open.pop()?.0 != name {
            return None;
        }
        return written(&rest[..=end], end + 1, out);
    }
    if matches!(inner, "br" | "br/" | "br /") {
        return written("<br>", end + 1, out);
    }
    let (name, attributes) = inner.split_at(memchr(b' ', inner.as_bytes()).unwrap_or(inner.len()));
    let (name, kind) = element(name)?;
    if open.len() == DEPTH_MAX || !may_open(name, kind, open) || !drops_away(attributes) {
        return None;
    }
    open.push((name, kind));
    out.push('<');
    out.push_str(name);
    written(">", end + 1, out)
}

/// Whether the parser leaves the element where it is written (HTML standard, 13.2.6.4.7): blocks close an open
/// paragraph and are kept out of text and inline elements here; list items stand in lists, and nothing else does.
fn may_open(name: &str, kind: Kind, open: &[(&str, Kind)]) -> bool {
    if kind == Kind::Inline {
        return open.iter().all(|(parent, _)| *parent != name);
    }
    let in_list = matches!(open.last(), Some((_, Kind::List)));
    let among_blocks = open.iter().all(|(_, parent)| !matches!(parent, Kind::Inline | Kind::Text));
    among_blocks && (kind == Kind::Item) == in_list
}

/// Attributes that the sanitiser removes from every element: ` class="…" style="…"`.
fn drops_away(attributes: &str) -> bool {
    let mut rest = attributes;
    while !rest.is_empty() {
        let known = ["class=\"", "style=\"", "id=\""]
            .iter()
            .find_map(|name| rest.strip_prefix(' ').and_then(|rest| rest.strip_prefix(name)));
        let Some((_, behind)) = known.and_then(|value| value.split_once('"')) else { return false };
        rest = behind;
    }
    true
}

/// Entities that are written back as they are, and those that become a character.
fn entity(rest: &str, out: &mut String) -> Option<usize> {
    if rest.len() == 1 || rest.as_bytes()[1] == b' ' {
        return written("&amp;", 1, out);
    }
    let end = rest.bytes().take(10).position(|byte| byte == b';')?;
    let text = match &rest[1..end] {
        "amp" => "&amp;",
        "lt" => "&lt;",
        "gt" => "&gt;",
        "nbsp" => "&nbsp;",
        "quot" => "\"",
        "apos" | "#39" => "'",
        "agrave" => "à",
        "acirc" => "â",
        "auml" => "ä",
        "Auml" => "Ä",
        "ccedil" => "ç",
        "eacute" => "é",
        "Eacute" => "É",
        "egrave" => "è",
        "ecirc" => "ê",
        "euml" => "ë",
        "icirc" => "î",
        "iuml" => "ï",
        "ocirc" => "ô",
        "ouml" => "ö",
        "Ouml" => "Ö",
        "ugrave" => "ù",
        "ucirc" => "û",
        "uuml" => "ü",
        "Uuml" => "Ü",
        "szlig" => "ß",
        "ntilde" => "ñ",
        "oelig" => "œ",
        "rsquo" => "’",
        "lsquo" => "‘",
        "ldquo" => "“",
        "rdquo" => "”",
        "laquo" => "«",
        "raquo" => "»",
        "ndash" => "–",
        "mdash" => "—",
        "hellip" => "…",
        "bull" => "•",
        "middot" => "·",
        "deg" => "°",
        "euro" => "€",
        "reg" => "®",
        "copy" => "©",
        "trade" => "™",
        "times" => "×",
        "frac12" => "½",
        "sup2" => "²",
        _ => return None,
    };
    written(text, end + 1, out)
}
