//! Keys: where each kind of object lies in its bucket.
//!
//! ```text
//! imports-files     inbox/<supplier>/<file>                  where suppliers drop files
//!                   imports/YYYY/MM/DD/<import>/<file>       the archive, as received
//!                   outbox/<supplier>/<file>.receipt.json    our answer
//!                   outbox/<supplier>/<file>.rejects.csv
//!                   quarantine/YYYY/MM/DD/<hash>-<name>      what no import can take, and why beside it
//! catalog-products  images/YYYY/MM/DD/<name>
//! media-images      processed/<name>   thumbnails/<name>
//! code2asin-results cache/YYYY/MM/<name>
//! analytics-reports exports/YYYY/MM/DD/<name>
//! ```
//!
//! A file's name is the supplier's: spaces, accents and any other UTF-8 stay as they are.

use std::fmt;

use chrono::NaiveDate;
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

/// Longest part of a key, in bytes of UTF-8: what file systems take, and with them MinIO.
pub const PART_BYTES_MAX: usize = 255;
/// Longest key, in bytes of UTF-8. Source: Amazon S3 User Guide, "Naming Amazon S3 objects".
pub const KEY_BYTES_MAX: usize = 1024;
/// Longest supplier code, in characters.
pub const SUPPLIER_CHARS_MAX: usize = 63;
/// What every inbox key begins with.
pub const INBOX: &str = "inbox/";

const RECEIPT: &str = ".receipt.json";
const REJECTS: &str = ".rejects.csv";

/// The key of a file in a supplier's inbox: `inbox/<supplier>/<file>`, checked.
///
/// ```
/// use storage::InboxKey;
///
/// let key = InboxKey::parse("inbox/acme/Prix été 2026.csv").unwrap();
/// assert_eq!((key.supplier(), key.file()), ("acme", "Prix été 2026.csv"));
///
/// let refusal = InboxKey::parse("inbox/acme/../other/prices.csv").unwrap_err();
/// assert!(refusal.to_string().contains("inbox/<supplier>/<file>"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InboxKey {
    key: String,
    /// Where the file's name begins.
    file_at: usize,
}

/// Why a key is not an inbox key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("refuse key {}: {problem}; a key looks like inbox/<supplier>/<file>", shown(key))]
pub struct KeyError {
    /// The key as given.
    pub key: String,
    /// What is wrong with it.
    pub problem: KeyProblem,
}

/// What is wrong with a key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyProblem {
    /// More than [`KEY_BYTES_MAX`].
    #[error("it has {bytes} bytes, at most {KEY_BYTES_MAX} are allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not `inbox/…`.
    #[error("it does not begin with `inbox/`")]
    NotInInbox,
    /// Only `inbox/` or `inbox/<supplier>`.
    #[error("it names no file in a supplier's folder")]
    NoFile,
    /// A folder inside the supplier's folder.
    #[error("the file is in a folder of the supplier's folder: files lie directly in it")]
    TooDeep,
    /// Two slashes in a row, or one at the end.
    #[error("it has an empty part")]
    EmptyPart,
    /// `.` or `..`.
    #[error("it has a part `{part}`, which would lead elsewhere")]
    DotPart {
        /// The part.
        part: String,
    },
    /// U+0000 to U+001F, U+007F to U+009F.
    #[error("it has the control character U+{:04X}", u32::from(*character))]
    ControlCharacter {
        /// The first one.
        character: char,
    },
    /// A path of another system.
    #[error("it has a backslash")]
    Backslash,
    /// A part of more than [`PART_BYTES_MAX`].
    #[error("a part has {bytes} bytes, at most {PART_BYTES_MAX} are allowed")]
    PartTooLong {
        /// The part's length.
        bytes: usize,
    },
    /// Not a supplier code.
    #[error(
        "`{code}` is no supplier code: 1 to {SUPPLIER_CHARS_MAX} of a-z, 0-9, `-` and `_`, beginning with a letter \
         or digit"
    )]
    SupplierCode {
        /// What stands in its place.
        code: String,
    },
}

impl InboxKey {
    /// The inbox key of a supplier's file.
    ///
    /// # Errors
    /// [`KeyError`] as [`InboxKey::parse`]; a file name with a slash is one in a folder.
    pub fn new(supplier: &str, file: &str) -> Result<Self, KeyError> {
        Self::parse(&inbox(supplier, file))
    }

    /// Reads a key that comes from outside: an event, a listing, a command line.
    ///
    /// # Errors
    /// [`KeyError`] says what is wrong and what a key looks like.
    pub fn parse(key: &str) -> Result<Self, KeyError> {
        match check(key) {
            Ok(file_at) => Ok(Self { key: key.to_owned(), file_at }),
            Err(problem) => Err(KeyError { key: key.to_owned(), problem }),
        }
    }

    /// The whole key.
    pub fn as_str(&self) -> &str {
        &self.key
    }

    /// The supplier's code. Whether there is such a supplier, the catalogue knows.
    pub fn supplier(&self) -> &str {
        &self.key[INBOX.len()..self.file_at - 1]
    }

    /// The file's name, as the supplier gave it.
    pub fn file(&self) -> &str {
        &self.key[self.file_at..]
    }
}

/// The rules of an inbox key; tells where the file's name begins.
fn check(key: &str) -> Result<usize, KeyProblem> {
    if key.len() > KEY_BYTES_MAX {
        return Err(KeyProblem::TooLong { bytes: key.len() });
    }
    if let Some(character) = key.chars().find(|character| character.is_control()) {
        return Err(KeyProblem::ControlCharacter { character });
    }
    if key.contains('\\') {
        return Err(KeyProblem::Backslash);
    }
    let rest = key.strip_prefix(INBOX).ok_or(KeyProblem::NotInInbox)?;
    for part in rest.split('/') {
        check_part(part)?;
    }
    let (supplier, file) = rest.split_once('/').ok_or(KeyProblem::NoFile)?;
    if !is_supplier_code(supplier) {
        return Err(KeyProblem::SupplierCode { code: supplier.to_owned() });
    }
    if file.contains('/') {
        return Err(KeyProblem::TooDeep);
    }
    Ok(key.len() - file.len())
}

fn check_part(part: &str) -> Result<(), KeyProblem> {
    match part {
        "" => Err(KeyProblem::EmptyPart),
        "." | ".." => Err(KeyProblem::DotPart { part: part.to_owned() }),
        _ if part.len() > PART_BYTES_MAX => Err(KeyProblem::PartTooLong { bytes: part.len() }),
        _ => Ok(()),
    }
}

/// Whether a text may be a supplier's code: it stands in keys, URLs and metrics, so only plain characters.
pub fn is_supplier_code(code: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=SUPPLIER_CHARS_MAX).contains(&code.len())
        && code.bytes().all(|byte| alphanumeric(byte) || byte == b'-' || byte == b'_')
        && alphanumeric(code.as_bytes()[0])
}

/// `inbox/<supplier>/<file>`, unchecked: [`InboxKey::new`] checks.
pub fn inbox(supplier: &str, file: &str) -> String {
    format!("{INBOX}{supplier}/{file}")
}

/// `imports/YYYY/MM/DD/<import>/<file>`: the archive of a file, as received.
pub fn archive(date: NaiveDate, import: Uuid, file: &str) -> String {
    format!("imports/{}/{import}/{file}", date.format("%Y/%m/%d"))
}

/// `outbox/<supplier>/<file>.receipt.json`: our answer to a file.
pub fn receipt(supplier: &str, file: &str) -> String {
    outbox(supplier, file, RECEIPT)
}

/// `outbox/<supplier>/<file>.rejects.csv`: the rows of a file that were rejected.
pub fn rejects(supplier: &str, file: &str) -> String {
    outbox(supplier, file, REJECTS)
}

/// `quarantine/YYYY/MM/DD/<name>`: what no import can take, under the [`quarantine_name`] of its drop.
pub fn quarantine(date: NaiveDate, name: &str) -> String {
    format!("quarantine/{}/{name}", date.format("%Y/%m/%d"))
}

/// `<quarantine key>.receipt.json`: why it lies there.
pub fn quarantine_receipt(date: NaiveDate, name: &str) -> String {
    quarantine(date, name) + RECEIPT
}

/// The name under which a drop of any key whatever is kept: a mark that tells drops apart, and as much of the key's
/// last part as is fit for any system. The ETag is in the mark, so that a second drop does not replace the first.
///
/// ```
/// let name = storage::keys::quarantine_name("inbox/acme/../Prix\u{7}été.csv", "5d41402a");
/// assert!(name.ends_with("-Prix_t_.csv"), "{name}");
/// ```
pub fn quarantine_name(key: &str, etag: &str) -> String {
    const MARK_BYTES: usize = 8;
    let hash = Sha256::new().chain_update(key).chain_update([0]).chain_update(etag).finalize();
    let mark: String = hash[..MARK_BYTES].iter().map(|byte| format!("{byte:02x}")).collect();
    let last = key.rsplit('/').next().unwrap_or_default();
    let safe = safe_name(last, PART_BYTES_MAX - RECEIPT.len() - 2 * MARK_BYTES - 1);
    format!("{mark}-{safe}")
}

/// The end of a name, where its format stands, in letters, digits, `.`, `-` and `_`; each run of others is one `_`.
fn safe_name(name: &str, bytes_max: usize) -> String {
    let mut safe = String::new();
    for character in name.chars() {
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' => safe.push(character),
            _ if safe.ends_with('_') => {}
            _ => safe.push('_'),
        }
    }
    safe.split_off(safe.len().saturating_sub(bytes_max))
}

/// A key as listings and events carry it: form-encoded, so `+` is a space. `None` when it is not UTF-8.
pub fn decoded(encoded: &str) -> Option<String> {
    let spaced = encoded.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(|key| key.into_owned())
}

/// Whether a file's name is that of a rejects file, however it was saved: `a.csv.rejects.csv`, `a.csv.rejects (1).xlsx`.
pub fn is_rejects(file: &str) -> bool {
    file.contains(".rejects")
}

/// A name too long for its ending is cut, at a character's border.
fn outbox(supplier: &str, file: &str, ending: &str) -> String {
    let kept = file.floor_char_boundary(PART_BYTES_MAX - ending.len());
    format!("outbox/{supplier}/{}{ending}", &file[..kept])
}

/// `images/YYYY/MM/DD/<name>`: a product picture or data sheet.
pub fn image(date: NaiveDate, name: &str) -> String {
    format!("images/{}/{name}", date.format("%Y/%m/%d"))
}

/// `processed/<name>`: a picture made ready for the web.
pub fn processed(name: &str) -> String {
    format!("processed/{name}")
}

/// `thumbnails/<name>`: a small picture.
pub fn thumbnail(name: &str) -> String {
    format!("thumbnails/{name}")
}

/// `cache/YYYY/MM/<name>`: the answer of a product look-up.
pub fn lookup(month: NaiveDate, name: &str) -> String {
    format!("cache/{}/{name}", month.format("%Y/%m"))
}

/// `exports/YYYY/MM/DD/<name>`: a report.
pub fn export(date: NaiveDate, name: &str) -> String {
    format!("exports/{}/{name}", date.format("%Y/%m/%d"))
}

/// A hostile key, fit for a terminal and a log line.
fn shown(key: &str) -> String {
    const SHOWN_CHARS: usize = 120;
    let mut start = key.chars().take(SHOWN_CHARS).collect::<String>();
    if start.len() < key.len() {
        start.push('…');
    }
    format!("{start:?}")
}

impl AsRef<str> for InboxKey {
    fn as_ref(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for InboxKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.key)
    }
}

impl fmt::Debug for InboxKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.key, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_suppliers_call_their_files_is_kept() {
        for file in
            ["prices.csv", "Prix été 2026 (v2).csv", "価格表.xlsx", "a..b.csv", "...", " lead and trail ", "50%+1.csv"]
        {
            let key = InboxKey::new("acme", file).unwrap();
            assert_eq!((key.supplier(), key.file()), ("acme", file));
            assert_eq!(InboxKey::parse(key.as_str()).unwrap(), key);
        }
    }

    #[test]
    fn hostile_keys_are_refused_by_name() {
        let check = |key: &str, expected: &KeyProblem| assert_eq!(&InboxKey::parse(key).unwrap_err().problem, expected);
        let dots = |part: &str| KeyProblem::DotPart { part: part.to_owned() };
        let code = |code: &str| KeyProblem::SupplierCode { code: code.to_owned() };
        check("inbox/acme/../../etc/passwd", &dots(".."));
        check("inbox/../prices.csv", &dots(".."));
        check("inbox/acme/.", &dots("."));
        check("inbox/acme/a\0b.csv", &KeyProblem::ControlCharacter { character: '\0' });
        check("inbox/acme/a\r\nb.csv", &KeyProblem::ControlCharacter { character: '\r' });
        check("inbox/acme/\u{85}.csv", &KeyProblem::ControlCharacter { character: '\u{85}' });
        check("inbox/acme/..\\..\\x.csv", &KeyProblem::Backslash);
        check("inbox//prices.csv", &KeyProblem::EmptyPart);
        check("inbox/acme/", &KeyProblem::EmptyPart);
        check("inbox/acme//prices.csv", &KeyProblem::EmptyPart);
        check("inbox/acme", &KeyProblem::NoFile);
        check("inbox/acme/2026/prices.csv", &KeyProblem::TooDeep);
        check("", &KeyProblem::NotInInbox);
        check("/inbox/acme/prices.csv", &KeyProblem::NotInInbox);
        check("Inbox/acme/prices.csv", &KeyProblem::NotInInbox);
        check("outbox/acme/prices.csv", &KeyProblem::NotInInbox);
        check("inbox/acmé/prices.csv", &code("acmé"));
        check("inbox/-acme/prices.csv", &code("-acme"));
        check("inbox/ac me/prices.csv", &code("ac me"));
    }

    #[test]
    fn lengths_are_counted_in_bytes_and_end_where_they_say() {
        let file = |bytes: usize| "é".repeat(bytes / 2) + &"x".repeat(bytes % 2);
        assert!(InboxKey::new("acme", &file(PART_BYTES_MAX)).is_ok());
        let problem = |key: &str| InboxKey::parse(key).unwrap_err().problem;
        assert_eq!(problem(&inbox("acme", &file(256))), KeyProblem::PartTooLong { bytes: 256 });
        assert_eq!(problem(&inbox("acme", &"a/".repeat(600))), KeyProblem::TooLong { bytes: 1211 });
        assert!(InboxKey::new(&"a".repeat(SUPPLIER_CHARS_MAX), "x").is_ok());
        assert!(InboxKey::new(&"a".repeat(SUPPLIER_CHARS_MAX + 1), "x").is_err());
    }

    #[test]
    fn a_refusal_can_be_printed_and_says_what_a_key_looks_like() {
        let refusal = InboxKey::parse("inbox/acme/\u{1b}[2J\n.csv").unwrap_err().to_string();
        assert!(!refusal.contains(char::is_control), "{refusal:?}");
        assert!(refusal.contains("U+001B") && refusal.contains("inbox/<supplier>/<file>"), "{refusal}");
    }

    #[test]
    fn every_kind_of_object_has_its_place() {
        let date = NaiveDate::from_ymd_opt(2026, 3, 9).unwrap();
        let import = Uuid::from_u128(7);
        assert_eq!(
            archive(date, import, "Prix été.csv"),
            "imports/2026/03/09/00000000-0000-0000-0000-000000000007/Prix été.csv"
        );
        assert_eq!(receipt("acme", "a.csv"), "outbox/acme/a.csv.receipt.json");
        assert_eq!(rejects("acme", "a.csv"), "outbox/acme/a.csv.rejects.csv");
        assert!(is_rejects("a.csv.rejects.csv") && is_rejects("a.csv.rejects (1).xlsx") && !is_rejects("rejects.csv"));
        assert_eq!(image(date, "1.jpg"), "images/2026/03/09/1.jpg");
        assert_eq!(lookup(date, "1.json"), "cache/2026/03/1.json");
        assert_eq!(export(date, "sales.csv"), "exports/2026/03/09/sales.csv");
    }

    #[test]
    fn any_key_has_a_plain_name_in_quarantine_and_no_two_drops_share_one() {
        let date = NaiveDate::from_ymd_opt(2026, 3, 9).unwrap();
        let long = format!("inbox/acme/{}.xlsx", "é\u{1}".repeat(300));
        let names: Vec<String> = [
            ("inbox/acme/../../etc/passwd", "1"),
            ("inbox/acme/../../etc/passwd", "2"),
            ("inbox/acme/a\r\nb.csv", "1"),
            ("inbox/acme/..", "1"),
            ("inbox/acme/", "1"),
            ("", ""),
            (&*long, "1"),
        ]
        .map(|(key, etag)| quarantine_name(key, etag))
        .into();
        for (at, name) in names.iter().enumerate() {
            let receipt = quarantine_receipt(date, name);
            let last = receipt.strip_prefix("quarantine/2026/03/09/").unwrap();
            assert!(last.len() <= PART_BYTES_MAX && check_part(last).is_ok() && last.is_ascii(), "{last}");
            assert!(!names[..at].contains(name), "{name}");
        }
        assert!(names[0].ends_with("-passwd") && names[2].ends_with("-a_b.csv") && names[6].ends_with("_.xlsx"));
        assert_eq!(names[0], quarantine_name("inbox/acme/../../etc/passwd", "1"), "the same drop, the same name");
    }

    #[test]
    fn keys_are_decoded_as_forms_are() {
        let check = |encoded: &str, key: Option<&str>| assert_eq!(decoded(encoded).as_deref(), key, "{encoded}");
        check("inbox%2Facme%2FPrix+%C3%A9t%C3%A9%2B1.csv", Some("inbox/acme/Prix été+1.csv"));
        check("a%01b%zz%", Some("a\u{1}b%zz%"));
        check("%ff", None);
    }

    #[test]
    fn a_name_of_full_length_leaves_room_for_the_ending_of_our_answer() {
        let key = rejects("acme", &"é".repeat(127));
        let name = key.strip_prefix("outbox/acme/").unwrap();
        assert!(name.len() <= PART_BYTES_MAX && name.ends_with("é.rejects.csv"));
    }
}
