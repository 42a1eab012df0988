use item::FileCode;
use router::imports::{jobs, statistics};
use router::{Db, Imports};
use uuid::Uuid;

use crate::support::{dump, with_migrated};
use crate::{begin, begun, make, report, ten_rows};

async fn completed(db: &Db<Imports>) -> Uuid {
    let attempt = begun(db).await;
    jobs::complete(db, &attempt, &ten_rows(), &report()).await.unwrap();
    attempt.import_id
}

/// Imports, completed, failed, rows read, rows created, products deactivated of supplier 1's only day.
async fn figures(db: &Db<Imports>) -> [i64; 6] {
    let sql = "select imports, completed, failed, rows_read, rows_created, products_deactivated from import_statistics where supplier_id = 1";
    let row = db.bulk().await.unwrap().query_one(sql, &[]).await.unwrap();
    std::array::from_fn(|column| row.get(column))
}

#[tokio::test]
async fn counting_an_import_twice_changes_nothing() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let first = completed(db).await;
        let second = completed(db).await;
        statistics::record(db, first).await.unwrap();
        statistics::record(db, second).await.unwrap();
        assert_eq!(figures(db).await, [2, 2, 0, 20, 8, 6]);
        let before = dump(db, "import_statistics").await;
        statistics::record(db, first).await.unwrap();
        futures::future::try_join_all((0..4).map(|_| statistics::record(db, second))).await.unwrap();
        assert_eq!(dump(db, "import_statistics").await, before);
    })
    .await;
}

#[tokio::test]
async fn only_what_was_published_counts_as_rows() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let unfinished = begun(db).await;
        statistics::record(db, unfinished.import_id).await.unwrap();
        assert_eq!(dump(db, "import_statistics").await, "");

        let failure = jobs::Failure { code: "unknown_format".to_owned(), message: "not a format we read".to_owned() };
        jobs::fail(db, &unfinished, &failure, jobs::Retry::Never).await.unwrap();
        statistics::record(db, unfinished.import_id).await.unwrap();
        assert_eq!(figures(db).await, [1, 0, 1, 0, 0, 0]);

        let discarded = begun(db).await;
        jobs::hold(db, &discarded, FileCode::TooManyRejects, "half of it", &ten_rows(), &report()).await.unwrap();
        jobs::cancel(db, discarded.import_id).await.unwrap();
        statistics::record(db, discarded.import_id).await.unwrap();
        assert_eq!(figures(db).await, [2, 0, 1, 0, 0, 0]);

        let dry = make(db, |new| new.dry_run = true).await.id;
        let attempt = begin(db, dry).await.unwrap();
        jobs::complete(db, &attempt, &ten_rows(), &report()).await.unwrap();
        statistics::record(db, dry).await.unwrap();
        assert_eq!(figures(db).await, [2, 0, 1, 0, 0, 0]);

        let yesterday = completed(db).await;
        let bulk = db.bulk().await.unwrap();
        let move_back = "update import_jobs set finished_at = finished_at - interval '24 hours', started_at = started_at - interval '24 hours' where id = $1";
        bulk.execute(move_back, &[&yesterday]).await.unwrap();
        statistics::record(db, completed(db).await).await.unwrap();
        assert_eq!(figures(db).await, [3, 1, 1, 10, 4, 3]);
    })
    .await;
}
