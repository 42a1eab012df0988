//! Database imports: jobs and their fences, files, rejects, mappings, logs, statistics.

#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod errors;
mod files;
mod jobs;
mod logs;
mod mappings;
mod schedules;
mod statistics;

use item::{Counts, Mode};
use router::imports::jobs::{Attempt, Job, NewJob, Priority, begin_attempt, create, find};
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
    };
    change(&mut new);
    create(db, &new).await.unwrap()
}

/// A queued import with its first attempt.
async fn begun(db: &Db<Imports>) -> Attempt {
    begin_attempt(db, queued(db).await.id, "worker-1", 30).await.unwrap()
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
