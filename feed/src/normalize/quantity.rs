//! Stock, pack sizes and order quantities.

use item::{DECIMAL_SCALE, RejectCode};

use super::number::{NumberStyle, not_negative, number, unreadable};
use super::refusal::{Reading, Refusal, quote};
use super::words::is_piece;
use crate::fold::{find_word, is_word};

/// Reads how many pieces a supplier vouches for:
///
/// | cell | pieces | why |
/// |---|---|---|
/// | `12`, `12.0`, `1 200`, `12 pcs` | the number | |
/// | `12+`, `>12`, `≥12`, `12 et plus` | the number | at least so many; `>0` is 1 |
/// | `<5`, `≤5` | 1 | some, nobody says how many; `<1` is 0 |
/// | `en stock`, `in stock`, `yes`, `auf Lager` … | 1 | some |
/// | `rupture`, `out of stock`, `no`, `on order` … | 0 | |
pub(crate) fn stock(text: &str, style: NumberStyle) -> Reading<i64> {
    if let Some(pieces) = stock_word(text) {
        return Ok(Some(pieces));
    }
    let number = number(text, style)?;
    let value = not_negative(number.value, text)?;
    if value % DECIMAL_SCALE != 0 {
        return Err(Refusal::fault(
            RejectCode::NumberUnreadable,
            format!("{} is not a whole number of pieces", quote(text)),
        ));
    }
    let pieces = value / DECIMAL_SCALE;
    match (number.prefix, number.suffix) {
        ("", "") => Ok(Some(pieces)),
        (">" | "≥" | ">=" | "=>" | "+", "") => Ok(Some(pieces.max(1))),
        ("<", "") => Ok(Some(i64::from(pieces > 1))),
        ("≤" | "<=" | "=<", "") => Ok(Some(i64::from(pieces > 0))),
        ("", more) if is_more(more) => Ok(Some(pieces)),
        ("", unit) if is_piece(unit) => Ok(Some(pieces)),
        (over, "") if is_word(MORE_THAN, over) => Ok(Some(pieces.max(1))),
        _ => Err(unreadable(text)),
    }
}

fn is_more(suffix: &str) -> bool {
    suffix == "+" || is_word(OR_MORE, suffix)
}

fn stock_word(text: &str) -> Option<i64> {
    // Almost every cell is a number.
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    find_word(STOCK_WORDS, text)
}

/// Words for some stock and for none.
#[rustfmt::skip]
const STOCK_WORDS: &[(i64, &[&str])] = &[
    (1, &[
        "en stock", "in stock", "instock", "disponible", "available", "yes", "oui", "y", "o", "ja", "si", "true",
        "vrai", "auf lager", "lieferbar", "verfugbar", "vorratig", "disponibile", "en existencia",
        "limited availability", "stock limite", "low stock",
    ]),
    (0, &[
        "out of stock", "outofstock", "rupture", "rupture de stock", "en rupture", "epuise", "indisponible",
        "non disponible", "unavailable", "not available", "no", "non", "n", "nein", "false", "faux", "ausverkauft",
        "nicht auf lager", "nicht lieferbar", "nicht verfugbar", "agotado", "sin stock", "no disponible", "esaurito",
        "non disponibile", "sold out", "backorder", "on backorder", "preorder", "pre order", "on order",
        "sur commande", "en reappro", "discontinued",
    ]),
];

/// Words before a number that mean at least so many, and words behind it.
const MORE_THAN: &[&str] = &["plus de", "more than", "over", "mehr als", "uber", "mas de", "piu di"];
const OR_MORE: &[&str] = &["et plus", "ou plus", "and more", "or more", "und mehr", "o mas"];

/// Reads a quantity of zero or more, with or without a word for pieces: `6`, `x6`, `6 pcs`.
pub(crate) fn quantity(text: &str, style: NumberStyle) -> Reading<i64> {
    let number = number(text, style)?;
    let value = not_negative(number.value, text)?;
    let prefix = number.prefix.trim_end_matches(['x', 'X', '×']);
    let suffix = number.suffix.trim_start_matches(['x', 'X', '×']);
    if !prefix.is_empty() || !(suffix.is_empty() || is_piece(suffix)) {
        return Err(unreadable(text));
    }
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DecimalSign;

    const POINT: NumberStyle = NumberStyle { decimal: DecimalSign::Point, mixed: false };

    #[test]
    fn every_way_of_saying_stock_has_one_reading() {
        for (text, expected) in [
            ("12", 12),
            ("0", 0),
            ("12.0", 12),
            ("1 200", 1200),
            ("1,200", 1200),
            ("12+", 12),
            (">100", 100),
            ("> 100", 100),
            (">0", 1),
            ("<5", 1),
            ("<1", 0),
            ("≤ 5", 1),
            ("plus de 50", 50),
            ("10 et plus", 10),
            ("12 pcs", 12),
            ("En stock", 1),
            ("in stock", 1),
            ("in_stock", 1),
            ("disponible", 1),
            ("Auf Lager", 1),
            ("YES", 1),
            ("Rupture", 0),
            ("out of stock", 0),
            ("Épuisé", 0),
            ("no", 0),
            ("sur commande", 0),
        ] {
            assert_eq!(stock(text, POINT), Ok(Some(expected)), "{text}");
        }
    }

    #[test]
    fn unreadable_stock_is_refused() {
        for (text, code) in [
            ("12.5", RejectCode::NumberUnreadable),
            ("beaucoup", RejectCode::NumberUnreadable),
            ("10-20", RejectCode::NumberUnreadable),
            ("12 kg", RejectCode::NumberUnreadable),
            ("-3", RejectCode::NumberNegative),
        ] {
            assert_eq!(stock(text, POINT).unwrap_err().code(), Some(code), "{text}");
        }
    }

    #[test]
    fn quantities_take_words_for_pieces() {
        for (text, expected) in [("6", 6_0000), ("x6", 6_0000), ("6x", 6_0000), ("6 pièces", 6_0000), ("0.5", 5000)] {
            assert_eq!(quantity(text, POINT), Ok(Some(expected)), "{text}");
        }
        assert_eq!(quantity("six", POINT).unwrap_err().code(), Some(RejectCode::NumberUnreadable));
        assert_eq!(quantity("6 kg", POINT).unwrap_err().code(), Some(RejectCode::NumberUnreadable));
        assert_eq!(quantity("-6", POINT).unwrap_err().code(), Some(RejectCode::NumberNegative));
    }
}
