//! The canonical product and its vocabulary.
//!
//! Three nouns carry everything else: a [`Field`] names one property of a product and knows its type and column;
//! an [`ItemBatch`] holds many products as columns, one [`Column`] per field; a [`Reject`] is a row that could not
//! become an item, with the [`Problem`]s that say why, where and what to do.
//!
//! This crate has types only: no I/O, no async, no database. `feed` fills batches, `router` writes them, `pipeline`
//! compares them.
//!
//! ```
//! use item::{Column, Field, Gtin, ItemBatch, IntColumn, TextColumn};
//!
//! let mut batch = ItemBatch::new(vec![2]);
//! batch.set(Field::Sku, Column::Text(TextColumn::from_iter(["A-1"])));
//! batch.set(Field::Price, Column::Int(IntColumn::from_iter([Some(89_9000)])));
//! assert_eq!(batch.text(Field::Sku, 0), Some("A-1"));
//! assert_eq!(Gtin::parse("4006381333931").unwrap().as_str(), "04006381333931");
//! ```

mod batch;
mod column;
mod counts;
mod field;
mod gtin;
mod hash;
mod language;
mod reject;
mod state;
mod totals;
mod wording;

pub use batch::ItemBatch;
pub use column::{Column, IntColumn, LIST_SEPARATOR, TextColumn};
pub use counts::Counts;
pub use field::{DECIMAL_SCALE, Field, FieldKind};
pub use gtin::{Gtin, GtinError};
pub use hash::{content_hash, key_hash};
pub use language::Language;
pub use reject::{FileCode, Problem, Reject, RejectCode};
pub use state::{EmptyMeans, ImportState, Mode, UnknownWord};
pub use totals::{DecimalSum, NoDecimalSum, Totals};
