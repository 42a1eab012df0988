//! Descriptions: HTML from strangers, stored sanitised.
//!
//! The result is always an HTML fragment, also for plain text (`a < b` is stored as `a &lt; b`), so that whoever shows
//! it needs to know only one rule. Sanitising parses like a browser and costs tens of microseconds; most descriptions
//! are plain text or a few well-nested tags, which [`simple`] writes itself, byte for byte as the sanitiser would.

use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

use super::markup::simple;
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
        escape(text, out);
    } else {
        // Character references may bring control characters back.
        clean_into(trim(&SANITISER.clean(text).to_string()), Lines::Many, out);
    }
}

/// Markup made to exhaust a parser is kept as visible text. An open formatting tag with attributes is opened again
/// inside every block that follows it, so the tree grows with their product; deep nesting costs time by its square.
fn is_explosive(text: &str) -> bool {
    const TAGS_MAX: usize = 3_000;
    const REOPENED_MAX: usize = 100_000;
    const FORMATTING: &[&str] =
        &["b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];
    let (mut tags, mut formatting) = (0usize, 0usize);
    for rest in text.split('<').skip(1) {
        let name_end = rest.bytes().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
        if name_end > 0 {
            tags += 1;
            let bare = rest[name_end..].starts_with('>');
            formatting +=
                usize::from(!bare && FORMATTING.iter().any(|name| rest[..name_end].eq_ignore_ascii_case(name)));
        }
    }
    tags > TAGS_MAX || tags * formatting > REOPENED_MAX
}

/// Markup as visible text.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            other => out.push(other),
        }
    }
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
            ("a&#31;b&#1;", "ab"),
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
        for n in 0..1_000 {
            bomb.push_str(&format!("<b id={n}>"));
        }
        bomb.push_str(&"<p>".repeat(1_000));
        assert!(is_explosive(&bomb));
        assert_eq!(read(&bomb), bomb.replace('<', "&lt;").replace('>', "&gt;"));
        assert!(!is_explosive(&"<p>text<br><a href=\"x\">y</a></p>".repeat(400)));
    }

    /// Pieces from which both simple and nasty fragments arise.
    fn fragment() -> impl Strategy<Value = String> {
        #[rustfmt::skip]
        let piece = prop::sample::select(vec![
            "<p>", "</p>", "<b>", "</b>", "<i>", "</i>", "<ul>", "</ul>", "<li>", "</li>", "<ol>", "</ol>", "<br>",
            "<br />", "<br/>", "<h2>", "</h2>", "<h3>", "</h3>", "<div>", "</div>", "<span>", "</span>", "<strong>",
            "</strong>", "<em>", "</em>", "<blockquote>", "</blockquote>", "<code>", "</code>", "<sub>", "</sub>",
            "<p class=\"a\">", "<span style=\"x:y\">", "<div id=\"a\" class=\"b\">", "<b class=\"c\">", " ", "\n",
            "\t", "text", "a & b", "&amp;", "&lt;", "&gt;", "&nbsp;", "&eacute;", "&euro;", "&#39;", "&quot;", "&",
            ">", "\u{a0}", "é", "©", "€", "<a href=\"http://x\">", "</a>", "<table>", "<td>", "</", "<", "\"", "'",
            "&amp", "&notit;", "&frac12;", "&sup2;", "<P>", "<p >", "<p/>", "<img>", "<!-- -->", "<script>", "<s>",
            "</s>",
        ]);
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    /// Properly nested simple markup, so that the short way is really taken.
    fn nested() -> impl Strategy<Value = String> {
        let leaf =
            prop::sample::select(vec!["text", "a & b", "&eacute;", "<br>", "<br />", "\n", " ", "", "\u{a0}", "1 > 0"])
                .prop_map(str::to_owned);
        leaf.prop_recursive(5, 24, 4, |inner| {
            #[rustfmt::skip]
            let name = prop::sample::select(vec![
                "b", "strong", "i", "em", "u", "s", "small", "sub", "sup", "span", "code", "p", "h1", "h3", "h6",
                "div", "blockquote", "ul", "ol", "li",
            ]);
            (name, prop::collection::vec(inner, 0..4), any::<bool>()).prop_map(|(name, children, class)| {
                format!("<{name}{}>{}</{name}>", if class { " class=\"k\"" } else { "" }, children.concat())
            })
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
            the_short_way_agrees(&cleaned(&text))?;
            let mut out = String::new();
            let _ = description(&text, 1 << 16, &mut out);
        }
    }
}
