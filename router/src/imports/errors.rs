//! Table import_errors: the rejects of an import, one row per problem.

use std::collections::BTreeMap;

use item::{Problem, Reject, RejectCode, UnknownWord};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::jobs::{self, Attempt};
use super::value::{array_literal, bigint, count, storable, undecodable, word};
use crate::error::During;
use crate::{Access, Imports, Result, Statements};

/// The statements below.
pub const STATEMENTS: Statements = &[
    ("errors::clear", CLEAR),
    ("errors::insert", INSERT),
    ("errors::page", PAGE),
    ("errors::counts_by_code", COUNTS_BY_CODE),
];

/// Rejects sent in one statement: enough to hide the round trip, few enough that a statement stays below a few megabytes
/// when every reject brings thirty cells.
const INSERT_REJECTS_MAX: usize = 1_000;

const CLEAR: &str = "
    with mine as (
        select id from import_jobs where id = $1 and epoch = $2 for share
    ), cleared as (
        delete from import_errors using mine where import_id = mine.id
    )
    select count(*) from mine";

/// The row of the import is locked against the next attempt until this is written, so that its `clear` sees it.
const INSERT: &str = "
    with mine as (
        select id from import_jobs where id = $1 and epoch = $8 for share
    ), added as (
        insert into import_errors (import_id, line, ordinal, code, column_name, message, raw)
        select mine.id, line, ordinal, code, column_name, message, raw::text[]
        from unnest($2::bigint[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[])
            as given (line, ordinal, code, column_name, message, raw), mine
        on conflict (import_id, line, ordinal) do nothing
    )
    select count(*) from mine";

/// Only ordinal 0 has cells, so that their maximum is them.
const PAGE: &str = "
    select line, array_agg(code order by ordinal) as codes, array_agg(column_name order by ordinal) as columns,
        array_agg(message order by ordinal) as messages, max(raw) as raw
    from import_errors
    where import_id = $1 and line > $2
    group by line order by line limit $3";

const COUNTS_BY_CODE: &str = "
    select code, count(*) as rows from import_errors where import_id = $1 and ordinal = 0 group by code";

/// Forgets the rejects of an import, so that this attempt can write its own.
///
/// # Errors
/// [`crate::RouterError::Fenced`]; those of the session and the statement.
pub async fn clear(on: impl Access<Imports>, attempt: &Attempt) -> Result<()> {
    let mut session = on.session().await?;
    let mine: i64 = sqlx::query_scalar(CLEAR)
        .bind(attempt.import_id)
        .bind(attempt.epoch)
        .fetch_one(&mut *session)
        .await
        .during("clear rejects")?;
    jobs::unless_fenced(&mut session, attempt, mine).await
}

/// Adds rejects, any number of them; those that are there already stay as they are.
///
/// # Errors
/// [`crate::RouterError::Fenced`]; those of the session and the statement. Some of the rejects may have been added then, and
/// adding all again is right.
pub async fn insert(on: impl Access<Imports>, attempt: &Attempt, rejects: &[Reject]) -> Result<()> {
    let mut session = on.session().await?;
    for some in rejects.chunks(INSERT_REJECTS_MAX) {
        let problems = Problems::of(some);
        let mine: i64 = sqlx::query_scalar(INSERT)
            .bind(attempt.import_id)
            .bind(problems.lines)
            .bind(problems.ordinals)
            .bind(problems.codes)
            .bind(problems.columns)
            .bind(problems.messages)
            .bind(problems.raws)
            .bind(attempt.epoch)
            .fetch_one(&mut *session)
            .await
            .during("insert rejects")?;
        jobs::unless_fenced(&mut session, attempt, mine).await?;
    }
    Ok(())
}

/// The rejects behind line `after_line` (0 to begin), by line, at most `limit`.
///
/// # Errors
/// Those of the session and the statement.
pub async fn page(on: impl Access<Imports>, import_id: Uuid, after_line: u64, limit: u32) -> Result<Vec<Reject>> {
    let mut session = on.session().await?;
    sqlx::query(PAGE)
        .bind(import_id)
        .bind(bigint(after_line))
        .bind(i64::from(limit))
        .try_map(|row| reject(&row))
        .fetch_all(&mut *session)
        .await
        .during("page through rejects")
}

/// How many rows were rejected by each code. A row with several problems counts once, under its first.
///
/// # Errors
/// Those of the session and the statement.
pub async fn counts_by_code(on: impl Access<Imports>, import_id: Uuid) -> Result<BTreeMap<RejectCode, u64>> {
    let mut session = on.session().await?;
    let counts = sqlx::query(COUNTS_BY_CODE)
        .bind(import_id)
        .try_map(|row| Ok((word(&row, "code")?, count(&row, "rows")?)))
        .fetch_all(&mut *session)
        .await
        .during("count rejects")?;
    Ok(counts.into_iter().collect())
}

/// Problems as columns.
#[derive(Default)]
struct Problems {
    lines: Vec<i64>,
    ordinals: Vec<i32>,
    codes: Vec<&'static str>,
    columns: Vec<Option<String>>,
    messages: Vec<String>,
    raws: Vec<Option<String>>,
}

impl Problems {
    fn of(rejects: &[Reject]) -> Self {
        let mut columns = Problems::default();
        for reject in rejects {
            for (ordinal, problem) in (0..).zip(&reject.problems) {
                columns.push(reject, ordinal, problem);
            }
        }
        columns
    }

    fn push(&mut self, reject: &Reject, ordinal: i32, problem: &Problem) {
        self.lines.push(bigint(reject.line));
        self.ordinals.push(ordinal);
        self.codes.push(problem.code.as_str());
        self.columns.push(problem.column.as_deref().map(|column| storable(column).into_owned()));
        self.messages.push(storable(&problem.message).into_owned());
        self.raws.push((ordinal == 0).then(|| array_literal(&reject.raw)));
    }
}

fn reject(row: &PgRow) -> sqlx::Result<Reject> {
    let codes: Vec<String> = row.try_get("codes")?;
    let columns: Vec<Option<String>> = row.try_get("columns")?;
    let messages: Vec<String> = row.try_get("messages")?;
    let problems = codes.into_iter().zip(columns).zip(messages).map(|((code, column), message)| {
        let code = code.parse().map_err(|unknown: UnknownWord| undecodable("codes", unknown))?;
        Ok(Problem { code, column, message })
    });
    Ok(Reject {
        line: count(row, "line")?,
        problems: problems.collect::<sqlx::Result<_>>()?,
        raw: row.try_get::<Option<_>, _>("raw")?.unwrap_or_default(),
    })
}
