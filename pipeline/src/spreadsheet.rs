//! Spreadsheets, written out as CSV by a child process that may die of them.
//!
//! A crafted workbook of 1.7 kB makes the decoding library ask for 550 GB and abort. An abort cannot be caught, so the
//! workbook is opened by another process with limits on address space and processor time, and its death is a reject of
//! this file and of nothing else.

use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio};

use feed::DecodeError;
use item::FileCode;

use crate::Settings;

/// Exit code of `arrivage decode-spreadsheet` for a file at fault; its code and detail stand on standard error.
const EXIT_FILE_AT_FAULT: i32 = 1;

/// Writes the workbook at `workbook` to `out` as numbered CSV in UTF-8.
///
/// # Errors
/// The child's named error; `archive_too_large` when it ran into its limits.
pub fn write_out(workbook: &Path, out: &File, settings: &Settings) -> Result<(), DecodeError> {
    let program = match &settings.decoder {
        Some(program) => program.clone(),
        None => std::env::current_exe()?,
    };
    let (memory, seconds) = (settings.decoder_memory_bytes_max, settings.decoder_cpu_seconds_max);
    let mut command = Command::new(program);
    command
        .args(["decode-spreadsheet", "--"])
        .arg(workbook)
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(Stdio::piped());
    // SAFETY: setrlimit is async-signal-safe and touches nothing of the parent.
    unsafe {
        command.pre_exec(move || {
            limit(libc::RLIMIT_AS, memory)?;
            limit(libc::RLIMIT_CPU, seconds)?;
            limit(libc::RLIMIT_CORE, 0)
        });
    }
    let output = command.spawn()?.wait_with_output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(EXIT_FILE_AT_FAULT)
        && let Some(fault) = named_fault(&said)
    {
        return Err(fault);
    }
    let end = match output.status.signal() {
        Some(signal) => format!("the decoder was ended by signal {signal}"),
        None => format!("the decoder ended with {}", output.status),
    };
    Err(DecodeError::file(
        FileCode::ArchiveTooLarge,
        format!(
            "{end} under its limits of {memory} bytes and {seconds} seconds: the workbook asks for more than it holds"
        ),
    ))
}

/// The fault that the child named: `<code>: <detail>` on the last line that has that form.
fn named_fault(said: &str) -> Option<DecodeError> {
    said.lines().rev().find_map(|line| {
        let line = line.strip_prefix("error: ").unwrap_or(line);
        let (code, detail) = line.split_once(": ")?;
        Some(DecodeError::file(code.parse().ok()?, detail))
    })
}

fn limit(resource: libc::__rlimit_resource_t, value: u64) -> std::io::Result<()> {
    let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
    // SAFETY: `limit` is a valid rlimit for the length of the call.
    match unsafe { libc::setrlimit(resource, &limit) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_childs_word_is_taken_when_it_names_a_code() {
        let fault = named_fault("warning: x\nerror: encrypted: the workbook is protected by a password\n");
        assert_eq!(fault.and_then(|fault| fault.code()), Some(FileCode::Encrypted));
        assert!(named_fault("thread main panicked: at x").is_none());
    }
}
