//! Items against the snapshot: what is new, what changed, what stands twice, what stops here.

use feed::{Limits, NormalizedBatch, Plan};
use item::{Counts, Field, ItemBatch, Problem, Reject, RejectCode};
use router::catalog::staging::Change;

use crate::error::Result;
use crate::keep::Keep;
use crate::snapshot::{Sight, Snapshot};

/// The difference of one stretch of the file to the catalogue.
pub struct DeltaBatch {
    /// The items, those that changed nothing included.
    pub items: ItemBatch,
    /// Hash of each item's SKU.
    pub key_hashes: Vec<u128>,
    /// Hash of each item's content.
    pub content_hashes: Vec<u128>,
    /// Rows of `items` that the catalogue must take over, in file order.
    pub changes: Vec<(usize, Change)>,
    /// Rows that did not become an item, and rows whose SKU stood earlier, in line order.
    pub rejects: Vec<Reject>,
    /// How the rows of this stretch ended.
    pub counts: Counts,
}

/// Compares batch after batch, in file order.
pub struct Differ {
    snapshot: Snapshot,
    created: u64,
    keep: Option<Keep>,
    /// The supplier's word for the SKU.
    sku_column: Option<String>,
    raw_cell_bytes_max: usize,
}

impl Differ {
    /// A comparison with `snapshot`. With `keep`, empty cells take the stored value before the comparison.
    pub fn new(snapshot: Snapshot, keep: Option<Keep>, plan: &Plan, limits: &Limits) -> Self {
        let sku_column = plan.column_of(Field::Sku).map(str::to_owned);
        Differ { snapshot, created: 0, keep, sku_column, raw_cell_bytes_max: limits.reject_cell_bytes_max }
    }

    /// The difference of the next stretch of the file.
    pub fn compare(&mut self, batch: NormalizedBatch) -> Result<DeltaBatch> {
        let mut counts = Counts { read: batch.read, rejected: batch.rejects.len() as u64, ..Counts::default() };
        let mut rejects = batch.rejects;
        let mut changes = Vec::new();
        let mut known = Vec::new();
        for (row, line) in batch.items.lines().iter().enumerate() {
            match self.snapshot.see(batch.key_hashes[row], batch.content_hashes[row], *line) {
                Sight::New => {
                    changes.push((row, Change::Created { ordinal: self.created }));
                    self.created += 1;
                }
                Sight::Unchanged => counts.unchanged += 1,
                Sight::Changed { product_id } => {
                    known.push((row, product_id));
                    changes.push((row, Change::Updated { product_id }));
                }
                Sight::Duplicate { first_line } => {
                    counts.duplicate += 1;
                    let raw = batch.records.raw(batch.rows[row] as usize, self.raw_cell_bytes_max);
                    rejects.push(self.duplicate(&batch.items, row, *line, first_line, raw));
                }
            }
        }
        rejects.sort_by_key(|reject| reject.line);
        let mut delta = DeltaBatch {
            items: batch.items,
            key_hashes: batch.key_hashes,
            content_hashes: batch.content_hashes,
            changes,
            rejects,
            counts,
        };
        if let Some(keep) = &self.keep
            && !known.is_empty()
        {
            keep.overlay(&mut delta, &known)?;
            self.drop_kept(&mut delta);
        }
        for (_, change) in &delta.changes {
            match change {
                Change::Created { .. } => delta.counts.created += 1,
                Change::Updated { .. } => delta.counts.updated += 1,
            }
        }
        Ok(delta)
    }

    /// Products that the whole file has not shown.
    pub fn unseen(&self) -> impl Iterator<Item = i64> {
        self.snapshot.unseen()
    }

    /// Rows that the stored values made equal to the catalogue need no writing.
    fn drop_kept(&mut self, delta: &mut DeltaBatch) {
        let DeltaBatch { changes, key_hashes, content_hashes, counts, .. } = delta;
        changes.retain(|(row, change)| {
            let equal = matches!(change, Change::Updated { .. })
                && self.snapshot.is_content(key_hashes[*row], content_hashes[*row]);
            counts.unchanged += u64::from(equal);
            !equal
        });
    }

    fn duplicate(&self, items: &ItemBatch, row: usize, line: u64, first_line: u64, raw: Vec<String>) -> Reject {
        let sku = items.text(Field::Sku, row).unwrap_or_default();
        let problem = Problem {
            code: RejectCode::DuplicateSku,
            column: self.sku_column.clone(),
            message: format!("`{sku}` stands already on line {first_line}; the first one counts"),
        };
        Reject { line, problems: vec![problem], raw }
    }
}
