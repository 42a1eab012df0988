//! A file to blocks of whole records: the sequential part of decoding, kept as small as it can be.

use std::io::Read;
use std::mem;
use std::sync::Arc;

use item::{FileCode, Problem, Reject, RejectCode};

use super::block::{Block, Shape, Span, row_number};
use super::columns::SLACK;
use super::grammar::{Found, line_end, line_ends};
use super::text::Text;
use crate::{DecodeError, Layout, Limits};

/// Bounds of what a configuration may ask for: places in a block are 32 bits wide, and a block holds at least one byte
/// order mark.
const BLOCK_BYTES: std::ops::RangeInclusive<usize> = 8..=1 << 30;

/// After so many records beyond their limit the quotes of the file do not pair at all. Reading each again from its second
/// line costs up to a record's limit, so that the number must have one too.
const LONG_RECORDS_MAX: u32 = 1_000;

/// Splits a delimited file into blocks of whole records, sequentially; each block becomes a
/// [`RecordBatch`](crate::RecordBatch) on any core. Holds one block and the longest record at most.
pub struct Records<R> {
    text: Text<R>,
    /// Text not yet handed out.
    buffer: Vec<u8>,
    /// Physical line of the buffer's first byte, from 1.
    line: u64,
    shape: Arc<Shape>,
    header_line: u64,
    begun: bool,
    block_bytes: usize,
    record_bytes_max: usize,
    long_records: u32,
}

/// Complete records at the front of the buffer.
struct Run {
    spans: Vec<Span>,
    /// Bytes and physical lines they take, blank lines included.
    bytes: usize,
    lines: u64,
    stop: Stop,
}

/// Why a run ends.
enum Stop {
    /// The file is over.
    End,
    /// The next record is not complete.
    More,
    /// The next record is too long, or its quotes do not pair.
    Long,
    /// The file ends inside the quoted cell that opens here.
    OpenQuote(usize),
}

impl<R: Read> Records<R> {
    /// Reads from the file's first byte.
    pub fn open(reader: R, layout: &Layout, limits: &Limits) -> Self {
        let shape = Shape {
            encoding: layout.encoding,
            dialect: layout.dialect,
            header: layout.header.clone(),
            numbered: layout.numbered,
            correction: layout.correction.clone(),
            reject_cell_bytes_max: limits.reject_cell_bytes_max,
        };
        Records {
            text: Text::new(reader, layout.encoding),
            buffer: Vec::new(),
            line: 1,
            shape: Arc::new(shape),
            header_line: layout.header_line,
            begun: false,
            block_bytes: limits.block_bytes.clamp(*BLOCK_BYTES.start(), *BLOCK_BYTES.end()),
            record_bytes_max: limits.record_bytes_max.min(*BLOCK_BYTES.end()),
            long_records: 0,
        }
    }

    /// The next block, `None` at the end of the file.
    ///
    /// # Errors
    /// [`FileCode::Truncated`] when the file ends inside a quoted cell; what stands before it has been handed out by then.
    /// [`FileCode::UnknownFormat`] when record after record is longer than its limit. [`DecodeError::Read`] when the
    /// reader fails.
    pub fn next_block(&mut self) -> Result<Option<Block>, DecodeError> {
        if !self.begun {
            self.skip_to_records()?;
            self.begun = true;
        }
        self.text.fill(&mut self.buffer, self.block_bytes)?;
        loop {
            let run = self.run();
            if !run.spans.is_empty() {
                return Ok(Some(self.cut(run)));
            }
            self.skip(run.bytes, run.lines);
            match run.stop {
                Stop::End => return Ok(None),
                Stop::More => self.fill_more()?,
                Stop::Long => return self.reject_long().map(Some),
                Stop::OpenQuote(open) => return Err(self.truncated(open - run.bytes)),
            }
        }
    }

    /// The complete records at the front of the buffer.
    fn run(&self) -> Run {
        let mut run = Run { spans: Vec::new(), bytes: 0, lines: 0, stop: Stop::End };
        loop {
            let start = run.bytes;
            let found = self.shape.dialect.record_at(&self.buffer, start, self.text.ended());
            let end = if let Found::Record { end, .. } = found { end } else { self.buffer.len() };
            run.stop = match found {
                Found::End => Stop::End,
                _ if end - start > self.record_bytes_max => Stop::Long,
                Found::OpenQuote(open) => Stop::OpenQuote(open),
                Found::More => Stop::More,
                Found::Record { next, lines, plain, .. } => {
                    if end > start {
                        run.spans.push(Span {
                            start: start as u32,
                            end: end as u32,
                            lines_above: run.lines as u32,
                            plain,
                        });
                    }
                    run.bytes = next;
                    run.lines += lines;
                    continue;
                }
            };
            return run;
        }
    }

    /// Hands out a run and keeps what follows it.
    fn cut(&mut self, run: Run) -> Block {
        let mut rest = Vec::with_capacity(self.block_bytes + SLACK.len());
        rest.extend_from_slice(&self.buffer[run.bytes..]);
        let mut text = mem::replace(&mut self.buffer, rest);
        text.truncate(run.bytes);
        text.extend_from_slice(&SLACK);
        let line = self.line;
        self.line += run.lines;
        Block { shape: self.shape.clone(), text: text.into(), spans: run.spans, line, rejects: Vec::new() }
    }

    /// Drops what has been looked at.
    fn skip(&mut self, bytes: usize, lines: u64) {
        self.buffer.drain(..bytes);
        self.line += lines;
    }

    /// Reads on when what the buffer holds is not enough. Doubling keeps the work linear when blocks are tiny.
    fn fill_more(&mut self) -> Result<(), DecodeError> {
        let goal = (self.buffer.len() * 2).max(self.block_bytes);
        Ok(self.text.fill(&mut self.buffer, goal)?)
    }

    /// Skips the physical lines above the header and the header itself.
    fn skip_to_records(&mut self) -> Result<(), DecodeError> {
        self.text.fill(&mut self.buffer, self.block_bytes)?;
        if self.shape.numbered {
            return self.skip_numbered();
        }
        self.skip_lines(self.header_line.saturating_sub(1))?;
        self.skip_record()?;
        Ok(())
    }

    /// In a numbered file: skips its mark and the records up to the one with the header's number.
    fn skip_numbered(&mut self) -> Result<(), DecodeError> {
        self.skip_lines(1)?;
        while let Some(number) = self.skip_record()? {
            if number >= self.header_line {
                break;
            }
        }
        Ok(())
    }

    /// Skips physical lines, however long, as many as there are.
    fn skip_lines(&mut self, mut count: u64) -> Result<(), DecodeError> {
        while count > 0 {
            let mut at = 0;
            while count > 0
                && let Some((_, next)) = line_end(&self.buffer[at..], self.text.ended())
            {
                if next == 0 {
                    self.skip(at, 0);
                    return Ok(());
                }
                at += next;
                count -= 1;
                self.line += 1;
            }
            if count > 0 {
                // Inside a line: all but a CR, to which an LF may belong, is of no further use.
                at = self.buffer.len() - usize::from(self.buffer.last() == Some(&b'\r'));
            }
            self.skip(at, 0);
            if count > 0 {
                self.fill_more()?;
            }
        }
        Ok(())
    }

    /// Skips one record and answers its row number (0 when it has none); `None` at the end of the file.
    fn skip_record(&mut self) -> Result<Option<u64>, DecodeError> {
        loop {
            match self.shape.dialect.record_at(&self.buffer, 0, self.text.ended()) {
                Found::Record { end, next, lines, .. } => {
                    let number = self.buffer[..end]
                        .split(|byte| *byte == self.shape.dialect.delimiter)
                        .next()
                        .and_then(row_number);
                    self.skip(next, lines);
                    return Ok(Some(number.unwrap_or(0)));
                }
                Found::End => return Ok(None),
                Found::OpenQuote(open) => return Err(self.truncated(open)),
                Found::More if self.buffer.len() > self.record_bytes_max => {
                    let detail =
                        format!("line {}: the header is longer than {} bytes", self.line, self.record_bytes_max);
                    return Err(DecodeError::file(FileCode::UnknownFormat, detail));
                }
                Found::More => self.fill_more()?,
            }
        }
    }

    /// A block of one reject for the record at the front of the buffer, whose first line is dropped: reading resumes at
    /// the next.
    fn reject_long(&mut self) -> Result<Block, DecodeError> {
        let bytes_max = self.record_bytes_max;
        self.long_records += 1;
        if self.long_records > LONG_RECORDS_MAX {
            let detail =
                format!("line {}: more than {LONG_RECORDS_MAX} records are longer than {bytes_max} bytes", self.line);
            return Err(DecodeError::file(FileCode::UnknownFormat, detail));
        }
        let end = line_end(&self.buffer, true).map_or(0, |(end, _)| end.min(bytes_max));
        let mut cells = Vec::new();
        self.shape.dialect.cells(&self.buffer, 0, end, false, &mut cells);
        let mut line = self.line;
        if self.shape.numbered && !cells.is_empty() {
            line = row_number(cells.remove(0).bytes(&self.buffer)).unwrap_or(line);
        }
        self.shape.restore(&mut cells, 0, &self.buffer);
        let message = format!("the record is longer than {bytes_max} bytes, or its quotes do not pair");
        let problem = Problem { code: RejectCode::RowUnreadable, column: None, message };
        let reject = Reject { line, problems: vec![problem], raw: self.shape.raw(&cells, &self.buffer) };
        self.skip_lines(1)?;
        Ok(Block {
            shape: self.shape.clone(),
            text: SLACK.to_vec().into(),
            spans: Vec::new(),
            line,
            rejects: vec![reject],
        })
    }

    /// The fault of a file that ends inside the quoted cell that opens at this place of the buffer.
    fn truncated(&self, open: usize) -> DecodeError {
        let line = self.line + line_ends(&self.buffer[..open]);
        DecodeError::file(FileCode::Truncated, format!("line {line}: the quote that opens here is never closed"))
    }
}
