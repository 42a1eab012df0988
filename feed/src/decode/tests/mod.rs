//! Whole decoding, from bytes to rows.

mod defects;
mod detection;
mod properties;
mod speed;
mod workbooks;

use polars_arrow::array::Utf8ViewArray;
use polars_arrow::datatypes::ArrowDataType;

use super::*;
use crate::{DecodeError, Dialect, Encoding, Layout, Limits, RecordBatch};

/// A layout with the columns `a`, `b`, `c` … in its first line.
fn layout(columns: usize, delimiter: u8, quote: Option<u8>) -> Layout {
    Layout {
        encoding: Encoding::Utf8,
        dialect: Dialect { delimiter, quote },
        header_line: 1,
        header: ('a'..).take(columns).map(String::from).collect(),
        numbered: false,
        correction: None,
        evidence: Vec::new(),
    }
}

/// Limits that cut a block after about so many bytes.
fn limits(block_bytes: usize) -> Limits {
    Limits { block_bytes, ..Limits::default() }
}

/// Reads everything, block by block.
fn read(bytes: &[u8], layout: &Layout, limits: &Limits) -> Result<Vec<RecordBatch>, DecodeError> {
    let mut records = Records::open(bytes, layout, limits);
    let mut batches = Vec::new();
    while let Some(block) = records.next_block()? {
        batches.push(block.records(None));
    }
    Ok(batches)
}

/// The rows of a batch with their lines; every view is checked to point at text.
fn rows(batch: &RecordBatch) -> Vec<(u64, Vec<String>)> {
    for array in batch.frame.columns().iter().flat_map(|column| column.str().unwrap().downcast_iter()) {
        Utf8ViewArray::try_new(ArrowDataType::Utf8View, array.views().clone(), array.data_buffers().clone(), None)
            .unwrap();
    }
    let columns: Vec<_> = batch.frame.columns().iter().map(|column| column.str().unwrap()).collect();
    let cells = |row| columns.iter().map(|column| column.get(row).expect("a cell is never null").to_owned()).collect();
    batch.lines.iter().enumerate().map(|(row, line)| (*line, cells(row))).collect()
}

/// Rows as `line: cell|cell`, rejects as `line! code: message [raw|raw]`, in line order.
fn printed(batches: &[RecordBatch]) -> Vec<String> {
    let mut printed: Vec<(u64, String)> = Vec::new();
    for batch in batches {
        assert_eq!(batch.read(), (batch.frame.height() + batch.rejects.len()) as u64);
        assert!(batch.lines.is_sorted() && batch.rejects.is_sorted_by_key(|reject| reject.line));
        let mut lines: Vec<_> =
            rows(batch).into_iter().map(|(line, cells)| (line, format!("{line}: {}", cells.join("|")))).collect();
        lines.extend(batch.rejects.iter().map(|reject| {
            let problem = &reject.problems[0];
            (reject.line, format!("{}! {}: {} [{}]", reject.line, problem.code, problem.message, reject.raw.join("|")))
        }));
        lines.sort();
        printed.append(&mut lines);
    }
    assert!(printed.is_sorted_by_key(|(line, _)| *line), "blocks are out of order: {printed:?}");
    printed.into_iter().map(|(_, text)| text).collect()
}
