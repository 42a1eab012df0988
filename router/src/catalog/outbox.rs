//! Tables outbox and outbox_deliveries: what others have to be told about the catalogue, and who has been.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use crate::error::During;
use crate::{Access, Catalog, Result, Statements};

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

/// An event with those who have not been told.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Pending {
    /// The event.
    #[sqlx(flatten)]
    pub event: OutboxEvent,
    /// Whom to tell, in the order they were asked for.
    pub consumers: Vec<String>,
}

/// The statements below.
pub const STATEMENTS: Statements =
    &[("outbox::PENDING", PENDING), ("outbox::DELIVER", DELIVER), ("outbox::PURGE", PURGE)];

const PENDING: &str = "
    select outbox.*, missing.consumers
    from outbox
    cross join lateral (
        select array_agg(consumer order by place) as consumers
        from unnest($1::text[]) with ordinality as asked (consumer, place)
        where not exists (
            select from outbox_deliveries as told where told.event_id = outbox.id and told.consumer = asked.consumer
        )
    ) as missing
    where missing.consumers is not null and ($3::bigint is null or outbox.supplier_id = $3)
    order by outbox.id
    limit $2";

const DELIVER: &str = "
    insert into outbox_deliveries (event_id, consumer) values ($1, $2) on conflict do nothing";

const PURGE: &str = "
    delete from outbox
    where created_at < now() - make_interval(secs => $2)
        and not exists (
            select from unnest($1::text[]) as asked (consumer)
            where not exists (
                select from outbox_deliveries as told where told.event_id = outbox.id and told.consumer = asked.consumer
            )
        )";

/// The oldest events, of one supplier or of all, that some of these consumers have not been told.
///
/// # Errors
/// Those of the session and the statement.
pub async fn pending(
    on: impl Access<Catalog>,
    consumers: &[&str],
    supplier_id: Option<i64>,
    limit: i64,
) -> Result<Vec<Pending>> {
    let mut session = on.session().await?;
    let query = sqlx::query_as(PENDING).bind(consumers).bind(limit).bind(supplier_id);
    let pending = query.fetch_all(&mut *session).await;
    pending.during("list the undelivered events")
}

/// Notes that a consumer has been told; noting it again changes nothing.
///
/// # Errors
/// Those of the session and the statement.
pub async fn deliver(on: impl Access<Catalog>, event_id: i64, consumer: &str) -> Result<()> {
    let mut session = on.session().await?;
    sqlx::query(DELIVER).bind(event_id).bind(consumer).execute(&mut *session).await.during("note a delivery")?;
    Ok(())
}

/// Removes events that all of these consumers have been told and that are older than `keep`; returns how many.
///
/// # Errors
/// Those of the session and the statement.
pub async fn purge(on: impl Access<Catalog>, consumers: &[&str], keep: Duration) -> Result<u64> {
    let mut session = on.session().await?;
    let purged = sqlx::query(PURGE).bind(consumers).bind(keep.as_secs_f64()).execute(&mut *session).await;
    Ok(purged.during("purge delivered events")?.rows_affected())
}
