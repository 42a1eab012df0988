//! The steps of a publication, each a few statements over the whole staging table.

use tokio_postgres::Transaction;
use tokio_postgres::types::{Json, ToSql};

use super::Publish;
use super::first_load::PutOffIndexes;
use super::statements::*;
use crate::catalog::outbox::Consumer;
use crate::error::During;
use crate::{Result, RouterError};

pub(super) const BEGIN: &str = "
    insert into import_publications (
        import_id, supplier_id, mode, file_sha256, plan_fingerprint, counts, created_count, first_created_id
    )
    values ($1, $2, $3, $4, $5, $6, $7, reserve_product_ids($7))
    on conflict (import_id) do nothing
    returning id, first_created_id";

pub(super) const ANNOUNCE: &str = "
    with event as (
        insert into outbox (publication_id, import_id, supplier_id, topic, payload)
        values ($1, $2, $3, 'catalogue.published', $4)
        returning id
    )
    insert into outbox_deliveries (event_id, consumer) select id, unnest($5::text[]) from event";

/// A publication under way.
pub(super) struct Publication<'a> {
    tx: &'a Transaction<'a>,
    publish: &'a Publish,
    pub id: i64,
    pub first_created_id: Option<i64>,
}

impl<'a> Publication<'a> {
    /// Marks the import as published, before anything else; `None` when it is.
    pub async fn begin(tx: &'a Transaction<'a>, publish: &'a Publish) -> Result<Option<Self>> {
        let parameters: [&(dyn ToSql + Sync); 7] = [
            &publish.import_id,
            &publish.supplier_id,
            &publish.mode.as_str(),
            &publish.file_sha256.as_slice(),
            &publish.plan_fingerprint,
            &Json(publish.counts),
            &(publish.counts.created as i64),
        ];
        let begun = tx.query_opt(BEGIN, &parameters).await.during("mark an import as published")?;
        Ok(begun.map(|row| Publication { tx, publish, id: row.get(0), first_created_id: row.get(1) }))
    }

    /// Prepares what the statements stand on, and checks that the staging table is what the import counted.
    pub async fn open(&self) -> Result<()> {
        self.tx.batch_execute(&opening(self.publish.import_id)).await.during("open a staging table")?;
        let staged = self.tx.query_one(&STAGED.sql(), &[]).await.during(STAGED.what)?;
        let counts = &self.publish.counts;
        balance("staged created", counts.created, staged.get::<_, i64>(0) as u64)?;
        balance("staged updated", counts.updated, staged.get::<_, i64>(1) as u64)?;
        balance("staged deactivated", counts.deactivated, staged.get::<_, i64>(2) as u64)
    }

    /// Adds brands and categories that are new, a category after its parent, and looks all of them up.
    pub async fn add_names(&self) -> Result<()> {
        self.run(NAMES, &[]).await?;
        self.run(BRANDS, &[]).await?;
        let deepest = self.tx.query_one(&DEEPEST.sql(), &[]).await.during(DEEPEST.what)?;
        for depth in 1..=deepest.get::<_, i32>(0) {
            self.run(CATEGORIES, &[&depth]).await?;
        }
        self.run(BRAND_OF, &[]).await?;
        self.run(CATEGORY_OF, &[]).await?;
        // Each name stands in them once: without knowing that, the planner expects the joins to multiply the rows.
        self.tx.batch_execute("analyze brand_of; analyze category_of").await.during("look names up")
    }

    /// Inserts what is new.
    pub async fn create(&self) -> Result<()> {
        let created = self.publish.counts.created;
        let Some(first_id) = self.first_created_id else { return Ok(()) };
        let supplier_id = &self.publish.supplier_id;
        let indexes = PutOffIndexes::drop_for(self.tx, created).await?;
        let inserted = self.run(CREATED, &[&self.id, supplier_id, &first_id, &(created as i64)]).await?;
        balance("created", created, inserted)?;
        indexes.build(self.tx).await?;
        self.run(CREATED_IMAGES, &[&first_id]).await?;
        self.run(CREATED_VARIANTS, &[&first_id, supplier_id]).await?;
        Ok(())
    }

    /// Replaces what changed, after keeping it as it was.
    pub async fn update(&self) -> Result<()> {
        let updated = self.publish.counts.updated;
        if updated == 0 {
            return Ok(());
        }
        let supplier_id = &self.publish.supplier_id;
        self.run(CHANGED_IMAGES, &[]).await?;
        self.run(CHANGED_VARIANTS, &[]).await?;
        balance("changed", updated, self.run(BEFORE_UPDATED, &[&self.id, supplier_id]).await?)?;
        self.run(PRICE_HISTORY, &[&self.id, supplier_id]).await?;
        self.run(STOCK_HISTORY, &[&self.id, supplier_id]).await?;
        balance("updated", updated, self.run(UPDATED, &[&self.id, supplier_id]).await?)?;
        self.run(FORMER_IMAGES, &[]).await?;
        self.run(UPDATED_IMAGES, &[]).await?;
        self.run(FORMER_VARIANTS, &[]).await?;
        self.run(UPDATED_VARIANTS, &[supplier_id]).await?;
        Ok(())
    }

    /// Deactivates what a full file no longer holds.
    pub async fn deactivate(&self) -> Result<()> {
        let deactivated = self.publish.counts.deactivated;
        if deactivated == 0 {
            return Ok(());
        }
        let parameters: [&(dyn ToSql + Sync); 2] = [&self.id, &self.publish.supplier_id];
        balance("kept", deactivated, self.run(BEFORE_DEACTIVATED, &parameters).await?)?;
        balance("deactivated", deactivated, self.run(DEACTIVATED, &parameters).await?)
    }

    /// Tells the other databases, once this is committed.
    pub async fn announce(&self) -> Result<()> {
        let payload = Json(serde_json::json!({
            "mode": self.publish.mode,
            "counts": self.publish.counts,
            "first_created_id": self.first_created_id,
        }));
        let consumers = Consumer::ALL.map(Consumer::as_str).to_vec();
        let parameters: [&(dyn ToSql + Sync); 5] =
            [&self.id, &self.publish.import_id, &self.publish.supplier_id, &payload, &consumers];
        self.tx.execute(ANNOUNCE, &parameters).await.during("announce a publication")?;
        Ok(())
    }

    /// Removes the names that would outlive the transaction.
    pub async fn close(&self) -> Result<()> {
        self.tx.batch_execute("drop view staged").await.during("close a staging table")
    }

    async fn run(&self, step: Step, parameters: &[&(dyn ToSql + Sync)]) -> Result<u64> {
        self.tx.execute(&step.sql(), parameters).await.during(step.what)
    }
}

/// A publication that comes to other numbers than its import must not happen.
fn balance(noun: &'static str, expected: u64, actual: u64) -> Result<()> {
    if expected == actual { Ok(()) } else { Err(RouterError::Unbalanced { noun, expected, actual }) }
}
