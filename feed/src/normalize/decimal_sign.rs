//! What cells prove about the decimal sign of their column.

use memchr::memchr2;

use super::number::{Parts, read_digits};
use crate::DecimalSign;

/// What a written number proves about its column's decimal sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// It is a number only so.
    Proven(DecimalSign),
    /// It is one number with decimal comma and another with decimal point: `1,234`.
    Ambiguous,
}

impl Sign {
    /// What the cell proves; `None` when it reads alike under both signs or under none.
    pub fn of(text: &str) -> Option<Sign> {
        match memchr2(b'.', b',', text.as_bytes()) {
            None => None,
            Some(sign) => Sign::of_plain(text.as_bytes(), sign).or_else(|| Sign::of_digits(Parts::of(text)?.digits)),
        }
    }

    /// Digits, one sign and digits: what most cells are.
    fn of_plain(bytes: &[u8], sign: usize) -> Option<Sign> {
        let (whole, decimals) = (&bytes[..sign], &bytes[sign + 1..]);
        if !(1..10).contains(&whole.len())
            || decimals.is_empty()
            || !whole.iter().chain(decimals).all(u8::is_ascii_digit)
        {
            return None;
        }
        if decimals.len() == 3 && whole.len() <= 3 && whole[0] != b'0' {
            return Some(Sign::Ambiguous);
        }
        Some(Sign::Proven(if bytes[sign] == b',' { DecimalSign::Comma } else { DecimalSign::Point }))
    }

    pub fn of_digits(digits: &str) -> Option<Sign> {
        match (read_digits(digits, DecimalSign::Comma, 4), read_digits(digits, DecimalSign::Point, 4)) {
            (Ok(_), Err(_)) => Some(Sign::Proven(DecimalSign::Comma)),
            (Err(_), Ok(_)) => Some(Sign::Proven(DecimalSign::Point)),
            (Ok(comma), Ok(point)) if comma != point => Some(Sign::Ambiguous),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use DecimalSign::{Comma, Point};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cell_proves_its_columns_sign_or_not() {
        for (text, expected) in [
            ("12,5", Some(Sign::Proven(Comma))),
            ("1.234,5", Some(Sign::Proven(Comma))),
            ("1.234.567", Some(Sign::Proven(Comma))),
            ("1 234,500", Some(Sign::Proven(Comma))),
            ("0,500 kg", Some(Sign::Proven(Comma))),
            ("1.234,-", Some(Sign::Proven(Comma))),
            ("12.5", Some(Sign::Proven(Point))),
            ("0.500", Some(Sign::Proven(Point))),
            ("1234.567", Some(Sign::Proven(Point))),
            ("1,234,567", Some(Sign::Proven(Point))),
            ("1,234", Some(Sign::Ambiguous)),
            ("EUR 1.234", Some(Sign::Ambiguous)),
            ("1 234", None),
            ("12", None),
            ("1.2.3,4,5", None),
            ("n.a.", None),
        ] {
            assert_eq!(Sign::of(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn plain_cells_prove_what_the_grammar_says(text in "[0-9]{1,9}[.,][0-9]{1,5}") {
            let sign = text.find(['.', ',']).unwrap();
            prop_assert_eq!(Sign::of_plain(text.as_bytes(), sign), Sign::of_digits(&text), "{}", &text);
        }

        #[test]
        fn a_proof_excludes_the_other_sign(text in "[-0-9.,' €()a]{0,20}") {
            let readable = |decimal| Parts::of(&text).is_some_and(|parts| read_digits(parts.digits, decimal, 4).is_ok());
            match Sign::of(&text) {
                Some(Sign::Proven(Comma)) => prop_assert!(readable(Comma) && !readable(Point)),
                Some(Sign::Proven(Point)) => prop_assert!(readable(Point) && !readable(Comma)),
                Some(Sign::Ambiguous) => prop_assert!(readable(Point) && readable(Comma)),
                None => {}
            }
        }
    }
}
