//! Imports: fetch, decode, map, normalise, diff, stage, publish, fan out.
//!
//! An [`Importer`] takes an [`Order`] for an object of the inbox and returns a [`Report`]. The way of a file stands in
//! `import.rs`; each stage has a file of its name. While it runs, [`Progress`] can be read from any thread.
//!
//! ```no_run
//! # async fn example(router: router::DatabaseRouter, storage: storage::Storage) -> Result<(), Box<dyn std::error::Error>> {
//! use pipeline::{Importer, Order, Progress, Settings};
//!
//! let importer = Importer::new(router, storage, Settings::default(), feed::Limits::default());
//! let order = Order::new(storage::InboxKey::parse("inbox/acme/prices.csv")?);
//! let report = importer.import(&order, &Progress::default()).await?;
//! println!("{} of {} rows changed the catalogue", report.counts.created + report.counts.updated, report.counts.read);
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod diff;
mod duplicate;
mod error;
mod fan_out;
mod fetch;
mod guards;
mod heartbeat;
mod import;
mod importer;
mod keep;
mod order;
mod precedent;
mod progress;
mod receipt;
mod reject_file;
mod rejects;
mod report;
mod settings;
mod snapshot;
mod spreadsheet;
mod stage;
mod unpack;

pub use error::{ImportError, Result};
pub use fetch::{Table, open_table};
pub use guards::{GuardSettings, Trip};
pub use importer::Importer;
pub use order::Order;
pub use progress::{Phase, Progress};
pub use receipt::{Balance, Circumstances, Failed, Newer, Receipt, Rejected, SCHEMA, Times, Tripped, keep_receipt};
pub use reject_file::{RejectFile, RejectForm, fixes, problems};
pub use report::{Report, Seconds};
pub use settings::Settings;
pub use snapshot::{Sight, Snapshot};
pub use unpack::UnpackSettings;
