//! The five databases in one place.

use crate::{Analytics, Catalog, Code2asin, Database, Db, Imports, Media, PoolGauge, Result, Settings, Stored};

/// The five databases. Cheap to clone.
#[derive(Clone)]
pub struct DatabaseRouter {
    catalog: Db<Catalog>,
    imports: Db<Imports>,
    media: Db<Media>,
    code2asin: Db<Code2asin>,
    analytics: Db<Analytics>,
}

impl DatabaseRouter {
    /// Prepares every pool; sessions are opened as they are needed. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`crate::RouterError::Settings`] when a URL cannot be read or a limit is zero.
    pub fn open(settings: &Settings) -> Result<Self> {
        Ok(DatabaseRouter {
            catalog: Db::open(&settings.catalog)?,
            imports: Db::open(&settings.imports)?,
            media: Db::open(&settings.media)?,
            code2asin: Db::open(&settings.code2asin)?,
            analytics: Db::open(&settings.analytics)?,
        })
    }

    /// Products and what belongs to them.
    pub fn catalog(&self) -> &Db<Catalog> {
        &self.catalog
    }

    /// Jobs, files, errors, mappings, schedules.
    pub fn imports(&self) -> &Db<Imports> {
        &self.imports
    }

    /// Pictures and their processing.
    pub fn media(&self) -> &Db<Media> {
        &self.media
    }

    /// GTIN to ASIN look-ups.
    pub fn code2asin(&self) -> &Db<Code2asin> {
        &self.code2asin
    }

    /// Roll-ups.
    pub fn analytics(&self) -> &Db<Analytics> {
        &self.analytics
    }

    /// The database that an entity lives in, found from its type.
    ///
    /// ```
    /// # use router::{DatabaseRouter, Db, Catalog, catalog::Product};
    /// fn products(router: &DatabaseRouter) -> &Db<Catalog> {
    ///     router.home::<Product>()
    /// }
    /// ```
    ///
    /// Any other pairing does not compile:
    ///
    /// ```compile_fail,E0308
    /// # use router::{DatabaseRouter, Db, Imports, catalog::Product};
    /// fn products(router: &DatabaseRouter) -> &Db<Imports> {
    ///     router.home::<Product>()
    /// }
    /// ```
    pub fn home<E: Stored>(&self) -> &Db<E::Home> {
        E::Home::of(self)
    }

    /// How every pool is doing.
    pub fn gauges(&self) -> Vec<PoolGauge> {
        let DatabaseRouter { catalog, imports, media, code2asin, analytics } = self;
        [catalog.gauges(), imports.gauges(), media.gauges(), code2asin.gauges(), analytics.gauges()].concat()
    }

    /// Closes every session of every pool.
    pub async fn close(&self) {
        tokio::join!(
            self.catalog.close(),
            self.imports.close(),
            self.media.close(),
            self.code2asin.close(),
            self.analytics.close()
        );
    }
}
