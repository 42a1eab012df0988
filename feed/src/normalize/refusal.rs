//! What can become of one cell, and where the refused ones are collected.

use item::RejectCode;

/// A cell understood: a value, no value, or a refusal.
pub(crate) type Reading<T> = Result<Option<T>, Refusal>;

/// A cell that gives no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The row is rejected.
    Fault(RejectCode, String),
    /// Not in a closed list, which is nobody's fault: the text is kept among the attributes instead.
    Unlisted,
}

impl Refusal {
    pub fn fault(code: RejectCode, message: impl Into<String>) -> Self {
        Refusal::Fault(code, message.into())
    }

    #[cfg(test)]
    pub fn code(&self) -> Option<RejectCode> {
        match self {
            Refusal::Fault(code, _) => Some(*code),
            Refusal::Unlisted => None,
        }
    }
}

/// Something wrong with one row of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub row: usize,
    /// The column's place in the header; none for a constant or a column that is not there.
    pub place: Option<usize>,
    pub code: RejectCode,
    pub message: String,
}

/// What the columns of a batch could not turn into values.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    pub faults: Vec<Fault>,
    /// Row and place of the cells kept as attributes, in the order of their columns.
    pub unlisted: Vec<(usize, usize)>,
}

impl Refusals {
    pub fn add(&mut self, row: usize, place: Option<usize>, refusal: Refusal) {
        let (code, message) = match (refusal, place) {
            (Refusal::Fault(code, message), _) => (code, message),
            (Refusal::Unlisted, Some(place)) => return self.unlisted.push((row, place)),
            // A constant is in no file, and plans with such a one are refused.
            (Refusal::Unlisted, None) => (RejectCode::RowUnreadable, "it is in no list of known values".to_owned()),
        };
        self.faults.push(Fault { row, place, code, message });
    }
}

/// The text between backticks, shortened for a message.
pub(crate) fn quote(text: &str) -> String {
    const SHOWN_CHARS: usize = 60;
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}
