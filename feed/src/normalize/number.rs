//! Written numbers: `1234.56`, `1 234,56`, `1.234,56`, `1'234.50`, `(12,00)`, `12-`.
//!
//! A number is read under *one* decimal sign, the column's. What does not fit it is refused, never reinterpreted:
//! the same grammar, asked under both signs, is the evidence by which a column's sign is found ([`Sign::of`]).

use item::{DECIMAL_SCALE, RejectCode};

use super::decimal_sign::Sign;
use super::refusal::{Refusal, quote};
use crate::DecimalSign;

/// `numeric(14,4)` has ten digits before the decimal sign.
const WHOLE_MAX: u64 = 10_000_000_000;

/// How the numbers of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct NumberStyle {
    pub decimal: DecimalSign,
    /// The column holds proof of both signs: cells that read differently under each are refused.
    pub mixed: bool,
}

impl Default for NumberStyle {
    fn default() -> Self {
        NumberStyle { decimal: DecimalSign::Point, mixed: false }
    }
}

/// A number and what stands around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number<'a> {
    /// In units of the last decimal asked for.
    pub value: i64,
    /// Before the digits and their sign, trimmed: `EUR`.
    pub prefix: &'a str,
    /// Behind the digits, trimmed: `€`, `kg`, `%`.
    pub suffix: &'a str,
}

/// Reads the number of a cell that is trimmed and not empty, in ten-thousandths.
pub(crate) fn number(text: &str, style: NumberStyle) -> Result<Number<'_>, Refusal> {
    number_to(text, style, 4)
}

/// Reads a number with so many decimals, at most eight; further ones are rounded, half to even.
pub(crate) fn number_to(text: &str, style: NumberStyle, decimals: u32) -> Result<Number<'_>, Refusal> {
    if let Some(value) = plain(text, style) {
        return Ok(Number { value: value * 10i64.pow(decimals - 4), prefix: "", suffix: "" });
    }
    let parts = Parts::of(text).ok_or_else(|| unreadable(text))?;
    if style.mixed && Sign::of_digits(parts.digits) == Some(Sign::Ambiguous) {
        let message =
            format!("{} could mean two numbers, and the column uses decimal comma and decimal point", quote(text));
        return Err(Refusal::fault(RejectCode::NumberUnreadable, message));
    }
    match read_digits(parts.digits, style.decimal, decimals) {
        Ok(value) => Ok(Number {
            value: if parts.negative { -value } else { value },
            prefix: parts.prefix,
            suffix: parts.suffix,
        }),
        Err(Misread::TooLarge) => Err(out_of_range(text)),
        Err(Misread::Malformed) => {
            let sign = match style.decimal {
                DecimalSign::Comma => "comma",
                DecimalSign::Point => "point",
            };
            Err(Refusal::fault(
                RejectCode::NumberUnreadable,
                format!("{} is not a number with decimal {sign}, as this column writes them", quote(text)),
            ))
        }
    }
}

/// Refuses what is below zero.
pub(crate) fn not_negative(value: i64, text: &str) -> Result<i64, Refusal> {
    if value < 0 {
        return Err(Refusal::fault(RejectCode::NumberNegative, format!("{} is below zero", quote(text))));
    }
    Ok(value)
}

pub(crate) fn unreadable(text: &str) -> Refusal {
    Refusal::fault(RejectCode::NumberUnreadable, format!("{} is not a number", quote(text)))
}

pub(crate) fn out_of_range(text: &str) -> Refusal {
    Refusal::fault(
        RejectCode::NumberOutOfRange,
        format!("{} has more than ten digits before the decimal sign", quote(text)),
    )
}

/// The way most numbers are written: digits, perhaps one decimal sign, up to four decimals.
fn plain(text: &str, style: NumberStyle) -> Option<i64> {
    let sign = match style.decimal {
        DecimalSign::Comma => b',',
        DecimalSign::Point => b'.',
    };
    let bytes = text.as_bytes();
    if bytes.len() > 15 || !bytes.first()?.is_ascii_digit() {
        return None;
    }
    let mut value = 0i64;
    let mut whole = bytes.len();
    for (position, byte) in bytes.iter().enumerate() {
        if byte.is_ascii_digit() {
            value = value * 10 + i64::from(byte - b'0');
        } else if *byte == sign && whole == bytes.len() {
            whole = position;
        } else {
            return None;
        }
    }
    if whole > 10 {
        return None;
    }
    match (bytes.len() - whole).saturating_sub(1) {
        0 => Some(value * 10_000),
        1 => Some(value * 1_000),
        2 => Some(value * 100),
        // `1,234` needs a second look in a mixed column.
        3 if !style.mixed => Some(value * 10),
        4 => Some(value),
        _ => None,
    }
}

/// A cell taken apart around its digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    pub prefix: &'a str,
    /// From the first digit (or the decimal sign before it) to the last digit.
    pub digits: &'a str,
    pub suffix: &'a str,
    pub negative: bool,
}

impl<'a> Parts<'a> {
    /// `None` when there is no digit or the parentheses of `(12,00)` do not pair.
    pub fn of(text: &'a str) -> Option<Parts<'a>> {
        let bytes = text.as_bytes();
        let is_sign = |position: usize| matches!(bytes.get(position), Some(b'.' | b','));
        let mut start = bytes.iter().position(u8::is_ascii_digit)?;
        let mut end = bytes.iter().rposition(u8::is_ascii_digit)? + 1;
        // `.5` and `-,5`, but not the full stop of `Fr.12`.
        if start > 0 && is_sign(start - 1) && !text[..start - 1].ends_with(char::is_alphabetic) {
            start -= 1;
        }
        // `12.`, `12,-` and `12.– €`: a sign without decimals.
        if is_sign(end) && (end + 1 == text.len() || text[end + 1..].starts_with([' ', '-', '–', '—'])) {
            end += 1;
        }
        let (prefix, opened, minus_before) = strip_sign_before(&text[..start]);
        let (suffix, closed, minus_behind) = strip_sign_behind(&text[end..], is_sign(end - 1));
        let signs = [opened, minus_before, minus_behind];
        if opened != closed || signs.iter().filter(|sign| **sign).count() > 1 {
            return None;
        }
        Some(Parts { prefix, digits: &text[start..end], suffix, negative: signs.contains(&true) })
    }
}

/// What remains of a prefix, whether it opens a parenthesis, whether it holds a minus: `-€`, `€ -`, `(`.
fn strip_sign_before(prefix: &str) -> (&str, bool, bool) {
    let prefix = prefix.trim();
    for opening in ['(', '-', '−', '+'] {
        let rest = prefix.strip_prefix(opening).or_else(|| prefix.strip_suffix(opening));
        if let Some(rest) = rest {
            return (rest.trim(), opening == '(', matches!(opening, '-' | '−'));
        }
    }
    (prefix, false, false)
}

/// What remains of a suffix, whether it closes a parenthesis, whether it holds a minus: `)`, `-`. Behind a decimal sign
/// dashes stand for no decimals.
fn strip_sign_behind(suffix: &str, after_sign: bool) -> (&str, bool, bool) {
    if after_sign {
        return (suffix.trim_start_matches(['-', '–', '—']).trim(), false, false);
    }
    let suffix = suffix.trim();
    if let Some(rest) = suffix.strip_suffix(')').filter(|rest| !rest.contains('(')) {
        return (rest.trim(), true, false);
    }
    match suffix.strip_prefix(['-', '−']) {
        Some(rest) => (rest.trim(), false, true),
        None => (suffix, false, false),
    }
}

/// Why digits are no number under a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misread {
    Malformed,
    TooLarge,
}

/// Digits with at most one decimal sign, in groups of three or in none, as a whole number of the last decimal.
pub(super) fn read_digits(digits: &str, decimal: DecimalSign, decimals: u32) -> Result<i64, Misread> {
    let (sign, other) = match decimal {
        DecimalSign::Comma => (',', '.'),
        DecimalSign::Point => ('.', ','),
    };
    let (whole, fraction) = digits.split_once(sign).unwrap_or((digits, ""));
    let unit = 10i64.pow(decimals);
    let whole = read_whole(whole, other)?;
    let fraction = read_decimals(fraction, decimals)?;
    // Rounding may carry into the eleventh digit.
    match i64::try_from(whole.min(WHOLE_MAX)).map(|whole| whole * unit + fraction) {
        Ok(value) if value < WHOLE_MAX as i64 * unit => Ok(value),
        _ => Err(Misread::TooLarge),
    }
}

/// `1234`, `1 234`, `1'234` or, with the other sign, `1.234`: one grouping sign throughout, three digits behind each,
/// one to three before the first and no leading zero there, for nobody groups `0.500`. Saturates.
fn read_whole(text: &str, other: char) -> Result<u64, Misread> {
    let mut value = 0u64;
    let mut grouping = None;
    let mut run = 0;
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            value = value.saturating_mul(10).saturating_add(u64::from(digit)).min(u64::MAX / 100);
            run += 1;
            continue;
        }
        let kind = match c {
            c if c == other => other,
            ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\u{2007}' => ' ',
            '\'' | '’' | '‘' | '´' => '\'',
            _ => return Err(Misread::Malformed),
        };
        let fits = match grouping {
            None => (1..=3).contains(&run) && !text.starts_with('0'),
            Some(known) => known == kind && run == 3,
        };
        if !fits {
            return Err(Misread::Malformed);
        }
        grouping = Some(kind);
        run = 0;
    }
    if grouping.is_some() && run != 3 { Err(Misread::Malformed) } else { Ok(value) }
}

/// The decimals as a whole number of the last one, rounded half to even.
fn read_decimals(text: &str, decimals: u32) -> Result<i64, Misread> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Misread::Malformed);
    }
    let mut digits = text.bytes().map(|byte| i64::from(byte - b'0'));
    let value = (0..decimals).fold(0, |value, _| value * 10 + digits.next().unwrap_or(0));
    let next = digits.next().unwrap_or(0);
    let up = next > 5 || next == 5 && (digits.any(|digit| digit > 0) || value % 2 == 1);
    Ok(value + i64::from(up))
}

/// Multiplies by a fraction, rounding half to even; `None` beyond `numeric(14,4)`.
pub(crate) fn scale(value: i64, numerator: i64, denominator: i64) -> Option<i64> {
    let product = i128::from(value) * i128::from(numerator);
    let denominator = i128::from(denominator);
    let (quotient, remainder) = (product.div_euclid(denominator), product.rem_euclid(denominator));
    let twice = remainder * 2;
    let up = twice > denominator || twice == denominator && quotient % 2 != 0;
    let rounded = quotient + i128::from(up);
    i64::try_from(rounded).ok().filter(|value| value.unsigned_abs() < WHOLE_MAX * DECIMAL_SCALE as u64)
}

#[cfg(test)]
mod tests {
    use DecimalSign::{Comma, Point};
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, decimal: DecimalSign) -> Result<i64, RejectCode> {
        number(text, NumberStyle { decimal, mixed: false })
            .map(|number| number.value)
            .map_err(|refusal| refusal.code().unwrap())
    }

    #[test]
    fn every_usual_way_of_writing_is_read() {
        for (text, decimal, expected) in [
            ("0", Point, 0),
            ("12", Comma, 12_0000),
            ("12.5", Point, 12_5000),
            ("12,5", Comma, 12_5000),
            ("1234.5678", Point, 1234_5678),
            ("1 234,50", Comma, 1234_5000),
            ("1\u{a0}234,50", Comma, 1234_5000),
            ("1\u{202f}234\u{202f}567,5", Comma, 12_345_675_000),
            ("1.234,50", Comma, 1234_5000),
            ("1.234.567", Comma, 12_345_670_000),
            ("1.234", Comma, 1234_0000),
            ("1.234", Point, 1_2340),
            ("1'234.50", Point, 1234_5000),
            ("1’234.50", Point, 1234_5000),
            ("1,234.50", Point, 1234_5000),
            (".5", Point, 5000),
            ("-,5", Comma, -5000),
            ("12.", Point, 12_0000),
            ("12,-", Comma, 12_0000),
            ("1.234,-", Comma, 1234_0000),
            ("1,234.--", Point, 1234_0000),
            ("12.– ", Point, 12_0000),
            ("(12,00)", Comma, -12_0000),
            ("12-", Point, -12_0000),
            ("-12", Point, -12_0000),
            ("− 12", Point, -12_0000),
            ("+12", Point, 12_0000),
            ("0.00005", Point, 0),
            ("0.00015", Point, 2),
            ("0.000151", Point, 2),
            ("0.00005000001", Point, 1),
            ("9999999999.9999", Point, 99_999_999_999_999),
            ("007", Point, 7_0000),
        ] {
            assert_eq!(read(text, decimal), Ok(expected), "{text} with {decimal:?}");
        }
    }

    #[test]
    fn what_contradicts_the_sign_is_refused() {
        for (text, decimal) in [
            ("12.5", Comma),
            ("12,5", Point),
            ("1.234.56", Comma),
            ("1,234.5", Comma),
            ("0.500", Comma),
            ("1234.567", Comma),
            ("1.234.567", Point),
            ("12 34", Point),
            ("1  234", Point),
            ("1 234.567,5", Comma),
            ("1.2E+03", Point),
            ("10-20", Point),
            ("12/14", Point),
            ("abc", Point),
            ("(12", Point),
            ("-", Point),
            ("1,23,456", Point),
            ("1.5.2", Point),
            ("1.234,-", Point),
            ("12.", Comma),
        ] {
            assert_eq!(read(text, decimal), Err(RejectCode::NumberUnreadable), "{text} with {decimal:?}");
        }
        assert_eq!(read("10000000000", Point), Err(RejectCode::NumberOutOfRange));
        assert_eq!(read("9999999999.99999", Point), Err(RejectCode::NumberOutOfRange));
        assert_eq!(read("99999999999999999999999999999999", Point), Err(RejectCode::NumberOutOfRange));
    }

    #[test]
    fn what_stands_around_the_digits_is_handed_on() {
        let around = |text| number(text, NumberStyle::default()).map(|number| (number.prefix, number.suffix)).unwrap();
        assert_eq!(around("EUR 12.30"), ("EUR", ""));
        assert_eq!(around("-€12"), ("€", ""));
        assert_eq!(around("($12)"), ("$", ""));
        assert_eq!(around("12.50 € HT"), ("", "€ HT"));
        assert_eq!(around("Fr.12.50"), ("Fr.", ""));
        assert_eq!(around("1 m"), ("", "m"));
        assert_eq!(around("(-12)"), ("-", ""));
    }

    #[test]
    fn a_mixed_column_refuses_what_could_mean_two_numbers() {
        let style = NumberStyle { decimal: Comma, mixed: true };
        assert_eq!(number("1,234", style).unwrap_err().code(), Some(RejectCode::NumberUnreadable));
        assert_eq!(number("12,34", style).unwrap().value, 12_3400);
        assert_eq!(number("12.34", style).unwrap_err().code(), Some(RejectCode::NumberUnreadable));
    }

    #[test]
    fn scaling_rounds_half_to_even() {
        assert_eq!(scale(5, 1, 10), Some(0));
        assert_eq!(scale(15, 1, 10), Some(2));
        assert_eq!(scale(16, 1, 10), Some(2));
        assert_eq!(scale(1_0000, 45_359_237, 100_000), Some(453_5924));
        assert_eq!(scale(i64::MAX, 1000, 1), None);
    }

    /// Writes a number the slow way, so that reading it back is a check against another piece of arithmetic.
    fn write(ten_thousandths: i64, decimals: usize, decimal: char, grouping: Option<char>) -> String {
        let whole = (ten_thousandths / 10_000).to_string();
        let mut text = String::new();
        for (position, digit) in whole.chars().enumerate() {
            if let Some(sign) = grouping
                && position > 0
                && (whole.len() - position).is_multiple_of(3)
            {
                text.push(sign);
            }
            text.push(digit);
        }
        if decimals > 0 {
            text.push(decimal);
            text.push_str(&format!("{:04}", ten_thousandths % 10_000)[..decimals]);
        }
        text
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(
            units in 0i64..99_999_999_999_999,
            decimals in 0usize..=4,
            comma in any::<bool>(),
            grouping in prop::option::of(prop::sample::select(vec![' ', '\u{202f}', '\'', '\0'])),
        ) {
            let shown = units - units % 10i64.pow(4 - decimals as u32);
            let (decimal, sign, other) = if comma { (',', Comma, '.') } else { ('.', Point, ',') };
            let grouping = grouping.map(|sign| if sign == '\0' { other } else { sign });
            let text = write(shown, decimals, decimal, grouping);
            prop_assert_eq!(read(&text, sign), Ok(shown), "{}", text);
        }

        #[test]
        fn the_short_way_and_the_long_way_agree(text in "[0-9]{0,11}[.,]?[0-9]{0,5}") {
            for decimal in [Comma, Point] {
                let style = NumberStyle { decimal, mixed: false };
                if let Some(value) = plain(&text, style) {
                    prop_assert_eq!(read_digits(Parts::of(&text).unwrap().digits, decimal, 4), Ok(value), "{}", &text);
                }
            }
        }

        #[test]
        fn no_text_panics(text in "[-0-9.,' €()a]{0,20}") {
            for decimal in [Comma, Point] {
                let _ = number(&text, NumberStyle { decimal, mixed: true });
            }
        }
    }
}
