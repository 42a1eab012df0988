//! Database analytics: figures that can be told twice.

#![allow(clippy::unwrap_used)]

mod support;

use chrono::{DateTime, Utc};
use item::{Counts, Mode};
use router::analytics::{ImportMetrics, import_metrics, supplier_metrics};
use router::{Analytics, Db, Ticket};
use serde_json::json;
use support::{dump, with_migrated};
use uuid::Uuid;

fn at(time: &str) -> DateTime<Utc> {
    time.parse().unwrap()
}

fn metrics(published_at: &str) -> ImportMetrics {
    ImportMetrics {
        supplier_id: 1,
        publication_id: 10,
        mode: Mode::Full,
        published_at: at(published_at),
        counts: Counts {
            read: 10,
            created: 4,
            updated: 1,
            unchanged: 2,
            rejected: 2,
            duplicate: 1,
            held: 0,
            deactivated: 3,
        },
        file_bytes: 1_000,
        seconds: 1.5,
        stage_seconds: json!({"decode": 0.5}),
        memory_bytes_max: Some(100 << 20),
    }
}

async fn record(db: &Db<Analytics>, import_id: Uuid, metrics: &ImportMetrics) {
    let ticket = Ticket { import_id, topic: "catalogue.published", token: 1 };
    import_metrics::record(db, &ticket, metrics).await.unwrap();
    supplier_metrics::record(db, import_id).await.unwrap();
}

/// The days of supplier 1 as `day imports rows_read rows_created products_deactivated seconds`.
async fn days(db: &Db<Analytics>) -> Vec<String> {
    let sql = "select concat_ws(' ', day, imports, rows_read, rows_created, products_deactivated, seconds)
        from supplier_metrics where supplier_id = 1 order by day";
    db.bulk().await.unwrap().query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn an_import_recorded_twice_counts_once() {
    with_migrated(|databases| async move {
        let db = databases.router.analytics();
        let (id, import) = (Uuid::now_v7(), metrics("2026-03-01T12:00:00Z"));
        record(db, id, &import).await;
        let before = (dump(db, "import_metrics").await, dump(db, "supplier_metrics").await);
        record(db, id, &import).await;
        assert_eq!((dump(db, "import_metrics").await, dump(db, "supplier_metrics").await), before);
        assert_eq!(days(db).await, ["2026-03-01 1 10 4 3 1.5"]);

        let later = ImportMetrics { published_at: at("2026-03-02T12:00:00Z"), seconds: 2.5, ..import };
        record(db, id, &later).await;
        assert_eq!(days(db).await, ["2026-03-01 1 10 4 3 2.5"], "the first time of publication stands");
    })
    .await;
}

#[tokio::test]
async fn a_day_is_a_day_of_utc_and_of_one_supplier() {
    with_migrated(|databases| async move {
        let db = databases.router.analytics();
        record(db, Uuid::now_v7(), &metrics("2026-03-01T00:00:00Z")).await;
        record(db, Uuid::now_v7(), &metrics("2026-03-01T23:59:59.999999Z")).await;
        record(db, Uuid::now_v7(), &metrics("2026-03-02T00:30:00+01:00")).await;
        record(db, Uuid::now_v7(), &metrics("2026-03-02T00:00:00Z")).await;
        record(db, Uuid::now_v7(), &ImportMetrics { supplier_id: 2, ..metrics("2026-03-01T12:00:00Z") }).await;
        assert_eq!(days(db).await, ["2026-03-01 3 30 12 9 4.5", "2026-03-02 1 10 4 3 1.5"]);

        supplier_metrics::record(db, Uuid::now_v7()).await.unwrap();
        assert_eq!(days(db).await.len(), 2, "an import without metrics adds nothing");
    })
    .await;
}

#[tokio::test]
async fn imports_recorded_at_once_are_all_counted() {
    with_migrated(|databases| async move {
        let db = databases.router.analytics();
        let imports: Vec<ImportMetrics> = (0..8).map(|_| metrics("2026-03-01T12:00:00Z")).collect();
        futures::future::join_all(imports.iter().map(|import| record(db, Uuid::now_v7(), import))).await;
        assert_eq!(days(db).await, ["2026-03-01 8 80 32 24 12"]);
    })
    .await;
}
