//! GTINs as suppliers write them.

use item::{Gtin, GtinError, RejectCode};

use super::refusal::{Reading, Refusal, quote};

/// Reads a GTIN: 8, 12, 13 or 14 digits with a fitting check digit. Spaces, hyphens, full stops between digits and a
/// spreadsheet's apostrophe or `.0` are stripped; leading zeros that a spreadsheet ate come back when the check digit
/// fits (zeros on the left never change it), and surplus ones go.
pub(crate) fn gtin(text: &str) -> Reading<Gtin> {
    if let Ok(gtin) = Gtin::parse(text) {
        return Ok(Some(gtin));
    }
    if is_scientific(text) {
        return Err(Refusal::fault(RejectCode::GtinScientific, format!("{} has lost digits", quote(text))));
    }
    let Some(digits) = digits(text) else {
        return Err(Refusal::fault(RejectCode::GtinNotDigits, format!("{} is not made of digits", quote(text))));
    };
    let fault = |code, message: String| Err(Refusal::fault(code, message));
    match Gtin::parse(&digits) {
        Ok(gtin) => Ok(Some(gtin)),
        Err(GtinError::Length(_)) if digits.bytes().all(|digit| digit == b'0') => {
            fault(RejectCode::GtinPlaceholder, format!("{} is a placeholder", quote(text)))
        }
        Err(GtinError::Length(length)) => match repaired(&digits) {
            Some(gtin) => Ok(Some(gtin)),
            None => fault(
                RejectCode::GtinLength,
                format!("{} has {length} digits, and no lost zero makes it fit", quote(text)),
            ),
        },
        Err(GtinError::Checksum { expected }) => {
            fault(RejectCode::GtinChecksum, format!("{} should end in {expected}", quote(text)))
        }
        Err(GtinError::Placeholder) => fault(RejectCode::GtinPlaceholder, format!("{} is a placeholder", quote(text))),
        Err(GtinError::NotDigits) => fault(RejectCode::GtinNotDigits, format!("{} is not made of digits", quote(text))),
    }
}

/// The digits with what may stand between and around them removed; `None` when something else is there.
fn digits(text: &str) -> Option<String> {
    let text = text.trim_start_matches(['\'', '’', '`']);
    let text = match text.split_once(['.', ',']) {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => whole,
        _ => text,
    };
    let digits: String =
        text.chars().filter(|c| !matches!(c, ' ' | '-' | '–' | '.' | '\u{a0}' | '\u{202f}' | '\u{2009}')).collect();
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

/// Seven digits were a GTIN-8 and nine to eleven a GTIN-12 or -13 before their zeros were lost; more than fourteen
/// carry zeros of a fixed-width export.
fn repaired(digits: &str) -> Option<Gtin> {
    match digits.len() {
        7 => Gtin::parse(&format!("0{digits}")).ok(),
        9..=11 => Gtin::parse(&format!("{digits:0>13}")).ok(),
        15.. => {
            let (zeros, rest) = digits.split_at(digits.len() - 14);
            if zeros.bytes().all(|digit| digit == b'0') { Gtin::parse(rest).ok() } else { None }
        }
        _ => None,
    }
}

/// `4.00638E+12`, as spreadsheets show long numbers.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, decimals) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    digits(whole) && digits(decimals) && digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_valid_number_becomes_fourteen_digits() {
        for (text, expected) in [
            ("4006381333931", "04006381333931"),
            ("036000291452", "00036000291452"),
            ("96385074", "00000096385074"),
            ("10012345678902", "10012345678902"),
            ("4 006381 333931", "04006381333931"),
            ("4-006381-333931", "04006381333931"),
            ("'4006381333931", "04006381333931"),
            ("4006381333931.0", "04006381333931"),
            ("4006381333931,00", "04006381333931"),
            // A GTIN-12 and a GTIN-13 that lost their zeros.
            ("36000291452", "00036000291452"),
            ("614141007", "00000614141007"),
            // A GTIN-8 that lost its zero.
            ("1234565", "00000001234565"),
            ("000004006381333931", "04006381333931"),
        ] {
            assert_eq!(gtin(text).map(|gtin| gtin.unwrap().to_string()), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn every_fault_has_its_code() {
        for (text, code) in [
            ("4006381333932", RejectCode::GtinChecksum),
            ("40063813338", RejectCode::GtinLength),
            ("123456", RejectCode::GtinLength),
            ("104006381333931", RejectCode::GtinLength),
            ("40063813339A1", RejectCode::GtinNotDigits),
            ("voir boîte", RejectCode::GtinNotDigits),
            ("4.00638E+12", RejectCode::GtinScientific),
            ("4,00638E+12", RejectCode::GtinScientific),
            ("4E12", RejectCode::GtinScientific),
            ("0000000000000", RejectCode::GtinPlaceholder),
            ("0", RejectCode::GtinPlaceholder),
            ("1234567890123", RejectCode::GtinPlaceholder),
        ] {
            assert_eq!(gtin(text).unwrap_err().code(), Some(code), "{text}");
        }
    }
}
