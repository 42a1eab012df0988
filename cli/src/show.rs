//! How things look on a terminal.

use std::io::{IsTerminal, Write};

use pipeline::Report;
use serde::Serialize;

/// An error with its causes, on one line: `read configuration: missing field …`.
pub fn chain(fault: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in fault.chain().map(ToString::to_string) {
        // Causes that only repeat what was said add nothing.
        if !text.ends_with(&cause) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
    }
    text
}

/// What can be done about an error, when the file is at fault.
pub fn hint(fault: &anyhow::Error) -> Option<&'static str> {
    let import = fault.downcast_ref::<pipeline::ImportError>().and_then(pipeline::ImportError::code);
    let decode = || fault.downcast_ref::<feed::DecodeError>().and_then(feed::DecodeError::code);
    import.or_else(decode).map(item::FileCode::hint)
}

/// Prints a value as JSON on standard output.
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// Prints a value as one line of JSON on standard output; a reader that is gone is no fault of ours.
pub fn json_line(value: &impl Serialize) {
    if let Ok(text) = serde_json::to_string(value) {
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }
}

/// How an import ended, on one line.
pub fn outcome(report: &Report) -> String {
    let counts = &report.counts;
    if let Some(newer) = &report.superseded_by {
        return format!("cancelled: {newer} is newer and says everything");
    }
    if report.identical {
        return format!("{}: identical to the file published last, nothing to do", report.state);
    }
    format!(
        "{}: {} read, {} created, {} updated, {} unchanged, {} rejected in {:.2} s",
        report.state,
        count(counts.read),
        count(counts.created),
        count(counts.updated),
        count(counts.unchanged),
        count(report.refused()),
        report.seconds.total
    )
}

/// 1234567 as `1 234 567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

/// Bytes as `12.3 MiB`.
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// A table with left-aligned columns two spaces apart; cells longer than `width_max` characters are cut.
pub fn table(header: &[&str], rows: &[Vec<String>], width_max: usize) -> String {
    let cut = |cell: &str| -> String {
        let cell = cell.replace(['\n', '\r', '\t'], " ");
        if cell.chars().count() <= width_max { cell } else { cell.chars().take(width_max - 1).chain(['…']).collect() }
    };
    let mut lines = vec![header.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>()];
    lines.extend(rows.iter().map(|row| row.iter().map(|cell| cut(cell)).collect()));
    let widths: Vec<usize> = (0..header.len())
        .map(|column| {
            lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for line in &lines {
        let mut printed = String::from("  ");
        for (cell, width) in line.iter().zip(&widths) {
            printed.push_str(cell);
            printed.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 2));
        }
        text.push_str(printed.trim_end());
        text.push('\n');
    }
    text
}

/// The summary of an import.
pub fn report(report: &Report) -> String {
    let counts = &report.counts;
    let mut text = format!("import {}  {} ({}, {})\n", report.import_id, report.file, report.supplier, report.mode);
    let mut line = |label: &str, value: String| text.push_str(&format!("  {label:<12} {value}\n"));
    if report.identical {
        line("state", "completed: identical to the file published last, nothing to do".to_owned());
    } else if let Some(newer) = &report.superseded_by {
        line("state", format!("cancelled: {newer} is newer and says everything"));
    } else if report.dry_run && report.state == item::ImportState::Staged {
        line("state", "staged: dry run, nothing was published".to_owned());
    } else {
        line("state", report.state.to_string());
    }
    line("read", count(counts.read));
    line("created", count(counts.created));
    line("updated", count(counts.updated));
    line("unchanged", count(counts.unchanged));
    line("rejected", count(counts.rejected));
    line("duplicate", count(counts.duplicate));
    if counts.held > 0 {
        line("held", count(counts.held));
    }
    line("deactivated", count(counts.deactivated));
    for (code, rows) in &report.rejects_by_code {
        line("", format!("{:>8}  {code}: {}", count(*rows), code.hint()));
    }
    for trip in &report.guards {
        line("guard", format!("{}: {} ({})", trip.code, trip.detail, trip.code.hint()));
    }
    let seconds = &report.seconds;
    line(
        "time",
        format!(
            "{:.2} s: fetch {:.2}, survey {:.2}, stage {:.2}, publish {:.2}, fan out {:.2}",
            seconds.total, seconds.fetch, seconds.survey, seconds.stage, seconds.publish, seconds.fan_out
        ),
    );
    line("speed", format!("{} rows/s", count(report.rows_per_second() as u64)));
    line("memory", format!("{} at the peak", bytes(report.peak_rss_bytes)));
    if let Some(key) = &report.rejects_key {
        line("rejects", format!("{key} in the imports bucket, or `arrivage rejects {}`", report.import_id));
    }
    if report.state == item::ImportState::Held {
        line("next", format!("arrivage publish {id}  or  arrivage discard {id}", id = report.import_id));
    }
    text
}

/// Standard error is a terminal: progress may be drawn.
pub fn draws() -> bool {
    std::io::stderr().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        for (number, expected) in [(0, "0"), (999, "999"), (1_000, "1 000"), (1_234_567, "1 234 567")] {
            assert_eq!(count(number), expected);
        }
    }

    #[test]
    fn long_cells_are_cut_and_columns_align() {
        let text = table(&["sku", "title"], &[vec!["A".into(), "a very long title".into()]], 8);
        assert_eq!(text, "  sku  title\n  A    a very …\n");
    }
}
