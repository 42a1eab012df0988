//! A worker that was given up for dead writes nothing more to a supplier's catalogue.

use std::time::Duration;

use item::Field;
use router::catalog::{fence, publish, staging};
use router::imports::workers::{Worker, turn};
use router::{Fence, RouterError};

use crate::eventually;
use crate::support::items::{Import, fence as shown};
use crate::support::{connect, with_migrated};

#[tokio::test]
async fn a_raised_fence_refuses_lower_epochs_of_its_supplier_alone() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let item = [(Field::Sku, "1"), (Field::Title, "x")];
        let staged = Import::of(7).create(&[&item]).stage(db).await.unwrap();
        let old = shown(&staged);
        let new = Fence { epoch: old.epoch + 1, ..old };
        let mut bulk = db.bulk().await.unwrap();
        for _ in 0..2 {
            assert_eq!(fence::raise(&bulk, &new).await.unwrap(), 0);
        }
        let refusals = [
            publish(&mut bulk, &staged).await.map(drop).unwrap_err(),
            staging::drop(&mut bulk, &old).await.unwrap_err(),
            staging::Writer::open(db, &old).await.map(drop).unwrap_err(),
        ];
        for refused in refusals {
            assert!(matches!(refused, RouterError::Fenced { epoch: 1, found: 2, .. }), "{refused}");
        }
        assert_eq!(staging::count(&bulk, staged.import_id).await.unwrap(), 1);
        staging::drop(&mut bulk, &new).await.unwrap();
        fence::raise(&bulk, &old).await.unwrap();
        assert!(staging::Writer::open(db, &old).await.is_err(), "a fence is never lowered");
        staging::Writer::open(db, &Fence { supplier_id: 8, ..old }).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn raising_a_fence_ends_whoever_had_passed() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let old = Fence { import_id: uuid::Uuid::now_v7(), supplier_id: 7, epoch: 1 };
        let mut stopped = staging::Writer::open(db, &old).await.unwrap();
        let bulk = db.bulk().await.unwrap();
        assert_eq!(fence::raise(&bulk, &Fence { epoch: 2, ..old }).await.unwrap(), 1);
        let mut encoder = staging::RowEncoder::default();
        encoder.push_deactivated(1);
        // The driver may take what it cannot send any more; the end is refused.
        let sent = stopped.send(encoder.take()).await;
        assert!(sent.is_err() || stopped.finish().await.is_err());
        assert!(staging::list(db).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_worker_is_there_as_long_as_its_session() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let mut first = Worker::appear(db).await.unwrap();
        let second = Worker::appear(db).await.unwrap();
        assert_ne!(first.number(), second.number());
        let number = first.number();
        let mut observer = connect(Some(databases.imports_name())).await;
        let held = format!(
            "pid in (select pid from pg_locks where locktype = 'advisory' and classid = 1095914036 and objid = {number})"
        );
        eventually(&mut observer, &held, 1).await;
        let ended = format!("select pg_terminate_backend(pid) from pg_stat_activity where {held}");
        sqlx::query(sqlx::AssertSqlSafe(ended)).execute(&mut observer).await.unwrap();
        eventually(&mut observer, &held, 0).await;
        while first.is_present() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        first.reappear(db).await.unwrap();
        assert_eq!(first.number(), number);
        eventually(&mut observer, &held, 1).await;

        // Its ear is open again.
        let bell = first.bell();
        db.bulk().await.unwrap().batch_execute("notify import_jobs").await.unwrap();
        tokio::time::timeout(Duration::from_secs(5), bell.notified()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn of_many_one_has_the_turn() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let turns = async |seconds: f64| {
            let asked = futures::future::join_all((0..8).map(|_| turn(db, "listing", seconds))).await;
            asked.into_iter().filter(|mine| *mine.as_ref().unwrap()).count()
        };
        assert_eq!(turns(60.0).await, 1);
        assert_eq!(turns(60.0).await, 0);
        db.bulk().await.unwrap().batch_execute("update worker_turns set next_at = now()").await.unwrap();
        assert_eq!(turns(60.0).await, 1);
        assert!(turn(db, "purge", 60.0).await.unwrap());
    })
    .await;
}
