//! Control totals: sums that a supplier can compare with its own system.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Column, DECIMAL_SCALE};

/// Sums over the accepted rows of a file: those that were created, updated or found unchanged, as the file gives them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Records found in the file, header and preamble not counted.
    pub rows: u64,
    /// Distinct products: rows that were accepted.
    pub products: u64,
    /// Accepted rows with a net price.
    pub priced: u64,
    /// Their net prices added up, whatever their currency.
    pub price_sum: DecimalSum,
    /// Accepted rows with a stock.
    pub stocked: u64,
    /// Their stocks added up.
    pub stock_sum: i64,
}

impl Totals {
    /// Counts an accepted row of a batch whose price and stock columns are these.
    pub fn accept(&mut self, row: usize, prices: &Column, stocks: &Column) {
        self.products += 1;
        if let Some(price) = prices.int(row) {
            self.priced += 1;
            self.price_sum.0 += i128::from(price);
        }
        if let Some(stock) = stocks.int(row) {
            self.stocked += 1;
            self.stock_sum = self.stock_sum.saturating_add(stock);
        }
    }

    /// Adds the totals of another stretch of the file.
    pub fn add(&mut self, other: &Totals) {
        self.rows += other.rows;
        self.products += other.products;
        self.priced += other.priced;
        self.price_sum.0 += other.price_sum.0;
        self.stocked += other.stocked;
        self.stock_sum = self.stock_sum.saturating_add(other.stock_sum);
    }
}

/// A sum of decimals in ten-thousandths, exact; written as text with four decimals: `1234.5000`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct DecimalSum(pub i128);

impl fmt::Display for DecimalSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, scale) = (if self.0 < 0 { "-" } else { "" }, DECIMAL_SCALE as u128);
        let digits = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:04}", digits / scale, digits % scale)
    }
}

/// A text that is no sum with four decimals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoDecimalSum(String);

impl fmt::Display for NoDecimalSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no sum such as 1234.5000", self.0)
    }
}

impl std::error::Error for NoDecimalSum {}

impl FromStr for DecimalSum {
    type Err = NoDecimalSum;

    fn from_str(text: &str) -> Result<Self, NoDecimalSum> {
        let read = || {
            let (whole, fraction) = text.split_once('.')?;
            let plain = fraction.len() == 4 && fraction.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| format!("{whole}{fraction}").parse().ok()).flatten()
        };
        read().map(DecimalSum).ok_or_else(|| NoDecimalSum(text.to_owned()))
    }
}

impl Serialize for DecimalSum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DecimalSum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IntColumn;

    #[test]
    fn a_sum_is_written_with_four_decimals_and_read_back() {
        for (sum, text) in [
            (0, "0.0000"),
            (1, "0.0001"),
            (12_345_000, "1234.5000"),
            (-1, "-0.0001"),
            (-123_456, "-12.3456"),
            (i128::from(i64::MAX) * 1_000_000, "922337203685477580700.0000"),
        ] {
            assert_eq!(DecimalSum(sum).to_string(), text);
            assert_eq!(text.parse(), Ok(DecimalSum(sum)));
        }
        for text in ["", "1", "1.5", "1.50000", "1.5e10", "x.0000", "1.+123"] {
            assert!(text.parse::<DecimalSum>().is_err(), "{text}");
        }
    }

    #[test]
    fn rows_without_a_value_are_accepted_but_not_summed() {
        let prices = Column::Int(IntColumn::from_iter([Some(15_000), None, Some(1)]));
        let mut totals = Totals::default();
        (0..3).for_each(|row| totals.accept(row, &prices, &Column::Absent));
        assert_eq!((totals.products, totals.priced, totals.price_sum), (3, 2, DecimalSum(15_001)));
        assert_eq!((totals.stocked, totals.stock_sum), (0, 0));
    }
}
