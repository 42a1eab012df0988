//! Database imports: jobs and their fences, files, rejects, mappings, logs, statistics.

#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod errors;
mod files;
mod jobs;
mod logs;
mod mappings;
mod queue;
mod schedules;
mod statistics;

use item::{Counts, Mode};
use router::imports::jobs::{Attempt, Claim, Claimant, Job, NewJob, Priority, claim, create, find, rescue};
use router::{Db, Imports};
use serde_json::{Value, json};
use uuid::Uuid;

/// A queued full import of supplier 1.
async fn queued(db: &Db<Imports>) -> Job {
    make(db, |_| ()).await
}

/// An import of supplier 1, changed before it is made.
async fn make(db: &Db<Imports>, change: impl FnOnce(&mut NewJob)) -> Job {
    let settings = json!({});
    let mut new = NewJob {
        id: Uuid::now_v7(),
        supplier_id: 1,
        supplier_code: "acme",
        mode: Mode::Full,
        priority: Priority::Default,
        dry_run: false,
        file_id: None,
        bucket: "imports-files",
        key: "inbox/acme/products.csv",
        file_name: "products.csv",
        bytes_total: Some(1_000),
        settings: &settings,
        schedule_id: None,
        is_archived: false,
    };
    change(&mut new);
    create(db, &new).await.unwrap()
}

/// A queued import with its first attempt.
async fn begun(db: &Db<Imports>) -> Attempt {
    begin(db, queued(db).await.id).await.unwrap()
}

/// A first attempt at an import of supplier 2.
async fn other_supplier(db: &Db<Imports>) -> Attempt {
    begin(db, make(db, |new| new.supplier_id = 2).await.id).await.unwrap()
}

/// A worker that never was: its number is nobody's.
fn worker(name: &str) -> Claimant {
    Claimant { name: name.to_owned(), number: -1, lease_seconds: 30 }
}

/// The next attempt at an import, which is made the one whose turn it is, and whose worker is made to have lost it.
async fn begin(db: &Db<Imports>, id: Uuid) -> Option<Attempt> {
    let bulk = db.bulk().await.unwrap();
    bulk.execute("update import_jobs set arrived_at = 'epoch' where id = $1", &[&id]).await.unwrap();
    let lapse = "update import_jobs set lease_expires_at = now() - interval '1 second' where id = $1 and lease_owner is not null";
    let taken = match bulk.execute(lapse, &[&id]).await.unwrap() {
        0 => claim(db, &worker("worker-1"), Claim::default()).await.unwrap(),
        _ => rescue(db, &worker("worker-2"), Claim::default()).await.unwrap(),
    };
    taken.map(|(_, attempt)| attempt).filter(|attempt| attempt.import_id == id)
}

async fn job(db: &Db<Imports>, id: Uuid) -> Job {
    find(db, id).await.unwrap().unwrap()
}

/// Ten rows that balance.
fn ten_rows() -> Counts {
    Counts { read: 10, created: 4, updated: 1, unchanged: 2, rejected: 2, duplicate: 1, held: 0, deactivated: 3 }
}

fn report() -> Value {
    json!({"seconds": 1.5})
}
