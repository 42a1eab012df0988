//! Five migrated databases, made once, of which every world is a clone.

use std::hash::{DefaultHasher, Hash, Hasher};

use router::{Analytics, Catalog, Code2asin, Database, DatabaseUrl, Imports, Media};

use crate::database::{Home, connect, query, url_of};

const PREFIX: &str = "arrivage_template_";

/// Makes sure that the templates of the newest schema are there and returns the beginning of their names, which tells
/// one set of migrations from another. Tests run in processes of their own: an advisory lock lets one of them do it.
pub(crate) async fn ensure(server: &str) -> String {
    let name = format!("{PREFIX}{:016x}", schema_hash());
    let admin = connect(server).await;
    query(&admin, "select pg_advisory_lock(hashtext('arrivage tests: template'))").await;
    let there = query(&admin, &format!("select datname from pg_database where datname like '{PREFIX}%'")).await;
    let there: Vec<&str> = there.iter().map(|row| row[0].as_str()).collect();
    if !Home::ALL.iter().all(|home| there.contains(&of(&name, *home).as_str())) {
        for old in there {
            query(&admin, &format!("drop database if exists {old} with (force)")).await;
        }
        // Migrated under another name: a template is there only when it is whole.
        let fresh = format!("{PREFIX}new");
        for home in Home::ALL {
            query(&admin, &format!("create database {}", of(&fresh, home))).await;
        }
        router::migrate(&settings(server, &fresh)).await.expect("the migrations apply");
        for home in Home::ALL {
            query(&admin, &format!("alter database {} rename to {}", of(&fresh, home), of(&name, home))).await;
        }
    }
    name
}

/// The name of one of five databases.
pub(crate) fn of(name: &str, home: Home) -> String {
    format!("{name}_{}", home.name())
}

/// Settings that name five databases.
pub(crate) fn settings(server: &str, name: &str) -> router::Settings {
    let mut settings = router::Settings::default();
    let url = |home| DatabaseUrl::new(url_of(server, &of(name, home)));
    settings.catalog.url = url(Home::Catalog);
    settings.imports.url = url(Home::Imports);
    settings.media.url = url(Home::Media);
    settings.code2asin.url = url(Home::Code2asin);
    settings.analytics.url = url(Home::Analytics);
    settings
}

/// Of every migration of every database, as they are built into the program.
fn schema_hash() -> u64 {
    fn add<D: Database>(hasher: &mut DefaultHasher) {
        D::migrations().iter().for_each(|migration| (D::NAME, migration.version, &migration.checksum).hash(hasher));
    }
    let mut hasher = DefaultHasher::new();
    add::<Catalog>(&mut hasher);
    add::<Imports>(&mut hasher);
    add::<Media>(&mut hasher);
    add::<Code2asin>(&mut hasher);
    add::<Analytics>(&mut hasher);
    hasher.finish()
}
