//! Items to publish.

use item::{Column, Counts, Field, FieldKind, IntColumn, ItemBatch, Mode, TextColumn};
use router::catalog::staging::{self, Change, RowEncoder};
use router::catalog::{Publish, Published, publish};
use router::{Catalog, Db, Fence, Result};
use uuid::Uuid;

/// One item by its values: numbers as they travel (ten-thousandths, days, 0 and 1), lists joined by `|`.
pub type Item<'a> = &'a [(Field, &'a str)];

/// A batch of such items; the lines count from 2.
pub fn batch(items: &[Item<'_>]) -> ItemBatch {
    let mut batch = ItemBatch::new((0..items.len() as u64).map(|row| row + 2).collect());
    for field in Field::ALL {
        let values = items.iter().map(|item| item.iter().find(|(named, _)| *named == field).map(|(_, value)| *value));
        let column = match field.kind() {
            FieldKind::Text | FieldKind::Json => Column::Text(values.map(|value| value.unwrap_or("")).collect()),
            FieldKind::List => {
                let mut texts = TextColumn::with_capacity(items.len(), 0);
                values.for_each(|value| texts.push(&value.unwrap_or("").replace('|', "\u{1f}")));
                Column::Text(texts)
            }
            _ => Column::Int(values.map(|value| value.map(|number| number.parse().unwrap())).collect::<IntColumn>()),
        };
        batch.set(field, column);
    }
    batch
}

/// What the attempt behind a publication shows.
pub fn fence(publish: &Publish) -> Fence {
    Fence { import_id: publish.import_id, supplier_id: publish.supplier_id, epoch: publish.epoch }
}

/// An import by hand: what is staged, and what the import says it counted.
pub struct Import {
    pub publish: Publish,
    encoder: RowEncoder,
    skipped: u64,
}

impl Import {
    pub fn of(supplier_id: i64) -> Self {
        Import {
            publish: Publish {
                import_id: Uuid::now_v7(),
                supplier_id,
                epoch: 1,
                mode: Mode::Full,
                file_sha256: [7; 32],
                plan_fingerprint: vec![1, 2, 3],
                counts: Counts::default(),
            },
            encoder: RowEncoder::default(),
            skipped: 0,
        }
    }

    pub fn create(mut self, items: &[Item<'_>]) -> Self {
        let batch = batch(items);
        let (keys, contents) = (batch.key_hashes(), batch.content_hashes());
        for row in 0..batch.len() {
            let change = Change::Created { ordinal: self.publish.counts.created + self.skipped };
            self.encoder.push(change, &batch, row, keys[row], contents[row]);
            self.publish.counts.created += 1;
            self.publish.counts.read += 1;
        }
        self
    }

    pub fn update(mut self, product_id: i64, item: Item<'_>) -> Self {
        let batch = batch(&[item]);
        let (keys, contents) = (batch.key_hashes(), batch.content_hashes());
        self.encoder.push(Change::Updated { product_id }, &batch, 0, keys[0], contents[0]);
        self.publish.counts.updated += 1;
        self.publish.counts.read += 1;
        self
    }

    pub fn deactivate(mut self, product_id: i64) -> Self {
        self.encoder.push_deactivated(product_id);
        self.publish.counts.deactivated += 1;
        self
    }

    /// Leaves a gap in the ordinals, which no import does.
    pub fn skip_ordinal(mut self) -> Self {
        self.skipped += 1;
        self
    }

    /// Stages and publishes, leaving the staging table.
    pub async fn run(self, db: &Db<Catalog>) -> Result<Published> {
        let publication = self.stage(db).await?;
        publish(&mut db.bulk().await?, &publication).await
    }

    /// Stages only.
    pub async fn stage(mut self, db: &Db<Catalog>) -> Result<Publish> {
        let mut writer = staging::Writer::open(db, &fence(&self.publish)).await?;
        writer.send(self.encoder.take()).await?;
        assert_eq!(writer.finish().await?, self.encoder.rows());
        Ok(self.publish)
    }
}
