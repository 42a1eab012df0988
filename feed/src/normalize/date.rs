//! Calendar days: ISO and separated forms, in the order the column has proven.

use item::RejectCode;

use super::refusal::{Reading, Refusal, quote};
use crate::DateOrder;

/// Products are not announced centuries ahead.
const YEARS: std::ops::RangeInclusive<i64> = 1900..=2100;

/// Reads a day as days since 1970-01-01: `2026-12-31` and `20261231` always, `31/12/2026`, `31.12.26` and the like in
/// the column's order. A time behind it is ignored; `0000-00-00` is no value. Two digits of a year mean 1970 to 2069.
pub(crate) fn date(text: &str, order: DateOrder) -> Reading<i64> {
    let day = day_part(text);
    if day.bytes().all(|byte| !byte.is_ascii_digit() || byte == b'0') && day.len() == 10 {
        return Ok(None);
    }
    let parts = Parts::of(day).ok_or_else(|| unreadable(text))?;
    let [first, second, third] = parts.numbers;
    let (year, month, day) = match (parts.year_first, order) {
        (true, _) | (_, DateOrder::YearMonthDay) => (first, second, third),
        (false, DateOrder::DayMonthYear) => (third, second, first),
        (false, DateOrder::MonthDayYear) => (third, first, second),
    };
    let year = if parts.short_year { if year < 70 { year + 2000 } else { year + 1900 } } else { year };
    if !YEARS.contains(&year) || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return Err(unreadable(text));
    }
    Ok(Some(days_since_1970(year, month, day)))
}

fn unreadable(text: &str) -> Refusal {
    Refusal::fault(
        RejectCode::DateUnreadable,
        format!("{} is not a date in the order this column writes them", quote(text)),
    )
}

/// What a date proves about the order of day and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderProof {
    Proven(DateOrder),
    /// It is one date in one order and another in the other: `03/04/2026`.
    Ambiguous,
}

impl OrderProof {
    /// What the cell proves; `None` when it reads alike in every order or in none.
    pub fn of(text: &str) -> Option<OrderProof> {
        if Parts::of(day_part(text))?.year_first {
            return None;
        }
        match (date(text, DateOrder::DayMonthYear), date(text, DateOrder::MonthDayYear)) {
            (Ok(_), Err(_)) => Some(OrderProof::Proven(DateOrder::DayMonthYear)),
            (Err(_), Ok(_)) => Some(OrderProof::Proven(DateOrder::MonthDayYear)),
            (Ok(one), Ok(other)) if one != other => Some(OrderProof::Ambiguous),
            (Err(_), Err(_)) if date(text, DateOrder::YearMonthDay).is_ok() => {
                Some(OrderProof::Proven(DateOrder::YearMonthDay))
            }
            _ => None,
        }
    }
}

/// The day without the time: `2026-12-31T10:00:00Z`, `31/12/2026 10:00`.
fn day_part(text: &str) -> &str {
    match text.find(['T', ' ']) {
        Some(end)
            if text[end + 1..]
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b'+' | b'-' | b'Z' | b' ')) =>
        {
            &text[..end]
        }
        _ => text,
    }
}

/// Three numbers between two like separators.
struct Parts {
    numbers: [i64; 3],
    /// Four digits in front.
    year_first: bool,
    /// No part has four digits.
    short_year: bool,
}

impl Parts {
    fn of(day: &str) -> Option<Parts> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if day.len() == 8 && digits(day) {
            let number = |range| day.get(range).and_then(|part: &str| part.parse().ok());
            return Some(Parts {
                numbers: [number(0..4)?, number(4..6)?, number(6..8)?],
                year_first: true,
                short_year: false,
            });
        }
        let separator = day.chars().find(|c| matches!(c, '-' | '/' | '.'))?;
        let mut texts = day.split(separator);
        let parts = [texts.next()?, texts.next()?, texts.next()?];
        let lengths = parts.map(str::len);
        let shape_fits = texts.next().is_none()
            && parts.iter().all(|part| digits(part))
            && matches!(lengths, [4, 1..=2, 1..=2] | [1..=2, 1..=2, 4] | [1..=2, 1..=2, 2]);
        if !shape_fits {
            return None;
        }
        let number = |part: &str| part.parse().ok();
        Some(Parts {
            numbers: [number(parts[0])?, number(parts[1])?, number(parts[2])?],
            year_first: lengths[0] == 4,
            short_year: lengths[0] != 4 && lengths[2] != 4,
        })
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let days_before_year = |year: i64| 365 * year + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
    let months: i64 = (1..month).map(|month| days_in(year, month)).sum();
    days_before_year(year) - days_before_year(1970) + months + day - 1
}

#[cfg(test)]
mod tests {
    use DateOrder::{DayMonthYear, MonthDayYear, YearMonthDay};

    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        for (text, order, expected) in [
            ("1970-01-01", DayMonthYear, 0),
            ("2000-03-01", DayMonthYear, 11_017),
            ("2026-12-31", MonthDayYear, 20_818),
            ("2026/12/31", DayMonthYear, 20_818),
            ("20261231", DayMonthYear, 20_818),
            ("31/12/2026", DayMonthYear, 20_818),
            ("31.12.2026", DayMonthYear, 20_818),
            ("31-12-26", DayMonthYear, 20_818),
            ("12/31/2026", MonthDayYear, 20_818),
            ("26-12-31", YearMonthDay, 20_818),
            ("2026-12-31T23:59:59+01:00", DayMonthYear, 20_818),
            ("31/12/2026 10:30", DayMonthYear, 20_818),
            ("1/2/70", DayMonthYear, 31),
            ("29/02/2024", DayMonthYear, 19_782),
            ("1969-12-31", DayMonthYear, -1),
        ] {
            assert_eq!(date(text, order), Ok(Some(expected)), "{text}");
        }
        assert_eq!(date("0000-00-00", DayMonthYear), Ok(None));
        assert_eq!(date("0000-00-00 00:00:00", DayMonthYear), Ok(None));
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for (text, order) in [
            ("31/12/2026", MonthDayYear),
            ("29/02/2023", DayMonthYear),
            ("2026-13-01", DayMonthYear),
            ("45678", DayMonthYear),
            ("demain", DayMonthYear),
            ("31/12", DayMonthYear),
            ("31/12-2026", DayMonthYear),
            ("1850-01-01", DayMonthYear),
            ("0/0/0", DayMonthYear),
            ("31 12 2026", DayMonthYear),
        ] {
            assert_eq!(date(text, order).unwrap_err().code(), Some(RejectCode::DateUnreadable), "{text}");
        }
    }

    #[test]
    fn a_date_proves_the_order_or_not() {
        for (text, expected) in [
            ("31/12/2026", Some(OrderProof::Proven(DayMonthYear))),
            ("12/31/2026", Some(OrderProof::Proven(MonthDayYear))),
            ("03/04/2026", Some(OrderProof::Ambiguous)),
            ("03/03/2026", None),
            ("2026-12-31", None),
            ("26-12-31", Some(OrderProof::Proven(DayMonthYear))),
            ("99-12-31", Some(OrderProof::Proven(YearMonthDay))),
            ("soon", None),
        ] {
            assert_eq!(OrderProof::of(text), expected, "{text}");
        }
    }
}
