//! What can be wrong with a row, on purpose.

use item::RejectCode;

use super::product::Product;

/// One fault in an otherwise good row, for which a correct import has exactly one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The last digit of the GTIN is another.
    WrongCheckDigit,
    /// A price below zero.
    NegativePrice,
    /// The row ends before its last columns.
    ShortRow,
    /// The SKU of a good row above.
    RepeatedSku,
    /// No title.
    NoTitle,
    /// One cell too many.
    LongRow,
    /// A currency that nobody has.
    UnknownCurrency,
    /// A GTIN that a spreadsheet has rounded.
    RoundedGtin,
}

impl Flaw {
    /// All of them: dirty rows take them in turn.
    const ALL: [Flaw; 8] = [
        Flaw::WrongCheckDigit,
        Flaw::NegativePrice,
        Flaw::ShortRow,
        Flaw::RepeatedSku,
        Flaw::NoTitle,
        Flaw::LongRow,
        Flaw::UnknownCurrency,
        Flaw::RoundedGtin,
    ];

    /// The flaw of the n-th dirty row.
    pub fn of(ordinal: u64) -> Flaw {
        Flaw::ALL[(ordinal % Flaw::ALL.len() as u64) as usize]
    }

    /// The code a correct import gives it.
    pub fn code(self) -> RejectCode {
        match self {
            Flaw::WrongCheckDigit => RejectCode::GtinChecksum,
            Flaw::NegativePrice => RejectCode::NumberNegative,
            Flaw::ShortRow => RejectCode::RowTooNarrow,
            Flaw::RepeatedSku => RejectCode::DuplicateSku,
            Flaw::NoTitle => RejectCode::RequiredMissing,
            Flaw::LongRow => RejectCode::RowTooWide,
            Flaw::UnknownCurrency => RejectCode::CurrencyUnknown,
            Flaw::RoundedGtin => RejectCode::GtinScientific,
        }
    }

    /// Spoils the product; the faults of the row's shape are made where it is written. `sku_above` is the SKU of a good
    /// row above.
    pub fn spoil(self, product: &mut Product, sku_above: &str) {
        match self {
            Flaw::WrongCheckDigit => product.gtin.replace_range(.., "4006381333932"),
            Flaw::NegativePrice => product.price_cents = -product.price_cents,
            Flaw::RepeatedSku => product.sku.replace_range(.., sku_above),
            Flaw::NoTitle => product.title.clear(),
            Flaw::UnknownCurrency => product.currency = "ZZZ",
            Flaw::RoundedGtin => product.gtin.replace_range(.., "4.00638E+12"),
            Flaw::ShortRow | Flaw::LongRow => {}
        }
    }
}
