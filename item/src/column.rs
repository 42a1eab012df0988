//! Columns of canonical values: flat vectors without a validity bitmap, because "no value" has a value of its own.

/// Joins the elements of a list inside one text (U+001F, unit separator): control characters never survive
/// normalisation, so it cannot occur in a value.
pub const LIST_SEPARATOR: char = '\u{1f}';

/// Texts end to end; the empty text is "no value".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextColumn {
    bytes: String,
    ends: Vec<u32>,
}

impl TextColumn {
    /// An empty column with room for `rows` texts of `bytes` in all.
    pub fn with_capacity(rows: usize, bytes: usize) -> Self {
        TextColumn { bytes: String::with_capacity(bytes), ends: Vec::with_capacity(rows) }
    }

    /// Adds a text; the empty text is "no value".
    ///
    /// # Panics
    /// When the column would pass 4 GiB: a batch is bounded far below.
    pub fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.finish();
    }

    /// The text under construction: write to it, then call [`TextColumn::finish`] once per row.
    pub fn buffer(&mut self) -> &mut String {
        &mut self.bytes
    }

    /// Ends the row whose text was written to [`TextColumn::buffer`].
    pub fn finish(&mut self) {
        let end = u32::try_from(self.bytes.len()).expect("a batch is bounded far below 4 GiB");
        self.ends.push(end);
    }

    /// Forgets what was written to [`TextColumn::buffer`] since the last row.
    pub fn abandon(&mut self) {
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0) as usize);
    }

    /// The text of a row, empty when there is none.
    pub fn get(&self, row: usize) -> &str {
        let start = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        &self.bytes[start..self.ends[row] as usize]
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// No row at all.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

impl<'a> FromIterator<&'a str> for TextColumn {
    fn from_iter<I: IntoIterator<Item = &'a str>>(texts: I) -> Self {
        let mut column = TextColumn::with_capacity(0, 0);
        for text in texts {
            column.push(text);
        }
        column
    }
}

/// Whole numbers: decimals in ten-thousandths, dates in days since 1970-01-01, booleans as 0 and 1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntColumn {
    values: Vec<i64>,
}

impl IntColumn {
    /// Stands for "no value".
    pub const NONE: i64 = i64::MIN;

    /// An empty column with room for `rows` numbers.
    pub fn with_capacity(rows: usize) -> Self {
        IntColumn { values: Vec::with_capacity(rows) }
    }

    /// Adds a number or "no value".
    pub fn push(&mut self, value: Option<i64>) {
        self.values.push(value.unwrap_or(Self::NONE));
    }

    /// The number of a row.
    pub fn get(&self, row: usize) -> Option<i64> {
        let value = self.values[row];
        (value != Self::NONE).then_some(value)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// No row at all.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl FromIterator<Option<i64>> for IntColumn {
    fn from_iter<I: IntoIterator<Item = Option<i64>>>(values: I) -> Self {
        IntColumn { values: values.into_iter().map(|value| value.unwrap_or(Self::NONE)).collect() }
    }
}

/// The values of one field over a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Column {
    /// No row has a value: the file has no such column.
    #[default]
    Absent,
    /// Values of the kinds text, list and JSON.
    Text(TextColumn),
    /// Values of the kinds decimal, integer, bool and date.
    Int(IntColumn),
}

impl Column {
    /// The text of a row; `None` when there is no value or the column holds numbers.
    pub fn text(&self, row: usize) -> Option<&str> {
        match self {
            Column::Text(column) => Some(column.get(row)).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// The number of a row; `None` when there is no value or the column holds texts.
    pub fn int(&self, row: usize) -> Option<i64> {
        match self {
            Column::Int(column) => column.get(row),
            _ => None,
        }
    }
}
