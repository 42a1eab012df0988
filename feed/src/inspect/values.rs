//! Canonical values written for people.

use item::{DECIMAL_SCALE, Field, FieldKind, ItemBatch, LIST_SEPARATOR};

/// The value of a field of one item: decimals with a point, dates as `2026-12-31`, lists with ` > ` or commas, long
/// texts cut.
pub(crate) fn show(items: &ItemBatch, field: Field, row: usize) -> Option<String> {
    match field.kind() {
        FieldKind::Text | FieldKind::Json => items.text(field, row).map(cut),
        FieldKind::List => {
            let between = if field == Field::CategoryPath { " > " } else { ", " };
            items.text(field, row).map(|list| cut(&list.replace(LIST_SEPARATOR, between)))
        }
        FieldKind::Decimal => items.int(field, row).map(decimal),
        FieldKind::Integer => items.int(field, row).map(|number| number.to_string()),
        FieldKind::Bool => items.int(field, row).map(|number| if number == 0 { "no" } else { "yes" }.to_owned()),
        FieldKind::Date => items.int(field, row).map(day),
    }
}

fn cut(text: &str) -> String {
    const SHOWN_CHARS: usize = 100;
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn decimal(value: i64) -> String {
    let text = format!("{}.{:04}", value / DECIMAL_SCALE, value % DECIMAL_SCALE);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The calendar day of a count of days since 1970-01-01.
fn day(days: i64) -> String {
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let (mut year, mut left) = (1970, days);
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if left < 0 {
            year -= 1;
            left += if is_leap(year) { 366 } else { 365 };
        } else if left >= length {
            left -= length;
            year += 1;
        } else {
            break;
        }
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", left + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_days_are_written_plainly() {
        assert_eq!([decimal(89_9000), decimal(12_0000), decimal(1), decimal(0)], ["89.9", "12", "0.0001", "0"]);
        assert_eq!(
            [day(0), day(20_818), day(-1), day(19_782), day(11_017)],
            ["1970-01-01", "2026-12-31", "1969-12-31", "2024-02-29", "2000-03-01"]
        );
    }
}
