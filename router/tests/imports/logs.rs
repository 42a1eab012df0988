use router::imports::jobs::Attempt;
use router::imports::logs::{self, LogLevel};
use router::imports::partitions::make_ahead;
use serde_json::json;
use uuid::Uuid;

use crate::support::{dump, with_migrated};
use crate::{begun, other_supplier};

#[tokio::test]
async fn logs_are_listed_newest_first_by_weight() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let by = begun(db).await;
        let job = by.import_id;
        logs::add(db, &by, LogLevel::Debug, "looked at\0it", &json!({})).await.unwrap();
        logs::add(db, &by, LogLevel::Warn, "slow", &json!({"seconds": 3})).await.unwrap();
        logs::add(db, &by, LogLevel::Info, "staged", &json!({})).await.unwrap();
        let fenced = Attempt { epoch: by.epoch - 1, ..by };
        logs::add(db, &fenced, LogLevel::Info, "of an attempt that is over", &json!({})).await.unwrap();
        logs::add(db, &other_supplier(db).await, LogLevel::Error, "of another import", &json!({})).await.unwrap();
        let check = async |least, limit, expected: &[&str]| {
            let listed = logs::list(db, job, least, limit).await.unwrap();
            assert_eq!(listed.iter().map(|log| log.message.as_str()).collect::<Vec<_>>(), expected);
        };
        check(LogLevel::Debug, 10, &["staged", "slow", "looked at␀it"]).await;
        check(LogLevel::Info, 10, &["staged", "slow"]).await;
        check(LogLevel::Info, 1, &["staged"]).await;
        check(LogLevel::Error, 10, &[]).await;
        let slow = &logs::list(db, job, LogLevel::Warn, 1).await.unwrap()[0];
        assert_eq!((slow.level, &slow.fields["seconds"]), (LogLevel::Warn, &json!(3)));
        assert_eq!(dump(db, "import_logs_default").await, "", "this month has its partition");
    })
    .await;
}

#[tokio::test]
async fn partitions_are_made_ahead_once() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        assert_eq!(make_ahead(db, 3).await.unwrap(), 0, "the migration has made them");
        let made = futures::future::join_all((0..4).map(|_| make_ahead(db, 14))).await;
        let made: u32 = made.into_iter().map(|made| made.unwrap()).sum();
        assert_eq!(made, 11);
    })
    .await;
}

#[tokio::test]
async fn a_log_beyond_every_partition_is_kept_and_moves_when_its_month_comes() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let bulk = db.bulk().await.unwrap();
        let job = Uuid::now_v7();
        let insert = "insert into import_logs (job_id, created_at, log_level, message) values ($1, now() + interval '6 months', 'info', 'early')";
        bulk.execute(insert, &[&job]).await.unwrap();
        let before = dump(db, "import_logs").await;
        assert_eq!(dump(db, "import_logs_default").await, before);
        make_ahead(db, 12).await.unwrap();
        assert_eq!(dump(db, "import_logs_default").await, "");
        assert_eq!(dump(db, "import_logs").await, before);
        assert_eq!(logs::list(db, job, LogLevel::Info, 1).await.unwrap()[0].message, "early");
    })
    .await;
}
