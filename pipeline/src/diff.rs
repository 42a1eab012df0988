//! Items against the snapshot: what is new, what changed, what stands twice, what stops here.

use feed::{Limits, NormalizedBatch, Plan};
use item::{Counts, Field, ItemBatch, Problem, Reject, RejectCode, Totals};
use router::catalog::staging::Change;

use crate::duplicate;
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
    /// Sums over the rows that were accepted, as the file gives them.
    pub totals: Totals,
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
        let mut totals = Totals { rows: batch.read, ..Totals::default() };
        let (prices, stocks) = (batch.items.column(Field::Price), batch.items.column(Field::Stock));
        batch.mentioned.iter().for_each(|key_hash| self.snapshot.mention(*key_hash));
        let mut rejects = batch.rejects;
        let mut changes = Vec::new();
        let mut known = Vec::new();
        for (row, line) in batch.items.lines().iter().enumerate() {
            let place = batch.rows[row] as usize;
            let refused = match self.snapshot.see(batch.key_hashes[row], batch.content_hashes[row], *line) {
                Sight::New => {
                    changes.push((row, Change::Created { ordinal: self.created }));
                    self.created += 1;
                    None
                }
                Sight::Unchanged => {
                    counts.unchanged += 1;
                    None
                }
                // Sent back or not, a row that came second does not replace the one that counted.
                Sight::Changed { .. } if batch.records.repeated.binary_search(&place).is_ok() => {
                    Some(duplicate::in_catalogue(sku(&batch.items, row)))
                }
                Sight::Changed { product_id } => {
                    known.push((row, product_id));
                    changes.push((row, Change::Updated { product_id }));
                    None
                }
                Sight::Duplicate { first_line } => Some(duplicate::in_file(sku(&batch.items, row), first_line)),
            };
            match refused {
                None => totals.accept(row, prices, stocks),
                Some(message) => {
                    counts.duplicate += 1;
                    let raw = batch.records.raw(place, self.raw_cell_bytes_max);
                    rejects.push(self.duplicate(*line, message, raw));
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
            totals,
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

    fn duplicate(&self, line: u64, message: String, raw: Vec<String>) -> Reject {
        let problem = Problem { code: RejectCode::DuplicateSku, column: self.sku_column.clone(), message };
        Reject { line, problems: vec![problem], raw }
    }
}

fn sku(items: &ItemBatch, row: usize) -> &str {
    items.text(Field::Sku, row).unwrap_or_default()
}
