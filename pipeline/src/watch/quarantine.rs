//! What no import can take leaves the inbox, is kept, and is answered.

use chrono::{DateTime, Utc};
use router::catalog::Supplier;
use serde::Serialize;
use storage::keys::{self, KeyProblem};
use storage::{Bucket, KeyError, ObjectHead, Storage, StorageError};

use super::Result;

/// Why an object cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reason {
    /// Nobody has told us of the supplier whose folder it lies in.
    UnknownSupplier { code: String },
    /// Its supplier is known, and its files are not wanted.
    InactiveSupplier { code: String },
    /// Its key is not one of an inbox.
    OddKey(KeyProblem),
}

/// The answer that lies beside the object. It is the same whoever writes it and however often.
#[derive(Serialize)]
struct Receipt<'a> {
    outcome: &'static str,
    /// The key it was dropped under.
    key: &'a str,
    bytes: u64,
    etag: &'a str,
    dropped_at: Option<DateTime<Utc>>,
    code: &'static str,
    problem: String,
    what_to_do: String,
    /// Where it is now.
    kept_at: &'a str,
}

impl Reason {
    fn code(&self) -> &'static str {
        match self {
            Reason::UnknownSupplier { .. } => "unknown_supplier",
            Reason::InactiveSupplier { .. } => "inactive_supplier",
            Reason::OddKey(_) => "key_invalid",
        }
    }

    fn problem(&self, key: &str) -> String {
        match self {
            Reason::UnknownSupplier { code } => format!("there is no supplier `{code}`"),
            Reason::InactiveSupplier { code } => format!("supplier `{code}` is not active: its files are not imported"),
            Reason::OddKey(problem) => KeyError { key: key.to_owned(), problem: problem.clone() }.to_string(),
        }
    }

    fn what_to_do(&self) -> String {
        match self {
            Reason::UnknownSupplier { code } => {
                format!("create it with `arrivage supplier add {code} --name \"…\"`, then drop the file again")
            }
            Reason::InactiveSupplier { .. } => {
                "when the supplier is active again, drop the file again; it is kept until then".to_owned()
            }
            Reason::OddKey(_) => {
                "drop the file again directly in the supplier's folder, as inbox/<supplier>/<file>, under a name of at \
                 most 255 bytes without control characters and backslashes"
                    .to_owned()
            }
        }
    }
}

/// Moves an object out of the inbox, with an answer beside it, and one in the outbox of the supplier if it is known.
/// Done twice, or by two at once, it has one effect. False when the object was gone or replaced already.
pub(super) async fn quarantine(
    storage: &Storage,
    object: &ObjectHead,
    reason: &Reason,
    supplier: Option<&Supplier>,
) -> Result<bool> {
    let bucket = Bucket::ImportsFiles;
    // Of the drop alone, so that whoever does it again comes to the same key.
    let date = object.modified.unwrap_or_default().date_naive();
    let name = keys::quarantine_name(&object.key, &object.etag);
    let kept_at = keys::quarantine(date, &name);
    let version = (!object.etag.is_empty()).then_some(object.etag.as_str());
    match storage.copy((bucket, &object.key), (bucket, &kept_at), version).await {
        Ok(()) => {}
        // Somebody else was faster, or another file lies there now and gets its own turn.
        Err(StorageError::NotFound { .. } | StorageError::Changed { .. }) => return Ok(false),
        Err(fault) => return Err(fault.into()),
    }
    let receipt = Receipt {
        outcome: "quarantined",
        key: &object.key,
        bytes: object.bytes,
        etag: &object.etag,
        dropped_at: object.modified,
        code: reason.code(),
        problem: reason.problem(&object.key),
        what_to_do: reason.what_to_do(),
        kept_at: &kept_at,
    };
    let receipt = serde_json::to_vec_pretty(&receipt).unwrap_or_default();
    storage.put_bytes(bucket, keys::quarantine_receipt(date, &name), receipt.clone()).await?;
    if let Some(supplier) = supplier {
        storage.put_bytes(bucket, keys::receipt(&supplier.code, &name), receipt).await?;
    }
    let moved = storage.delete_version(bucket, &object.key, &object.etag).await?;
    tracing::warn!(
        key = ?object.key,
        quarantine.key = kept_at,
        code = reason.code(),
        "put a file of the inbox into quarantine"
    );
    Ok(moved)
}
