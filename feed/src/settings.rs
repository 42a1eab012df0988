//! What a supplier or an operator may fix instead of having it detected, and the limits of decoding.

use serde::{Deserialize, Serialize};

use crate::layout::Encoding;

/// The sign between whole and fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecimalSign {
    /// `1234.5`
    Point,
    /// `1234,5`
    Comma,
}

/// The order of day, month and year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// 31/12/2026
    DayMonthYear,
    /// 12/31/2026
    MonthDayYear,
    /// 2026-12-31
    YearMonthDay,
}

/// A supplier's feed settings: each one overrides detection, each may be left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeedSettings {
    /// Encoding of the file.
    pub encoding: Option<Encoding>,
    /// Cell delimiter: one ASCII character.
    pub delimiter: Option<char>,
    /// Quote character; an empty string says that there is none.
    pub quote: Option<String>,
    /// Line of the header row, from 1.
    pub header_line: Option<u64>,
    /// Decimal sign of every number column.
    pub decimal_sign: Option<DecimalSign>,
    /// Order of every ambiguous date column.
    pub date_order: Option<DateOrder>,
    /// ISO 4217 code of prices that name none.
    pub currency: Option<String>,
    /// Tax rate in percent where the file gives none: fills in the missing one of net and gross price.
    pub tax_rate: Option<String>,
}

/// Limits of decoding, each with its reason in `config/default.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes that detection looks at.
    pub sample_bytes: usize,
    /// Bytes of file handed to a core at once.
    pub block_bytes: usize,
    /// Longest record; a longer one is rejected and reading goes on at the next line.
    pub record_bytes_max: usize,
    /// Longest canonical text of one cell, in bytes.
    pub text_bytes_max: usize,
    /// Most columns a file may have.
    pub columns_max: usize,
    /// Longest raw cell kept with a reject, in bytes. A cell that is cut comes back cut when its row is corrected.
    pub reject_cell_bytes_max: usize,
    /// Most cells a spreadsheet may have.
    pub spreadsheet_cells_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            sample_bytes: 1 << 20,
            block_bytes: 1 << 20,
            record_bytes_max: 512 << 10,
            text_bytes_max: 64 << 10,
            columns_max: 2_000,
            reject_cell_bytes_max: 512 << 10,
            spreadsheet_cells_max: 50_000_000,
        }
    }
}
