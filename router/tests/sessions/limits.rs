//! Pools at their ceiling, servers that are away, and where a session goes.

use std::time::{Duration, Instant};

use router::{Access, DatabaseRouter, DatabaseUrl, Db, Intent, RouterError, Settings};
use sqlx::PgConnection;

use crate::support::{self, connect, with_empty};

async fn scalar(session: &mut PgConnection, sql: &'static str) -> String {
    sqlx::query_scalar(sql).fetch_one(session).await.unwrap()
}

#[tokio::test]
async fn a_pool_at_its_ceiling_says_so_by_name_and_counts_it() {
    support::with_settings(
        |database| {
            (database.queries_max, database.queries_overflow, database.bulk_max) = (1, 1, 1);
            database.acquire_timeout_ms = 200;
        },
        |databases| async move {
            let db = databases.router.media();
            let held = (db.session().await.unwrap(), db.begin().await.unwrap(), db.bulk().await.unwrap());
            let asked = Instant::now();
            let check = |refused: Option<RouterError>, wanted: Intent, ceiling: u32| match refused {
                Some(RouterError::PoolExhausted { database: "media", intent, limit, waited_ms: 200.. }) => {
                    assert_eq!((intent, limit), (wanted, ceiling));
                }
                other => panic!("{other:?}"),
            };
            check(db.session().await.err(), Intent::Queries, 2);
            check(db.begin().await.err(), Intent::Queries, 2);
            check(db.bulk().await.err(), Intent::Bulk, 1);
            assert!(asked.elapsed() < Duration::from_secs(3));

            let gauges = db.gauges();
            let seen: Vec<_> =
                gauges.iter().map(|g| (g.intent, g.limit, g.open, g.acquired_total, g.exhausted_total)).collect();
            assert_eq!(seen, [(Intent::Queries, 2, 2, 2, 2), (Intent::Bulk, 1, 1, 1, 1)]);
            assert!(gauges.iter().all(|gauge| gauge.database == "media" && gauge.waiting == 0));
            assert!(gauges[0].waited_ms_total >= 400, "{gauges:?}");

            drop(held);
            db.session().await.unwrap();
            db.bulk().await.unwrap();
            assert_eq!(databases.router.gauges().len(), 10);
        },
    )
    .await;
}

#[tokio::test]
async fn a_server_that_is_away_is_not_taken_for_a_pool_at_its_ceiling() {
    let mut settings = Settings::default();
    // Nobody listens on port 1.
    settings.catalog.url = DatabaseUrl::new("postgres://arrivage:s3cret@127.0.0.1:1/catalog");
    settings.catalog.acquire_timeout_ms = 300;
    let router = DatabaseRouter::open(&settings).unwrap();
    let db: &Db<_> = router.catalog();
    let (queries, begin, bulk) = tokio::join!(db.session(), db.begin(), db.bulk());
    for error in [queries.err(), begin.err(), bulk.err()] {
        let error = error.unwrap();
        assert!(matches!(error, RouterError::Unreachable { database: "catalog", .. }), "{error}");
        assert!(error.transient());
        assert!(!format!("{error:?}").contains("s3cret"));
    }
}

#[tokio::test]
async fn urls_that_cannot_be_read_are_refused_without_repeating_them() {
    for url in ["", "nonsense", "postgres://ada:s3cret@host:port/name"] {
        let mut settings = Settings::default();
        settings.imports.url = DatabaseUrl::new(url);
        let Err(error) = DatabaseRouter::open(&settings) else { panic!("{url} was taken") };
        assert!(matches!(error, RouterError::Settings { database: "imports", .. }), "{url}: {error}");
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
    assert!(!format!("{:?}", Settings::default()).is_empty());
}

#[tokio::test]
async fn reads_go_to_the_replica_when_there_is_one() {
    with_empty(|databases| async move {
        // Another database stands in for the replica, so that the two can be told apart.
        let mut settings = databases.settings.clone();
        settings.analytics.replica_url = Some(settings.media.url.clone());
        let router = DatabaseRouter::open(&settings).unwrap();
        let db = router.analytics();
        let at = "select split_part(current_database(), '_', 2) || ' ' || current_setting('application_name')";
        let read = scalar(&mut db.read().session().await.unwrap(), at).await;
        assert_eq!(read, "media arrivage/analytics/replica");
        let written = scalar(&mut db.session().await.unwrap(), at).await;
        assert_eq!(written, "analytics arrivage/analytics/queries");
        let without = scalar(&mut router.imports().read().session().await.unwrap(), at).await;
        assert_eq!(without, "imports arrivage/imports/queries");
        assert_eq!(
            db.gauges().iter().map(|gauge| gauge.intent).collect::<Vec<_>>(),
            [Intent::Queries, Intent::Replica, Intent::Bulk]
        );
        router.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended_in_queries_but_not_in_bulk() {
    support::with_settings(
        |database| database.statement_timeout_ms = 100,
        |databases| async move {
            let db = databases.router.catalog();
            let mut session = db.session().await.unwrap();
            let ended = sqlx::query("select pg_sleep(5)").execute(&mut *session).await.unwrap_err();
            assert_eq!(ended.as_database_error().unwrap().code().as_deref(), Some("57014"));
            db.bulk().await.unwrap().batch_execute("select pg_sleep(0.3)").await.unwrap();
        },
    )
    .await;
}

#[tokio::test]
async fn sessions_that_the_server_has_closed_are_replaced() {
    with_empty(|databases| async move {
        let db = databases.router.catalog();
        drop((db.session().await.unwrap(), db.bulk().await.unwrap()));
        // Longer than a session is trusted without asking.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        let mut observer = connect(Some(databases.catalog_name())).await;
        let ended = "select count(pg_terminate_backend(pid))::text from pg_stat_activity
            where datname = current_database() and application_name like 'arrivage/%'";
        assert_eq!(scalar(&mut observer, ended).await, "2");
        scalar(&mut db.session().await.unwrap(), "select 'well'").await;
        db.bulk().await.unwrap().batch_execute("select 'well'").await.unwrap();
    })
    .await;
}
