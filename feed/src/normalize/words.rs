//! Closed lists that are a handful of words: yes and no, conditions, words for pieces, customs codes.

use super::refusal::{Reading, Refusal};
use crate::fold::{find_word, is_word};

/// Reads yes or no as 1 or 0.
pub(crate) fn yes_no(text: &str) -> Reading<i64> {
    match text {
        "1" => return Ok(Some(1)),
        "0" => return Ok(Some(0)),
        _ => {}
    }
    find_word(YES_NO, text).map(Some).ok_or(Refusal::Unlisted)
}

/// Words for yes and no, and for being discontinued or not.
#[rustfmt::skip]
const YES_NO: &[(i64, &[&str])] = &[
    (1, &[
        "yes", "y", "true", "t", "x", "oui", "o", "vrai", "ja", "j", "wahr", "si", "s", "verdadero", "vero",
        "discontinued", "end of life", "eol", "obsolete", "arrete", "fin de vie", "supprime", "abgekundigt",
        "auslaufartikel", "descatalogado",
    ]),
    (0, &[
        "no", "n", "false", "f", "non", "faux", "nein", "falsch", "falso", "active", "actif", "aktiv", "activo",
        "attivo", "en vie",
    ]),
];

/// Reads a condition as one of `new`, `used`, `refurbished`, `open_box`, `damaged`.
pub(crate) fn condition(text: &str) -> Reading<&'static str> {
    find_word(CONDITIONS, text).map(Some).ok_or(Refusal::Unlisted)
}

/// Conditions and the words for them.
#[rustfmt::skip]
const CONDITIONS: &[(&str, &[&str])] = &[
    ("new", &[
        "new", "neuf", "neuve", "neu", "neuware", "nuevo", "nueva", "nuovo", "nuova", "brand new", "newcondition",
        "n",
    ]),
    ("used", &["used", "occasion", "d occasion", "gebraucht", "usado", "usato", "second hand", "usedcondition"]),
    ("refurbished", &[
        "refurbished", "reconditionne", "remis a neuf", "generaluberholt", "refurbed", "reacondicionado",
        "ricondizionato", "renewed", "refurbishedcondition",
    ]),
    ("open_box", &["open box", "boite ouverte", "deballe", "b ware"]),
    ("damaged", &["damaged", "endommage", "abime", "beschadigt", "danado", "danneggiato", "damagedcondition"]),
];

/// Appends a Harmonised System code of 4 to 12 digits; spaces and full stops between them go.
pub(crate) fn customs_code(text: &str, out: &mut String) -> Reading<()> {
    let start = out.len();
    out.extend(text.chars().filter(|c| !matches!(c, ' ' | '.' | '\u{a0}' | '-')));
    let code = &out[start..];
    if !(4..=12).contains(&code.len()) || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::Unlisted);
    }
    Ok(Some(()))
}

/// A word for pieces: `pcs`, `pièces`, `Stück`.
pub(crate) fn is_piece(text: &str) -> bool {
    is_word(PIECES, text)
}

/// Words for pieces beside a number.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "pc", "pcs", "pce", "pces", "piece", "pieces", "u", "un", "unit", "units", "unite", "unites", "ea", "each", "st",
    "stk", "stuck", "item", "items", "unidad", "unidades", "uds", "ud", "pz", "pezzo", "pezzi", "article", "articles",
    "en stock", "in stock",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_and_no_are_read_in_several_languages() {
        for (text, expected) in [
            ("Oui", 1),
            ("yes", 1),
            ("1", 1),
            ("JA", 1),
            ("TRUE", 1),
            ("non", 0),
            ("Nein", 0),
            ("0", 0),
            ("faux", 0),
            ("Sí", 1),
        ] {
            assert_eq!(yes_no(text), Ok(Some(expected)), "{text}");
        }
        assert_eq!(yes_no("peut-être"), Err(Refusal::Unlisted));
    }

    #[test]
    fn conditions_are_a_closed_list() {
        for (text, expected) in [
            ("Neuf", "new"),
            ("NEW", "new"),
            ("gebraucht", "used"),
            ("Reconditionné", "refurbished"),
            ("open-box", "open_box"),
        ] {
            assert_eq!(condition(text), Ok(Some(expected)), "{text}");
        }
        assert_eq!(condition("mint"), Err(Refusal::Unlisted));
    }

    #[test]
    fn customs_codes_are_four_to_twelve_digits() {
        for (text, expected) in
            [("6403.99.93", Some("64039993")), ("8471 30 00", Some("84713000")), ("84", None), ("8471A", None)]
        {
            let mut out = String::new();
            let read = customs_code(text, &mut out).ok().map(|_| out.as_str());
            assert_eq!(read, expected, "{text}");
        }
    }
}
