//! What the catalogue holds of a supplier, as hashes: the old side of the difference.

use bytes::Bytes;
use futures::{StreamExt, pin_mut};

use crate::error::During;
use crate::{Bulk, Catalog, Result, RouterError, Statements};

/// The statements below.
pub const STATEMENTS: Statements = &[("snapshot::COUNT", COUNT)];

const COUNT: &str = "
    select count(*), count(*) filter (where is_active) from products where supplier_id = $1";

/// How many products a supplier has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProductCount {
    /// All of them.
    pub all: u64,
    /// Those that were in its last full file or came since.
    pub active: u64,
}

/// Counts a supplier's products.
///
/// # Errors
/// [`RouterError::Query`].
pub async fn count(bulk: &Bulk<Catalog>, supplier_id: i64) -> Result<ProductCount> {
    let row = bulk.query_one(COUNT, &[&supplier_id]).await.during("count a supplier's products")?;
    Ok(ProductCount { all: row.get::<_, i64>(0) as u64, active: row.get::<_, i64>(1) as u64 })
}

/// Reads `(key_hash, content_hash, product_id)` of every product of a supplier, in no order, without keeping any of it.
/// Inactive products have no content hash: whatever a file says about them is a change.
///
/// Returns how many there were.
///
/// # Errors
/// [`RouterError::Query`]; [`RouterError::Unreadable`] when the server does not send what was asked for.
pub async fn load(
    bulk: &Bulk<Catalog>,
    supplier_id: i64,
    mut product: impl FnMut(u128, Option<u128>, i64),
) -> Result<u64> {
    // COPY takes no parameters; a number cannot be anything but a number.
    let copy = format!(
        "copy (select key_hash, case when is_active then content_hash end, id from products where supplier_id = {supplier_id})
         to stdout (format binary)"
    );
    let what = "read a supplier's snapshot";
    let stream = bulk.copy_out(&copy).await.during(what)?;
    pin_mut!(stream);
    let mut rows = 0;
    let mut header_seen = false;
    while let Some(message) = stream.next().await {
        let message: Bytes = message.during(what)?;
        let mut rest = &message[..];
        if !header_seen {
            rest = after_header(rest)?;
            header_seen = true;
        }
        // The server sends one row per message; nothing here depends on it but that rows are whole.
        while let Some((row, after)) = next_row(rest)? {
            product(row.key_hash, row.content_hash, row.id);
            rows += 1;
            rest = after;
        }
    }
    Ok(rows)
}

struct Row {
    key_hash: u128,
    content_hash: Option<u128>,
    id: i64,
}

/// Skips signature (11 bytes), flags (4) and extension (its length, then as many bytes): PostgreSQL manual, COPY, binary format.
fn after_header(bytes: &[u8]) -> Result<&[u8]> {
    let (signature, rest) = bytes.split_first_chunk::<11>().ok_or_else(|| unreadable("a short header"))?;
    if signature != b"PGCOPY\n\xff\r\n\0" {
        return Err(unreadable("a wrong signature"));
    }
    let (_flags, rest) = rest.split_first_chunk::<4>().ok_or_else(|| unreadable("a short header"))?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(|| unreadable("a short header"))?;
    rest.get(u32::from_be_bytes(*length) as usize..).ok_or_else(|| unreadable("a short header"))
}

/// Reads one row; `None` at the trailer or the end of the message.
fn next_row(bytes: &[u8]) -> Result<Option<(Row, &[u8])>> {
    let Some((columns, rest)) = bytes.split_first_chunk::<2>() else { return Ok(None) };
    match i16::from_be_bytes(*columns) {
        -1 => return Ok(None),
        3 => {}
        other => return Err(unreadable(&format!("a row of {other} columns"))),
    }
    let (key_hash, rest) = field::<16>(rest)?;
    let (content_hash, rest) = field::<16>(rest)?;
    let (id, rest) = field::<8>(rest)?;
    let row = Row {
        key_hash: u128::from_be_bytes(*key_hash.ok_or_else(|| unreadable("a product without key hash"))?),
        content_hash: content_hash.map(|hash| u128::from_be_bytes(*hash)),
        id: i64::from_be_bytes(*id.ok_or_else(|| unreadable("a product without id"))?),
    };
    Ok(Some((row, rest)))
}

/// A value of `N` bytes behind its length, or null (length −1), and what follows it.
fn field<const N: usize>(bytes: &[u8]) -> Result<(Option<&[u8; N]>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(|| unreadable("a row cut short"))?;
    match i32::from_be_bytes(*length) {
        -1 => Ok((None, rest)),
        length if length as usize == N => {
            let (value, rest) = rest.split_first_chunk::<N>().ok_or_else(|| unreadable("a row cut short"))?;
            Ok((Some(value), rest))
        }
        length => Err(unreadable(&format!("a value of {length} bytes instead of {N}"))),
    }
}

fn unreadable(reason: &str) -> RouterError {
    RouterError::Unreadable { what: "a supplier's snapshot", reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_and_nothing_behind_it() {
        let mut bytes = vec![0, 3, 0, 0, 0, 16];
        bytes.extend_from_slice(&7u128.to_be_bytes());
        bytes.extend_from_slice(&[0xff; 4]);
        bytes.extend_from_slice(&[0, 0, 0, 8]);
        bytes.extend_from_slice(&9i64.to_be_bytes());
        bytes.extend_from_slice(&[0xff, 0xff]);
        let (row, rest) = next_row(&bytes).unwrap().unwrap();
        assert_eq!((row.key_hash, row.content_hash, row.id), (7, None, 9));
        assert!(next_row(rest).unwrap().is_none());
    }

    #[test]
    fn bytes_that_are_no_rows_are_refused_by_name() {
        let check = |bytes: &[u8]| assert!(matches!(next_row(bytes), Err(RouterError::Unreadable { .. })), "{bytes:?}");
        check(&[0, 2]);
        check(&[0, 3, 0, 0]);
        check(&[0, 3, 0, 0, 0, 16, 1, 2]);
        check(&[0, 3, 0, 0, 0, 5, 1, 2, 3, 4, 5]);
        check(&[0, 3, 0xff, 0xff, 0xff, 0xfe]);
        assert!(after_header(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\x09").is_err());
        assert!(after_header(b"PGCOPX\n\xff\r\n\0\0\0\0\0\0\0\0\0").is_err());
    }
}
