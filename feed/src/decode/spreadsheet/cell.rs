//! A spreadsheet cell as the text a person would read in it, as far as nothing is lost by it.

use std::fmt::Write;

use calamine::{Data, DataRef, ExcelDateTime};

/// What a number format says beyond "a number".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum NumberFormat {
    /// Nothing.
    #[default]
    Plain,
    /// At least so many digits (`0000000000000`): leading zeros of article codes.
    Digits(usize),
    /// `0%`: the cell shows a hundred times its value.
    Percent,
}

impl NumberFormat {
    /// Reads a format code (ECMA-376-1, 18.8.31), as far as it matters.
    pub(super) fn of_code(code: &str) -> Self {
        let positive = code.split(';').next().unwrap_or_default();
        // What stands between double quotes is shown as it is.
        let shown_as_is = positive.split('"').skip(1).step_by(2).any(|literal| literal.contains('%'));
        if positive.contains('%') && !shown_as_is {
            NumberFormat::Percent
        } else if positive.len() > 1 && positive.bytes().all(|byte| byte == b'0') {
            NumberFormat::Digits(positive.len())
        } else {
            NumberFormat::Plain
        }
    }
}

/// The same cell, borrowed.
pub(super) fn borrowed(cell: &Data) -> DataRef<'_> {
    match cell {
        Data::Int(number) => DataRef::Int(*number),
        Data::Float(number) => DataRef::Float(*number),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(flag) => DataRef::Bool(*flag),
        Data::DateTime(date) => DataRef::DateTime(*date),
        Data::DateTimeIso(date) => DataRef::DateTimeIso(date.clone()),
        Data::DurationIso(duration) => DataRef::DurationIso(duration.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
        Data::Empty => DataRef::Empty,
    }
}

/// Nothing stands in the cell.
pub(super) fn is_empty(cell: &DataRef) -> bool {
    match cell {
        DataRef::Empty => true,
        DataRef::SharedString(text) => text.is_empty(),
        DataRef::String(text) => text.is_empty(),
        _ => false,
    }
}

/// Writes the cell's text over `text`: whole numbers in digits, fractions as short as they are exact, dates as
/// `2026-12-31`, with `T13:45:00` when not at midnight, booleans as `TRUE` and `FALSE`, errors as `#N/A`.
pub(super) fn write_text(cell: &DataRef, format: NumberFormat, text: &mut String) {
    text.clear();
    match cell {
        DataRef::Empty => Ok(()),
        DataRef::String(value) => text.write_str(value),
        DataRef::SharedString(value) => text.write_str(value),
        DataRef::Bool(flag) => text.write_str(if *flag { "TRUE" } else { "FALSE" }),
        DataRef::Int(number) => write_number(*number as f64, format, text),
        DataRef::Float(number) => write_number(*number, format, text),
        DataRef::DateTime(date) => write_date(*date, text),
        DataRef::DateTimeIso(date) => text.write_str(date.split_once("T00:00:00").map_or(date, |(day, _)| day)),
        DataRef::DurationIso(duration) => text.write_str(duration),
        DataRef::Error(error) => write!(text, "{error}"),
    }
    .expect("writing to a string does not fail");
}

fn write_number(number: f64, format: NumberFormat, text: &mut String) -> std::fmt::Result {
    match format {
        NumberFormat::Digits(digits) if number.fract() == 0.0 && number >= 0.0 => write!(text, "{number:0digits$}"),
        NumberFormat::Percent => {
            let shifted = shortest(number).parse::<f64>().map_or(number, |number| number * 100.0);
            write!(text, "{}%", shortest(shifted))
        }
        _ => text.write_str(&shortest(number)),
    }
}

/// A number in digits. A fraction has at most 15 significant ones, which is what spreadsheets show and hold exactly
/// (Excel specifications and limits, "number precision"): `19.990000000000002`, left by a formula, is 19.99.
fn shortest(number: f64) -> String {
    let rounded = if number.fract() == 0.0 { number } else { format!("{number:.14e}").parse().unwrap_or(number) };
    // Minus zero is zero; numbers beyond 10^21 are no quantity, price or code.
    if rounded == 0.0 {
        "0".to_owned()
    } else if rounded.abs() < 1e21 {
        rounded.to_string()
    } else {
        format!("{rounded:e}")
    }
}

/// Serial numbers of the days that have a date: up to 9999-12-31.
const SERIAL_MAX: f64 = 2_958_466.0;

fn write_date(date: ExcelDateTime, text: &mut String) -> std::fmt::Result {
    let serial = date.as_f64();
    if !(0.0..SERIAL_MAX).contains(&serial) {
        return text.write_str(&shortest(serial));
    }
    if date.is_duration() {
        let seconds = (serial * 86_400.0).round() as u64;
        return write!(text, "{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    }
    let (year, month, day, hour, minute, second, millisecond) = date.to_ymd_hms_milli();
    let midnight = (hour, minute, second, millisecond) == (0, 0, 0, 0);
    // Below one there is no day: a time of day.
    if serial >= 1.0 {
        write!(text, "{year:04}-{month:02}-{day:02}")?;
        if midnight {
            return Ok(());
        }
        text.push('T');
    }
    write!(text, "{hour:02}:{minute:02}:{second:02}")?;
    if millisecond > 0 {
        write!(text, ".{millisecond:03}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use calamine::{CellErrorType, ExcelDateTimeType};

    use super::*;

    fn check(cell: DataRef, code: &str, expected: &str) {
        let mut text = "left over".to_owned();
        write_text(&cell, NumberFormat::of_code(code), &mut text);
        assert_eq!(text, expected, "{cell:?} as {code}");
    }

    #[test]
    fn numbers_lose_no_digit_and_gain_none() {
        check(DataRef::Float(4_006_381_333_931.0), "General", "4006381333931");
        check(DataRef::Int(4_006_381_333_931), "General", "4006381333931");
        check(DataRef::Float(999_999_999_999_999.0), "General", "999999999999999");
        check(DataRef::Float(19.99), "#,##0.00", "19.99");
        check(DataRef::Float(19.990000000000002), "General", "19.99");
        check(DataRef::Float(0.1 + 0.2), "General", "0.3");
        check(DataRef::Float(-4.5), "General", "-4.5");
        check(DataRef::Float(-0.0), "General", "0");
        check(DataRef::Float(0.0000012), "General", "0.0000012");
        check(DataRef::Float(1e300), "General", "1e300");
    }

    #[test]
    fn formats_of_zeros_keep_leading_zeros() {
        check(DataRef::Float(12_345_678_905.0), "0000000000000", "0012345678905");
        check(DataRef::Float(7.0), "00", "07");
        check(DataRef::Float(7.5), "00", "7.5");
        check(DataRef::Float(7.0), "0", "7");
        check(DataRef::Float(1234.0), "00", "1234");
    }

    #[test]
    fn percentages_are_what_they_show() {
        check(DataRef::Float(0.2), "0%", "20%");
        check(DataRef::Float(0.07), "0%", "7%");
        check(DataRef::Float(0.055), "0.00%;-0.00%", "5.5%");
        check(DataRef::Float(0.2), "0.0\" % TVA\"", "0.2");
    }

    #[test]
    fn dates_are_iso_and_show_their_time_only_when_there_is_one() {
        let date = |serial, typ| DataRef::DateTime(ExcelDateTime::new(serial, typ, false));
        check(date(46_387.0, ExcelDateTimeType::DateTime), "dd/mm/yyyy", "2026-12-31");
        check(date(46_387.572_916_666_67, ExcelDateTimeType::DateTime), "dd/mm/yyyy hh:mm", "2026-12-31T13:45:00");
        check(date(0.5, ExcelDateTimeType::DateTime), "hh:mm", "12:00:00");
        check(date(1.5, ExcelDateTimeType::TimeDelta), "[h]:mm", "36:00:00");
        check(date(-3.0, ExcelDateTimeType::DateTime), "dd/mm/yyyy", "-3");
        check(date(1e9, ExcelDateTimeType::DateTime), "dd/mm/yyyy", "1000000000");
        check(DataRef::DateTime(ExcelDateTime::new(44_925.0, ExcelDateTimeType::DateTime, true)), "d", "2026-12-31");
        check(DataRef::DateTimeIso("2026-12-31".to_owned()), "", "2026-12-31");
        check(DataRef::DateTimeIso("2026-12-31T00:00:00".to_owned()), "", "2026-12-31");
        check(DataRef::DateTimeIso("2026-12-31T13:45:00".to_owned()), "", "2026-12-31T13:45:00");
    }

    #[test]
    fn everything_else_is_its_text() {
        check(DataRef::Empty, "", "");
        check(DataRef::SharedString("0012"), "0", "0012");
        check(DataRef::String("a\nb".to_owned()), "", "a\nb");
        check(DataRef::Bool(true), "", "TRUE");
        check(DataRef::Error(CellErrorType::NA), "", "#N/A");
        check(DataRef::Error(CellErrorType::Ref), "", "#REF!");
    }
}
