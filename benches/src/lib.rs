#![cfg_attr(test, allow(clippy::unwrap_used))]
//! Supplier catalogues made up from a seed, for benchmarks and integration tests.
//!
//! A [`Catalogue`] is a recipe: so many rows, a seed, how much dirt, which day. From it come the supplier's file
//! ([`Catalogue::write_csv`]), the items that a correct import makes of it ([`Catalogue::items`]) and the same items as
//! PostgreSQL COPY text ([`Catalogue::write_copy`]), so that two ways of loading start from equal content.
//! The same recipe gives the same bytes on every machine; each row is drawn on its own, so that the second day differs
//! in exactly the rows it says.
//!
//! ```
//! use arrivage_benches::Catalogue;
//!
//! let mut file = Vec::new();
//! let summary = Catalogue::new(1_000, 7).dirty(0.02).write_csv(&mut file).unwrap();
//! assert_eq!((summary.rows, summary.clean), (1_000, 980));
//! assert_eq!(summary.flaws.values().sum::<u64>(), 20);
//! ```

mod catalogue;

pub use catalogue::{Catalogue, CopyColumn, HEADER, Summary};
