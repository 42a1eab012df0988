//! The typed DatabaseRouter: five databases, their pools, their migrations, all the SQL.
//!
//! Three nouns carry everything else. A [`DatabaseRouter`] holds five databases, each a [`Db`] marked with its type.
//! A [`Db`] has two ways in, by intent: statements run on anything that gives [`Access`] (`&db`, `db.read()`,
//! `&mut tx`), COPY and set-based work on [`Db::bulk`]. An entity says where it is [`Stored`], so that
//! [`DatabaseRouter::home`] finds its database from its type and a wrong pairing does not compile.
//!
//! Below them lies one module per database, with one file of free functions per table. Nothing outside this crate
//! knows SQL.
//!
//! ```
//! use router::{DatabaseRouter, Result, Settings, catalog::{Supplier, suppliers}};
//!
//! # async fn example(settings: &Settings) -> Result<()> {
//! router::migrate(settings).await?;
//! let router = DatabaseRouter::open(settings)?;
//! let acme = suppliers::find(router.home::<Supplier>(), "acme").await?;
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod analytics;
pub mod catalog;
pub mod code2asin;
pub mod imports;
pub mod inbox;
pub mod media;

mod bulk;
mod database;
mod db;
mod error;
mod fence;
mod gate;
mod migrate;
mod queries;
mod router;
mod settings;

pub use bulk::Bulk;
pub use database::{Analytics, Catalog, Code2asin, Database, Imports, Media, Stored};
pub use db::{Access, Db, Read, Session, Tx};
pub use error::{Cause, Result, RouterError};
pub use fence::{Fence, Ticket};
pub use gate::{Intent, PoolGauge};
pub use migrate::{create_databases, migrate};
pub use router::DatabaseRouter;
pub use settings::{DatabaseSettings, DatabaseUrl, Settings};

/// The statements of one table's file, each with a name: one test per database prepares them all against the migrated
/// schema, so that a wrong table, column or parameter type is found before it is met.
pub type Statements = &'static [(&'static str, &'static str)];
