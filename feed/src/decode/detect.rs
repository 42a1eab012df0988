//! How a delimited file is written, judged by a sample: whole readings of it are compared, not counts of characters.

use item::FileCode;

use super::ROW_NUMBERS_MARK;
use super::encoding::{check_is_text, encoding_of};
use super::grammar::line_end;
use super::header::{Header, unique_names};
use super::reading::Reading;
use super::text::in_utf8;
use crate::correction::{Correction, unprotect};
use crate::{DecodeError, Dialect, Encoding, Evidence, FeedSettings, Layout, Limits, is_correction};

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
const QUOTE: u8 = b'"';

/// How a delimited file is written, judged by a sample of its beginning (`complete` when the sample is the whole file).
/// Settings stand above every judgement.
///
/// # Errors
/// [`FileCode::EmptyFile`] without any text, or without a record below the header in a complete sample;
/// [`FileCode::UnknownFormat`] when it is no text, has too many columns or a setting is no single character;
/// [`FileCode::NoHeader`] when no row names the columns.
pub fn detect(sample: &[u8], complete: bool, settings: &FeedSettings, limits: &Limits) -> Result<Layout, DecodeError> {
    let (encoding, confidence, reason) = match settings.encoding {
        _ if sample.starts_with(ROW_NUMBERS_MARK.as_bytes()) => (Encoding::Utf8, 1.0, WRITTEN_OUT.to_owned()),
        Some(encoding) => (encoding, 1.0, GIVEN.to_owned()),
        None => encoding_of(sample, complete),
    };
    let text = in_utf8(sample, encoding);
    check_is_text(sample, &text)?;
    if text.trim_ascii().is_empty() {
        return Err(DecodeError::file(FileCode::EmptyFile, "the file holds no text"));
    }
    let sample = Sample::of(&text, complete);
    let candidates = candidates(&sample, settings)?;
    let Some(best) = candidates.first() else { return Err(no_header(&sample, settings)) };

    let mut header = best.reading.values(best.header.row);
    if is_correction(&header) {
        // What stands beyond our columns has no name: a row that is too wide came back, and is not to name columns.
        header.truncate(header.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1));
        unprotect(&mut header);
    }
    let header_line = sample.line_of(best);
    if header.len() > limits.columns_max {
        let detail = format!("line {header_line}: {} columns, at most {} are read", header.len(), limits.columns_max);
        return Err(DecodeError::file(FileCode::UnknownFormat, detail));
    }
    if complete && best.header.below == 0 && !best.reading.truncated {
        return Err(DecodeError::file(
            FileCode::EmptyFile,
            format!("only the header in line {header_line}, no record below it"),
        ));
    }
    let mut header = unique_names(header);
    let correction = Correction::take_from(&mut header);
    Ok(Layout {
        encoding,
        dialect: best.reading.dialect,
        header_line,
        header,
        numbered: sample.numbered,
        correction,
        evidence: vec![
            evidence("encoding", encoding_name(encoding), confidence, reason),
            delimiter_evidence(&sample, settings, &candidates),
            quote_evidence(&sample, settings, best),
            header_evidence(settings, best, header_line),
        ],
    })
}

/// Reasons of what nobody had to judge.
const GIVEN: &str = "given in the settings";
const WRITTEN_OUT: &str = "written out from a spreadsheet";

/// The sample's text behind the marks at its front.
struct Sample<'a> {
    text: &'a [u8],
    complete: bool,
    /// Physical lines taken by marks.
    lines_above: u64,
    /// Each record begins with its row number.
    numbered: bool,
    /// Named by a first line `sep=;`, which Excel writes and reads.
    delimiter: Option<u8>,
}

impl<'a> Sample<'a> {
    fn of(text: &'a [u8], complete: bool) -> Self {
        let whole = Sample { text, complete, lines_above: 0, numbered: false, delimiter: None };
        if let Some(text) = text.strip_prefix(ROW_NUMBERS_MARK.as_bytes()) {
            return Sample { text, lines_above: 1, numbered: true, ..whole };
        }
        let Some((end, next)) = line_end(text, complete) else { return whole };
        let line = &text[..end];
        match line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line) {
            [s, e, p, b'=', delimiter] if [*s, *e, *p].eq_ignore_ascii_case(b"sep") && is_sign(*delimiter) => {
                Sample { text: &text[next..], lines_above: 1, delimiter: Some(*delimiter), ..whole }
            }
            _ => whole,
        }
    }

    /// Line of a candidate's header in the file, or its row number in a numbered one.
    fn line_of(&self, candidate: &Candidate) -> u64 {
        let line = candidate.reading.rows[candidate.header.row].line;
        if self.numbered { line } else { line + self.lines_above }
    }

    /// The line of [`Reading`] for a line of the file.
    fn line_below(&self, line: u64) -> u64 {
        if self.numbered { line } else { line.saturating_sub(self.lines_above) }
    }
}

/// A reading in which a header was found.
struct Candidate<'a> {
    reading: Reading<'a>,
    header: Header,
    rank: f32,
}

impl<'a> Candidate<'a> {
    fn new(sample: &Sample<'a>, dialect: Dialect, header_line: Option<u64>) -> Option<Self> {
        let reading = Reading::new(sample.text, sample.complete, dialect, sample.numbered);
        let header = match header_line {
            Some(line) => Header::at_line(&reading, sample.line_below(line)),
            None => Header::find(&reading),
        }?;
        // Rows that fit weigh most. A reading with more columns explains more; one that must skip rows, less.
        let width = reading.rows[header.row].width as f32;
        let skipped = 0.9f32.powi(header.row.min(20) as i32);
        let rank = header.fit().powi(2) * (1.0 + width).ln() * (1.0 + header.known as f32 / width) * skipped;
        Some(Candidate { reading, header, rank })
    }

    fn width(&self) -> usize {
        self.reading.rows[self.header.row].width
    }

    /// Rows that this reading cannot explain.
    fn misfits(&self) -> usize {
        self.header.below - self.header.fitting + self.reading.stray_quotes
    }
}

/// One candidate for each delimiter, the best first.
fn candidates<'a>(sample: &Sample<'a>, settings: &FeedSettings) -> Result<Vec<Candidate<'a>>, DecodeError> {
    let delimiter = match settings.delimiter {
        // How a supplier writes CSV says nothing about the spreadsheets it sends.
        _ if sample.numbered => Some(b','),
        Some(delimiter) => Some(sign("delimiter", &delimiter.to_string())?),
        None => sample.delimiter,
    };
    let quote = match settings.quote.as_deref() {
        _ if sample.numbered => Some(Some(QUOTE)),
        Some("") => Some(None),
        Some(quote) => Some(Some(sign("quote", quote)?)),
        None if !sample.text.contains(&QUOTE) => Some(Some(QUOTE)),
        None => None,
    };
    if delimiter.is_some() && quote.is_some_and(|quote| quote == delimiter) {
        return Err(DecodeError::file(
            FileCode::UnknownFormat,
            "the settings name one character as delimiter and as quote",
        ));
    }
    let delimiters = delimiter.map_or(DELIMITERS.to_vec(), |delimiter| vec![delimiter]);
    let candidate = |delimiter, quote| Candidate::new(sample, Dialect { delimiter, quote }, settings.header_line);
    let mut candidates: Vec<Candidate> = delimiters
        .into_iter()
        .filter_map(|delimiter| match quote {
            Some(quote) => candidate(delimiter, quote),
            None => with_or_without_quotes(candidate(delimiter, Some(QUOTE)), candidate(delimiter, None)),
        })
        .collect();
    candidates.sort_by(|a, b| {
        (b.width() > 1, b.rank).partial_cmp(&(a.width() > 1, a.rank)).unwrap_or(std::cmp::Ordering::Equal)
    });
    Ok(candidates)
}

/// Quotes are ordinary characters when reading them as such explains more rows, unless nearly all cells that begin with a
/// quote also end with one. The row in which a file breaks off explains nothing.
fn with_or_without_quotes<'a>(with: Option<Candidate<'a>>, without: Option<Candidate<'a>>) -> Option<Candidate<'a>> {
    let (with, without) = match (with, without) {
        (Some(with), Some(without)) => (with, without),
        (with, without) => return with.or(without),
    };
    let explains_more = without.header.fitting > with.header.fitting + usize::from(with.reading.truncated);
    let explains_as_well = without.misfits() <= with.misfits();
    let better = explains_as_well && (explains_more || without.misfits() < with.misfits());
    Some(if better && without.reading.wrapped_share(QUOTE) < 0.9 { without } else { with })
}

/// The error of a sample in which no reading has a header.
fn no_header(sample: &Sample, settings: &FeedSettings) -> DecodeError {
    if !sample.complete && line_end(sample.text, false).is_none() {
        return DecodeError::file(
            FileCode::UnknownFormat,
            format!("no line ends within the first {} bytes", sample.text.len()),
        );
    }
    let detail = match settings.header_line {
        Some(line) => format!("no row begins at line {line}, which the settings name as the header"),
        None => {
            "no row at the top of the file names the columns: texts, mostly filled, each different, above rows as wide"
                .to_owned()
        }
    };
    DecodeError::file(FileCode::NoHeader, detail)
}

/// A character that may be a delimiter or a quote.
fn is_sign(byte: u8) -> bool {
    byte == b'\t' || byte.is_ascii_punctuation()
}

/// The one character of a setting.
fn sign(setting: &str, text: &str) -> Result<u8, DecodeError> {
    match text.as_bytes() {
        [byte] if is_sign(*byte) => Ok(*byte),
        _ => Err(DecodeError::file(
            FileCode::UnknownFormat,
            format!("the setting `{setting}` is {text:?}, not a tab or one ASCII punctuation character"),
        )),
    }
}

fn evidence(what: &str, value: impl Into<String>, confidence: f32, reason: impl Into<String>) -> Evidence {
    Evidence { what: what.to_owned(), value: value.into(), confidence, reason: reason.into() }
}

fn delimiter_evidence(sample: &Sample, settings: &FeedSettings, candidates: &[Candidate]) -> Evidence {
    let best = &candidates[0];
    let name = sign_name(best.reading.dialect.delimiter);
    if sample.numbered {
        return evidence("delimiter", name, 1.0, WRITTEN_OUT);
    }
    if settings.delimiter.is_some() {
        return evidence("delimiter", name, 1.0, GIVEN);
    }
    if sample.delimiter.is_some() {
        return evidence("delimiter", name, 1.0, "named by the first line, `sep=`");
    }
    let mut reason = format!(
        "{} of {} rows have as many cells as the header, {}",
        best.header.fitting,
        best.header.below,
        best.width()
    );
    let mut rivalry = 0.0;
    if let Some(second) = candidates.get(1).filter(|second| second.width() > 1) {
        rivalry = second.rank / best.rank.max(second.rank).max(f32::MIN_POSITIVE);
        let name = sign_name(second.reading.dialect.delimiter);
        reason += &format!(
            "; next best: {name} with {} of {} rows of {}",
            second.header.fitting,
            second.header.below,
            second.width()
        );
    }
    evidence("delimiter", name, best.header.fit() * (1.0 - rivalry / 2.0), reason)
}

fn quote_evidence(sample: &Sample, settings: &FeedSettings, best: &Candidate) -> Evidence {
    let name = best.reading.dialect.quote.map_or("none".to_owned(), sign_name);
    if sample.numbered {
        return evidence("quote", name, 1.0, WRITTEN_OUT);
    }
    if settings.quote.is_some() {
        return evidence("quote", name, 1.0, GIVEN);
    }
    let (confidence, reason) = match best.reading.dialect.quote {
        None => (0.9, "more rows have the header's width when quotes are ordinary characters"),
        Some(quote) if best.reading.text.contains(&quote) => {
            (0.95, "rows have the header's width when quotes pair around cells")
        }
        Some(_) => (0.9, "no quote in the sample"),
    };
    evidence("quote", name, confidence, reason)
}

fn header_evidence(settings: &FeedSettings, best: &Candidate, line: u64) -> Evidence {
    if settings.header_line.is_some() {
        return evidence("header line", line.to_string(), 1.0, GIVEN);
    }
    let Header { known, fitting, below, score, .. } = best.header;
    let width = best.width();
    let confidence = 0.5 + 0.5 * (score as f32 / width as f32).clamp(0.0, 1.0);
    let reason =
        format!("{known} of {width} cells hold words that name columns; {fitting} of {below} rows below are as wide");
    evidence("header line", line.to_string(), confidence, reason)
}

fn encoding_name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Utf8 => "utf-8",
        Encoding::Utf16Le => "utf-16le",
        Encoding::Utf16Be => "utf-16be",
        Encoding::Windows1252 => "windows-1252",
    }
}

fn sign_name(sign: u8) -> String {
    match sign {
        b'\t' => "tab".to_owned(),
        sign => char::from(sign).to_string(),
    }
}
