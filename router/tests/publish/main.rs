//! Publishing: what becomes of the catalogue, and that nothing becomes of it when anything is wrong.

#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod created;
mod failed;
mod removed;
mod updated;

use item::Field;
use router::catalog::suppliers::{self, NewSupplier};
use router::{Catalog, Db};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};

/// A supplier to publish for.
async fn supplier(db: &Db<Catalog>, code: &str) -> i64 {
    suppliers::create(db, &NewSupplier::new(code, code)).await.unwrap().id
}

/// The rows of a query as JSON: `[{…}, …]`.
async fn rows(session: &mut PgConnection, sql: &str) -> Value {
    let sql = format!("select coalesce(jsonb_agg(to_jsonb(r)), '[]') from ({sql}) as r");
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(session).await.unwrap()
}

/// Every row of every table of the catalogue with its place on disk, so that an equal dump means an untouched table.
/// (`xmax` is left out: a foreign key that is checked locks the row it points to.)
async fn dump(session: &mut PgConnection) -> Vec<String> {
    let mut dump = Vec::new();
    for table in router::catalog::TABLES {
        let sql = format!(
            "select '{table} ' || r.ctid || ' ' || r.xmin || ' ' || to_jsonb(r) from {table} as r order by r.ctid"
        );
        dump.extend(sqlx::query_scalar::<_, String>(AssertSqlSafe(sql)).fetch_all(&mut *session).await.unwrap());
    }
    dump
}

/// An item of SKU and title, and a price if given.
const fn priced<'a>(sku: &'a str, price: &'a str) -> [(Field, &'a str); 5] {
    [(Field::Sku, sku), (Field::Title, "A thing"), (Field::Price, price), (Field::Currency, "EUR"), (Field::Stock, "5")]
}
