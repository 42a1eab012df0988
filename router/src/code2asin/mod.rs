//! Database code2asin: which ASIN a GTIN has on each marketplace, and the looking up of it.

pub mod audit;
pub mod jobs;

use crate::Statements;
use crate::database::{Code2asin, stored};

/// The looking up of a GTIN.
pub enum LookupJob {}
/// What is known of a GTIN on a marketplace.
pub enum LookupResult {}
/// A look-up that was made.
pub enum Lookup {}
/// A day's look-ups on a marketplace.
pub enum LookupStatistic {}

stored! {
    Code2asin {
        LookupJob => "code2asin_jobs",
        LookupResult => "code2asin_results",
        Lookup => "code2asin_history",
        jobs::Link<'_> => "code2asin_suppliers",
        LookupStatistic => "code2asin_statistics",
    }
}

/// Every statement of this database.
pub const STATEMENTS: &[Statements] = &[audit::STATEMENTS, jobs::STATEMENTS, crate::inbox::STATEMENTS];
