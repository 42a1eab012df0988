//! Tables outbox and outbox_deliveries: what others have to be told about the catalogue, and who has been.
//!
//! Each event comes with one delivery per [`Consumer`], made in the publish transaction. A relay [claims](claim) due
//! deliveries for a while, carries their effects over, and notes them as [delivered], or [puts them off](put_off).

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use crate::error::During;
use crate::{Access, Catalog, Result, Statements, Ticket};

/// Who follows the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consumer {
    /// Figures of the import in db_analytics.
    Analytics,
    /// New pictures in db_media.
    Media,
    /// New GTINs in db_code2asin.
    Code2asin,
    /// The supplier's day in db_imports.
    Imports,
}

impl Consumer {
    /// Every one of them.
    pub const ALL: [Consumer; 4] = [Self::Analytics, Self::Media, Self::Code2asin, Self::Imports];

    /// The word in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Analytics => "analytics",
            Self::Media => "media",
            Self::Code2asin => "code2asin",
            Self::Imports => "imports",
        }
    }
}

/// Something that happened to the catalogue.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct OutboxEvent {
    /// Its number; a lower one may become visible later.
    pub id: i64,
    /// The publication it tells of.
    pub publication_id: i64,
    /// Its import.
    pub import_id: Uuid,
    /// Whose catalogue.
    pub supplier_id: i64,
    /// What happened: `catalogue.published`.
    pub topic: String,
    /// The details: for `catalogue.published` mode, counts and first_created_id.
    pub payload: Value,
    /// When it was committed.
    pub created_at: DateTime<Utc>,
}

/// An event in the hands of a relay, for one consumer.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Claimed {
    /// The event.
    #[sqlx(flatten)]
    pub event: OutboxEvent,
    /// Raised by each claim.
    pub token: i64,
}

impl Claimed {
    /// What the relay shows to the consumer's database.
    pub fn ticket(&self) -> Ticket<'_> {
        Ticket { import_id: self.event.import_id, topic: &self.event.topic, token: self.token }
    }
}

/// A delivery that is still owed.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Owed {
    /// The event's import.
    pub import_id: Uuid,
    /// Whom to tell.
    pub consumer: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// How often it failed.
    pub failures: i32,
    /// How it failed last.
    pub last_fault: Option<String>,
}

/// The statements below.
pub const STATEMENTS: Statements = &[
    ("outbox::CLAIM", CLAIM),
    ("outbox::EXTEND", EXTEND),
    ("outbox::DELIVERED", DELIVERED),
    ("outbox::PUT_OFF", PUT_OFF),
    ("outbox::OWED", OWED),
    ("outbox::PURGE", PURGE),
];

/// The time makes tokens grow even over a database that was restored from an older dump, whose counters fell back.
const CLAIM: &str = "
    with due as (
        select event_id from outbox_deliveries
        where consumer = $1 and delivered_at is null and due_at <= now()
            and ($2::bigint is null or event_id in (select id from outbox where supplier_id = $2))
        order by event_id
        limit $3 for update skip locked
    ), claimed as (
        update outbox_deliveries
        set due_at = now() + make_interval(secs => $4),
            token = greatest(token + 1, (extract(epoch from clock_timestamp()) * 1e6)::bigint)
        where consumer = $1 and event_id in (select event_id from due)
        returning event_id, token
    )
    select outbox.*, token from claimed join outbox on id = event_id order by id";

const EXTEND: &str = "
    update outbox_deliveries set due_at = now() + make_interval(secs => $4)
    where event_id = $1 and consumer = $2 and token = $3 and delivered_at is null";

const DELIVERED: &str = "
    update outbox_deliveries set delivered_at = now(), last_fault = null
    from unnest($1::bigint[], $3::bigint[]) as told (id, told_token)
    where event_id = told.id and consumer = $2 and token = told_token and delivered_at is null";

/// Failing deliveries come again ever more rarely, at least once a minute.
const PUT_OFF: &str = "
    update outbox_deliveries
    set failures = failures + case when $4::text is null then 0 else 1 end, last_fault = $4,
        due_at = now() + make_interval(secs => least(power(2, least(failures, 10)) * 0.5, 30))
    where event_id = $1 and consumer = $2 and token = $3 and delivered_at is null";

const OWED: &str = "
    select import_id, consumer, created_at, failures, last_fault
    from outbox_deliveries join outbox on id = event_id
    where delivered_at is null and ($1::bigint is null or supplier_id = $1)
    order by event_id, consumer
    limit $2";

const PURGE: &str = "
    delete from outbox
    where created_at < now() - make_interval(secs => $1)
        and not exists (select from outbox_deliveries where event_id = id and delivered_at is null)";

/// The oldest due deliveries to a consumer, of one supplier or of all, taken in hand for `lease_seconds`.
///
/// # Errors
/// Those of the session and the statement.
pub async fn claim(
    on: impl Access<Catalog>,
    consumer: Consumer,
    supplier_id: Option<i64>,
    limit: u32,
    lease_seconds: u32,
) -> Result<Vec<Claimed>> {
    let mut session = on.session().await?;
    sqlx::query_as(CLAIM)
        .bind(consumer.as_str())
        .bind(supplier_id)
        .bind(i64::from(limit))
        .bind(f64::from(lease_seconds))
        .fetch_all(&mut *session)
        .await
        .during("claim deliveries")
}

/// Keeps a claim for another `lease_seconds`.
///
/// # Errors
/// [`crate::RouterError::Superseded`] when it had lapsed and another relay has the delivery.
pub async fn extend(on: impl Access<Catalog>, consumer: Consumer, claimed: &Claimed, lease_seconds: u32) -> Result<()> {
    let mut session = on.session().await?;
    let kept = sqlx::query(EXTEND)
        .bind(claimed.event.id)
        .bind(consumer.as_str())
        .bind(claimed.token)
        .bind(f64::from(lease_seconds))
        .execute(&mut *session)
        .await
        .during("extend a claim")?;
    if kept.rows_affected() == 1 { Ok(()) } else { Err(claimed.ticket().refused()) }
}

/// Notes that a consumer has all effects of these events. What another relay has claimed meanwhile stays its.
///
/// # Errors
/// Those of the session and the statement.
pub async fn delivered(on: impl Access<Catalog>, consumer: Consumer, told: &[&Claimed]) -> Result<()> {
    let mut session = on.session().await?;
    sqlx::query(DELIVERED)
        .bind(told.iter().map(|claimed| claimed.event.id).collect::<Vec<_>>())
        .bind(consumer.as_str())
        .bind(told.iter().map(|claimed| claimed.token).collect::<Vec<_>>())
        .execute(&mut *session)
        .await
        .during("note deliveries")
        .map(|_| ())
}

/// Gives a delivery back for a while: because of a fault, or because it is not time yet.
///
/// # Errors
/// Those of the session and the statement.
pub async fn put_off(
    on: impl Access<Catalog>,
    consumer: Consumer,
    claimed: &Claimed,
    fault: Option<&str>,
) -> Result<()> {
    let mut session = on.session().await?;
    sqlx::query(PUT_OFF)
        .bind(claimed.event.id)
        .bind(consumer.as_str())
        .bind(claimed.token)
        .bind(fault)
        .execute(&mut *session)
        .await
        .during("put a delivery off")
        .map(|_| ())
}

/// Deliveries still owed, oldest first, of one supplier or of all.
///
/// # Errors
/// Those of the session and the statement.
pub async fn owed(on: impl Access<Catalog>, supplier_id: Option<i64>, limit: u32) -> Result<Vec<Owed>> {
    let mut session = on.session().await?;
    sqlx::query_as(OWED)
        .bind(supplier_id)
        .bind(i64::from(limit))
        .fetch_all(&mut *session)
        .await
        .during("list owed deliveries")
}

/// Removes events older than `keep_seconds` that everybody has been told; returns how many.
///
/// # Errors
/// Those of the session and the statement.
pub async fn purge(on: impl Access<Catalog>, keep_seconds: f64) -> Result<u64> {
    let mut session = on.session().await?;
    let purged = sqlx::query(PURGE).bind(keep_seconds).execute(&mut *session).await;
    Ok(purged.during("purge delivered events")?.rows_affected())
}
