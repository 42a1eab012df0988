use chrono::{DateTime, TimeDelta, Utc};
use item::Mode;
use router::imports::schedules::{self, MissedRuns, NewSchedule, Outcome, Schedule, When};
use router::{Db, Imports, RouterError};
use serde_json::json;
use uuid::Uuid;

use crate::support::with_migrated;
use crate::{begin, queued, report, ten_rows};

/// A schedule of supplier 1 that runs every 15 minutes.
async fn scheduled(db: &Db<Imports>, name: &str, next_run_at: DateTime<Utc>) -> Schedule {
    let new = NewSchedule {
        supplier_id: 1,
        supplier_code: "acme",
        name,
        when: &When::EverySeconds(900),
        time_zone: "UTC",
        mode: Mode::Full,
        source: &json!({"kind": "folder", "path": "/srv/a.csv"}),
        secret: Some(b"sealed"),
        missed_runs: MissedRuns::Skip,
        next_run_at,
    };
    schedules::create(db, &new).await.unwrap()
}

fn names(claimed: &[schedules::Claimed]) -> Vec<&str> {
    claimed.iter().map(|claimed| claimed.schedule.name.as_str()).collect()
}

async fn soon(db: &Db<Imports>, seconds: i64) -> DateTime<Utc> {
    schedules::now(db).await.unwrap() + TimeDelta::seconds(seconds)
}

#[tokio::test]
async fn a_schedule_is_found_as_it_was_made_and_its_secret_apart() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let made = scheduled(db, "daily", soon(db, 60).await).await;
        assert_eq!(schedules::find(db, made.id).await.unwrap().as_ref(), Some(&made));
        assert_eq!(schedules::find_named(db, 1, "daily").await.unwrap(), made);
        assert_eq!(schedules::list(db, None).await.unwrap(), std::slice::from_ref(&made));
        assert_eq!(schedules::list(db, Some(2)).await.unwrap(), []);
        assert_eq!((made.has_secret, made.missed_runs, &made.when), (true, MissedRuns::Skip, &When::EverySeconds(900)));
        assert!(!format!("{made:?}").contains("sealed"));
        assert_eq!(schedules::secret(db, made.id).await.unwrap().as_deref(), Some(&b"sealed"[..]));
        schedules::remove(db, made.id).await.unwrap();
        assert!(matches!(schedules::remove(db, made.id).await, Err(RouterError::Missing { .. })));
        assert!(matches!(schedules::find_named(db, 1, "daily").await, Err(RouterError::Missing { .. })));
    })
    .await;
}

#[tokio::test]
async fn what_one_has_claimed_no_other_gets() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        for (name, seconds) in [("b", -20), ("a", -30), ("later", 60), ("paused", -60)] {
            let made = scheduled(db, name, soon(db, seconds).await).await;
            if name == "paused" {
                schedules::pause(db, made.id).await.unwrap();
            }
        }
        let (mut one, mut other) = (db.begin().await.unwrap(), db.begin().await.unwrap());
        let first = schedules::claim_due(&mut one, 1).await.unwrap();
        assert_eq!(names(&first), ["a"], "the longest overdue first");
        assert_eq!(names(&schedules::claim_due(&mut other, 10).await.unwrap()), ["b"]);
        other.rollback().await.unwrap();
        let next = Some(first[0].now + TimeDelta::seconds(900));
        let import = queued(db).await.id;
        schedules::fired(&mut one, first[0].schedule.id, import, next).await.unwrap();
        one.commit().await.unwrap();
        let mut again = db.begin().await.unwrap();
        assert_eq!(names(&schedules::claim_due(&mut again, 10).await.unwrap()), ["b"], "given up, it is due again");
    })
    .await;
}

#[tokio::test]
async fn only_the_last_import_tells_how_a_schedule_fares() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let made = scheduled(db, "daily", soon(db, -1).await).await;
        let (former, last) = (Uuid::now_v7(), queued(db).await.id);
        let mut tx = db.begin().await.unwrap();
        schedules::fired(&mut tx, made.id, last, None).await.unwrap();
        tx.commit().await.unwrap();
        let found = async || schedules::find(db, made.id).await.unwrap().unwrap();

        schedules::note(db, made.id, former, Outcome::Failed, Some("late")).await.unwrap();
        schedules::keep_validators(db, made.id, former, Some(&json!({"etag": "old"}))).await.unwrap();
        assert_eq!((found().await.last_outcome, found().await.validators), (Some(Outcome::Fired), None));

        schedules::note(db, made.id, last, Outcome::Fetched, Some("prices.csv\0")).await.unwrap();
        schedules::keep_validators(db, made.id, last, Some(&json!({"etag": "new"}))).await.unwrap();
        assert_eq!(found().await.last_outcome, Some(Outcome::Fetched));
        assert_eq!(found().await.validators, Some(json!({"etag": "new"})));
    })
    .await;
}

#[tokio::test]
async fn an_import_is_under_way_until_it_has_ended_or_waits_for_a_person() {
    with_migrated(|databases| async move {
        use router::imports::jobs;
        let db = databases.router.imports();
        let under_way = async |id: Uuid| schedules::under_way(db, id).await.unwrap();
        let job = queued(db).await;
        assert!(under_way(job.id).await);
        let attempt = begin(db, job.id).await.unwrap();
        assert!(under_way(job.id).await);
        jobs::hold(db, &attempt, item::FileCode::TooManyRejects, "half of it", &ten_rows(), &report()).await.unwrap();
        assert!(!under_way(job.id).await);
        jobs::approve(db, job.id).await.unwrap();
        assert!(under_way(job.id).await);
        jobs::cancel(db, job.id).await.unwrap();
        assert!(!under_way(job.id).await);
        assert!(!under_way(Uuid::now_v7()).await);
    })
    .await;
}
