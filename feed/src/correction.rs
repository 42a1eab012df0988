//! Our rejects file, on its way out and on its way back.
//!
//! It holds the supplier's own columns and, behind them, three of ours. Whoever corrects its cells and sends it back sends
//! a *correction*: our columns are dropped before anything looks at the header, and the apostrophes that kept its cells
//! from being run as formulas are taken off again, so that what is read are the supplier's own columns.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The columns that we put behind the supplier's own: the line in its file, what is wrong, what to do.
pub const CORRECTION_COLUMNS: [&str; 3] = ["arrivage_line", PROBLEM, "arrivage_fix"];

const PROBLEM: &str = "arrivage_problem";

/// Whether a header is that of a rejects file that comes back. One of our columns is enough: somebody may have removed
/// the others, and its rows must not be taken for a whole catalogue.
pub fn is_correction(header: &[String]) -> bool {
    header.iter().any(|cell| is_ours(cell))
}

pub(crate) fn is_ours(cell: &str) -> bool {
    CORRECTION_COLUMNS.iter().any(|ours| cell.trim().eq_ignore_ascii_case(ours))
}

/// Where our columns stand in a correction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Places of our columns among the cells of the file, ascending.
    pub(crate) dropped: Vec<usize>,
    /// The one that says what was wrong, if it is still there.
    pub(crate) problem: Option<usize>,
}

impl Correction {
    /// Of a file that is known by other signs: our columns are gone, our apostrophes are not.
    pub(crate) const WITHOUT_COLUMNS: Correction = Correction { dropped: Vec::new(), problem: None };

    /// Takes our columns out of a header, if any are there.
    pub(crate) fn take_from(header: &mut Vec<String>) -> Option<Correction> {
        let dropped: Vec<usize> = (0..header.len()).filter(|place| is_ours(&header[*place])).collect();
        let problem = dropped.iter().copied().find(|place| header[*place].trim().eq_ignore_ascii_case(PROBLEM));
        header.retain(|cell| !is_ours(cell));
        (!dropped.is_empty()).then_some(Correction { dropped, problem })
    }
}

/// A cell that no spreadsheet runs as a formula (OWASP ASVS 5.0, 1.2.10): an apostrophe before `= + - @`, their wide
/// forms, tab, line end and NUL, except for plain numbers. Cells that begin with apostrophes before such a sign get one
/// more, so that exactly what was there comes back.
pub fn protected(cell: &str) -> Cow<'_, str> {
    let digits = cell.strip_prefix(['-', '+']).unwrap_or(cell);
    let number = digits.bytes().all(|byte| byte.is_ascii_digit() || b".,".contains(&byte));
    let bare = cell.trim_start_matches('\'');
    if runs(bare.as_bytes()) && !number { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// Takes our apostrophes off the cells of a header.
pub(crate) fn unprotect(header: &mut [String]) {
    for cell in header.iter_mut().filter(|cell| is_protected(cell.as_bytes())) {
        cell.remove(0);
    }
}

/// Whether the first byte of a cell is the apostrophe that [`protected`] put there.
pub(crate) fn is_protected(cell: &[u8]) -> bool {
    let apostrophes = cell.iter().take_while(|byte| **byte == b'\'').count();
    apostrophes > 0 && runs(&cell[apostrophes..])
}

/// Whether a spreadsheet may take a cell that begins like this for a formula.
fn runs(cell: &[u8]) -> bool {
    const WIDE: [&str; 4] = ["＝", "＋", "－", "＠"];
    match cell.first() {
        Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\n' | 0) => true,
        _ => WIDE.iter().any(|sign| cell.starts_with(sign.as_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_comes_back_as_it_was_and_none_is_run() {
        for cell in [
            "", "a", "'", "''", "'a", "=1+1", "'=1+1", "''=1", "-AB=1", "@x", "+33 1 23", "-3,50", "'-3,50", "\tx",
            "\r", "\nx", "＝1", "\0", "-", "+", "--1", "-1e5", "1-2",
        ] {
            let out = protected(cell);
            assert!(out == cell || out.strip_prefix('\'') == Some(cell), "{out:?}");
            let back = if is_protected(out.as_bytes()) { &out[1..] } else { &out[..] };
            assert_eq!(back, cell);
            let number = cell == "-3,50" || cell == "-" || cell == "+";
            assert!(number || !runs(out.as_bytes()), "{out:?} would be run");
        }
    }

    #[test]
    fn our_columns_leave_the_header_wherever_they_stand() {
        let mut header: Vec<String> =
            ["arrivage_line", "sku", "Arrivage_Problem ", "title"].map(str::to_owned).to_vec();
        assert!(is_correction(&header));
        let correction = Correction::take_from(&mut header).unwrap();
        assert_eq!((correction.dropped, correction.problem), (vec![0, 2], Some(2)));
        assert_eq!(header, ["sku", "title"]);
        assert!(!is_correction(&header));
        assert_eq!(Correction::take_from(&mut header), None);
    }
}
