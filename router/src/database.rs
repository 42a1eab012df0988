//! The five databases as types.

use sqlx::migrate::Migrator;

use crate::{DatabaseRouter, Db};

mod sealed {
    pub trait Sealed {}
}

/// One of the five databases. Sealed: there are no others.
pub trait Database: sealed::Sealed + Sized + Send + Sync + 'static {
    /// Its name in settings, metrics and `application_name`.
    const NAME: &'static str;

    /// Its schema, embedded from `migrations/<name>/`.
    fn migrations() -> &'static Migrator;

    /// Its entry in the router.
    fn of(router: &DatabaseRouter) -> &Db<Self>;
}

/// A kind of row that lives in one table of one database.
///
/// ```
/// use router::{Catalog, Stored, catalog::Product};
///
/// fn home_of<E: Stored<Home = Catalog>>() -> &'static str {
///     E::TABLE
/// }
/// assert_eq!(home_of::<Product>(), "products");
/// ```
pub trait Stored {
    /// The database it lives in.
    type Home: Database;
    /// Its table.
    const TABLE: &'static str;
}

macro_rules! databases {
    ($($(#[$doc:meta])* $marker:ident = $name:ident: $migrations:literal,)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub enum $marker {}

            impl sealed::Sealed for $marker {}

            impl Database for $marker {
                const NAME: &'static str = stringify!($name);

                fn migrations() -> &'static Migrator {
                    static MIGRATIONS: Migrator = sqlx::migrate!($migrations);
                    &MIGRATIONS
                }

                fn of(router: &DatabaseRouter) -> &Db<Self> {
                    router.$name()
                }
            }
        )*
    };
}

databases! {
    /// Products and what belongs to them: the state that readers see.
    Catalog = catalog: "../migrations/catalog",
    /// Jobs, files, errors, mappings, schedules.
    Imports = imports: "../migrations/imports",
    /// Pictures and their processing.
    Media = media: "../migrations/media",
    /// GTIN to ASIN look-ups.
    Code2asin = code2asin: "../migrations/code2asin",
    /// Roll-ups.
    Analytics = analytics: "../migrations/analytics",
}

/// Declares entities that have no row type of their own yet, or adds [`Stored`] to those that have.
macro_rules! stored {
    ($home:ty { $($entity:ty => $table:literal,)* }) => {
        $(
            impl $crate::Stored for $entity {
                type Home = $home;
                const TABLE: &'static str = $table;
            }
        )*

        /// Every table that an entity of this database says it lives in.
        pub const TABLES: &[&str] = &[$($table),*];
    };
}
pub(crate) use stored;
