//! Rejected rows as a file that a supplier can correct and send back: its own columns in its own order, then three of
//! ours. `feed::is_correction` knows it again when it returns.

use std::io::Write;

use feed::{CORRECTION_COLUMNS, protected};
use item::{Language, Problem, Reject, RejectCode};

use crate::duplicate;

/// Tells a spreadsheet program that the file is UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How a rejects file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RejectForm {
    /// The language of problems and fixes.
    pub language: Language,
    /// What stands between cells.
    pub delimiter: u8,
}

impl RejectForm {
    /// The form for a supplier: with the delimiter of its own file, or, when that was a spreadsheet or has an odd one,
    /// with the one that its spreadsheet program expects.
    pub fn new(language: Language, delimiter: Option<u8>) -> Self {
        let expected = match language {
            Language::En => b',',
            Language::Fr => b';',
        };
        RejectForm { language, delimiter: delimiter.filter(|sign| b",;\t|".contains(sign)).unwrap_or(expected) }
    }
}

/// Rejected rows as CSV. No cell of it runs as a formula.
pub struct RejectFile<W: Write> {
    out: W,
    form: RejectForm,
    header: Vec<String>,
}

impl<W: Write> RejectFile<W> {
    /// Writes the header: the supplier's columns, then ours.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn begin(mut out: W, header: &[String], form: RejectForm) -> std::io::Result<Self> {
        out.write_all(BYTE_ORDER_MARK)?;
        let mut file = RejectFile { out, form, header: header.to_vec() };
        file.row(header.iter().map(String::as_str).chain(CORRECTION_COLUMNS))?;
        Ok(file)
    }

    /// Writes one rejected row: missing cells empty, so that ours stand below their names; cells too many behind them.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&mut self, reject: &Reject) -> std::io::Result<()> {
        let language = self.form.language;
        let (own, beyond) = reject.raw.split_at(reject.raw.len().min(self.header.len()));
        let missing = std::iter::repeat_n("", self.header.len() - own.len());
        let (line, problem, fix) =
            (reject.line.to_string(), problems(reject, &self.header, language), fixes(reject, language));
        let ours = [line.as_str(), &problem, &fix];
        let beyond = beyond.iter().map(String::as_str);
        self.row(own.iter().map(String::as_str).chain(missing).chain(ours).chain(beyond))
    }

    /// Flushes and gives the writer back.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn end(mut self) -> std::io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn row<'a>(&mut self, cells: impl Iterator<Item = &'a str>) -> std::io::Result<()> {
        let safe: Vec<_> = cells.map(protected).collect();
        feed::write_csv_row(&mut self.out, self.form.delimiter, safe.iter().map(AsRef::as_ref))
    }
}

/// What is wrong with a row, for the supplier: `nombre illisible (colonne « Prix HT » : « 12,x ») [number_unreadable]`.
pub fn problems(reject: &Reject, header: &[String], language: Language) -> String {
    let told = reject.problems.iter().map(|problem| {
        let (what, code) = (problem.code.problem(language), problem.code);
        match detail(problem, reject, header, language) {
            Some(detail) => format!("{what} ({detail}) [{code}]"),
            None => format!("{what} [{code}]"),
        }
    });
    told.collect::<Vec<_>>().join("; ")
}

/// What to do about it, each advice once.
pub fn fixes(reject: &Reject, language: Language) -> String {
    let mut fixes: Vec<&str> = Vec::new();
    for problem in &reject.problems {
        let fix = problem.code.hint_in(language);
        if !fixes.contains(&fix) {
            fixes.push(fix);
        }
    }
    fixes.join("; ")
}

/// Where the problem lies, and what stands there.
fn detail(problem: &Problem, reject: &Reject, header: &[String], language: Language) -> Option<String> {
    let french = language == Language::Fr;
    match problem.code {
        RejectCode::DuplicateSku => {
            let line = duplicate::first_line(&problem.message);
            let where_first = match (line, french) {
                (Some(line), false) => format!("first on line {line}"),
                (Some(line), true) => format!("déjà à la ligne {line}"),
                (None, false) => "already in the catalogue".to_owned(),
                (None, true) => "déjà au catalogue".to_owned(),
            };
            Some(where_first)
        }
        RejectCode::RowTooWide | RejectCode::RowTooNarrow => {
            let (found, wanted) = (reject.raw.len(), header.len());
            Some(if french {
                format!("cellules : {found}, colonnes : {wanted}")
            } else {
                format!("cells: {found}, columns: {wanted}")
            })
        }
        _ => {
            let column = problem.column.as_deref()?;
            let place = header.iter().position(|name| name == column);
            let value = place.and_then(|place| reject.raw.get(place)).map(|cell| shown(cell));
            let column = shown(column);
            Some(match (value.filter(|value| !value.is_empty()), french) {
                (Some(value), false) => format!("column “{column}”: “{value}”"),
                (Some(value), true) => format!("colonne « {column} » : « {value} »"),
                (None, false) => format!("column “{column}”"),
                (None, true) => format!("colonne « {column} »"),
            })
        }
    }
}

/// A cell on one line, shortened.
fn shown(cell: &str) -> String {
    const SHOWN_CHARS: usize = 60;
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut text: String = cell.trim().chars().map(plain).take(SHOWN_CHARS).collect();
    if cell.trim().chars().nth(SHOWN_CHARS).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(code: RejectCode, column: &str) -> Problem {
        Problem { code, column: Some(column.to_owned()), message: "said in English".to_owned() }
    }

    fn reject(problems: Vec<Problem>, raw: &[&str]) -> Reject {
        Reject { line: 7, problems, raw: raw.iter().map(|cell| (*cell).to_owned()).collect() }
    }

    #[track_caller]
    fn check(language: Language, delimiter: u8, reject: &Reject, expected: &str) {
        let header = ["sku", "Prix HT"].map(str::to_owned);
        let mut file = RejectFile::begin(Vec::new(), &header, RejectForm::new(language, Some(delimiter))).unwrap();
        file.write(reject).unwrap();
        let text = String::from_utf8(file.end().unwrap()).unwrap();
        let (first, row) = text.split_once("\r\n").unwrap();
        let sign = char::from(delimiter);
        let ours = ["\u{feff}sku", "Prix HT", "arrivage_line", "arrivage_problem", "arrivage_fix"];
        assert_eq!(first, ours.join(&sign.to_string()));
        assert_eq!(row, expected);
    }

    #[test]
    fn a_row_keeps_its_cells_and_is_told_in_the_language_of_its_supplier() {
        let row = reject(vec![problem(RejectCode::NumberUnreadable, "Prix HT")], &["A-1", "12,x"]);
        let french = "A-1;12,x;7;nombre illisible (colonne « Prix HT » : « 12,x ») [number_unreadable];écrivez des chiffres \
                      seuls avec un séparateur décimal, le même dans toute la colonne\r\n";
        check(Language::Fr, b';', &row, french);
        let english = "A-1|12,x|7|unreadable number (column “Prix HT”: “12,x”) [number_unreadable]|write plain digits with \
                       one decimal sign, the same in the whole column\r\n";
        check(Language::En, b'|', &row, english);
    }

    #[test]
    fn no_cell_runs_as_a_formula_and_numbers_stay_numbers() {
        let missing = vec![problem(RejectCode::RequiredMissing, "sku"), problem(RejectCode::NumberNegative, "Prix HT")];
        let row = reject(missing, &["=cmd x", "-3,50"]);
        let said = "'=cmd x|-3,50|7|required value missing (column “sku”: “=cmd x”) [required_missing]; negative number \
                    (column “Prix HT”: “-3,50”) [number_negative]|fill in the cell: every product needs a SKU and a title; \
                    give zero or more\r\n";
        check(Language::En, b'|', &row, said);
    }

    #[test]
    fn ours_stand_below_their_names_whatever_the_width_of_the_row() {
        let misfit = |code| vec![Problem { code, column: None, message: String::new() }];
        let narrow = reject(misfit(RejectCode::RowTooNarrow), &["A-1"]);
        let said = "A-1\t\t7\ttoo few cells in the row (cells: 1, columns: 2) [row_too_narrow]\tgive every row as many cells \
                    as the header\r\n";
        check(Language::En, b'\t', &narrow, said);
        let wide = reject(misfit(RejectCode::RowTooWide), &["A-1", "1", "more", "=x"]);
        let said = "A-1\t1\t7\ttoo many cells in the row (cells: 4, columns: 2) [row_too_wide]\tquote cells that hold the \
                    separator\tmore\t'=x\r\n";
        check(Language::En, b'\t', &wide, said);
    }

    #[test]
    fn a_duplicate_names_the_first_line() {
        let told = |message: String, language| {
            let repeated = Problem { code: RejectCode::DuplicateSku, column: Some("sku".to_owned()), message };
            problems(&reject(vec![repeated], &["A-1"]), &["sku".to_owned()], language)
        };
        let in_file = || duplicate::in_file("A-1", 12);
        assert_eq!(told(in_file(), Language::En), "SKU repeated (first on line 12) [duplicate_sku]");
        assert_eq!(told(in_file(), Language::Fr), "référence en double (déjà à la ligne 12) [duplicate_sku]");
        let in_catalogue = duplicate::in_catalogue("A on line 7");
        assert_eq!(told(in_catalogue, Language::Fr), "référence en double (déjà au catalogue) [duplicate_sku]");
    }

    #[test]
    fn the_delimiter_is_the_supplier_s_or_that_of_its_spreadsheet_program() {
        let delimiter = |language, own| RejectForm::new(language, own).delimiter;
        assert_eq!(delimiter(Language::Fr, Some(b',')), b',');
        assert_eq!(delimiter(Language::En, Some(b';')), b';');
        assert_eq!(delimiter(Language::Fr, None), b';');
        assert_eq!(delimiter(Language::En, None), b',');
        assert_eq!(delimiter(Language::En, Some(b'\'')), b',');
    }
}
