//! The balance of an import.

use serde::{Deserialize, Serialize};

/// How many rows ended how. Every row read ends in exactly one outcome; `deactivated` counts products, not rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Records found in the file, header and preamble not counted.
    pub read: u64,
    /// New products.
    pub created: u64,
    /// Products whose content changed, reactivated ones included.
    pub updated: u64,
    /// Products equal to what the catalogue holds.
    pub unchanged: u64,
    /// Rows that could not become an item.
    pub rejected: u64,
    /// Rows whose SKU stood earlier in the same file.
    pub duplicate: u64,
    /// Rows kept back for a person while others were published.
    pub held: u64,
    /// Products of the supplier absent from a full file.
    pub deactivated: u64,
}

impl Counts {
    /// `read = created + updated + unchanged + rejected + duplicate + held`.
    pub const fn balances(&self) -> bool {
        self.read == self.created + self.updated + self.unchanged + self.rejected + self.duplicate + self.held
    }

    /// Adds the outcomes of another stretch of the file.
    pub fn add(&mut self, other: &Counts) {
        self.read += other.read;
        self.created += other.created;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.rejected += other.rejected;
        self.duplicate += other.duplicate;
        self.held += other.held;
        self.deactivated += other.deactivated;
    }
}
