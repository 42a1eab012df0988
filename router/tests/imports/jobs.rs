use chrono::TimeDelta;
use item::{Counts, FileCode, ImportState, Mode, Problem, Reject, RejectCode};
use router::imports::errors;
use router::imports::files::{self, NewFile};
use router::imports::jobs::{
    self, Attempt, Failure, Guard, Job, JobFilter, NewJob, Priority, Retry, advance, approve, archived, attach_file,
    cancel, complete, fail, heartbeat, hold, note_correction, put_back, retry, set_mapping_version, supersede,
};
use router::{Db, Imports, Result, RouterError};
use serde_json::json;
use uuid::Uuid;

use crate::support::{dump, with_migrated};
use crate::{begin, begun, job, make, queued, report, ten_rows};

async fn publishing(db: &Db<Imports>) -> Attempt {
    let attempt = begun(db).await;
    advance(db, &attempt, &[ImportState::Staging], ImportState::Publishing).await.unwrap();
    attempt
}

#[tokio::test]
async fn a_job_made_twice_is_one_job() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let id = Uuid::now_v7();
        let settings = json!({"odd": "a\0b"});
        let first = make(db, |new| new.id = id).await;
        let second = make(db, |new| *new = NewJob { id, file_name: "other.csv", ..new.clone() }).await;
        assert_eq!(first, second);
        assert_eq!(
            (first.state, first.attempt, first.epoch, first.priority),
            (ImportState::Queued, 0, 0, Priority::Default)
        );
        assert_eq!((first.bytes_total, first.file_name.as_str()), (Some(1_000), "products.csv"));

        let odd = NewJob { file_name: "a\0b.csv", ..template(&settings) };
        let odd = jobs::create(db, &odd).await.unwrap();
        assert_eq!((odd.file_name.as_str(), &odd.settings["odd"]), ("a␀b.csv", &json!("a␀b")));
    })
    .await;
}

fn template(settings: &serde_json::Value) -> NewJob<'_> {
    NewJob {
        id: Uuid::now_v7(),
        supplier_id: 2,
        supplier_code: "other",
        mode: Mode::Partial,
        priority: Priority::Bulk,
        dry_run: false,
        file_id: None,
        bucket: "imports-files",
        key: "inbox/other/a.csv",
        file_name: "a.csv",
        bytes_total: None,
        settings,
        schedule_id: None,
        is_archived: false,
    }
}

#[tokio::test]
async fn an_attempt_takes_the_lease_in_the_databases_time() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let attempt = begun(db).await;
        assert_eq!((attempt.epoch, attempt.number), (1, 1));
        let Job { state, lease_owner, lease_expires_at, started_at, .. } = job(db, attempt.import_id).await;
        assert_eq!((state, lease_owner.as_deref()), (ImportState::Staging, Some("worker-1")));
        assert_eq!(lease_expires_at.unwrap() - started_at.unwrap(), TimeDelta::seconds(30));

        heartbeat(db, &attempt, 90, 0, 0).await.unwrap();
        let renewed = job(db, attempt.import_id).await.lease_expires_at.unwrap();
        assert!(renewed - lease_expires_at.unwrap() >= TimeDelta::seconds(60));
    })
    .await;
}

fn failure(code: &str) -> Failure {
    Failure { code: code.to_owned(), message: "begins with \0".to_owned() }
}

fn reject() -> Reject {
    let problem = Problem { code: RejectCode::RowUnreadable, column: None, message: "m".to_owned() };
    Reject { line: 2, problems: vec![problem], raw: vec!["a".to_owned()] }
}

/// Every write there is, by the given attempt.
async fn every_write(db: &Db<Imports>, by: &Attempt) -> Vec<Result<()>> {
    vec![
        heartbeat(db, by, 30, 1_000_000, 1_000_000).await,
        attach_file(db, by, 1, 1, "other.csv", ("b", "k")).await,
        archived(db, by).await,
        note_correction(db, by).await,
        set_mapping_version(db, by, 7).await,
        advance(db, by, ImportState::ALL, ImportState::Staged).await,
        hold(db, by, FileCode::TooManyRejects, "half of it", &ten_rows(), &report()).await,
        complete(db, by, &ten_rows(), &report()).await,
        fail(db, by, &failure("unknown_format"), Retry::Never).await,
        supersede(db, by, Uuid::now_v7()).await,
        put_back(db, by, None, 0.0).await,
        errors::clear(db, by).await,
        errors::insert(db, by, &[reject()]).await,
    ]
}

#[tokio::test]
async fn an_older_epoch_writes_nothing() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let old = begun(db).await;
        let new = begin(db, old.import_id).await.unwrap();
        assert_eq!((new.epoch, new.number), (2, 2));

        let before = dump(db, "import_jobs").await;
        for refused in every_write(db, &old).await {
            let refused = refused.unwrap_err();
            assert!(matches!(refused, RouterError::Fenced { epoch: 1, found: 2, .. }), "{refused}");
            assert!(!refused.transient());
        }
        assert_eq!(dump(db, "import_jobs").await, before);
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_import_fences_its_worker_off() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let attempt = begun(db).await;
        cancel(db, attempt.import_id).await.unwrap();
        let before = dump(db, "import_jobs").await;
        for refused in every_write(db, &attempt).await {
            assert!(matches!(refused.unwrap_err(), RouterError::Fenced { .. }));
        }
        cancel(db, attempt.import_id).await.unwrap();
        assert_eq!(dump(db, "import_jobs").await, before, "cancelling twice changes nothing");
        assert_eq!(begin(db, attempt.import_id).await, None);
    })
    .await;
}

#[tokio::test]
async fn what_may_be_published_is_not_cancelled_and_stays_publishing() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let attempt = publishing(db).await;
        let refused = cancel(db, attempt.import_id).await.unwrap_err();
        assert_eq!(refused.to_string(), format!("cannot cancel import {}: it is publishing", attempt.import_id));

        begin(db, attempt.import_id).await.unwrap();
        assert_eq!(job(db, attempt.import_id).await.state, ImportState::Publishing);
    })
    .await;
}

#[tokio::test]
async fn a_step_leads_only_from_where_it_begins() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let attempt = begun(db).await;
        let refused = advance(db, &attempt, &[ImportState::Staged], ImportState::Publishing).await.unwrap_err();
        assert_eq!(refused.to_string(), format!("cannot advance import {}: it is staging", attempt.import_id));
        for _ in 0..2 {
            advance(db, &attempt, &[ImportState::Staging], ImportState::Staged).await.unwrap();
        }
        assert_eq!(job(db, attempt.import_id).await.state, ImportState::Staged);
    })
    .await;
}

#[tokio::test]
async fn progress_only_moves_forward_over_all_attempts() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let first = begun(db).await;
        let check = async |attempt: &Attempt, told: (u64, u64), expected: (u64, u64)| {
            heartbeat(db, attempt, 30, told.0, told.1).await.unwrap();
            let Job { rows_read, bytes_read, .. } = job(db, attempt.import_id).await;
            assert_eq!((rows_read, bytes_read), expected);
        };
        check(&first, (100, 5_000), (100, 5_000)).await;
        check(&first, (90, 6_000), (100, 6_000)).await;
        let second = begin(db, first.import_id).await.unwrap();
        check(&second, (10, 500), (100, 6_000)).await;
        check(&second, (200, 9_000), (200, 9_000)).await;
    })
    .await;
}

#[tokio::test]
async fn completing_twice_is_completing_once() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let attempt = publishing(db).await;
        complete(db, &attempt, &ten_rows(), &report()).await.unwrap();
        let before = dump(db, "import_jobs").await;
        complete(db, &attempt, &ten_rows(), &report()).await.unwrap();
        heartbeat(db, &attempt, 30, 11, 11).await.unwrap();
        assert_eq!(dump(db, "import_jobs").await, before);

        let done = job(db, attempt.import_id).await;
        assert_eq!((done.state, done.counts, done.report), (ImportState::Completed, ten_rows(), Some(report())));
        assert!(done.finished_at.is_some() && done.lease_owner.is_none());
        let refused = fail(db, &attempt, &failure("late"), Retry::Never).await.unwrap_err();
        assert!(matches!(refused, RouterError::WrongState { state: ImportState::Completed, .. }), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn an_import_that_does_not_balance_is_not_completed() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let attempt = publishing(db).await;
        let lost_one = Counts { read: 11, ..ten_rows() };
        let refused = complete(db, &attempt, &lost_one, &report()).await.unwrap_err();
        assert_eq!(refused.sqlstate().as_deref(), Some("23514"), "check violation");
        assert_eq!(job(db, attempt.import_id).await.state, ImportState::Publishing);
    })
    .await;
}

#[tokio::test]
async fn a_held_import_waits_for_a_person() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let attempt = begun(db).await;
        let id = attempt.import_id;
        for _ in 0..2 {
            hold(db, &attempt, FileCode::TooManyRemovals, "50 of 100", &ten_rows(), &report()).await.unwrap();
        }
        let held = job(db, id).await;
        let guard = Guard { code: FileCode::TooManyRemovals, detail: "50 of 100".to_owned() };
        assert_eq!((held.state, held.guard, held.counts), (ImportState::Held, Some(guard), ten_rows()));
        assert_eq!((held.lease_owner, held.finished_at), (None, None));
        assert_eq!(begin(db, id).await, None);

        approve(db, id).await.unwrap();
        approve(db, id).await.unwrap();
        let approved = job(db, id).await;
        assert_eq!((approved.state, approved.approved), (ImportState::Queued, true));
        assert!(matches!(archived(db, &attempt).await, Err(RouterError::Fenced { .. })));
        begin(db, id).await.unwrap();

        let fresh = queued(db).await.id;
        let refused = approve(db, fresh).await.unwrap_err();
        assert!(
            matches!(refused, RouterError::WrongState { what: "approve", state: ImportState::Queued, .. }),
            "{refused}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_failed_import_says_why() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let attempt = begun(db).await;
        for _ in 0..2 {
            fail(db, &attempt, &failure("unknown_format"), Retry::Never).await.unwrap();
        }
        let failed = job(db, attempt.import_id).await;
        let failure = Failure { code: "unknown_format".to_owned(), message: "begins with ␀".to_owned() };
        assert_eq!((failed.state, failed.failure), (ImportState::Failed, Some(failure)));
        assert!(failed.finished_at.is_some());
        assert!(matches!(retry(db, failed.id).await, Err(RouterError::WrongState { what: "retry", .. })));
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_ends_staged() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let id = make(db, |new| new.dry_run = true).await.id;
        let attempt = begin(db, id).await.unwrap();
        for _ in 0..2 {
            complete(db, &attempt, &ten_rows(), &report()).await.unwrap();
        }
        let done = job(db, id).await;
        assert_eq!((done.state, done.finished_at.is_some()), (ImportState::Staged, true));
        assert_eq!(begin(db, id).await, None);
    })
    .await;
}

#[tokio::test]
async fn the_same_bytes_find_their_unfinished_import() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let sha256 = [7; 32];
        let new = NewFile { supplier_id: 1, sha256, size_bytes: 9, file_name: "a.csv", archive_key: None };
        let file_id = files::record(db, &new).await.unwrap();
        let by_file = make(db, |new| new.file_id = Some(file_id)).await.id;
        let found = async |supplier_id, sha256: [u8; 32], mode, dry_run| {
            jobs::unfinished(db, supplier_id, &sha256, mode, dry_run).await.unwrap().map(|job| job.id)
        };
        assert_eq!(found(1, sha256, Mode::Full, false).await, Some(by_file));
        assert_eq!(found(1, sha256, Mode::Full, true).await, None);
        assert_eq!(found(1, sha256, Mode::Partial, false).await, None);
        assert_eq!(found(1, [8; 32], Mode::Full, false).await, None);
        assert_eq!(found(2, sha256, Mode::Full, false).await, None);

        let attempt = begin(db, by_file).await.unwrap();
        assert_eq!(found(1, sha256, Mode::Full, false).await, Some(by_file), "begun is not finished");
        complete(db, &attempt, &ten_rows(), &report()).await.unwrap();
        assert_eq!(found(1, sha256, Mode::Full, false).await, None);

        let later = begun(db).await;
        attach_file(db, &later, file_id, 9, "b.csv", ("b", "k")).await.unwrap();
        set_mapping_version(db, &later, 3).await.unwrap();
        assert_eq!(found(1, sha256, Mode::Full, false).await, Some(later.import_id));
        assert_eq!(job(db, later.import_id).await.mapping_version, Some(3));

        // Whoever asks has not looked into the file, and does not know that it is a correction.
        note_correction(db, &later).await.unwrap();
        assert_eq!(job(db, later.import_id).await.mode, Mode::Partial);
        assert_eq!(found(1, sha256, Mode::Full, false).await, Some(later.import_id));
        assert_eq!(found(1, sha256, Mode::Partial, false).await, Some(later.import_id));
        assert_eq!(found(1, sha256, Mode::Full, true).await, None);
    })
    .await;
}

#[tokio::test]
async fn imports_are_listed_newest_first_by_supplier_and_state() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let first = queued(db).await.id;
        let second = begun(db).await.import_id;
        let other = jobs::create(db, &template(&json!({}))).await.unwrap().id;
        let check = async |supplier_id, states: &[ImportState], limit, expected: &[Uuid]| {
            let filter = JobFilter { supplier_id, states: states.to_vec() };
            let listed: Vec<Uuid> = jobs::list(db, &filter, limit).await.unwrap().iter().map(|job| job.id).collect();
            assert_eq!(listed, expected);
        };
        check(None, &[], 10, &[other, second, first]).await;
        check(None, &[], 2, &[other, second]).await;
        check(Some(1), &[], 10, &[second, first]).await;
        check(None, &[ImportState::Queued], 10, &[other, first]).await;
        check(Some(1), &[ImportState::Staging, ImportState::Failed], 10, &[second]).await;
    })
    .await;
}

#[tokio::test]
async fn an_import_that_is_not_there_is_named() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let nobody = Attempt { import_id: Uuid::now_v7(), supplier_id: 1, epoch: 1, number: 1 };
        let mut refusals = every_write(db, &nobody).await;
        refusals.push(retry(db, nobody.import_id).await);
        refusals.push(cancel(db, nobody.import_id).await);
        refusals.push(approve(db, nobody.import_id).await);
        for refused in refusals {
            assert!(matches!(refused.unwrap_err(), RouterError::Missing { what: "import", .. }));
        }
        assert_eq!(jobs::find(db, nobody.import_id).await.unwrap(), None);
    })
    .await;
}
