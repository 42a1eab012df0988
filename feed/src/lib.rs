//! Supplier files to canonical items: decode, map, normalise. Bytes in, values out: no file, no socket, no clock, no
//! async.
//!
//! * [`detect`] looks at a sample and says how the file is written: a [`Layout`].
//! * [`Mapping`] says which column feeds which field; [`propose`] finds one by header names and values.
//! * [`plan`] does both, and decides the number and date conventions as far as the sample goes: a [`Plan`].
//! * [`survey`] passes over the whole file once and settles encoding and conventions with proof.
//! * [`read_items`] passes over it again and delivers [`NormalizedBatch`]es, in file order, from all cores.
//! * [`inspect`] shows all of it for a sample, for people.
//!
//! A rejects file that comes back corrected is known by our columns in it ([`is_correction`]); it is read as the file was
//! of which its rows are ([`Precedent`]).
//!
//! Spreadsheets are first written out as CSV by [`spreadsheet_to_csv`], in a child process that may die of them.
//!
//! ```
//! use std::ops::ControlFlow;
//! use feed::{FeedSettings, Limits, plan, read_items, survey};
//! use item::Field;
//!
//! let file = "Réf;Désignation;Prix HT\nA-1;Chaise pliante;1 234,50 €\n".as_bytes();
//! let (settings, limits) = (FeedSettings::default(), Limits::default());
//! let suggested = plan(file, true, None, &settings, &limits)?;
//! let settled = survey(|| Ok(file), suggested, &settings, &limits)?;
//! read_items(file, &settled, &limits, |batch| {
//!     assert_eq!(batch.items.text(Field::Title, 0), Some("Chaise pliante"));
//!     assert_eq!(batch.items.int(Field::Price, 0), Some(1234_5000));
//!     assert_eq!(batch.items.text(Field::Currency, 0), Some("EUR"));
//!     ControlFlow::Continue(())
//! })?;
//! # Ok::<(), feed::DecodeError>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod blocks;
mod correction;
mod decode;
mod error;
mod fold;
mod inspect;
mod layout;
mod map;
mod normalize;
mod precedent;
mod record;
mod settings;
mod stream;
#[cfg(test)]
mod tests;

pub use correction::{CORRECTION_COLUMNS, Correction, is_correction, protected};
pub use decode::{Block, Records, detect, sniff, spreadsheet_to_csv, write_csv_row};
pub use error::DecodeError;
pub use inspect::{Inspection, RejectSummary, inspect};
pub use layout::{Dialect, Encoding, Evidence, FileFormat, Layout};
pub use map::{Binding, Choice, ColumnRule, Mapping, MappingError, Proposal, RowBatch, Tax, propose};
pub use normalize::{Conventions, NormalizedBatch};
pub use precedent::Precedent;
pub use record::RecordBatch;
pub use settings::{DateOrder, DecimalSign, FeedSettings, Limits};
pub use stream::{Plan, plan, read_items, survey};
