//! Making an import visible: one transaction in which readers see the old catalogue, then the new one.

mod first_load;
mod publication;
mod statements;

use item::{Counts, Mode};
use tokio_postgres::{Row, Transaction};
use uuid::Uuid;

use self::publication::Publication;
use crate::catalog::fence;
use crate::error::During;
use crate::{Bulk, Catalog, Fence, Result, RouterError, Statements};

#[doc(hidden)]
pub use self::statements::all as statements;

/// What to publish: a staged import and what it counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Publish {
    /// The import; its staging table is whole.
    pub import_id: Uuid,
    /// Whose catalogue.
    pub supplier_id: i64,
    /// The epoch of the attempt that publishes.
    pub epoch: i64,
    /// How the file was meant.
    pub mode: Mode,
    /// SHA-256 of the file.
    pub file_sha256: [u8; 32],
    /// Of everything besides the file that shaped the result.
    pub plan_fingerprint: Vec<u8>,
    /// The balance of the import: the publication must come to the same numbers.
    pub counts: Counts,
}

/// What a publication did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its number.
    pub publication_id: i64,
    /// True when the import had been published before; the numbers are those of then.
    pub already_done: bool,
    /// Products added.
    pub created: u64,
    /// Products changed, reactivated ones included.
    pub updated: u64,
    /// Products deactivated.
    pub deactivated: u64,
    /// The created products have the ids from here on, in staging order.
    pub first_created_id: Option<i64>,
}

/// The statements below; those of the `.sql` files are prepared with a staging table.
pub const STATEMENTS: Statements = &[
    ("publish::FIND", FIND),
    ("publish::BEGIN", publication::BEGIN),
    ("publish::ANNOUNCE", publication::ANNOUNCE),
    ("publish::IS_EMPTY", first_load::IS_EMPTY),
    ("publish::INDEXES", first_load::INDEXES),
];

const FIND: &str = "
    select id, first_created_id, created_count, (counts->>'updated')::bigint, (counts->>'deactivated')::bigint
    from import_publications
    where import_id = $1";

/// Publishes a staged import, or does nothing when it is published already. All of it becomes visible at once, or,
/// after any error, none of it.
///
/// # Errors
/// [`RouterError::Fenced`]; [`RouterError::Unbalanced`] when the counts do not balance or the database comes to other numbers (an emptied
/// staging table, for one: stage again); [`RouterError::Query`].
pub async fn publish(bulk: &mut Bulk<Catalog>, publish: &Publish) -> Result<Published> {
    check_balance(&publish.counts)?;
    let tx = bulk.transaction().await.during("begin a publication")?;
    match transact(&tx, publish).await {
        Ok(published) => {
            tx.commit().await.during("commit a publication")?;
            fault::point("publish.committed")?;
            Ok(published)
        }
        Err(error) => {
            // Nothing is left behind when this returns. If the session is gone, the server has rolled back by itself.
            let _ = tx.rollback().await;
            Err(error)
        }
    }
}

async fn transact(tx: &Transaction<'_>, publish: &Publish) -> Result<Published> {
    let &Publish { import_id, supplier_id, epoch, .. } = publish;
    fence::pass(tx, &Fence { import_id, supplier_id, epoch }).await?;
    fault::point("publish.passed")?;
    // A second try at the same moment waits in `begin` for the first.
    if let Some(published) = find(tx, publish.import_id).await? {
        return Ok(published);
    }
    let Some(publication) = Publication::begin(tx, publish).await? else {
        let found = find(tx, publish.import_id).await?;
        return found
            .ok_or(RouterError::Missing { what: "publication of import", name: publish.import_id.to_string() });
    };
    fault::point("publish.begun")?;
    publication.open().await?;
    fault::point("publish.opened")?;
    publication.add_names().await?;
    fault::point("publish.named")?;
    publication.create().await?;
    fault::point("publish.created")?;
    publication.update().await?;
    fault::point("publish.updated")?;
    publication.deactivate().await?;
    fault::point("publish.deactivated")?;
    publication.announce().await?;
    fault::point("publish.announced")?;
    publication.close().await?;
    fault::point("publish.closed")?;
    Ok(Published {
        publication_id: publication.id,
        already_done: false,
        created: publish.counts.created,
        updated: publish.counts.updated,
        deactivated: publish.counts.deactivated,
        first_created_id: publication.first_created_id,
    })
}

/// `read = created + updated + unchanged + rejected + duplicate + held`, or nothing is published.
fn check_balance(counts: &Counts) -> Result<()> {
    if counts.balances() {
        return Ok(());
    }
    let accounted =
        counts.created + counts.updated + counts.unchanged + counts.rejected + counts.duplicate + counts.held;
    Err(RouterError::Unbalanced { noun: "accounted", expected: counts.read, actual: accounted })
}

async fn find(tx: &Transaction<'_>, import_id: Uuid) -> Result<Option<Published>> {
    let count = |row: &Row, column| row.get::<_, i64>(column) as u64;
    let row = tx.query_opt(FIND, &[&import_id]).await.during("find the publication of an import")?;
    Ok(row.map(|row| Published {
        publication_id: row.get(0),
        already_done: true,
        created: count(&row, 2),
        updated: count(&row, 3),
        deactivated: count(&row, 4),
        first_created_id: row.get(1),
    }))
}
