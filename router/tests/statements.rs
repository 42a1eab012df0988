//! Every statement fits the migrated schema.

#![allow(clippy::unwrap_used)]

mod support;

use router::catalog::{products, publish};
use router::{Database, Db, Statements};
use support::items::Import;

async fn check<D: Database>(db: &Db<D>, statements: &[Statements], tables: &[&str]) {
    let bulk = db.bulk().await.unwrap();
    for (name, sql) in statements.concat() {
        bulk.prepare(sql).await.unwrap_or_else(|error| panic!("cannot prepare {name}: {:?}", error.as_db_error()));
    }
    for table in tables {
        let exists = bulk.query_one("select to_regclass($1) is not null", &[table]).await.unwrap();
        assert!(exists.get::<_, bool>(0), "database {} has no table {table}", D::NAME);
    }
}

#[tokio::test]
async fn every_statement_of_catalog_prepares() {
    support::with_migrated(|databases| async move {
        check(databases.router.catalog(), router::catalog::STATEMENTS, router::catalog::TABLES).await;
    })
    .await;
}

#[tokio::test]
async fn every_statement_made_of_the_fields_of_an_item_prepares() {
    support::with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let staged = Import::of(1).deactivate(1).stage(db).await.unwrap();
        let (opening, mut statements) = publish::statements(staged.import_id);
        statements.push(("products/stored.sql", products::stored_items_sql().to_owned()));
        let mut bulk = db.bulk().await.unwrap();
        let tx = bulk.transaction().await.unwrap();
        tx.batch_execute(&opening).await.unwrap();
        for (name, sql) in statements {
            tx.prepare(&sql).await.unwrap_or_else(|error| panic!("cannot prepare {name}: {:?}", error.as_db_error()));
        }
    })
    .await;
}

#[tokio::test]
async fn every_statement_of_imports_prepares() {
    support::with_migrated(|databases| async move {
        check(databases.router.imports(), router::imports::STATEMENTS, router::imports::TABLES).await;
    })
    .await;
}

#[tokio::test]
async fn every_statement_of_media_prepares() {
    support::with_migrated(|databases| async move {
        check(databases.router.media(), router::media::STATEMENTS, router::media::TABLES).await;
    })
    .await;
}

#[tokio::test]
async fn every_statement_of_code2asin_prepares() {
    support::with_migrated(|databases| async move {
        check(databases.router.code2asin(), router::code2asin::STATEMENTS, router::code2asin::TABLES).await;
    })
    .await;
}

#[tokio::test]
async fn every_statement_of_analytics_prepares() {
    support::with_migrated(|databases| async move {
        check(databases.router.analytics(), router::analytics::STATEMENTS, router::analytics::TABLES).await;
    })
    .await;
}
