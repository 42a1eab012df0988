//! Words compared without case, accents and punctuation: headers, units, countries, yes and no.

/// Appends `text` as lowercase words without accents, one space between them: `Prix_Public T.T.C.` becomes
/// `prix public ttc`. Letters outside the Latin script stay, in lowercase.
pub(crate) fn fold_into(text: &str, out: &mut String) {
    let start = out.len();
    // `H.T.` is one word: single letters joined by full stops.
    let mut initials = false;
    let mut pending_space = false;
    let mut word_letters = 0usize;
    for c in text.chars() {
        if c == '.' && (word_letters == 1 || initials) && !pending_space {
            initials = true;
        } else if is_combining(c) {
            // What is left of a letter written in two characters.
        } else if c.is_alphanumeric() {
            if pending_space && out.len() > start {
                out.push(' ');
            }
            pending_space = false;
            word_letters += 1;
            push_plain(c, out);
        } else {
            pending_space = true;
            word_letters = 0;
            initials = false;
        }
    }
}

/// [`fold_into`] a new text.
pub(crate) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}

/// [`fold`] without spaces: headers that differ only in spaces and punctuation are the same.
pub(crate) fn squash(text: &str) -> String {
    let mut out = fold(text);
    out.retain(|c| c != ' ');
    out
}

/// The entry of a closed list that has the text among its folded words.
pub(crate) fn find_word<T: Copy>(list: &[(T, &[&str])], text: &str) -> Option<T> {
    let folded = fold(text);
    list.iter().find(|(_, words)| words.contains(&folded.as_str())).map(|(entry, _)| *entry)
}

/// Whether the text, folded, is one of the words.
pub(crate) fn is_word(words: &[&str], text: &str) -> bool {
    words.contains(&fold(text).as_str())
}

/// The letter without case and accent.
fn push_plain(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        return;
    }
    for lower in c.to_lowercase() {
        match lower {
            'à'..='å' | 'ā' | 'ă' | 'ą' => out.push('a'),
            'æ' => out.push_str("ae"),
            'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => out.push('c'),
            'ď' | 'đ' | 'ð' => out.push('d'),
            'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => out.push('e'),
            'ğ' | 'ĝ' | 'ġ' | 'ģ' => out.push('g'),
            'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => out.push('i'),
            'ķ' => out.push('k'),
            'ĺ' | 'ļ' | 'ľ' | 'ł' => out.push('l'),
            'ñ' | 'ń' | 'ņ' | 'ň' => out.push('n'),
            'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => out.push('o'),
            'œ' => out.push_str("oe"),
            'ŕ' | 'ř' => out.push('r'),
            'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => out.push('s'),
            'ß' => out.push_str("ss"),
            'ţ' | 'ť' | 'ț' => out.push('t'),
            'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => out.push('u'),
            'ý' | 'ÿ' => out.push('y'),
            'ź' | 'ż' | 'ž' => out.push('z'),
            'º' => out.push('o'),
            'ª' => out.push('a'),
            mark if is_combining(mark) => {}
            other => out.push(other),
        }
    }
}

/// An accent on its own, that follows its letter.
fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_punctuation_disappear() {
        for (text, expected) in [
            ("Prix_Public  T.T.C.", "prix public ttc"),
            ("Réf. Article", "ref article"),
            ("  Größe (cm) ", "grosse cm"),
            ("H.T.", "ht"),
            ("Code-barres", "code barres"),
            ("Артикул №", "артикул"),
            ("n°", "n"),
            ("e\u{301}te\u{301}", "ete"),
            ("", ""),
            ("…", ""),
        ] {
            assert_eq!(fold(text), expected, "{text}");
        }
    }

    #[test]
    fn squashed_headers_have_no_spaces() {
        assert_eq!(squash("Code Article"), squash("code_article"));
        assert_eq!(squash("CodeArticle"), squash("Code Article"));
    }
}
