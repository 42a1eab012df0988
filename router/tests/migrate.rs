//! The schemas, from nothing and again.

#![allow(clippy::unwrap_used)]

mod support;

use router::{DatabaseRouter, DatabaseUrl, RouterError};
use sqlx::{AssertSqlSafe, Executor};
use support::{connect, server_url, url_of, with_empty};

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_migrate_at_once_and_again() {
    with_empty(|databases| async move {
        let at_once = (0..4).map(|_| {
            tokio::spawn({
                let settings = databases.settings.clone();
                async move { router::migrate(&settings).await }
            })
        });
        for outcome in at_once.collect::<Vec<_>>() {
            outcome.await.unwrap().unwrap();
        }
        let mut session = connect(Some(databases.catalog_name())).await;
        let applied = "select version || ' ' || installed_on || ' ' || success from _sqlx_migrations order by version";
        let once: Vec<String> = sqlx::query_scalar(applied).fetch_all(&mut session).await.unwrap();
        assert!(once.len() >= 5, "{once:?}");

        router::migrate(&databases.settings).await.unwrap();
        let twice: Vec<String> = sqlx::query_scalar(applied).fetch_all(&mut session).await.unwrap();
        assert_eq!(once, twice);
    })
    .await;
}

#[tokio::test]
async fn a_migration_that_was_changed_afterwards_is_refused_by_name() {
    with_empty(|databases| async move {
        router::migrate(&databases.settings).await.unwrap();
        let mut session = connect(Some(databases.catalog_name())).await;
        session.execute("update _sqlx_migrations set checksum = '\\x00' where version = 2").await.unwrap();
        let refused = router::migrate(&databases.settings).await.unwrap_err();
        assert!(matches!(refused, RouterError::Migration { database: "catalog", .. }), "{refused}");
        assert!(!refused.transient());
    })
    .await;
}

#[tokio::test]
async fn databases_that_are_missing_are_made_and_others_left_alone() {
    with_empty(|databases| async move {
        let mut settings = databases.settings.clone();
        let name = format!("{}_made", databases.catalog_name());
        settings.catalog.url = DatabaseUrl::new(url_of(&server_url(), &name));
        let before = router::migrate(&settings).await.unwrap_err();
        assert!(matches!(before, RouterError::Unreachable { database: "catalog", .. }), "{before}");
        assert_eq!(before.sqlstate().as_deref(), Some("3D000"));

        router::create_databases(&settings).await.unwrap();
        router::create_databases(&settings).await.unwrap();
        router::migrate(&settings).await.unwrap();
        let router = DatabaseRouter::open(&settings).unwrap();
        assert_eq!(router::catalog::suppliers::list(router.catalog()).await.unwrap(), []);
        router.close().await;
        connect(None).await.execute(AssertSqlSafe(format!("drop database {name} with (force)"))).await.unwrap();
    })
    .await;
}
