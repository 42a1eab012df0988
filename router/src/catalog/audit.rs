//! What the catalogue says, page by page, for comparing the other databases with it; and telling them once more.

use chrono::{DateTime, Utc};
use item::Mode;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::fanout::{PublishedGtin, PublishedImage};
use super::outbox::Consumer;
use super::publications::Publication;
use crate::error::During;
use crate::{Access, Catalog, Result, Statements};

/// A publication, whose it is, and who has not been told of it yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Announced {
    /// The publication.
    pub publication: Publication,
    /// Its supplier's code.
    pub supplier_code: String,
    /// Consumers whose delivery is still owed.
    pub owed: Vec<String>,
}

/// A delivery that should have happened by now.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Overdue {
    /// The event.
    pub event_id: i64,
    /// Its import.
    pub import_id: Uuid,
    /// Whom to tell.
    pub consumer: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// How it failed last.
    pub last_fault: Option<String>,
}

/// The statements below.
pub const STATEMENTS: Statements = &[
    ("audit::PUBLICATIONS", PUBLICATIONS),
    ("audit::UNPUBLISHED", UNPUBLISHED),
    ("audit::GONE", GONE),
    ("audit::LATER", LATER),
    ("audit::IMAGES", IMAGES),
    ("audit::UNUSED_URLS", UNUSED_URLS),
    ("audit::GTINS", GTINS),
    ("audit::UNFOUNDED_LINKS", UNFOUNDED_LINKS),
    ("audit::TOLD_BY", TOLD_BY),
    ("audit::AWAITING", AWAITING),
    ("audit::OVERDUE", OVERDUE),
    ("audit::OWES", OWES),
    ("audit::DELIVER_AGAIN", DELIVER_AGAIN),
    ("audit::HIGHEST_FENCE", HIGHEST_FENCE),
    ("audit::UNKNOWN_SUPPLIERS", UNKNOWN_SUPPLIERS),
];

const PUBLICATIONS: &str = "
    with owed as (
        select publication_id, array_agg(consumer) as consumers
        from outbox_deliveries join outbox on id = event_id
        where delivered_at is null
        group by publication_id
    )
    select p.*, s.code as supplier_code, coalesce(owed.consumers, '{}') as owed
    from import_publications as p
    join suppliers as s on s.id = p.supplier_id
    left join owed on owed.publication_id = p.id
    where p.id > $1
    order by p.id
    limit $2";

const UNPUBLISHED: &str = "
    select given.id from unnest($1::uuid[]) as given (id)
    where not exists (select from import_publications where import_id = given.id)";

const GONE: &str = "
    select given.id from unnest($1::bigint[]) as given (id)
    where not exists (select from import_publications as p where p.id = given.id)";

const LATER: &str = "
    select import_id, mode from import_publications
    where supplier_id = $1 and created_at > $2
    order by id desc
    limit $3";

const IMAGES: &str = "
    select product_id, position, url from product_images
    where (product_id, position) > ($1, $2)
    order by product_id, position
    limit $3";

/// No index leads from an address to its products: one pass over the pictures for a whole page of addresses.
const UNUSED_URLS: &str = "
    select given.url from unnest($1::text[]) as given (url)
    where not exists (select from product_images where product_images.url = given.url)";

const GTINS: &str = "
    select id as product_id, supplier_id, gtin from products
    where id > $1 and gtin is not null and gtin_restricted is not true
    order by id
    limit $2";

const UNFOUNDED_LINKS: &str = "
    select given.product_id
    from unnest($1::bigint[], $2::bigint[], $3::text[]) as given (product_id, supplier_id, gtin)
    where not exists (
        select from products as p
        where p.id = given.product_id and p.supplier_id = given.supplier_id and p.gtin = given.gtin
            and p.gtin_restricted is not true)";

/// The last publication that changed the column, else the one that created the product: its event tells of the value.
macro_rules! told_by {
    () => {
        "with told as (
            select p.id, coalesce(changed.publication_id, p.created_publication) as publication_id
            from unnest($1::bigint[]) as given (id)
            join products as p on p.id = given.id
            left join lateral (
                select c.publication_id
                from import_publications as i
                join product_changes as c on c.publication_id = i.id and c.product_id = p.id
                where i.supplier_id = p.supplier_id and i.id > p.created_publication
                    and i.id <= p.updated_publication and c.before ? $2
                order by i.id desc
                limit 1
            ) as changed on true
        ), owed as (
            select publication_id from outbox_deliveries join outbox on outbox.id = event_id
            where delivered_at is null and consumer = $3
        )"
    };
}

const TOLD_BY: &str = concat!(
    told_by!(),
    " select id, publication_id from told where publication_id not in (select publication_id from owed)"
);

const AWAITING: &str =
    concat!(told_by!(), " select id from told where publication_id in (select publication_id from owed)");

/// What a relay has in hand is due in the future; a failing one comes again within half a minute.
const OVERDUE: &str = "
    select event_id, import_id, consumer, created_at, last_fault
    from outbox_deliveries join outbox on id = event_id
    where delivered_at is null and (event_id, consumer) > ($1, $2)
        and (due_at < now() - make_interval(secs => $3)
            or (failures > 0 and created_at < now() - make_interval(secs => $3)))
    order by event_id, consumer
    limit $4";

const OWES: &str = "
    select exists (
        select from outbox_deliveries join outbox on id = event_id
        where delivered_at is null and consumer = $1 and supplier_id = $2)";

/// An event that was purged is made anew; all but the one consumer have been told then.
const DELIVER_AGAIN: &str = "
    with known as (
        select id from outbox where publication_id = $1 and topic = 'catalogue.published' order by id desc limit 1
    ), made as (
        insert into outbox (publication_id, import_id, supplier_id, topic, payload)
        select id, import_id, supplier_id, 'catalogue.published',
            jsonb_build_object('mode', mode, 'counts', counts, 'first_created_id', first_created_id)
        from import_publications
        where id = $1 and not exists (select from known)
        returning id
    ), event as (
        select id from known union all select id from made
    )
    insert into outbox_deliveries (event_id, consumer, delivered_at)
    select id, name, case when name <> $2 then now() end
    from event cross join unnest($3::text[]) as consumer (name)
    where name = $2 or id in (select id from made)
    on conflict (event_id, consumer) do update
    set delivered_at = null, due_at = now(), failures = 0, last_fault = null
    where outbox_deliveries.delivered_at is not null";

const HIGHEST_FENCE: &str = "select coalesce(max(epoch), 0) from import_fences";

const UNKNOWN_SUPPLIERS: &str = "
    select given.id from unnest($1::bigint[], $2::text[]) as given (id, code)
    where not exists (select from suppliers as s where s.id = given.id and s.code = given.code)";

/// Publications by number, `limit` of them above `after` (0 to begin with).
///
/// # Errors
/// Those of the session and the statement.
pub async fn publications(on: impl Access<Catalog>, after: i64, limit: i64) -> Result<Vec<Announced>> {
    let mut session = on.session().await?;
    let query = sqlx::query_as(PUBLICATIONS).bind(after).bind(limit);
    query.fetch_all(&mut *session).await.during("list publications")
}

/// Those of some imports that have no publication.
///
/// # Errors
/// Those of the session and the statement.
pub async fn unpublished(on: impl Access<Catalog>, import_ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let mut session = on.session().await?;
    let query = sqlx::query_scalar(UNPUBLISHED).bind(import_ids);
    query.fetch_all(&mut *session).await.during("look for publications")
}

/// Those of some numbers that are no publication's.
///
/// # Errors
/// Those of the session and the statement.
pub async fn gone(on: impl Access<Catalog>, publication_ids: &[i64]) -> Result<Vec<i64>> {
    let mut session = on.session().await?;
    let query = sqlx::query_scalar(GONE).bind(publication_ids);
    query.fetch_all(&mut *session).await.during("look for publications")
}

/// What a supplier published after a moment: import and mode, the newest first.
///
/// # Errors
/// Those of the session and the statement.
pub async fn later(
    on: impl Access<Catalog>,
    supplier_id: i64,
    since: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(Uuid, Mode)>> {
    let mut session = on.session().await?;
    let query = sqlx::query(LATER).bind(supplier_id).bind(since).bind(limit);
    query
        .try_map(|row: PgRow| {
            let mode: &str = row.try_get("mode")?;
            let mode = mode.parse().map_err(|unknown: item::UnknownWord| sqlx::Error::Decode(unknown.into()))?;
            Ok((row.try_get("import_id")?, mode))
        })
        .fetch_all(&mut *session)
        .await
        .during("list later publications")
}

/// Pictures of all products by product and position, `limit` of them behind `after` (`(0, 0)` to begin with).
///
/// # Errors
/// Those of the session and the statement.
pub async fn images(on: impl Access<Catalog>, after: (i64, i32), limit: i64) -> Result<Vec<PublishedImage>> {
    let mut session = on.session().await?;
    let query = sqlx::query_as(IMAGES).bind(after.0).bind(after.1).bind(limit);
    query.fetch_all(&mut *session).await.during("list images")
}

/// Those of some addresses that no product's picture has.
///
/// # Errors
/// Those of the session and the statement.
pub async fn unused_urls(on: impl Access<Catalog>, urls: &[&str]) -> Result<Vec<String>> {
    let mut session = on.session().await?;
    sqlx::query_scalar(UNUSED_URLS).bind(urls).fetch_all(&mut *session).await.during("look for images")
}

/// GTINs that are to be looked up, by product, `limit` of them with product ids above `after` (0 to begin with).
///
/// # Errors
/// Those of the session and the statement.
pub async fn gtins(on: impl Access<Catalog>, after: i64, limit: i64) -> Result<Vec<PublishedGtin>> {
    let mut session = on.session().await?;
    sqlx::query_as(GTINS).bind(after).bind(limit).fetch_all(&mut *session).await.during("list GTINs")
}

/// The products of those links from product to GTIN that no product bears out.
///
/// # Errors
/// Those of the session and the statement.
pub async fn unfounded_links(on: impl Access<Catalog>, links: &[PublishedGtin]) -> Result<Vec<i64>> {
    let mut session = on.session().await?;
    sqlx::query_scalar(UNFOUNDED_LINKS)
        .bind(links.iter().map(|link| link.product_id).collect::<Vec<_>>())
        .bind(links.iter().map(|link| link.supplier_id).collect::<Vec<_>>())
        .bind(links.iter().map(|link| link.gtin.as_str()).collect::<Vec<_>>())
        .fetch_all(&mut *session)
        .await
        .during("look for products")
}

/// By which publication a consumer hears of a column of these products, `gtin` or `image_urls`: product and publication.
/// Products whose publication is still on its way to the consumer are left out.
///
/// # Errors
/// Those of the session and the statement.
pub async fn told_by(
    on: impl Access<Catalog>,
    product_ids: &[i64],
    column: &str,
    consumer: Consumer,
) -> Result<Vec<(i64, i64)>> {
    let mut session = on.session().await?;
    let query = sqlx::query_as(TOLD_BY).bind(product_ids).bind(column).bind(consumer.as_str());
    query.fetch_all(&mut *session).await.during("find the publications of values")
}

/// Those of some products of which a column, `gtin` or `image_urls`, is still on its way to a consumer.
///
/// # Errors
/// Those of the session and the statement.
pub async fn awaiting(
    on: impl Access<Catalog>,
    product_ids: &[i64],
    column: &str,
    consumer: Consumer,
) -> Result<Vec<i64>> {
    let mut session = on.session().await?;
    let query = sqlx::query_scalar(AWAITING).bind(product_ids).bind(column).bind(consumer.as_str());
    query.fetch_all(&mut *session).await.during("find values under way")
}

/// Deliveries that should have happened `grace_seconds` ago, by event and consumer, `limit` of them behind `after`
/// (`(0, "")` to begin with).
///
/// # Errors
/// Those of the session and the statement.
pub async fn overdue(
    on: impl Access<Catalog>,
    after: (i64, &str),
    grace_seconds: f64,
    limit: i64,
) -> Result<Vec<Overdue>> {
    let mut session = on.session().await?;
    let query = sqlx::query_as(OVERDUE).bind(after.0).bind(after.1).bind(grace_seconds).bind(limit);
    query.fetch_all(&mut *session).await.during("list overdue deliveries")
}

/// Whether anything of a supplier is on its way to a consumer.
///
/// # Errors
/// Those of the session and the statement.
pub async fn owes(on: impl Access<Catalog>, consumer: Consumer, supplier_id: i64) -> Result<bool> {
    let mut session = on.session().await?;
    let query = sqlx::query_scalar(OWES).bind(consumer.as_str()).bind(supplier_id);
    query.fetch_one(&mut *session).await.during("look for owed deliveries")
}

/// Owes a consumer the event of a publication once more. An event that was purged is made anew.
///
/// # Errors
/// Those of the session and the statement.
pub async fn deliver_again(on: impl Access<Catalog>, publication_id: i64, consumer: Consumer) -> Result<()> {
    let mut session = on.session().await?;
    sqlx::query(DELIVER_AGAIN)
        .bind(publication_id)
        .bind(consumer.as_str())
        .bind(Consumer::ALL.map(Consumer::as_str).to_vec())
        .execute(&mut *session)
        .await
        .during("owe a delivery again")
        .map(|_| ())
}

/// The highest epoch that any supplier's fence was raised to.
///
/// # Errors
/// Those of the session and the statement.
pub async fn highest_fence(on: impl Access<Catalog>) -> Result<i64> {
    let mut session = on.session().await?;
    sqlx::query_scalar(HIGHEST_FENCE).fetch_one(&mut *session).await.during("find the highest fence")
}

/// Those of some suppliers, by number and code, that are not in the catalogue.
///
/// # Errors
/// Those of the session and the statement.
pub async fn unknown_suppliers(on: impl Access<Catalog>, suppliers: &[(i64, String)]) -> Result<Vec<i64>> {
    let mut session = on.session().await?;
    sqlx::query_scalar(UNKNOWN_SUPPLIERS)
        .bind(suppliers.iter().map(|(id, _)| *id).collect::<Vec<_>>())
        .bind(suppliers.iter().map(|(_, code)| code.as_str()).collect::<Vec<_>>())
        .fetch_all(&mut *session)
        .await
        .during("look for suppliers")
}

impl FromRow<'_, PgRow> for Announced {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Announced {
            publication: Publication::from_row(row)?,
            supplier_code: row.try_get("supplier_code")?,
            owed: row.try_get("owed")?,
        })
    }
}
