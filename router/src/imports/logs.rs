//! Table import_logs: what the pipeline said about an import.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::jobs::Attempt;
use super::value::{storable, storable_json};
use crate::error::During;
use crate::{Access, Imports, Result, Statements};

/// The statements below.
pub const STATEMENTS: Statements = &[("logs::add", ADD), ("logs::list", LIST)];

/// Who was fenced off has nothing to say any more.
const ADD: &str = "
    insert into import_logs (job_id, log_level, message, fields)
    select id, $3, $4, $5 from import_jobs where id = $1 and epoch = $2";

const LIST: &str = "
    select id, created_at, log_level, message, fields from import_logs
    where job_id = $1 and log_level = any($2)
    order by created_at desc, id desc limit $3";

/// How much a log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// For who looks for a fault.
    Debug,
    /// What happened.
    Info,
    /// What somebody should look at.
    Warn,
    /// What stopped the import.
    Error,
}

impl LogLevel {
    /// From the least to the most important.
    pub const ALL: [LogLevel; 4] = [Self::Debug, Self::Info, Self::Warn, Self::Error];

    /// The word in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One thing said.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Log {
    /// Orders logs of the same instant.
    pub id: i64,
    /// When.
    pub created_at: DateTime<Utc>,
    /// How much it matters.
    pub level: LogLevel,
    /// The sentence.
    pub message: String,
    /// Its figures and names, as a JSON object; never row contents, never secrets.
    pub fields: Value,
}

/// Adds a log to an import, unless another attempt has begun. It is never lost: a month without a partition of its own
/// falls into the default one.
///
/// # Errors
/// Those of the session and the statement.
pub async fn add(
    on: impl Access<Imports>,
    attempt: &Attempt,
    level: LogLevel,
    message: &str,
    fields: &Value,
) -> Result<()> {
    let mut session = on.session().await?;
    sqlx::query(ADD)
        .bind(attempt.import_id)
        .bind(attempt.epoch)
        .bind(level.as_str())
        .bind(storable(message))
        .bind(storable_json(fields))
        .execute(&mut *session)
        .await
        .during("add a log")
        .map(|_| ())
}

/// The newest logs of an import that matter at least as much as `least`, at most `limit`.
///
/// # Errors
/// Those of the session and the statement.
pub async fn list(on: impl Access<Imports>, job_id: Uuid, least: LogLevel, limit: u32) -> Result<Vec<Log>> {
    let mut session = on.session().await?;
    let levels: Vec<&str> = LogLevel::ALL.into_iter().filter(|level| *level >= least).map(LogLevel::as_str).collect();
    sqlx::query_as(LIST)
        .bind(job_id)
        .bind(levels)
        .bind(i64::from(limit))
        .fetch_all(&mut *session)
        .await
        .during("list logs")
}

impl FromRow<'_, PgRow> for Log {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let level: &str = row.try_get("log_level")?;
        Ok(Log {
            id: row.try_get("id")?,
            created_at: row.try_get("created_at")?,
            // The schema knows only these four.
            level: LogLevel::ALL.into_iter().find(|known| known.as_str() == level).unwrap_or(LogLevel::Error),
            message: row.try_get("message")?,
            fields: row.try_get("fields")?,
        })
    }
}
