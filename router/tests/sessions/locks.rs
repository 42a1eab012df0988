//! One import per supplier at a time.

use std::time::Duration;

use router::catalog::SupplierLock;

use crate::eventually;
use crate::support::{connect, with_empty};

#[tokio::test]
async fn a_supplier_is_held_by_one_import_until_it_lets_go() {
    with_empty(|databases| async move {
        let db = databases.router.catalog();
        let held = SupplierLock::acquire(db, 7).await.unwrap();
        assert!(held.is_alive().await);
        assert_eq!(held.supplier_id(), 7);
        assert!(SupplierLock::try_acquire(db, 7).await.unwrap().is_none());
        assert!(SupplierLock::try_acquire(db, 8).await.unwrap().is_some(), "another supplier is free");

        let waiter = tokio::spawn({
            let db = db.clone();
            async move { SupplierLock::acquire(&db, 7).await }
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!waiter.is_finished());
        held.release().await.unwrap();
        let second = waiter.await.unwrap().unwrap();

        // Dropping is letting go, a moment later.
        drop(second);
        let third = SupplierLock::acquire(db, 7).await.unwrap();
        drop(third);
        let mut observer = connect(Some(databases.catalog_name())).await;
        eventually(&mut observer, "application_name = 'arrivage/catalog/lock'", 0).await;
    })
    .await;
}

#[tokio::test]
async fn a_lock_whose_connection_died_knows_it() {
    with_empty(|databases| async move {
        let db = databases.router.catalog();
        let held = SupplierLock::acquire(db, 7).await.unwrap();
        let mut observer = connect(Some(databases.catalog_name())).await;
        let ended = "select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and application_name = 'arrivage/catalog/lock'";
        sqlx::query(ended).execute(&mut observer).await.unwrap();
        eventually(&mut observer, "application_name = 'arrivage/catalog/lock'", 0).await;
        assert!(!held.is_alive().await);
        assert!(SupplierLock::try_acquire(db, 7).await.unwrap().is_some());
    })
    .await;
}
