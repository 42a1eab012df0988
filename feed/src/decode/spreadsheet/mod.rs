//! A sheet of a workbook to CSV, which everything behind reads.

mod cell;
mod workbook;

use std::io::Write;
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind};

use item::FileCode;

use self::cell::write_text;
use self::workbook::Workbook;
use super::{ROW_NUMBERS_MARK, write_csv_row};
use crate::{DecodeError, Limits};

/// Writes one sheet of a workbook (the first with a table unless `sheet` names one) as RFC 4180 CSV in UTF-8 and answers
/// the number of rows. All rows are as wide as
/// the widest; empty rows, and empty columns left of all others, are left out. With `numbered` each row begins with
/// its number in the sheet, from 1, which [`detect`](crate::detect) recognises.
///
/// Run it in a child process: the reader underneath may ask for any amount of memory when a workbook is made to harm.
///
/// # Errors
/// [`FileCode::Encrypted`] behind a password, [`FileCode::ArchiveTooLarge`] beyond `spreadsheet_cells_max`,
/// [`FileCode::EmptyFile`] without a table, [`FileCode::UnknownFormat`] for anything else that cannot be read or a sheet
/// that does not exist; [`DecodeError::Read`] when `out` fails.
pub fn spreadsheet_to_csv<W: Write>(
    workbook: &[u8],
    sheet: Option<&str>,
    numbered: bool,
    limits: &Limits,
    out: W,
) -> Result<u64, DecodeError> {
    // Calamine indexes into damaged files without looking; nothing of ours survives the unwinding.
    catch_unwind(AssertUnwindSafe(|| convert(workbook, sheet, numbered, limits, out)))
        .unwrap_or_else(|_| Err(DecodeError::file(FileCode::UnknownFormat, "the workbook is damaged")))
}

fn convert<W: Write>(
    workbook: &[u8],
    sheet: Option<&str>,
    numbered: bool,
    limits: &Limits,
    mut out: W,
) -> Result<u64, DecodeError> {
    let mut book = Workbook::open(workbook)?;
    let sheet = match sheet {
        Some(name) => named_sheet(&book, name)?,
        None => first_table(&mut book)?,
    };
    let columns = measure(&mut book, &sheet, limits)?;
    if numbered {
        out.write_all(ROW_NUMBERS_MARK.as_bytes())?;
    }
    let mut rows = Rows { out: &mut out, numbered, number: 0, cells: vec![String::new(); columns.len()], written: 0 };
    book.visit_cells(&sheet, &mut |row, column, cell, format| {
        rows.go_to(row)?;
        write_text(cell, format, &mut rows.cells[(column - columns.start) as usize]);
        Ok(ControlFlow::Continue(()))
    })?;
    rows.finish()
}

fn named_sheet(book: &Workbook, name: &str) -> Result<String, DecodeError> {
    let sheets = book.sheets();
    match sheets.iter().find(|sheet| *sheet == name) {
        Some(sheet) => Ok(sheet.clone()),
        None => Err(DecodeError::file(
            FileCode::UnknownFormat,
            format!("no sheet is named `{name}`, there are: {}", sheets.join(", ")),
        )),
    }
}

/// The first sheet with more than one row of two or more cells.
fn first_table(book: &mut Workbook) -> Result<String, DecodeError> {
    let sheets = book.sheets();
    for sheet in &sheets {
        let (mut current, mut cells, mut rows) = (None, 0, 0);
        let visited = book.visit_cells(sheet, &mut |row, _, _, _| {
            cells = if current == Some(row) { cells + 1 } else { 1 };
            current = Some(row);
            rows += u32::from(cells == 2);
            Ok(if rows > 1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        });
        // A sheet that cannot be read does not hide the table in another one.
        if rows > 1 || (sheets.len() == 1 && visited.is_err()) {
            return visited.map(|()| sheet.clone());
        }
    }
    Err(DecodeError::file(FileCode::EmptyFile, format!("no sheet has two rows of two cells: {}", sheets.join(", "))))
}

/// The columns in use, once the sheet has been found to be in order and within its limits.
fn measure(book: &mut Workbook, sheet: &str, limits: &Limits) -> Result<Range<u32>, DecodeError> {
    let mut columns: Option<Range<u32>> = None;
    let (mut rows, mut cells, mut last) = (0u64, 0u64, None);
    book.visit_cells(sheet, &mut |row, column, _, _| {
        if last.is_some_and(|last| row < last) {
            return Err(DecodeError::file(
                FileCode::UnknownFormat,
                format!("sheet `{sheet}`: row {} stands behind a later one", row + 1),
            ));
        }
        rows += u64::from(last != Some(row));
        cells += 1;
        last = Some(row);
        let used = columns.get_or_insert(column..column + 1);
        *used = used.start.min(column)..used.end.max(column + 1);
        if used.len() > limits.columns_max {
            let detail = format!(
                "sheet `{sheet}`, row {}: {} columns, at most {} are read",
                row + 1,
                used.len(),
                limits.columns_max
            );
            return Err(DecodeError::file(FileCode::UnknownFormat, detail));
        }
        // Written out, empty cells take their place too.
        if cells.max(rows * used.len() as u64) > limits.spreadsheet_cells_max {
            let detail = format!("sheet `{sheet}` has more than {} cells", limits.spreadsheet_cells_max);
            return Err(DecodeError::file(FileCode::ArchiveTooLarge, detail));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(columns.unwrap_or_default())
}

/// Rows on their way out.
struct Rows<'a, W> {
    out: &'a mut W,
    numbered: bool,
    /// The row in `cells`, from 1; none yet when 0.
    number: u64,
    cells: Vec<String>,
    written: u64,
}

impl<W: Write> Rows<'_, W> {
    /// Writes the row at hand and begins this one (from 0), unless it is the same.
    fn go_to(&mut self, row: u32) -> std::io::Result<()> {
        let number = u64::from(row) + 1;
        if number != self.number {
            self.write()?;
            self.number = number;
        }
        Ok(())
    }

    fn write(&mut self) -> std::io::Result<()> {
        if self.number == 0 {
            return Ok(());
        }
        let number = self.numbered.then(|| self.number.to_string());
        write_csv_row(self.out, b',', number.as_deref().into_iter().chain(self.cells.iter().map(String::as_str)))?;
        self.cells.iter_mut().for_each(String::clear);
        self.written += 1;
        Ok(())
    }

    fn finish(mut self) -> Result<u64, DecodeError> {
        self.write()?;
        self.out.flush()?;
        Ok(self.written)
    }
}
