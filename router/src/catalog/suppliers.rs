//! Table suppliers.

use chrono::{DateTime, Utc};
use item::Mode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};

use crate::error::During;
use crate::{Access, Catalog, Result, RouterError, Statements};

/// Who sends files.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Supplier {
    /// Its number in every database.
    pub id: i64,
    /// Its short name in bucket keys, commands and addresses: `^[a-z0-9][a-z0-9_-]{0,62}$`.
    pub code: String,
    /// Its full name.
    pub name: String,
    /// ISO 4217 code of prices that name none.
    pub currency: Option<String>,
    /// ISO 3166-1 alpha-2 code.
    pub country: Option<String>,
    /// Language of messages to it: ISO 639-1.
    pub language: String,
    /// How its files are meant unless an import says otherwise.
    pub default_mode: Mode,
    /// What overrides detection when its files are read: `feed::FeedSettings` as JSON.
    pub feed_settings: Value,
    /// False: its files are not imported.
    pub is_active: bool,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

/// A supplier to be added.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct NewSupplier {
    /// See [`Supplier::code`].
    pub code: String,
    /// See [`Supplier::name`].
    pub name: String,
    /// See [`Supplier::currency`].
    pub currency: Option<String>,
    /// See [`Supplier::country`].
    pub country: Option<String>,
    /// See [`Supplier::language`].
    pub language: String,
    /// See [`Supplier::default_mode`].
    pub default_mode: Mode,
    /// See [`Supplier::feed_settings`].
    pub feed_settings: Value,
}

impl NewSupplier {
    /// A supplier of which nothing is known but code and name.
    pub fn new(code: impl Into<String>, name: impl Into<String>) -> Self {
        NewSupplier {
            code: code.into(),
            name: name.into(),
            currency: None,
            country: None,
            language: "en".to_owned(),
            default_mode: Mode::Full,
            feed_settings: Value::Object(Default::default()),
        }
    }
}

/// What to change of a supplier; `None` leaves a value as it is, an empty text clears currency or country.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct SupplierChange {
    /// See [`Supplier::name`].
    pub name: Option<String>,
    /// See [`Supplier::currency`].
    pub currency: Option<String>,
    /// See [`Supplier::country`].
    pub country: Option<String>,
    /// See [`Supplier::language`].
    pub language: Option<String>,
    /// See [`Supplier::default_mode`].
    pub default_mode: Option<Mode>,
    /// See [`Supplier::feed_settings`]; replaces them all.
    pub feed_settings: Option<Value>,
    /// See [`Supplier::is_active`].
    pub is_active: Option<bool>,
}

/// The statements below.
pub const STATEMENTS: Statements = &[
    ("suppliers::create", CREATE),
    ("suppliers::update", UPDATE),
    ("suppliers::find", FIND),
    ("suppliers::find_all", FIND_ALL),
    ("suppliers::list", LIST),
];

const CREATE: &str = "
    insert into suppliers (code, name, currency, country, language, default_mode, feed_settings)
    values ($1, $2, $3, $4, $5, $6, $7)
    returning *";

const UPDATE: &str = "
    update suppliers set
        name = coalesce($2, name),
        currency = nullif(coalesce($3, currency), ''),
        country = nullif(coalesce($4, country), ''),
        language = coalesce($5, language),
        default_mode = coalesce($6, default_mode),
        feed_settings = coalesce($7, feed_settings),
        is_active = coalesce($8, is_active)
    where code = $1
    returning *";

const FIND: &str = "select * from suppliers where code = $1";

const FIND_ALL: &str = "select * from suppliers where code = any($1)";

const LIST: &str = "select * from suppliers order by code";

/// Adds a supplier.
///
/// # Errors
/// [`RouterError::Exists`] when the code is taken, [`RouterError::Invalid`] when code, currency or country are not of
/// their form.
pub async fn create(on: impl Access<Catalog>, new: &NewSupplier) -> Result<Supplier> {
    let mut session = on.session().await?;
    let created = sqlx::query_as(CREATE)
        .bind(&new.code)
        .bind(&new.name)
        .bind(&new.currency)
        .bind(&new.country)
        .bind(&new.language)
        .bind(new.default_mode.as_str())
        .bind(&new.feed_settings)
        .fetch_one(&mut *session)
        .await;
    created.map_err(|error| refused(error, "add a supplier", [&new.code, given(&new.currency), given(&new.country)]))
}

/// Changes a supplier and returns it as it is now.
///
/// # Errors
/// [`RouterError::Missing`] when there is no such code, [`RouterError::Invalid`] when a value is not of its form.
pub async fn update(on: impl Access<Catalog>, code: &str, change: &SupplierChange) -> Result<Supplier> {
    let mut session = on.session().await?;
    let updated = sqlx::query_as(UPDATE)
        .bind(code)
        .bind(&change.name)
        .bind(&change.currency)
        .bind(&change.country)
        .bind(&change.language)
        .bind(change.default_mode.map(Mode::as_str))
        .bind(&change.feed_settings)
        .bind(change.is_active)
        .fetch_optional(&mut *session)
        .await;
    updated
        .map_err(|error| refused(error, "change a supplier", [code, given(&change.currency), given(&change.country)]))?
        .ok_or_else(|| RouterError::Missing { what: "supplier", name: code.to_owned() })
}

/// The supplier of this code, if there is one.
///
/// # Errors
/// Those of the session and the statement.
pub async fn find(on: impl Access<Catalog>, code: &str) -> Result<Option<Supplier>> {
    let mut session = on.session().await?;
    sqlx::query_as(FIND).bind(code).fetch_optional(&mut *session).await.during("find a supplier")
}

/// Those of these codes that there are, in no order.
///
/// # Errors
/// Those of the session and the statement.
pub async fn find_all(on: impl Access<Catalog>, codes: &[&str]) -> Result<Vec<Supplier>> {
    let mut session = on.session().await?;
    sqlx::query_as(FIND_ALL).bind(codes).fetch_all(&mut *session).await.during("find suppliers")
}

/// Every supplier by code.
///
/// # Errors
/// Those of the session and the statement.
pub async fn list(on: impl Access<Catalog>) -> Result<Vec<Supplier>> {
    let mut session = on.session().await?;
    sqlx::query_as(LIST).fetch_all(&mut *session).await.during("list the suppliers")
}

fn given(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}

/// Gives the refusals that a person can cure a name of their own.
fn refused(error: sqlx::Error, what: &'static str, [code, currency, country]: [&str; 3]) -> RouterError {
    let invalid = |what, given: &str, rule| RouterError::Invalid { what, given: given.to_owned(), rule };
    match error.as_database_error().and_then(|answer| answer.constraint()) {
        Some("suppliers_code_key") => RouterError::Exists { what: "supplier", name: code.to_owned() },
        Some("suppliers_code_check") => {
            invalid("supplier code", code, "give 1 to 63 of a-z, 0-9, `_` and `-`, beginning with a letter or digit")
        }
        Some("suppliers_currency_check") => invalid("currency", currency, "give an ISO 4217 code, such as EUR"),
        Some("suppliers_country_check") => invalid("country", country, "give an ISO 3166-1 code, such as FR"),
        _ => RouterError::Query { what, source: error.into() },
    }
}

impl FromRow<'_, PgRow> for Supplier {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let mode: &str = row.try_get("default_mode")?;
        Ok(Supplier {
            id: row.try_get("id")?,
            code: row.try_get("code")?,
            name: row.try_get("name")?,
            currency: row.try_get("currency")?,
            country: row.try_get("country")?,
            language: row.try_get("language")?,
            default_mode: mode.parse().map_err(|unknown: item::UnknownWord| sqlx::Error::Decode(unknown.into()))?,
            feed_settings: row.try_get("feed_settings")?,
            is_active: row.try_get("is_active")?,
            created_at: row.try_get("created_at")?,
        })
    }
}
