//! Making the databases, and bringing their schemas up to date.

use sqlx::Postgres;
use sqlx::migrate::MigrateDatabase;
use sqlx::postgres::PgPoolOptions;

use crate::queries::connect_options;
use crate::settings::DatabaseUrl;
use crate::{Analytics, Catalog, Cause, Code2asin, Database, Imports, Media, Result, RouterError, Settings};

/// Creates the databases that do not exist. The user in each URL must be allowed to.
///
/// # Errors
/// [`RouterError::Unreachable`] when the server is away or refuses.
pub async fn create_databases(settings: &Settings) -> Result<()> {
    let Settings { catalog, imports, media, code2asin, analytics } = settings;
    tokio::try_join!(
        create_one::<Catalog>(&catalog.url),
        create_one::<Imports>(&imports.url),
        create_one::<Media>(&media.url),
        create_one::<Code2asin>(&code2asin.url),
        create_one::<Analytics>(&analytics.url),
    )?;
    Ok(())
}

async fn create_one<D: Database>(url: &DatabaseUrl) -> Result<()> {
    let unreachable = |source: sqlx::Error| RouterError::Unreachable { database: D::NAME, source: source.into() };
    if Postgres::database_exists(url.reveal()).await.map_err(unreachable)? {
        return Ok(());
    }
    match Postgres::create_database(url.reveal()).await.map_err(Cause::from) {
        // Another process was faster.
        Err(cause) if cause.sqlstate().as_deref() == Some("42P04") => Ok(()),
        Err(source) => Err(RouterError::Unreachable { database: D::NAME, source }),
        Ok(()) => Ok(()),
    }
}

/// Applies every migration that is missing to the five databases.
///
/// Idempotent, and safe from several processes at once: each database is locked (a session advisory lock) while it is
/// looked at and changed, and every migration commits together with the note that it was applied.
///
/// # Errors
/// [`RouterError::Unreachable`], [`RouterError::Migration`]; then every database stands at one of its migrations, and
/// running it again goes on from there.
pub async fn migrate(settings: &Settings) -> Result<()> {
    let Settings { catalog, imports, media, code2asin, analytics } = settings;
    tokio::try_join!(
        migrate_one::<Catalog>(&catalog.url),
        migrate_one::<Imports>(&imports.url),
        migrate_one::<Media>(&media.url),
        migrate_one::<Code2asin>(&code2asin.url),
        migrate_one::<Analytics>(&analytics.url),
    )?;
    Ok(())
}

/// On a session of its own: the statement timeout of the pools is no measure for building an index.
async fn migrate_one<D: Database>(url: &DatabaseUrl) -> Result<()> {
    let options = connect_options(D::NAME, "migrate", url)?;
    let connected = PgPoolOptions::new().max_connections(1).connect_with(options).await;
    let session = connected.map_err(|source| RouterError::Unreachable { database: D::NAME, source: source.into() })?;
    let applied = D::migrations().run(&session).await;
    session.close().await;
    applied.map_err(|source| RouterError::Migration { database: D::NAME, source })
}
