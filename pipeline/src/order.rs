//! What is asked for, and what that means for one supplier.

use feed::{FeedSettings, Mapping};
use item::Mode;
use router::DatabaseRouter;
use router::catalog::Supplier;
use router::imports::jobs::Job;
use router::imports::mappings;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use storage::{InboxKey, KeyError};
use xxhash_rust::xxh3::xxh3_128;

use crate::error::{ImportError, Result};

/// One file to import.
#[derive(Debug, Clone)]
pub struct Order {
    /// Where it lies in the inbox; the folder names the supplier.
    pub key: InboxKey,
    /// Full or partial; the supplier's default when absent.
    pub mode: Option<Mode>,
    /// A mapping in place of the saved or automatic one.
    pub mapping: Option<Mapping>,
    /// Stop after staging.
    pub dry_run: bool,
    /// Compare row by row even when the file is identical to the one published last.
    pub force: bool,
}

/// What of an order is kept with its job (`import_jobs.settings`), for whoever works on it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Kept {
    #[serde(skip_serializing_if = "Option::is_none")]
    mapping: Option<Mapping>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    force: bool,
}

impl Order {
    /// An order for an object, with the supplier's defaults.
    pub fn new(key: InboxKey) -> Self {
        Order { key, mode: None, mapping: None, dry_run: false, force: false }
    }

    /// What is kept with the job.
    pub(crate) fn kept_json(&self, supplier: &str) -> Result<Value> {
        let kept = Kept { mapping: self.mapping.clone(), force: self.force };
        serde_json::to_value(kept).map_err(|source| unreadable(supplier, source))
    }

    /// The order that a job was made from.
    pub(crate) fn of(job: &Job) -> Result<Order> {
        let kept: Kept =
            serde_json::from_value(job.settings.clone()).map_err(|source| unreadable(&job.supplier_code, source))?;
        let key =
            InboxKey::new(&job.supplier_code, &job.file_name).map_err(|fault: KeyError| ImportError::Key(fault))?;
        Ok(Order { key, mode: Some(job.mode), mapping: kept.mapping, dry_run: job.dry_run, force: kept.force })
    }
}

/// An order with everything that the supplier adds to it.
pub(crate) struct Task {
    pub supplier: Supplier,
    pub mode: Mode,
    pub mapping: Option<Mapping>,
    /// Version of the saved mapping in use.
    pub mapping_version: Option<i32>,
    pub feed: FeedSettings,
    pub dry_run: bool,
    pub sha256: [u8; 32],
    /// Hash of everything beside the file that can change its items: the same file under the same fingerprint has
    /// nothing new to say.
    pub fingerprint: [u8; 16],
}

impl Task {
    /// Looks up the supplier's mapping and settings for an order.
    pub async fn new(router: &DatabaseRouter, supplier: Supplier, order: &Order, sha256: [u8; 32]) -> Result<Task> {
        let mode = order.mode.unwrap_or(supplier.default_mode);
        let mut feed: FeedSettings = serde_json::from_value(supplier.feed_settings.clone())
            .map_err(|source| unreadable(&supplier.code, source))?;
        feed.currency = feed.currency.or_else(|| supplier.currency.clone());
        let (mapping, mapping_version) = match &order.mapping {
            Some(given) => (Some(given.clone()), None),
            None => match mappings::active(router.imports(), supplier.id).await? {
                Some(saved) => {
                    let columns =
                        serde_json::from_value(saved.mapping).map_err(|source| unreadable(&supplier.code, source))?;
                    (Some(columns), Some(saved.version))
                }
                None => (None, None),
            },
        };
        let basis = serde_json::json!([env!("CARGO_PKG_VERSION"), mode, mapping, feed]);
        let fingerprint = xxh3_128(basis.to_string().as_bytes()).to_be_bytes();
        let dry_run = order.dry_run;
        Ok(Task { supplier, mode, mapping, mapping_version, feed, dry_run, sha256, fingerprint })
    }
}

fn unreadable(supplier: &str, source: serde_json::Error) -> ImportError {
    ImportError::Mapping { supplier: supplier.to_owned(), source }
}
