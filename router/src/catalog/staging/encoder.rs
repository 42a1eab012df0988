//! Items as rows of the staging table, in PostgreSQL's binary COPY format: written by hand, because a million rows of
//! thirty columns pass through here.

use bytes::Bytes;
use item::{Field, FieldKind, ItemBatch, LIST_SEPARATOR};

/// Columns before the fields: product_id, ordinal, line, change, key_hash, content_hash.
const FIXED_COLUMNS: usize = 6;

/// Days from 1970-01-01, where ours begin, to 2000-01-01, where PostgreSQL's do.
const DAYS_TO_2000: i64 = 10_957;

/// Object identifier of type text, named in every array.
const TEXT_OID: u32 = 25;

/// A value that is not there.
const NULL: [u8; 4] = (-1i32).to_be_bytes();

/// What a staged row does to the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Adds a product. It gets the id `first_created_id + ordinal`.
    Created {
        /// 0, 1, 2 … over the created rows of the import, without gaps.
        ordinal: u64,
    },
    /// Replaces the values of a product, and brings it back if it was inactive.
    Updated {
        /// Whose.
        product_id: i64,
    },
}

/// Turns items into staging rows; pure, one per thread.
#[derive(Debug, Default)]
pub struct RowEncoder {
    out: Vec<u8>,
    rows: u64,
}

impl RowEncoder {
    /// An encoder with room for `bytes`, and as much again after each [`RowEncoder::take`].
    pub fn with_capacity(bytes: usize) -> Self {
        RowEncoder { out: Vec::with_capacity(bytes), rows: 0 }
    }

    /// Adds item `row` of a batch. Decimals must fit `numeric(14,4)` and texts hold no NUL: the normaliser sees to both.
    pub fn push(&mut self, change: Change, items: &ItemBatch, row: usize, key_hash: u128, content_hash: u128) {
        self.begin();
        let code = match change {
            Change::Created { ordinal } => {
                self.out.extend_from_slice(&NULL);
                self.fixed(&(ordinal as i64).to_be_bytes());
                b'c'
            }
            Change::Updated { product_id } => {
                self.fixed(&product_id.to_be_bytes());
                self.out.extend_from_slice(&NULL);
                b'u'
            }
        };
        self.fixed(&(items.lines()[row] as i64).to_be_bytes());
        self.fixed(&[code]);
        self.fixed(&key_hash.to_be_bytes());
        self.fixed(&content_hash.to_be_bytes());
        for field in Field::ALL {
            self.field(field, items, row);
        }
    }

    /// Adds the deactivation of a product.
    pub fn push_deactivated(&mut self, product_id: i64) {
        self.begin();
        self.fixed(&product_id.to_be_bytes());
        self.nulls(2);
        self.fixed(b"d");
        self.nulls(2 + Field::ALL.len());
    }

    /// Bytes waiting to be taken.
    pub fn bytes(&self) -> usize {
        self.out.len()
    }

    /// Rows pushed since the beginning.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The rows so far, for [`super::Writer::send`].
    pub fn take(&mut self) -> Bytes {
        let capacity = self.out.capacity();
        Bytes::from(std::mem::replace(&mut self.out, Vec::with_capacity(capacity)))
    }

    fn begin(&mut self) {
        self.rows += 1;
        let columns = (FIXED_COLUMNS + Field::ALL.len()) as i16;
        self.out.extend_from_slice(&columns.to_be_bytes());
    }

    fn field(&mut self, field: Field, items: &ItemBatch, row: usize) {
        match field.kind() {
            FieldKind::Text => self.option(items.text(field, row), |out, text| out.variable(text.as_bytes())),
            FieldKind::List => self.option(items.text(field, row), Self::list),
            FieldKind::Json => self.option(items.text(field, row), Self::json),
            FieldKind::Decimal => self.option(items.int(field, row), Self::decimal),
            FieldKind::Integer => self.option(items.int(field, row), |out, number| out.fixed(&number.to_be_bytes())),
            FieldKind::Bool => self.option(items.int(field, row), |out, flag| out.fixed(&[u8::from(flag != 0)])),
            FieldKind::Date => self.option(items.int(field, row), Self::date),
        }
    }

    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => write(self, value),
            None => self.out.extend_from_slice(&NULL),
        }
    }

    fn nulls(&mut self, count: usize) {
        for _ in 0..count {
            self.out.extend_from_slice(&NULL);
        }
    }

    fn fixed<const N: usize>(&mut self, value: &[u8; N]) {
        self.out.extend_from_slice(&(N as i32).to_be_bytes());
        self.out.extend_from_slice(value);
    }

    fn variable(&mut self, value: &[u8]) {
        self.out.extend_from_slice(&(value.len() as i32).to_be_bytes());
        self.out.extend_from_slice(value);
    }

    /// Ten-thousandths as `numeric`: digits to base 10 000, so that the fraction is exactly one digit.
    fn decimal(&mut self, ten_thousandths: i64) {
        let magnitude = ten_thousandths.unsigned_abs();
        let mut whole = magnitude / 10_000;
        // From the last place to the first: the fraction, then up to four digits of the whole part (2^63 / 10^4 < 10^16).
        let mut digits = [(magnitude % 10_000) as u16, 0, 0, 0, 0];
        let mut count = 1;
        while whole > 0 {
            digits[count] = (whole % 10_000) as u16;
            whole /= 10_000;
            count += 1;
        }
        let weight = count as i16 - 2;
        let sign: u16 = if ten_thousandths < 0 { 0x4000 } else { 0 };
        self.out.extend_from_slice(&(8 + 2 * count as i32).to_be_bytes());
        self.out.extend_from_slice(&(count as i16).to_be_bytes());
        self.out.extend_from_slice(&weight.to_be_bytes());
        self.out.extend_from_slice(&sign.to_be_bytes());
        self.out.extend_from_slice(&4i16.to_be_bytes());
        for digit in digits[..count].iter().rev() {
            self.out.extend_from_slice(&digit.to_be_bytes());
        }
    }

    fn date(&mut self, days_since_1970: i64) {
        self.fixed(&((days_since_1970 - DAYS_TO_2000) as i32).to_be_bytes());
    }

    /// `jsonb` is its text behind the number of the format.
    fn json(&mut self, text: &str) {
        self.out.extend_from_slice(&(text.len() as i32 + 1).to_be_bytes());
        self.out.push(1);
        self.out.extend_from_slice(text.as_bytes());
    }

    /// `text[]`: one dimension from 1, no nulls.
    fn list(&mut self, joined: &str) {
        let length_at = self.out.len();
        self.out.extend_from_slice(&[0; 4]);
        self.out.extend_from_slice(&1i32.to_be_bytes());
        self.out.extend_from_slice(&0i32.to_be_bytes());
        self.out.extend_from_slice(&TEXT_OID.to_be_bytes());
        let count_at = self.out.len();
        self.out.extend_from_slice(&[0; 4]);
        self.out.extend_from_slice(&1i32.to_be_bytes());
        let mut count = 0i32;
        for element in joined.split(LIST_SEPARATOR) {
            self.variable(element.as_bytes());
            count += 1;
        }
        let length = (self.out.len() - length_at - 4) as i32;
        self.out[length_at..length_at + 4].copy_from_slice(&length.to_be_bytes());
        self.out[count_at..count_at + 4].copy_from_slice(&count.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut RowEncoder)) -> Vec<u8> {
        let mut encoder = RowEncoder::default();
        write(&mut encoder);
        encoder.out
    }

    #[test]
    fn decimals_are_digits_to_base_ten_thousand() {
        let check = |value: i64, weight: i16, negative: bool, digits: &[u16]| {
            let mut expected = (8 + 2 * digits.len() as i32).to_be_bytes().to_vec();
            expected.extend_from_slice(&(digits.len() as i16).to_be_bytes());
            expected.extend_from_slice(&weight.to_be_bytes());
            expected.extend_from_slice(&(if negative { 0x4000u16 } else { 0 }).to_be_bytes());
            expected.extend_from_slice(&4i16.to_be_bytes());
            expected.extend(digits.iter().flat_map(|digit| digit.to_be_bytes()));
            assert_eq!(written(|out| out.decimal(value)), expected, "{value}");
        };
        check(0, -1, false, &[0]);
        check(1, -1, false, &[1]);
        check(899_000, 0, false, &[89, 9000]);
        check(-125_000, 0, true, &[12, 5000]);
        check(100_000_000, 1, false, &[1, 0, 0]);
        check(99_999_999_999_999, 2, false, &[99, 9999, 9999, 9999]);
        check(i64::MIN + 1, 3, true, &[922, 3372, 368, 5477, 5807]);
    }

    #[test]
    fn lists_count_their_elements() {
        let bytes = written(|out| out.list("a\u{1f}bc"));
        assert_eq!(bytes.len(), 4 + 20 + 5 + 6);
        assert_eq!(bytes[..4], 31i32.to_be_bytes());
        assert_eq!(bytes[16..20], 2i32.to_be_bytes());
        assert_eq!(&bytes[bytes.len() - 2..], b"bc");
    }

    #[test]
    fn taking_the_rows_leaves_an_empty_encoder_that_goes_on_counting() {
        let mut encoder = RowEncoder::with_capacity(64);
        encoder.push_deactivated(7);
        let first = encoder.take();
        assert_eq!(first.len(), 2 + 12 + 8 + 5 + 4 * (2 + Field::ALL.len()));
        assert_eq!((encoder.bytes(), encoder.rows()), (0, 1));
        encoder.push_deactivated(7);
        assert_eq!((encoder.take(), encoder.rows()), (first, 2));
    }
}
