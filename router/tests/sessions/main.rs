//! Sessions: who gets one, in what state, and what happens to it when its user goes away.

#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod cancelled;
mod fences;
mod limits;

use std::time::Duration;

use sqlx::PgConnection;

/// Waits until the server counts `expected` sessions of this database for which a condition holds.
async fn eventually(session: &mut PgConnection, condition: &str, expected: i64) {
    let sql = format!("select count(*) from pg_stat_activity where datname = current_database() and {condition}");
    let mut counted = -1;
    for _ in 0..100 {
        counted = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.clone())).fetch_one(&mut *session).await.unwrap();
        if counted == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{counted} sessions instead of {expected} are {condition}");
}
