//! Plain text: trimmed, without control characters, within its limit.

use item::RejectCode;

use super::refusal::{Reading, Refusal, quote};

/// The cell without the white space around it (no-break and zero-width spaces included) and without the `="…"` by
/// which spreadsheets are told that digits are text.
pub(crate) fn trim(text: &str) -> &str {
    let bytes = text.as_bytes();
    if let (Some(first), Some(last)) = (bytes.first(), bytes.last())
        && first.is_ascii_graphic()
        && last.is_ascii_graphic()
        && *first != b'='
    {
        return text;
    }
    let text = text.trim_matches(is_blank);
    match text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.trim_matches(is_blank),
        None => text,
    }
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{feff}' | '\u{200b}')
}

/// A spreadsheet formula that failed, in the languages whose spreadsheets translate it.
pub(crate) fn is_formula_error(text: &str) -> bool {
    const ERRORS: &[&str] = &[
        "#N/A",
        "#REF!",
        "#VALUE!",
        "#DIV/0!",
        "#NAME?",
        "#NULL!",
        "#NUM!", // English
        "#VALEUR!",
        "#NOM?",
        "#NUL!",
        "#NOMBRE!", // French
        "#NV",
        "#BEZUG!",
        "#WERT!",
        "#ZAHL!", // German
        "#¡REF!",
        "#¡VALOR!",
        "#¿NOMBRE?",
        "#¡NUM!",
        "#¡DIV/0!", // Spanish
        "#RIF!",
        "#VALORE!",
        "#NOME?", // Italian
    ];
    text.starts_with('#') && ERRORS.contains(&text)
}

/// What people and programs write where there is nothing. Not for SKUs, titles and descriptions: there it is text.
pub(crate) fn is_placeholder(text: &str) -> bool {
    if text.len() > 6 {
        return false;
    }
    match text.as_bytes().first() {
        Some(b'-' | b'#' | b'\\' | b'(' | b'n' | b'N' | 0xe2) => {}
        _ => return text.is_empty(),
    }
    ["-", "--", "–", "—", "#", "\\N"].contains(&text)
        || ["n/a", "n.a.", "null", "(null)", "none"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Refuses what is longer than its limit in bytes.
pub(crate) fn within(text: &str, bytes_max: usize) -> Result<(), Refusal> {
    if text.len() > bytes_max {
        let message = format!("{} bytes, at most {bytes_max} are kept: {}", text.len(), quote(text));
        return Err(Refusal::fault(RejectCode::TextTooLong, message));
    }
    Ok(())
}

/// Appends a one-line text: line breaks and tabs become one space, other control characters go.
pub(crate) fn line(text: &str, bytes_max: usize, out: &mut String) -> Reading<()> {
    let start = out.len();
    if is_clean(text) {
        out.push_str(text);
    } else {
        clean_into(text, Lines::One, out);
    }
    within(&out[start..], bytes_max)?;
    Ok(Some(()))
}

/// Whether line breaks and tabs may stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    One,
    Many,
}

/// Whether there is no control character at all, so that the text can be taken as it is.
pub(crate) fn is_clean(text: &str) -> bool {
    let bytes = text.as_bytes();
    // Without early exit this compiles to vector instructions.
    let ascii_control = bytes.iter().fold(false, |found, byte| found | (*byte < 0x20) | (*byte == 0x7f));
    if ascii_control {
        return false;
    }
    // U+0080 to U+009F begin with C2, U+2028 and U+2029 with E2.
    let suspicious = bytes.iter().fold(false, |found, byte| found | (*byte == 0xc2) | (*byte == 0xe2));
    !suspicious || !text.chars().any(|c| is_break(c) || c.is_control())
}

/// Appends the text without control characters. Breaks and the white space around them become one space, or, where
/// many lines are allowed, plain line feeds.
pub(crate) fn clean_into(text: &str, lines: Lines, out: &mut String) {
    let start = out.len();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if lines == Lines::Many {
            match c {
                '\r' if chars.peek() == Some(&'\n') => {}
                '\t' => out.push('\t'),
                c if is_break(c) => out.push('\n'),
                c if c.is_control() => {}
                c => out.push(c),
            }
        } else if c == '\t' || is_break(c) {
            out.truncate(start + out[start..].trim_end().len());
            while chars.next_if(|next| next.is_whitespace() || next.is_control()).is_some() {}
            if out.len() > start && chars.peek().is_some() {
                out.push(' ');
            }
        } else if !c.is_control() {
            out.push(c);
        }
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trimming_takes_every_kind_of_space_and_the_spreadsheet_text_marker() {
        for (text, expected) in [
            ("a b", "a b"),
            ("  a ", "a"),
            ("\u{a0}a\u{202f}", "a"),
            ("\u{feff}a\r\n", "a"),
            ("=\"00123\"", "00123"),
            ("= 1", "= 1"),
            ("=", "="),
            ("\u{200b}", ""),
            ("é", "é"),
        ] {
            assert_eq!(trim(text), expected, "{text:?}");
        }
    }

    #[test]
    fn control_characters_never_survive() {
        for (text, one, many) in [
            ("a\r\nb", "a b", "a\nb"),
            ("a \n\n b", "a b", "a \n\n b"),
            ("a\tb", "a b", "a\tb"),
            ("a\u{0}\u{1f}b", "ab", "ab"),
            ("a\u{85}b\u{2028}c", "a b c", "a\nb\nc"),
            ("a  b", "a  b", "a  b"),
            ("a\n", "a", "a\n"),
            ("é\u{9f}è", "éè", "éè"),
        ] {
            let (mut first, mut second) = ("x".to_owned(), String::new());
            clean_into(text, Lines::One, &mut first);
            clean_into(text, Lines::Many, &mut second);
            assert_eq!((&first[1..], second.as_str()), (one, many), "{text:?}");
            assert_eq!(is_clean(text), text == one && text == many, "{text:?}");
        }
    }

    #[test]
    fn placeholders_and_formula_errors_are_known() {
        for text in ["", "-", "n/a", "N/A", "NULL", "None", "#", "—", "\\N"] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["0", "no", "Nokia", "-1", "#1", "none of it", "na"] {
            assert!(!is_placeholder(text), "{text}");
        }
        assert!(is_formula_error("#N/A") && is_formula_error("#BEZUG!") && !is_formula_error("#1"));
    }

    #[test]
    fn a_text_over_its_limit_is_refused() {
        let mut out = String::new();
        assert_eq!(line("abcd", 4, &mut out), Ok(Some(())));
        assert_eq!(line("abcde", 4, &mut out).unwrap_err().code(), Some(RejectCode::TextTooLong));
    }
}
