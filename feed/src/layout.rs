//! How a file is written.

use serde::{Deserialize, Serialize};

use crate::correction::Correction;

/// The family of a file, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Delimited text: CSV, TSV and kin.
    Csv,
    /// A workbook that calamine reads: XLSX, XLSM, XLSB, XLS, ODS.
    Spreadsheet,
    /// gzip around something else.
    Gzip,
    /// zstd around something else.
    Zstd,
    /// A ZIP archive that is no workbook.
    Zip,
}

/// How text is written as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// UTF-8, with or without byte order mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16, low byte first.
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// UTF-16, high byte first.
    #[serde(rename = "utf-16be")]
    Utf16Be,
    /// Windows code page 1252, which holds ISO-8859-1.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// How cells and records are told apart. All are single bytes below 128.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialect {
    /// Between cells: `,` `;` tab or `|`.
    pub delimiter: u8,
    /// Around cells; `None` when quotes are ordinary characters.
    pub quote: Option<u8>,
}

/// One decision and its reason, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was decided, such as `encoding` or `decimal sign of Prix`.
    pub what: String,
    /// The decision.
    pub value: String,
    /// From 0 (a guess) to 1 (proven or given by a person).
    pub confidence: f32,
    /// Why.
    pub reason: String,
}

/// How one delimited file is written: enough to read it from its first byte.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    /// The encoding; the survey may correct what the sample suggested.
    pub encoding: Encoding,
    /// Delimiter and quote.
    pub dialect: Dialect,
    /// Line of the header row, from 1; the records begin below it.
    pub header_line: u64,
    /// The header's cells, trimmed, made unique (`Price`, `Price (2)`), named `column 3` where empty.
    pub header: Vec<String>,
    /// The first cell of each record is not data but its line in the original file (spreadsheets written out as CSV).
    /// That column is not part of `header`.
    pub numbered: bool,
    /// The file is a rejects file that comes back: our columns in it are not part of `header`, and are never read.
    pub correction: Option<Correction>,
    /// Every decision above with its reason.
    pub evidence: Vec<Evidence>,
}
