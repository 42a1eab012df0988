//! What holds for every table.

use proptest::prelude::*;

use super::*;

/// Cells as suppliers and adversaries write them.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z0-9 .]{0,6}",
        2 => "[a-zé€𝄞]{8,40}",
        3 => "[\",;\r\n é]{0,6}",
        1 => Just(String::new()),
    ]
}

/// A table of one to five columns.
fn table() -> impl Strategy<Value = Vec<Vec<String>>> {
    (1usize..=5).prop_flat_map(|width| prop::collection::vec(prop::collection::vec(cell(), width), 1..12))
}

/// What csv-core, the reference, reads: records that are not blank lines.
fn reference(text: &[u8], delimiter: u8, columns: usize) -> Vec<Vec<String>> {
    let mut reader = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
    let (mut output, mut ends) = (vec![0; text.len() + 1], vec![0; columns + 1]);
    let (mut left, mut out_at, mut end_at, mut records) = (text, 0, 0, Vec::new());
    loop {
        let (result, read, wrote, ended) = reader.read_record(left, &mut output[out_at..], &mut ends[end_at..]);
        left = &left[read..];
        (out_at, end_at) = (out_at + wrote, end_at + ended);
        match result {
            csv_core::ReadRecordResult::Record => {
                let starts = std::iter::once(0).chain(ends[..end_at].iter().copied());
                let cells = starts
                    .zip(&ends[..end_at])
                    .map(|(start, end)| String::from_utf8(output[start..*end].to_vec()).unwrap());
                records.push(cells.collect());
                (out_at, end_at) = (0, 0);
            }
            csv_core::ReadRecordResult::InputEmpty => {}
            csv_core::ReadRecordResult::End => return records,
            full => panic!("{full:?}"),
        }
    }
}

/// The physical line at which each record begins, counted the plain way.
fn line_numbers(records: &[String]) -> Vec<u64> {
    let mut line = 1;
    let begin = |record: &String| {
        let begins = line;
        line += record.replace("\r\n", "\n").chars().filter(|c| matches!(c, '\n' | '\r')).count() as u64;
        begins
    };
    records.iter().map(begin).collect()
}

/// Quotes a cell where it must be, or also where it need not be.
fn quoted(cell: &str, delimiter: char, always: bool) -> String {
    let needs = cell.contains([delimiter, '\n', '\r']) || cell.starts_with('"');
    if needs || always { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

proptest! {
    #[test]
    fn what_write_csv_row_writes_is_read_back(table in table(), block_bytes in 8usize..64) {
        let mut records = Vec::new();
        for row in &table {
            let mut out = Vec::new();
            write_csv_row(&mut out, b',', row.iter().map(String::as_str)).unwrap();
            records.push(String::from_utf8(out).unwrap());
        }
        let layout = Layout { header_line: 0, ..layout(table[0].len(), b',', Some(b'"')) };
        let text = format!("header\r\n{}", records.concat());
        let batches = read(text.as_bytes(), &layout, &limits(block_bytes)).unwrap();
        let found: Vec<_> = batches.iter().flat_map(rows).collect();
        let lines = line_numbers(&records).into_iter().map(|line| line + 1);
        prop_assert_eq!(found, lines.zip(table).collect::<Vec<_>>());
    }

    #[test]
    fn well_formed_text_reads_as_csv_core_reads_it(
        table in table(),
        (delimiter, line_end, last_end) in (prop::sample::select(vec![b',', b';', b'\t', b'|']), prop::sample::select(vec!["\n", "\r\n", "\r"]), any::<bool>()),
        always in any::<u64>(),
        block_bytes in 8usize..64,
    ) {
        let width = table[0].len();
        let write = |(row, cells): (usize, &Vec<String>)| {
            let cells: Vec<_> = cells.iter().enumerate().map(|(place, cell)| quoted(cell, delimiter.into(), always >> ((row * 5 + place) % 64) & 1 == 1)).collect();
            cells.join(&char::from(delimiter).to_string()) + line_end
        };
        let mut records: Vec<String> = table.iter().enumerate().map(write).collect();
        let last = records.len() - 1;
        if !last_end {
            records[last] = records[last].strip_suffix(line_end).unwrap().to_owned();
        }
        let text = format!("header{line_end}{}", records.concat());
        let batches = read(text.as_bytes(), &layout(width, delimiter, Some(b'"')), &limits(block_bytes)).unwrap();
        let found: Vec<_> = batches.iter().flat_map(rows).collect();
        prop_assert!(batches.iter().all(|batch| batch.rejects.is_empty()));

        let expected = reference(&text.as_bytes()["header".len() + line_end.len()..], delimiter, width);
        prop_assert_eq!(found.iter().map(|(_, cells)| cells.clone()).collect::<Vec<_>>(), expected);
        // Blank lines take a line but are no record.
        let lines = line_numbers(&records).into_iter().zip(&records).filter(|(_, record)| !record.trim_end_matches(['\r', '\n']).is_empty() || record.contains('"'));
        prop_assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), lines.map(|(line, _)| line + 1).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_read_alike_in_blocks_of_any_size(
        bytes in prop::collection::vec(prop::sample::select(b"ab\"\",,\n\r\0\xc3\xa9\xff ".to_vec()), 0..80),
        quote in any::<bool>(),
        block_bytes in 8usize..64,
    ) {
        let text = [b"x\n", bytes.as_slice()].concat();
        let layout = layout(3, b',', quote.then_some(b'"'));
        let small = Limits { record_bytes_max: 40, ..limits(block_bytes) };
        let large = Limits { block_bytes: 1 << 20, ..small.clone() };
        let printed = |limits| read(&text, &layout, limits).map(|batches| printed(&batches)).map_err(|error| error.to_string());
        prop_assert_eq!(printed(&small), printed(&large));
    }

    #[test]
    fn any_bytes_are_detected_or_fail_by_name(bytes in prop::collection::vec(prop::sample::select(b"ab1\"\",;\t|\n\r\0\xc3\xa9\xff =".to_vec()), 0..120), complete in any::<bool>()) {
        match detect(&bytes, complete, &Default::default(), &Limits::default()) {
            Ok(layout) => {
                prop_assert!(!layout.header.is_empty() && layout.header_line > 0);
                let _ = read(&bytes, &layout, &limits(16));
            }
            Err(error) => prop_assert!(error.code().is_some()),
        }
    }
}
