//! Rows and files that could not be read, as values: a closed, stable set of codes, each with a hint that says what to do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::state::{UnknownWord, words};

words! {
    /// Why a row was rejected.
    RejectCode, "the reject codes of docs/reject-codes.md" {
        /// SKU or title is missing.
        RequiredMissing = "required_missing",
        /// The check digit does not fit.
        GtinChecksum = "gtin_checksum",
        /// Not 8, 12, 13 or 14 digits.
        GtinLength = "gtin_length",
        /// Letters in a GTIN.
        GtinNotDigits = "gtin_not_digits",
        /// `4.00638E+12`: digits are lost.
        GtinScientific = "gtin_scientific",
        /// `0000000000000` and the like.
        GtinPlaceholder = "gtin_placeholder",
        /// Not a number under the column's convention.
        NumberUnreadable = "number_unreadable",
        /// Below zero where that means nothing.
        NumberNegative = "number_negative",
        /// Too large for its column.
        NumberOutOfRange = "number_out_of_range",
        /// Not a date under the column's convention.
        DateUnreadable = "date_unreadable",
        /// Not an ISO 4217 code or a known sign.
        CurrencyUnknown = "currency_unknown",
        /// Not a known unit.
        UnitUnknown = "unit_unknown",
        /// Not an http(s) address.
        UrlInvalid = "url_invalid",
        /// Longer than its limit.
        TextTooLong = "text_too_long",
        /// The SKU stood earlier in the file.
        DuplicateSku = "duplicate_sku",
        /// More cells than the header has.
        RowTooWide = "row_too_wide",
        /// Fewer cells than the header has.
        RowTooNarrow = "row_too_narrow",
        /// No record can be made of it: too long, or quotes that do not pair.
        RowUnreadable = "row_unreadable",
        /// Bytes that are not text in the file's encoding.
        EncodingInvalid = "encoding_invalid",
        /// A spreadsheet formula that failed: `#N/A`, `#REF!`.
        FormulaError = "formula_error",
    }
}

words! {
    /// Why a whole file failed or was held.
    FileCode, "the file codes of docs/reject-codes.md" {
        /// No byte, or no row below the header.
        EmptyFile = "empty_file",
        /// Not a format we read.
        UnknownFormat = "unknown_format",
        /// Protected by a password.
        Encrypted = "encrypted",
        /// Unpacks to more than the limit, or suspiciously much.
        ArchiveTooLarge = "archive_too_large",
        /// Several data files in one archive.
        ArchiveManyFiles = "archive_many_files",
        /// No header row was found.
        NoHeader = "no_header",
        /// The columns that every product needs were not found.
        NoMapping = "no_mapping",
        /// The file ends in the middle of something.
        Truncated = "truncated",
        /// Not the columns of last time.
        StructureChanged = "structure_changed",
        /// Declared totals and counted ones differ.
        TotalsDisagree = "totals_disagree",
        /// Guard: more rejects than allowed.
        TooManyRejects = "too_many_rejects",
        /// Guard: more removals than allowed.
        TooManyRemovals = "too_many_removals",
    }
}

/// One thing wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The code.
    pub code: RejectCode,
    /// The supplier's column, by its header; none when the whole row is meant.
    pub column: Option<String>,
    /// The sentence: what stands there and what was expected.
    pub message: String,
}

/// A row that could not become an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// Line of the file (row of the sheet) at which the record begins, from 1.
    pub line: u64,
    /// Everything wrong with it, in column order; never empty. The first one counts in summaries.
    pub problems: Vec<Problem>,
    /// The cells as they were sent, cut at a limit.
    pub raw: Vec<String>,
}

impl Reject {
    /// The code that counts in summaries.
    pub fn code(&self) -> RejectCode {
        self.problems.first().map_or(RejectCode::RowUnreadable, |problem| problem.code)
    }
}
