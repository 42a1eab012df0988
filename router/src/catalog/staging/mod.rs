//! The difference of one import, staged in an UNLOGGED table of its own: `staging."<import id>"`.
//!
//! The table appears when it is whole: [`Writer`] creates and fills it in one transaction. It is a cache; after a crash
//! of the server it is empty, which publish notices because it counts.

mod encoder;
mod writer;

use item::{Field, FieldKind};
use uuid::Uuid;

use crate::catalog::fence;
use crate::error::During;
use crate::{Access, Bulk, Catalog, Fence, Result, RouterError, Statements};

pub use encoder::{Change, RowEncoder};
pub use writer::Writer;

/// The statements below.
pub const STATEMENTS: Statements = &[("staging::EXISTS", EXISTS), ("staging::LIST", LIST)];

const EXISTS: &str = "select to_regclass($1) is not null";

const LIST: &str = "select tablename::text from pg_tables where schemaname = 'staging' order by tablename";

/// The table of an import, quoted.
pub(super) fn table(import_id: Uuid) -> String {
    format!("staging.\"{}\"", import_id.simple())
}

/// The statement that creates the table of an import; its columns are those that [`RowEncoder`] writes.
pub(super) fn definition(import_id: Uuid) -> String {
    let fields: String =
        Field::ALL.iter().map(|field| format!(",\n    {} {}", field.name(), sql_type(field.kind()))).collect();
    format!(
        "create unlogged table {} (
    product_id bigint,
    ordinal bigint,
    line bigint,
    change \"char\" not null,
    key_hash bytea,
    content_hash bytea{fields}
) with (autovacuum_enabled = off)",
        table(import_id)
    )
}

fn sql_type(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "text",
        FieldKind::List => "text[]",
        FieldKind::Json => "jsonb",
        FieldKind::Decimal => "numeric(14, 4)",
        FieldKind::Integer => "bigint",
        FieldKind::Bool => "boolean",
        FieldKind::Date => "date",
    }
}

/// Tells whether an import is staged, as a whole.
///
/// # Errors
/// Those of the session and the statement.
pub async fn exists(on: impl Access<Catalog>, import_id: Uuid) -> Result<bool> {
    let mut session = on.session().await?;
    sqlx::query_scalar(EXISTS).bind(table(import_id)).fetch_one(&mut *session).await.during("look for a staging table")
}

/// Counts the staged rows of an import.
///
/// # Errors
/// [`RouterError::Query`] when it is not staged.
pub async fn count(bulk: &Bulk<Catalog>, import_id: Uuid) -> Result<u64> {
    let sql = format!("select count(*) from {}", table(import_id));
    let row = bulk.query_one(&sql, &[]).await.during("count the staged rows")?;
    Ok(row.get::<_, i64>(0) as u64)
}

/// Forgets what was staged for an import, if anything was; `fence` is that of the attempt that staged it.
///
/// # Errors
/// [`RouterError::Fenced`], [`RouterError::Query`].
pub async fn drop(bulk: &mut Bulk<Catalog>, fence: &Fence) -> Result<()> {
    let what = "drop a staging table";
    let tx = bulk.transaction().await.during(what)?;
    fence::pass(&tx, fence).await?;
    // Losing this in a crash leaves a table to be dropped again.
    let sql = format!("set local synchronous_commit = off; drop table if exists {}", table(fence.import_id));
    tx.batch_execute(&sql).await.during(what)?;
    tx.commit().await.during(what)
}

/// Forgets what was staged for an import that nobody works on.
///
/// # Errors
/// [`RouterError::Query`].
pub async fn forget(bulk: &Bulk<Catalog>, import_id: Uuid) -> Result<()> {
    bulk.batch_execute(&format!("drop table if exists {}", table(import_id))).await.during("drop a staging table")
}

/// The imports that have something staged: those of them that are not under way can be dropped.
///
/// # Errors
/// Those of the session and the statement.
pub async fn list(on: impl Access<Catalog>) -> Result<Vec<Uuid>> {
    let mut session = on.session().await?;
    let names: Vec<String> =
        sqlx::query_scalar(LIST).fetch_all(&mut *session).await.during("list the staging tables")?;
    names
        .into_iter()
        .map(|name| {
            let reason = format!("`{name}` is not named after an import");
            Uuid::try_parse(&name).map_err(|_| RouterError::Unreadable { what: "a staging table", reason })
        })
        .collect()
}
