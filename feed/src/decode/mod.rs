//! Bytes to text cells with their source line.
//!
//! [`detect`] judges a sample. [`Records`] then passes over the file once, sequentially, and only finds where records end;
//! each [`Block`] of whole records is cut into cells on any core. Both follow one [`grammar`].

mod block;
mod columns;
mod detect;
mod encoding;
mod grammar;
mod header;
mod reading;
mod records;
mod sample;
mod sniff;
mod spreadsheet;
#[cfg(test)]
mod tests;
mod text;
mod write;

pub use block::Block;
pub use detect::detect;
pub use records::Records;
pub(crate) use sample::whole_records;
pub use sniff::sniff;
pub use spreadsheet::spreadsheet_to_csv;
pub use write::write_csv_row;

/// The first line of a spreadsheet written out with its row numbers. U+001F stands at the start of no file that people
/// write, so that such a file is known without being told.
const ROW_NUMBERS_MARK: &str = "\u{1f}row numbers\r\n";
