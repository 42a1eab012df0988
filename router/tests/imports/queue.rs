use chrono::{DateTime, TimeDelta, Utc};
use item::{ImportState, Mode};
use router::imports::jobs::{
    self, Attempt, Claim, Claimant, Dropped, Failure, Job, Retry, cancel, claim, complete, fail, heartbeat, hurry,
    newer_full, offer, put_back, rescue, retry, supersede,
};
use router::imports::workers::Worker;
use router::{Db, Imports};
use uuid::Uuid;

use crate::support::{dump, with_migrated};
use crate::{begin, job, make, queued, report, ten_rows, worker};

fn at(time: &str) -> DateTime<Utc> {
    time.parse().unwrap()
}

fn dropped(name: &str, arrived_at: &str) -> Dropped {
    Dropped {
        key: format!("inbox/acme/{name}"),
        file_name: name.to_owned(),
        etag: format!("etag of {name}"),
        bytes: 10,
        arrived_at: at(arrived_at),
    }
}

async fn offered(db: &Db<Imports>, supplier: (i64, &str), mode: Mode, drops: &[Dropped]) -> u64 {
    offer(db, supplier, mode, "imports-files", drops).await.unwrap()
}

async fn next(db: &Db<Imports>) -> Option<(Job, Attempt)> {
    claim(db, &worker("worker-1"), Claim::default()).await.unwrap()
}

/// The names of the files in the order in which they are claimed and completed.
async fn worked_off(db: &Db<Imports>) -> Vec<String> {
    let mut names = Vec::new();
    while let Some((job, attempt)) = next(db).await {
        complete(db, &attempt, &ten_rows(), &report()).await.unwrap();
        names.push(job.file_name);
    }
    names
}

#[tokio::test]
async fn a_drop_is_queued_once_and_taken_in_order_of_arrival() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let (late, early) = (dropped("a.csv", "2026-11-20T10:00:02Z"), dropped("b.csv", "2026-11-20T10:00:01Z"));
        assert_eq!(offered(db, (1, "acme"), Mode::Partial, &[late.clone(), early.clone()]).await, 2);
        assert_eq!(offered(db, (1, "acme"), Mode::Partial, &[early.clone(), late.clone()]).await, 0);
        assert_eq!(worked_off(db).await, ["b.csv", "a.csv"]);
        assert_eq!(
            offered(db, (1, "acme"), Mode::Partial, std::slice::from_ref(&early)).await,
            0,
            "nor when it has ended"
        );
        let replaced = Dropped { etag: "another".to_owned(), ..early.clone() };
        let dropped_again = Dropped { arrived_at: at("2026-11-21T10:00:00Z"), ..early };
        assert_eq!(offered(db, (1, "acme"), Mode::Partial, &[replaced, dropped_again]).await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_supplier_has_one_import_at_a_time_and_its_files_keep_their_order() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let (first, second) = (queued(db).await.id, queued(db).await.id);
        let other = make(db, |new| new.supplier_id = 2).await.id;
        let (_, attempt) = next(db).await.unwrap();
        assert_eq!(attempt.import_id, first);
        assert_eq!(next(db).await.unwrap().0.id, other);
        assert!(next(db).await.is_none(), "the second waits for the first");

        // A pause behind a fault is a pause of the supplier: a later file must not go before an earlier one.
        let fault = Failure { code: "storage".to_owned(), message: "away".to_owned() };
        put_back(db, &attempt, Some(&fault), 600.0).await.unwrap();
        let waiting = job(db, first).await;
        assert_eq!((waiting.state, waiting.failures, waiting.failure), (ImportState::Queued, 1, Some(fault)));
        assert!(next(db).await.is_none());
        hurry(db, 1).await.unwrap();
        let (_, attempt) = next(db).await.unwrap();
        assert_eq!((attempt.import_id, attempt.number), (first, 2));

        // Handed back without a fault it costs nothing.
        put_back(db, &attempt, None, 0.0).await.unwrap();
        let (waiting, attempt) = next(db).await.unwrap();
        assert_eq!((waiting.id, waiting.failures, waiting.failure), (first, 1, None));
        complete(db, &attempt, &ten_rows(), &report()).await.unwrap();
        assert_eq!(next(db).await.unwrap().0.id, second);
    })
    .await;
}

#[tokio::test]
async fn priorities_and_arrival_order_the_suppliers_and_small_files_pass_large_ones() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        for (supplier, priority, bytes) in
            [(3, jobs::Priority::Bulk, 10), (4, jobs::Priority::Default, 5_000), (5, jobs::Priority::Priority, 5_000)]
        {
            make(db, |new| {
                (new.supplier_id, new.priority, new.bytes_total) = (supplier, priority, Some(bytes));
            })
            .await;
        }
        let small = Claim { bytes_max: Some(100), ..Claim::default() };
        assert_eq!(claim(db, &worker("express"), small).await.unwrap().unwrap().0.supplier_id, 3);
        assert!(claim(db, &worker("express"), small).await.unwrap().is_none());
        assert_eq!(next(db).await.unwrap().0.supplier_id, 5);
        let only = Claim { supplier_id: Some(9), ..Claim::default() };
        assert!(claim(db, &worker("worker-1"), only).await.unwrap().is_none());
        assert_eq!(next(db).await.unwrap().0.supplier_id, 4);
    })
    .await;
}

#[tokio::test]
async fn of_ten_who_claim_at_once_each_gets_another_import() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        for supplier_id in 1..=4 {
            for _ in 0..3 {
                make(db, |new| new.supplier_id = supplier_id).await;
            }
        }
        // One look may come to nothing because another was quicker; looking again finds what is left.
        let claims = futures::future::join_all((0..10).map(|_| next(db))).await;
        let mut suppliers: Vec<i64> = claims.into_iter().flatten().map(|(job, _)| job.supplier_id).collect();
        while let Some((job, _)) = next(db).await {
            suppliers.push(job.supplier_id);
        }
        suppliers.sort_unstable();
        assert_eq!(suppliers, [1, 2, 3, 4]);
    })
    .await;
}

#[tokio::test]
async fn a_lost_import_is_taken_over_and_not_one_that_beats() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let alive = Worker::appear(db).await.unwrap();
        let living = Claimant { name: "alive".to_owned(), number: alive.number(), lease_seconds: 30 };
        queued(db).await;
        let (_, attempt) = claim(db, &living, Claim::default()).await.unwrap().unwrap();
        let rescued = async || rescue(db, &worker("worker-2"), Claim::default()).await.unwrap();
        let silent = "update import_jobs set heartbeat_at = now() - interval '3 seconds'";
        db.bulk().await.unwrap().batch_execute(silent).await.unwrap();
        assert!(rescued().await.is_none(), "silent, but there");
        heartbeat(db, &attempt, 30, 0, 0).await.unwrap();
        drop(alive);
        assert!(rescued().await.is_none(), "gone, but not for long");

        db.bulk().await.unwrap().batch_execute(silent).await.unwrap();
        let mut taken = rescued().await;
        while taken.is_none() {
            // The server sees a connection close a moment later.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            taken = rescued().await;
        }
        let (job, taken) = taken.unwrap();
        assert_eq!((taken.import_id, taken.number, job.failures), (attempt.import_id, 2, 1));
        assert!(taken.epoch > attempt.epoch);
        assert!(matches!(heartbeat(db, &attempt, 30, 0, 0).await, Err(router::RouterError::Fenced { .. })));
        // A lease that ran out is lost whoever had it.
        let lapsed = "update import_jobs set lease_expires_at = now() - interval '1 second', heartbeat_at = now()";
        db.bulk().await.unwrap().batch_execute(lapsed).await.unwrap();
        assert_eq!(rescued().await.unwrap().1.number, 3);
    })
    .await;
}

#[tokio::test]
async fn a_newer_full_file_makes_older_ones_pointless() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let drops = [dropped("monday.csv", "2026-11-16T10:00:00Z"), dropped("tuesday.csv", "2026-11-17T10:00:00Z")];
        offered(db, (1, "acme"), Mode::Full, &drops).await;
        offered(db, (1, "acme"), Mode::Partial, &[dropped("late.csv", "2026-11-18T10:00:00Z")]).await;
        let (monday, attempt) = next(db).await.unwrap();
        let newer = newer_full(db, &monday).await.unwrap().unwrap();
        assert_eq!(newer.file_name, "tuesday.csv");
        supersede(db, &attempt, newer.id).await.unwrap();
        let monday = job(db, monday.id).await;
        assert_eq!((monday.state, monday.superseded_by), (ImportState::Cancelled, Some(newer.id)));

        let (tuesday, attempt) = next(db).await.unwrap();
        assert_eq!(newer_full(db, &tuesday).await.unwrap(), None, "the newer one is partial");
        complete(db, &attempt, &ten_rows(), &report()).await.unwrap();
        offered(db, (1, "acme"), Mode::Full, &[dropped("found later.csv", "2026-11-16T12:00:00Z")]).await;
        let (found_later, _) = next(db).await.unwrap();
        let newer = newer_full(db, &found_later).await.unwrap().unwrap();
        assert_eq!((newer.id, newer.arrived_at - found_later.arrived_at), (tuesday.id, TimeDelta::hours(22)));
    })
    .await;
}

#[tokio::test]
async fn what_failed_for_a_mendable_cause_is_queued_again_behind_the_others() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let first = queued(db).await.id;
        let attempt = begin(db, first).await.unwrap();
        let fault = Failure { code: "unknown_supplier".to_owned(), message: "who is it".to_owned() };
        fail(db, &attempt, &fault, Retry::Manual).await.unwrap();
        let failed = job(db, first).await;
        assert_eq!((failed.retry, failed.failures), (Some(Retry::Manual), 1));
        let second = queued(db).await.id;
        retry(db, first).await.unwrap();
        let again = job(db, first).await;
        assert_eq!(
            (again.state, again.failures, again.failure, again.finished_at),
            (ImportState::Queued, 0, None, None)
        );
        assert_eq!(next(db).await.unwrap().0.id, second);

        cancel(db, first).await.unwrap();
        retry(db, first).await.unwrap();
        assert_eq!(job(db, first).await.state, ImportState::Queued);
        assert!(retry(db, second).await.is_err(), "it runs");
    })
    .await;
}

#[tokio::test]
async fn an_answer_counts_only_as_long_as_nothing_new_happens() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let unanswered = async || {
            let jobs = jobs::unanswered(db, None, 0.0, 10).await.unwrap();
            jobs.into_iter().map(|job| job.id).collect::<Vec<_>>()
        };
        let id = queued(db).await.id;
        assert_eq!(unanswered().await, [] as [Uuid; 0]);
        cancel(db, id).await.unwrap();
        let cancelled = job(db, id).await;
        assert_eq!(unanswered().await, [id]);
        assert_eq!(jobs::unanswered(db, Some(2), 0.0, 10).await.unwrap(), []);
        assert_eq!(jobs::unanswered(db, None, 60.0, 10).await.unwrap(), [], "too fresh");
        retry(db, id).await.unwrap();
        cancel(db, id).await.unwrap();
        jobs::answered(db, &cancelled).await.unwrap();
        assert_eq!(unanswered().await, [id], "the answer was to what it was before");
        jobs::answered(db, &job(db, id).await).await.unwrap();
        assert_eq!(unanswered().await, [] as [Uuid; 0]);
        let before = dump(db, "import_jobs").await;
        cancel(db, id).await.unwrap();
        assert_eq!(dump(db, "import_jobs").await, before);
    })
    .await;
}
