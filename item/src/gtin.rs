//! Global Trade Item Numbers (GS1 General Specifications, section 7.9 for the check digit, 1.4 for prefixes).

use std::fmt;

/// A valid GTIN, padded to 14 digits. Left zeros do not change the check digit, so GTIN-8, -12, -13 and -14 compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gtin([u8; 14]);

/// Why a text is no GTIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GtinError {
    /// Not 8, 12, 13 or 14 digits.
    Length(usize),
    /// Something else than digits.
    NotDigits,
    /// The last digit should be `expected`.
    Checksum {
        /// The digit that would be right.
        expected: u8,
    },
    /// All digits alike or a run that nobody was given: `0000000000000`, `9999999999999`, `1234567890123`.
    Placeholder,
}

impl Gtin {
    /// Reads 8, 12, 13 or 14 digits, nothing else: the normaliser strips spaces and apostrophes before.
    pub fn parse(digits: &str) -> Result<Gtin, GtinError> {
        let bytes = digits.as_bytes();
        if !bytes.iter().all(u8::is_ascii_digit) {
            return Err(GtinError::NotDigits);
        }
        if !matches!(bytes.len(), 8 | 12 | 13 | 14) {
            return Err(GtinError::Length(bytes.len()));
        }
        if is_placeholder(bytes) {
            return Err(GtinError::Placeholder);
        }
        let mut padded = [b'0'; 14];
        padded[14 - bytes.len()..].copy_from_slice(bytes);
        let expected = check_digit(&padded);
        if padded[13] - b'0' != expected {
            return Err(GtinError::Checksum { expected });
        }
        Ok(Gtin(padded))
    }

    /// The 14 digits.
    pub fn as_str(&self) -> &str {
        // Only ASCII digits are ever stored.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// In a range that GS1 leaves to shops and coupons: the same number may mean another product elsewhere. GTIN-13
    /// prefixes 02, 04 and 20 to 29 (GTIN-12 prefixes 2 and 4 padded), coupons 05, 98 and 99, and GTIN-8 prefixes 0 and 2.
    pub fn restricted(&self) -> bool {
        let thirteen = &self.0[1..];
        if self.0[..6] == *b"000000" {
            return matches!(self.0[6], b'0' | b'2');
        }
        matches!(&thirteen[..2], b"02" | b"04" | b"05" | b"98" | b"99") || thirteen[0] == b'2'
    }
}

impl fmt::Display for Gtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The check digit of 14 digits: weights 3, 1, 3, 1 … from the left over the first 13.
fn check_digit(padded: &[u8; 14]) -> u8 {
    let sum: u32 = padded[..13]
        .iter()
        .enumerate()
        .map(|(position, digit)| u32::from(digit - b'0') * if position % 2 == 0 { 3 } else { 1 })
        .sum();
    ((10 - sum % 10) % 10) as u8
}

/// What people type when they have no number.
fn is_placeholder(digits: &[u8]) -> bool {
    let all_alike = digits.iter().all(|digit| *digit == digits[0]);
    let zeros_but_last = digits[..digits.len() - 1].iter().all(|digit| *digit == b'0');
    let counting = digits.len() >= 12 && b"12345678901234".starts_with(digits);
    all_alike || zeros_but_last || counting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_pads_to_fourteen_and_compares() {
        assert_eq!(Gtin::parse("4006381333931").unwrap().as_str(), "04006381333931");
        assert_eq!(Gtin::parse("036000291452").unwrap(), Gtin::parse("0036000291452").unwrap());
        assert_eq!(Gtin::parse("96385074").unwrap().as_str(), "00000096385074");
    }

    #[test]
    fn faults_are_named() {
        assert_eq!(Gtin::parse("4006381333932"), Err(GtinError::Checksum { expected: 1 }));
        assert_eq!(Gtin::parse("40063813339"), Err(GtinError::Length(11)));
        assert_eq!(Gtin::parse("40063813339A1"), Err(GtinError::NotDigits));
        assert_eq!(Gtin::parse("0000000000000"), Err(GtinError::Placeholder));
        assert_eq!(Gtin::parse("1234567890123"), Err(GtinError::Placeholder));
    }

    #[test]
    fn restricted_ranges_are_flagged() {
        for restricted in ["2000000000015", "0200000000011", "0400000000015", "9800000000014", "20000004"] {
            let gtin = Gtin::parse(restricted);
            assert!(gtin.is_ok_and(|gtin| gtin.restricted()), "{restricted}");
        }
        assert!(!Gtin::parse("4006381333931").unwrap().restricted());
        assert!(!Gtin::parse("96385074").unwrap().restricted());
    }
}
