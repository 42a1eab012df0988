//! A large load into an empty catalogue: its indexes are built at the end, sorted and on several cores, instead of row by
//! row. Measured at a million products of thirty fields: half the work of inserting into them.
//!
//! It shuts readers out of `products` until the commit. They would have found nothing; with the first product in the
//! table this is never done again.

use tokio_postgres::Transaction;

use crate::Result;
use crate::error::During;

/// Fewer products than this are inserted in no time either way.
const PRODUCTS_MIN: u64 = 20_000;

pub(super) const IS_EMPTY: &str = "select not exists (select from products)";

pub(super) const INDEXES: &str = "
    select indexrelid::regclass::text, pg_get_indexdef(indexrelid)
    from pg_index
    where indrelid = 'products'::regclass and not indisprimary
    order by indexrelid";

/// Indexes that are to be built again.
#[derive(Default)]
pub(super) struct PutOffIndexes {
    definitions: Vec<String>,
}

impl PutOffIndexes {
    /// Drops the indexes of `products`, but for its primary key, if this is a large first load; else nothing.
    pub async fn drop_for(tx: &Transaction<'_>, created: u64) -> Result<Self> {
        if created < PRODUCTS_MIN || !is_empty(tx).await? {
            return Ok(PutOffIndexes::default());
        }
        let what = "put off the indexes of a first load";
        // Locked, then asked again: another first load may have come in between. Going back to the savepoint unlocks.
        tx.batch_execute("savepoint first_load; lock table products in access exclusive mode").await.during(what)?;
        if !is_empty(tx).await? {
            tx.batch_execute("rollback to first_load").await.during(what)?;
            return Ok(PutOffIndexes::default());
        }
        tx.batch_execute("release first_load").await.during(what)?;
        let mut definitions = Vec::new();
        for index in tx.query(INDEXES, &[]).await.during(what)? {
            let (name, definition): (&str, &str) = (index.get(0), index.get(1));
            tx.batch_execute(&format!("drop index {name}")).await.during(what)?;
            definitions.push(definition.to_owned());
        }
        Ok(PutOffIndexes { definitions })
    }

    /// Builds them again, as they were.
    pub async fn build(self, tx: &Transaction<'_>) -> Result<()> {
        for definition in self.definitions {
            let build = format!("set local maintenance_work_mem = '128MB'; {definition}");
            tx.batch_execute(&build).await.during("build the indexes of a first load")?;
        }
        Ok(())
    }
}

async fn is_empty(tx: &Transaction<'_>) -> Result<bool> {
    let row = tx.query_one(IS_EMPTY, &[]).await.during("look whether the catalogue is empty")?;
    Ok(row.get(0))
}
