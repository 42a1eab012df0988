//! Database code2asin: products are linked to their GTINs, and new GTINs are looked up once.

#![allow(clippy::unwrap_used)]

mod support;

use router::code2asin::jobs::{Link, add_pending};
use router::{Code2asin, Db, RouterError, Ticket};
use support::{dump, with_migrated};
use uuid::Uuid;

const TICKET: Ticket<'_> = Ticket { import_id: Uuid::from_u128(7), topic: "catalogue.published", token: 2 };
const PEN: &str = "04006381333931";
const INK: &str = "00036000291452";

const fn link(product_id: i64, gtin: &str) -> Link<'_> {
    Link { product_id, supplier_id: 1, gtin }
}

async fn both_tables(db: &Db<Code2asin>) -> (String, String) {
    (dump(db, "code2asin_suppliers").await, dump(db, "code2asin_jobs").await)
}

/// The jobs as `gtin status publication`, by GTIN.
async fn jobs(db: &Db<Code2asin>) -> Vec<String> {
    let sql = "select concat_ws(' ', gtin, status, requested_by_publication_id) from code2asin_jobs order by gtin";
    db.bulk().await.unwrap().query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn set_status(db: &Db<Code2asin>, status: &str) {
    db.bulk().await.unwrap().execute("update code2asin_jobs set status = $1", &[&status]).await.unwrap();
}

#[tokio::test]
async fn a_second_call_changes_nothing() {
    with_migrated(|databases| async move {
        let db = databases.router.code2asin();
        let links = [link(1, PEN), link(2, INK), link(3, PEN)];
        assert_eq!(add_pending(db, &TICKET, &links, 10).await.unwrap(), 2);
        assert_eq!(jobs(db).await, [format!("{INK} pending 10"), format!("{PEN} pending 10")]);
        for status in ["pending", "not_found", "failed", "found"] {
            set_status(db, status).await;
            let before = both_tables(db).await;
            assert_eq!(add_pending(db, &TICKET, &links, 11).await.unwrap(), 0);
            assert_eq!(add_pending(db, &TICKET, &[], 11).await.unwrap(), 0);
            assert_eq!(both_tables(db).await, before);
        }
    })
    .await;
}

#[tokio::test]
async fn only_what_is_new_for_a_product_is_asked_for_again() {
    with_migrated(|databases| async move {
        let db = databases.router.code2asin();
        let check = async |before: &str, given: &[Link<'_>], asked: u64, after: &[&str]| {
            set_status(db, before).await;
            assert_eq!(add_pending(db, &TICKET, given, 11).await.unwrap(), asked);
            assert_eq!(jobs(db).await, after);
        };
        add_pending(db, &TICKET, &[link(1, PEN)], 10).await.unwrap();
        check("found", &[link(2, PEN)], 0, &["04006381333931 found 10"]).await;
        check("running", &[link(3, PEN)], 0, &["04006381333931 running 10"]).await;
        check("not_found", &[link(4, PEN)], 1, &["04006381333931 pending 11"]).await;
        check("failed", &[link(1, INK)], 1, &["00036000291452 pending 11", "04006381333931 failed 11"]).await;
        check("found", &[link(1, PEN), link(1, INK)], 0, &["00036000291452 found 11", "04006381333931 found 11"]).await;
        let links = dump(db, "(select product_id, gtin from code2asin_suppliers)").await;
        assert_eq!(links, format!("(1,{INK})\n(2,{PEN})\n(3,{PEN})\n(4,{PEN})"));
    })
    .await;
}

#[tokio::test]
async fn callers_with_the_same_links_in_other_orders_do_not_stop_each_other() {
    with_migrated(|databases| async move {
        let db = databases.router.code2asin();
        let gtins: Vec<String> = (0..5_000).map(|n| format!("{n:014}")).collect();
        let forward: Vec<Link> = (1..).zip(&gtins).map(|(product_id, gtin)| link(product_id, gtin)).collect();
        let backward: Vec<Link> = forward.iter().rev().copied().collect();
        let orders = [&forward, &backward, &forward, &backward];
        let asked = futures::future::join_all(orders.map(|links| add_pending(db, &TICKET, links, 10))).await;
        assert_eq!(asked.into_iter().map(|asked| asked.unwrap()).sum::<u64>(), 5_000);
    })
    .await;
}

#[tokio::test]
async fn a_relay_that_was_given_up_writes_nothing() {
    with_migrated(|databases| async move {
        let db = databases.router.code2asin();
        add_pending(db, &TICKET, &[link(1, PEN)], 10).await.unwrap();
        let before = both_tables(db).await;
        let former = Ticket { token: 1, ..TICKET };
        let refused = add_pending(db, &former, &[link(1, INK)], 10).await.unwrap_err();
        assert!(matches!(refused, RouterError::Superseded { token: 1, .. }), "{refused}");
        assert_eq!(both_tables(db).await, before);
    })
    .await;
}
