//! The four workbook formats behind one question: which cells stand in this sheet?

use std::io::Cursor;
use std::ops::ControlFlow;

use calamine::{
    DataRef, Error, Ods, OdsError, Reader, Sheet, SheetType, SheetVisible, Xls, XlsError, Xlsb, XlsbError, Xlsx,
    XlsxError,
};
use item::FileCode;
use memchr::memmem;

use super::cell::{NumberFormat, borrowed, is_empty};
use crate::{DecodeError, FileFormat, sniff};

type Bytes<'a> = Cursor<&'a [u8]>;

/// An open workbook. XLSX and XLSB sheets are read cell by cell, so that a cell in the far corner costs no more than any
/// other; XLS and ODS come as whole sheets from calamine.
pub(super) enum Workbook<'a> {
    Xlsx(Xlsx<Bytes<'a>>),
    Xlsb(Xlsb<Bytes<'a>>),
    Xls(Xls<Bytes<'a>>),
    Ods(Ods<Bytes<'a>>),
}

/// What is done with a cell: its row and column from 0, its value and how its number is shown.
pub(super) type Visit<'v> = dyn FnMut(u32, u32, &DataRef, NumberFormat) -> Result<ControlFlow<()>, DecodeError> + 'v;

impl<'a> Workbook<'a> {
    /// Opens a workbook, whichever format it is in.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        if sniff(bytes) != FileFormat::Spreadsheet {
            return Err(DecodeError::file(FileCode::UnknownFormat, "this is no workbook"));
        }
        let content = Cursor::new(bytes);
        if !bytes.starts_with(b"PK") {
            // A protected XLSX is packed into the container that XLS uses; only the XLSX reader tells.
            return match Xlsx::new(content.clone()) {
                Err(XlsxError::Password) => Err(fault(Error::Xlsx(XlsxError::Password))),
                _ => Xls::new(content).map(Workbook::Xls).map_err(|error| fault(Error::Xls(error))),
            };
        }
        // Names stand in an archive as they are. ODF stores its type first, right behind the first local header.
        if bytes.get(30..38) == Some(b"mimetype") {
            Ods::new(content).map(Workbook::Ods).map_err(|error| fault(Error::Ods(error)))
        } else if memmem::find(bytes, b"xl/workbook.bin").is_some() {
            Xlsb::new(content).map(Workbook::Xlsb).map_err(|error| fault(Error::Xlsb(error)))
        } else {
            Xlsx::new(content).map(Workbook::Xlsx).map_err(|error| fault(Error::Xlsx(error)))
        }
    }

    /// The names of the sheets that may hold a table, visible ones first.
    pub(super) fn sheets(&self) -> Vec<String> {
        let sheets = match self {
            Workbook::Xlsx(book) => book.sheets_metadata(),
            Workbook::Xlsb(book) => book.sheets_metadata(),
            Workbook::Xls(book) => book.sheets_metadata(),
            Workbook::Ods(book) => book.sheets_metadata(),
        };
        let mut sheets: Vec<&Sheet> = sheets.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet).collect();
        sheets.sort_by_key(|sheet| sheet.visible != SheetVisible::Visible);
        sheets.into_iter().map(|sheet| sheet.name.clone()).collect()
    }

    /// Calls `visit` with each cell that is not empty, in the order of the file, until it breaks. The value of a formula is
    /// the one saved with it.
    pub(super) fn visit_cells(&mut self, sheet: &str, visit: &mut Visit) -> Result<(), DecodeError> {
        let mut visit = |row, column, cell: &DataRef, format| {
            if is_empty(cell) { Ok(ControlFlow::Continue(())) } else { visit(row, column, cell, format) }
        };
        let range = match self {
            Workbook::Xlsx(book) => {
                let mut cells = book.worksheet_cells_reader(sheet).map_err(|error| fault(Error::Xlsx(error)))?;
                let code = |style: &calamine::Style| {
                    style.number_format.as_ref().map(|format| NumberFormat::of_code(&format.format_code))
                };
                let formats: Vec<_> = cells.styles().iter().map(|style| code(style).unwrap_or_default()).collect();
                while let Some((cell, style)) =
                    cells.next_cell_with_style_id().map_err(|error| fault(Error::Xlsx(error)))?
                {
                    let (row, column) = cell.get_position();
                    if visit(row, column, cell.get_value(), formats.get(style).copied().unwrap_or_default())?.is_break()
                    {
                        break;
                    }
                }
                return Ok(());
            }
            Workbook::Xlsb(book) => {
                let mut cells = book.worksheet_cells_reader(sheet).map_err(|error| fault(Error::Xlsb(error)))?;
                while let Some(cell) = cells.next_cell().map_err(|error| fault(Error::Xlsb(error)))? {
                    let (row, column) = cell.get_position();
                    if visit(row, column, cell.get_value(), NumberFormat::Plain)?.is_break() {
                        break;
                    }
                }
                return Ok(());
            }
            Workbook::Xls(book) => book.worksheet_range(sheet).map_err(|error| fault(Error::Xls(error)))?,
            Workbook::Ods(book) => book.worksheet_range(sheet).map_err(|error| fault(Error::Ods(error)))?,
        };
        let (top, left) = range.start().unwrap_or_default();
        for (row, column, cell) in range.used_cells() {
            if visit(top + row as u32, left + column as u32, &borrowed(cell), NumberFormat::Plain)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Calamine's error as a fault of the file: it reads from memory, so that nothing else can be at fault.
fn fault(error: Error) -> DecodeError {
    match error {
        Error::Xlsx(XlsxError::Password)
        | Error::Xlsb(XlsbError::Password)
        | Error::Xls(XlsError::Password)
        | Error::Ods(OdsError::Password) => {
            DecodeError::file(FileCode::Encrypted, "the workbook is protected by a password")
        }
        Error::Ods(OdsError::CellLimitExceeded { .. }) => {
            DecodeError::file(FileCode::ArchiveTooLarge, error.to_string())
        }
        error => DecodeError::file(FileCode::UnknownFormat, format!("the workbook cannot be read: {error}")),
    }
}
