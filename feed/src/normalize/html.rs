//! Descriptions: HTML from strangers, stored sanitised.
//!
//! The result is always an HTML fragment, also for plain text (`a < b` is stored as `a &lt; b`), so that whoever shows
//! it needs to know only one rule. Sanitising parses like a browser and costs tens of microseconds; most
//! descriptions are plain text or a few well-nested tags, which [`simple`] writes itself, byte for byte as the sanitiser would.

use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use memchr::{memchr, memchr3};

use super::refusal::Reading;
use super::text::{Lines, clean_into, is_clean, trim, within};

/// Appends the sanitised form of a description.
pub(crate) fn description(text: &str, bytes_max: usize, out: &mut String) -> Reading<()> {
    // Markup is refused by its length before it is parsed.
    within(text, bytes_max)?;
    let start = out.len();
    let clean = if is_clean(text) { None } else { Some(cleaned(text)) };
    let text = clean.as_deref().unwrap_or(text);
    if !simple(text, out) {
        out.truncate(start);
        sanitise(text, out);
    }
    within(&out[start..], bytes_max)?;
    Ok((out.len() > start).then_some(()))
}

fn cleaned(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    clean_into(text, Lines::Many, &mut clean);
    clean
}

/// The general case.
fn sanitise(text: &str, out: &mut String) {
    static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
        let mut builder = Builder::default();
        // A supplier's relative address leads nowhere from our pages.
        builder.url_relative(UrlRelative::Deny).url_schemes(HashSet::from(["http", "https", "mailto", "tel"]));
        builder
    });
    if is_explosive(text) {
        out.push_str(&ammonia::clean_text(text));
    } else {
        out.push_str(trim(&SANITISER.clean(text).to_string()));
    }
}

/// Markup made to exhaust a parser is kept as visible text. An open formatting tag with attributes is opened again
/// inside every block that follows it, so the tree grows with their product; deep nesting costs time by its square.
fn is_explosive(text: &str) -> bool {
    const TAGS_MAX: usize = 5_000;
    const REOPENED_MAX: usize = 400_000;
    const FORMATTING: &[&str] = &["b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];
    let (mut tags, mut formatting) = (0usize, 0usize);
    for rest in text.split('<').skip(1) {
        let name_end = rest.bytes().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
        if name_end > 0 {
            tags += 1;
            let bare = rest[name_end..].starts_with('>');
            formatting += usize::from(!bare && FORMATTING.iter().any(|name| rest[..name_end].eq_ignore_ascii_case(name)));
        }
    }
    tags > TAGS_MAX || tags * formatting > REOPENED_MAX
}

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
fn simple(text: &str, out: &mut String) -> bool {
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

/// Whether the parser leaves the element where it is written (HTML standard, 13.2.6.4.7): blocks close an open paragraph
/// and are kept out of text and inline elements here; list items stand in lists, and nothing else does.
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
        let known = ["class=\"", "style=\"", "id=\""].iter().find_map(|name| rest.strip_prefix(' ').and_then(|rest| rest.strip_prefix(name)));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> String {
        let mut out = String::new();
        description(text, 64 << 10, &mut out).unwrap();
        out
    }

    #[test]
    fn scripts_handlers_and_strange_addresses_go_and_the_rest_stays() {
        for (text, expected) in [
            ("plain", "plain"),
            ("5 < 6 & 7 > 4", "5 &lt; 6 &amp; 7 &gt; 4"),
            ("<p>one</p>\n<ul><li>two</li></ul>", "<p>one</p>\n<ul><li>two</li></ul>"),
            ("<p class=\"x\">one<br />two</p>", "<p>one<br>two</p>"),
            ("caf&eacute; &amp; th&eacute;", "café &amp; thé"),
            ("<script>alert(1)</script>safe", "safe"),
            ("<p onclick=\"x()\">a</p>", "<p>a</p>"),
            ("<img src=x onerror=alert(1)>", "<img>"),
            ("<a href=\"javascript:x()\">a</a>", "<a rel=\"noopener noreferrer\">a</a>"),
            ("<b>open", "<b>open</b>"),
            ("a\r\nb", "a\nb"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_only_markup_is_no_value() {
        let mut out = String::new();
        assert_eq!(description("<script>x</script>", 100, &mut out), Ok(None));
    }

    #[test]
    fn markup_made_to_exhaust_the_parser_is_kept_as_text() {
        let mut bomb = String::new();
        for n in 0..1500 {
            bomb.push_str(&format!("<b id={n}>"));
        }
        bomb.push_str(&"<p>".repeat(1500));
        assert!(is_explosive(&bomb));
        let started = std::time::Instant::now();
        assert!(read(&bomb[..40_000.min(bomb.len())]).starts_with("&lt;b"));
        assert!(started.elapsed().as_secs() < 5);
        assert!(!is_explosive(&"<p>text<br><a href=\"x\">y</a></p>".repeat(400)));
    }

    /// Pieces from which both simple and nasty fragments arise.
    fn fragment() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "<p>", "</p>", "<b>", "</b>", "<i>", "</i>", "<ul>", "</ul>", "<li>", "</li>", "<ol>", "</ol>", "<br>", "<br />", "<br/>", "<h2>", "</h2>",
            "<h3>", "</h3>", "<div>", "</div>", "<span>", "</span>", "<strong>", "</strong>", "<em>", "</em>", "<blockquote>", "</blockquote>", "<code>",
            "</code>", "<sub>", "</sub>", "<p class=\"a\">", "<span style=\"x:y\">", "<div id=\"a\" class=\"b\">", "<b class=\"c\">", " ", "\n", "\t", "text",
            "a & b", "&amp;", "&lt;", "&gt;", "&nbsp;", "&eacute;", "&euro;", "&#39;", "&quot;", "&", ">", "\u{a0}", "é", "©", "€", "<a href=\"http://x\">", "</a>",
            "<table>", "<td>", "</", "<", "\"", "'", "&amp", "&notit;", "&frac12;", "&sup2;", "<P>", "<p >", "<p/>", "<img>", "<!-- -->", "<script>", "<s>", "</s>",
        ]);
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    /// Properly nested simple markup, so that the short way is really taken.
    fn nested() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec!["text", "a & b", "&eacute;", "<br>", "<br />", "\n", " ", "", "\u{a0}", "1 > 0"]).prop_map(str::to_owned);
        leaf.prop_recursive(5, 24, 4, |inner| {
            let name = prop::sample::select(vec![
                "b", "strong", "i", "em", "u", "s", "small", "sub", "sup", "span", "code", "p", "h1", "h3", "h6", "div", "blockquote", "ul", "ol", "li",
            ]);
            (name, prop::collection::vec(inner, 0..4), any::<bool>())
                .prop_map(|(name, children, class)| format!("<{name}{}>{}</{name}>", if class { " class=\"k\"" } else { "" }, children.concat()))
        })
    }

    fn the_short_way_agrees(text: &str) -> Result<(), TestCaseError> {
        let (mut short, mut long) = (String::new(), String::new());
        if simple(text, &mut short) {
            sanitise(text, &mut long);
            prop_assert_eq!(trim(&short), long, "{:?}", text);
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn simple_markup_is_written_as_the_sanitiser_would(text in fragment()) {
            the_short_way_agrees(&text)?;
        }

        #[test]
        fn nested_markup_is_written_as_the_sanitiser_would(text in nested()) {
            the_short_way_agrees(&text)?;
        }

        #[test]
        fn any_text_is_sanitised_without_panic(text in "\\PC{0,60}") {
            the_short_way_agrees(&text)?;
            let mut out = String::new();
            let _ = description(&text, 1 << 16, &mut out);
        }
    }
}
