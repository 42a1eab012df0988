//! Database catalog: the products that readers see, and what belongs to them.
//!
//! An import passes through these files in order: [`fence`] keeps former attempts out, [`snapshot`] tells what the
//! catalogue holds, [`staging`] takes the difference, [`mod@publish`] makes it visible in one transaction, [`outbox`] and
//! [`fanout`] tell the other databases about it.

pub mod audit;
pub mod fanout;
pub mod fence;
pub mod outbox;
pub mod products;
pub mod publications;
pub mod publish;
pub mod snapshot;
pub mod staging;
pub mod suppliers;

use crate::Statements;
use crate::database::{Catalog, stored};

pub use fanout::PublishedImage;
pub use outbox::OutboxEvent;
pub use products::Product;
pub use publications::{ProductChange, Publication};
pub use publish::{Publish, Published, publish};
pub use suppliers::Supplier;

/// Names the rows of tables that only statements touch, so far.
macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $($(#[$doc])* #[derive(Debug, Clone, Copy)] pub enum $name {})*
    };
}

rows! {
    /// A brand, in the spelling it was first seen in.
    Brand,
    /// A category, by its path.
    Category,
    /// What tells the variants of a product apart.
    ProductVariant,
    /// A price that has ended.
    PriceInterval,
    /// A stock level that has ended.
    StockInterval,
    /// Who was told of an event.
    OutboxDelivery,
    /// The oldest epoch that may still write to a supplier's catalogue.
    ImportFence,
    /// Who may use the API.
    User,
    /// A key to the API.
    ApiKey,
}

stored! {
    Catalog {
        Supplier => "suppliers",
        Brand => "brands",
        Category => "categories",
        Product => "products",
        PublishedImage => "product_images",
        ProductVariant => "product_variants",
        PriceInterval => "price_history",
        StockInterval => "stock_history",
        ProductChange => "product_changes",
        Publication => "import_publications",
        OutboxEvent => "outbox",
        OutboxDelivery => "outbox_deliveries",
        ImportFence => "import_fences",
        User => "users",
        ApiKey => "api_keys",
    }
}

/// Every statement of this database but those that are made of the fields of an item: see [`mod@publish`] and
/// [`products::stored_items_sql`].
pub const STATEMENTS: &[Statements] = &[
    audit::STATEMENTS,
    fanout::STATEMENTS,
    fence::STATEMENTS,
    outbox::STATEMENTS,
    products::STATEMENTS,
    publications::STATEMENTS,
    publish::STATEMENTS,
    snapshot::STATEMENTS,
    staging::STATEMENTS,
    suppliers::STATEMENTS,
];
