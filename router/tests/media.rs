//! Database media: addresses become files and jobs once.

#![allow(clippy::unwrap_used)]

mod support;

use router::media::files::add_pending;
use router::{Db, Media, RouterError, Ticket};
use support::{dump, with_migrated};
use uuid::Uuid;

const TICKET: Ticket<'_> = Ticket { import_id: Uuid::from_u128(7), topic: "catalogue.published", token: 2 };

async fn both_tables(db: &Db<Media>) -> (String, String) {
    (dump(db, "media_files").await, dump(db, "media_processing_jobs").await)
}

#[tokio::test]
async fn each_new_address_becomes_one_file_with_one_pending_job() {
    with_migrated(|databases| async move {
        let db = databases.router.media();
        let long = format!("https://example.org/{}", "é".repeat(5_000));
        let urls = ["https://example.org/1.jpg", &long, "https://example.org/1.jpg"];
        assert_eq!(add_pending(db, &TICKET, &urls, 1, 10).await.unwrap(), 2);
        let before = both_tables(db).await;
        assert_eq!((before.0.lines().count(), before.1.lines().count()), (2, 2));
        assert_eq!(add_pending(db, &TICKET, &urls, 1, 10).await.unwrap(), 0);
        assert_eq!(add_pending(db, &TICKET, &[], 1, 11).await.unwrap(), 0);
        assert_eq!(both_tables(db).await, before, "a second call changes nothing");

        assert_eq!(add_pending(db, &TICKET, &["https://example.org/2.jpg", urls[0]], 2, 11).await.unwrap(), 1);
        let sql = "select media_files.id, first_supplier_id, first_publication_id, media_files.status = 'pending', media_processing_jobs.status = 'pending'
            from media_files join media_processing_jobs on media_id = id where url = $1";
        let bulk = db.bulk().await.unwrap();
        let row = bulk.query_one(sql, &[&"https://example.org/2.jpg"]).await.unwrap();
        assert_eq!((row.get(0), row.get(1), row.get(2), row.get(3), row.get(4)), (3_i64, 2_i64, 11_i64, true, true));
    })
    .await;
}

#[tokio::test]
async fn callers_with_the_same_addresses_in_other_orders_do_not_stop_each_other() {
    with_migrated(|databases| async move {
        let db = databases.router.media();
        let urls: Vec<String> = (0..5_000).map(|n| format!("https://example.org/{n}.jpg")).collect();
        let forward: Vec<&str> = urls.iter().map(String::as_str).collect();
        let backward: Vec<&str> = forward.iter().rev().copied().collect();
        let orders = [&forward, &backward, &forward, &backward];
        let added = futures::future::join_all(orders.map(|urls| add_pending(db, &TICKET, urls, 1, 10))).await;
        let added: u64 = added.into_iter().map(|added| added.unwrap()).sum();
        assert_eq!(added, 5_000);
        let bulk = db.bulk().await.unwrap();
        let jobs =
            bulk.query_one("select count(*) from media_processing_jobs where status = 'pending'", &[]).await.unwrap();
        assert_eq!(jobs.get::<_, i64>(0), 5_000);
    })
    .await;
}

#[tokio::test]
async fn a_relay_that_was_given_up_writes_nothing() {
    with_migrated(|databases| async move {
        let db = databases.router.media();
        add_pending(db, &TICKET, &["https://example.org/1.jpg"], 1, 10).await.unwrap();
        let before = both_tables(db).await;
        let former = Ticket { token: 1, ..TICKET };
        let refused = add_pending(db, &former, &["https://example.org/2.jpg"], 1, 10).await.unwrap_err();
        assert!(matches!(refused, RouterError::Superseded { token: 1, .. }), "{refused}");
        assert_eq!(both_tables(db).await, before);
        let next = Ticket { token: 3, ..TICKET };
        assert_eq!(add_pending(db, &next, &["https://example.org/2.jpg"], 1, 10).await.unwrap(), 1);
    })
    .await;
}
