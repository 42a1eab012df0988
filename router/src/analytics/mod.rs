//! Database analytics: figures about what happened elsewhere, for curves and tables.

pub mod audit;
pub mod import_metrics;
pub mod supplier_metrics;

use crate::Statements;
use crate::database::{Analytics, stored};

pub use import_metrics::ImportMetrics;

/// A product's day.
pub enum ProductMetrics {}
/// A supplier's day.
pub enum SupplierMetrics {}
/// A search and what came of it.
pub enum Search {}
/// Who did what.
pub enum UserActivity {}
/// A sample of our own speed.
pub enum PerformanceMetric {}

stored! {
    Analytics {
        ProductMetrics => "product_metrics",
        SupplierMetrics => "supplier_metrics",
        ImportMetrics => "import_metrics",
        Search => "search_analytics",
        UserActivity => "user_activity",
        PerformanceMetric => "performance_metrics",
    }
}

/// Every statement of this database.
pub const STATEMENTS: &[Statements] =
    &[audit::STATEMENTS, import_metrics::STATEMENTS, supplier_metrics::STATEMENTS, crate::inbox::STATEMENTS];
