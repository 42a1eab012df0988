//! Packed files, unpacked as a stream into another spool file, with limits on size, ratio and entries.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use feed::{DecodeError, FileFormat};
use item::FileCode;
use serde::{Deserialize, Serialize};

/// Limits of unpacking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UnpackSettings {
    /// Most bytes a packed file may unpack to.
    pub unpacked_bytes_max: u64,
    /// Most unpacked bytes per packed byte, once `ratio_from_bytes` have come out.
    pub ratio_max: u64,
    /// Unpacked bytes from which the ratio counts: small files may be as repetitive as they like.
    pub ratio_from_bytes: u64,
    /// Most entries an archive may have.
    pub entries_max: usize,
}

impl Default for UnpackSettings {
    fn default() -> Self {
        UnpackSettings { unpacked_bytes_max: 8 << 30, ratio_max: 200, ratio_from_bytes: 64 << 20, entries_max: 10_000 }
    }
}

/// Unpacks `packed` into `out` and returns the number of bytes written.
///
/// # Errors
/// `archive_too_large`, `archive_many_files`, `encrypted`, `truncated` or `unknown_format` when the file is at fault.
pub fn unpack(format: FileFormat, packed: &Path, out: &mut File, limits: &UnpackSettings) -> Result<u64, DecodeError> {
    let packed_bytes = std::fs::metadata(packed)?.len();
    let file = BufReader::with_capacity(256 << 10, File::open(packed)?);
    match format {
        FileFormat::Gzip => pour(flate2::bufread::MultiGzDecoder::new(file), out, packed_bytes, limits),
        FileFormat::Zstd => pour(zstd::stream::read::Decoder::with_buffer(file)?, out, packed_bytes, limits),
        FileFormat::Zip => unzip(file, out, packed_bytes, limits),
        FileFormat::Csv | FileFormat::Spreadsheet => {
            Err(DecodeError::file(FileCode::UnknownFormat, "the file is not packed"))
        }
    }
}

/// Takes the one data file out of a ZIP archive. The directory is judged before a byte is inflated, and what comes out
/// is counted all the same: declared sizes are the sender's word.
fn unzip(
    file: BufReader<File>,
    out: &mut File,
    packed_bytes: u64,
    limits: &UnpackSettings,
) -> Result<u64, DecodeError> {
    let mut archive = zip::ZipArchive::new(file)
        .map_err(|fault| DecodeError::file(FileCode::Truncated, format!("read the archive's directory: {fault}")))?;
    if archive.len() > limits.entries_max {
        return Err(DecodeError::file(
            FileCode::ArchiveManyFiles,
            format!("{} entries in the archive; {} are allowed", archive.len(), limits.entries_max),
        ));
    }
    let data_files: Vec<String> = archive.file_names().filter(|name| is_data_file(name)).map(str::to_owned).collect();
    let [name] = data_files.as_slice() else {
        let detail = match data_files.len() {
            0 => "the archive holds no data file".to_owned(),
            _ => format!("the archive holds several data files: {}", first_few(&data_files)),
        };
        return Err(DecodeError::file(FileCode::ArchiveManyFiles, detail));
    };
    let entry = archive.by_name(name).map_err(|fault| match fault {
        zip::result::ZipError::UnsupportedArchive(zip::result::ZipError::PASSWORD_REQUIRED) => {
            DecodeError::file(FileCode::Encrypted, format!("`{name}` is protected by a password"))
        }
        fault => DecodeError::file(FileCode::UnknownFormat, format!("open `{name}` in the archive: {fault}")),
    })?;
    if entry.size() > limits.unpacked_bytes_max {
        return Err(too_large(entry.size(), packed_bytes, limits));
    }
    pour(entry, out, packed_bytes, limits)
}

fn pour(mut source: impl Read, out: &mut File, packed_bytes: u64, limits: &UnpackSettings) -> Result<u64, DecodeError> {
    let mut buffer = vec![0; 256 << 10];
    let mut written = 0;
    loop {
        let read = match source.read(&mut buffer) {
            Ok(0) => return Ok(written),
            Ok(read) => read,
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => continue,
            Err(fault) => {
                return Err(DecodeError::file(FileCode::Truncated, format!("unpack after {written} bytes: {fault}")));
            }
        };
        written += read as u64;
        let suspicious = written > limits.ratio_from_bytes && written / packed_bytes.max(1) >= limits.ratio_max;
        if written > limits.unpacked_bytes_max || suspicious {
            return Err(too_large(written, packed_bytes, limits));
        }
        out.write_all(&buffer[..read])?;
    }
}

fn too_large(unpacked: u64, packed: u64, limits: &UnpackSettings) -> DecodeError {
    DecodeError::file(
        FileCode::ArchiveTooLarge,
        format!(
            "{packed} packed bytes unpack to {unpacked} and more; allowed are {} bytes and {} times the packed size",
            limits.unpacked_bytes_max, limits.ratio_max
        ),
    )
}

fn is_data_file(name: &str) -> bool {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let extension = file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let hidden = file.starts_with('.') || name.starts_with("__MACOSX");
    !hidden
        && matches!(
            extension.as_deref(),
            Some("csv" | "tsv" | "txt" | "tab" | "xlsx" | "xlsm" | "xlsb" | "xls" | "ods")
        )
}

fn first_few(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
    let more = names.len().saturating_sub(shown.len());
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Seek;

    fn gzip(bytes: impl Read) -> tempfile::NamedTempFile {
        let mut packed = tempfile::NamedTempFile::new().unwrap();
        let mut encoder = flate2::read::GzEncoder::new(bytes, flate2::Compression::best());
        io::copy(&mut encoder, &mut packed).unwrap();
        packed
    }

    fn unpack_gzip(packed: &Path, limits: &UnpackSettings) -> Result<String, DecodeError> {
        let mut out = tempfile::tempfile().unwrap();
        unpack(FileFormat::Gzip, packed, &mut out, limits)?;
        out.rewind().unwrap();
        let mut text = String::new();
        out.read_to_string(&mut text).unwrap();
        Ok(text)
    }

    #[test]
    fn gzip_comes_out_as_it_went_in() {
        let packed = gzip(&b"sku;title\nA;Vis\n"[..]);
        assert_eq!(unpack_gzip(packed.path(), &UnpackSettings::default()).unwrap(), "sku;title\nA;Vis\n");
    }

    #[test]
    fn a_bomb_is_stopped_by_its_ratio() {
        let packed = gzip(io::repeat(b'a').take(100 << 20));
        let fault = unpack_gzip(packed.path(), &UnpackSettings::default()).unwrap_err();
        assert_eq!(fault.code(), Some(FileCode::ArchiveTooLarge));
    }

    #[test]
    fn a_file_cut_short_is_truncated() {
        let packed = gzip(&b"sku;title\nA;Vis\n"[..]);
        let bytes = std::fs::read(packed.path()).unwrap();
        std::fs::write(packed.path(), &bytes[..bytes.len() - 6]).unwrap();
        let fault = unpack_gzip(packed.path(), &UnpackSettings::default()).unwrap_err();
        assert_eq!(fault.code(), Some(FileCode::Truncated));
    }

    #[test]
    fn two_data_files_in_a_zip_are_named() {
        let mut packed = tempfile::NamedTempFile::new().unwrap();
        let mut writer = zip::ZipWriter::new(&mut packed);
        for name in ["a.csv", "b.csv", "picture.jpg"] {
            writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(b"x").unwrap();
        }
        writer.finish().unwrap();
        let mut out = tempfile::tempfile().unwrap();
        let fault = unpack(FileFormat::Zip, packed.path(), &mut out, &UnpackSettings::default()).unwrap_err();
        assert_eq!(fault.code(), Some(FileCode::ArchiveManyFiles));
        assert!(fault.to_string().contains("a.csv, b.csv"), "{fault}");
    }
}
