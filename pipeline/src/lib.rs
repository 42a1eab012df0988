//! Imports: fetch, decode, map, normalise, diff, stage, publish, fan out.
//!
//! An [`Importer`] takes an [`Order`] into the queue and works on it until there is a [`Report`]; what is left undone,
//! another one takes up. The way of a file stands in `import.rs`; each stage has a file of its name. While it runs,
//! [`Progress`] can be read from any thread. [`watch`] finds what suppliers drop
//! into the inbox, a [`worker`] works the queue off, a [`doctor`] compares the databases.
//!
//! ```no_run
//! # async fn example(router: router::DatabaseRouter, storage: storage::Storage) -> Result<(), Box<dyn std::error::Error>> {
//! use pipeline::{Importer, Order, Progress, Settings};
//!
//! let importer = Importer::new(router, storage, Settings::default(), feed::Limits::default(), Default::default());
//! let order = Order::new(storage::InboxKey::parse("inbox/acme/prices.csv")?);
//! let report = importer.import_object(&order, &Progress::default()).await?;
//! println!("{} of {} rows changed the catalogue", report.counts.created + report.counts.updated, report.counts.read);
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod answer;
mod diff;
pub mod doctor;
mod duplicate;
mod error;
mod fetch;
mod guards;
mod heartbeat;
mod import;
mod importer;
mod keep;
mod order;
mod policy;
mod precedent;
mod progress;
mod receipt;
mod reject_file;
mod rejects;
mod relay;
mod report;
pub mod schedules;
mod settings;
mod snapshot;
mod spreadsheet;
mod stage;
mod submit;
mod unpack;
mod work;

pub mod watch;
pub mod worker;

pub use error::{ImportError, Result};
pub use fetch::{Table, open_table};
pub use guards::{GuardSettings, Trip};
pub use importer::Importer;
pub use order::Order;
pub use policy::{RetrySettings, Verdict, verdict};
pub use progress::{Phase, Progress};
pub use receipt::{Balance, Circumstances, Failed, Newer, Receipt, Rejected, SCHEMA, Times, Tripped};
pub use reject_file::{RejectFile, RejectForm, fixes, problems};
pub use relay::Relay;
pub use report::{Report, Seconds};
pub use settings::Settings;
pub use snapshot::{Sight, Snapshot};
pub use submit::Submitted;
pub use unpack::UnpackSettings;
pub use work::Claimed;
