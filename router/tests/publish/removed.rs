//! Products that go, and come back.

use std::collections::HashMap;

use router::catalog::snapshot;
use serde_json::json;

use crate::support::items::{self, Import};
use crate::support::{connect, with_migrated};
use crate::{priced, rows, supplier};

#[tokio::test]
async fn a_product_goes_and_comes_back() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let supplier = supplier(db, "acme").await;
        let created =
            Import::of(supplier).create(&[&priced("A", "10000"), &priced("B", "10000")]).run(db).await.unwrap();
        let id = created.first_created_id.unwrap();
        let mut session = connect(Some(databases.catalog_name())).await;

        let gone = Import::of(supplier).deactivate(id).run(db).await.unwrap();
        assert_eq!(gone.deactivated, 1);
        let active = "select is_active, price::text from products order by id";
        let product = |is_active| json!({"is_active": is_active, "price": "1.0000"});
        assert_eq!(rows(&mut session, active).await, json!([product(false), product(true)]));
        let sql =
            "select change, before->>'is_active' as was, before->>'updated_publication' as by from product_changes
            order by publication_id desc limit 1";
        let by = created.publication_id.to_string();
        assert_eq!(rows(&mut session, sql).await, json!([{"change": "deactivated", "was": "true", "by": by}]));

        let back = Import::of(supplier).update(id, &priced("A", "10000")).run(db).await.unwrap();
        assert_eq!(back.updated, 1);
        assert_eq!(rows(&mut session, active).await, json!([product(true), product(true)]));
        let by = gone.publication_id.to_string();
        assert_eq!(rows(&mut session, sql).await, json!([{"change": "reactivated", "was": "false", "by": by}]));
        assert_eq!(rows(&mut session, "select * from price_history").await, json!([]), "its price never ended");
    })
    .await;
}

#[tokio::test]
async fn a_snapshot_has_no_content_hash_for_what_is_gone() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let (acme, other) = (supplier(db, "acme").await, supplier(db, "other").await);
        let items = [priced("A", "10000"), priced("B", "10000")];
        let created = Import::of(acme).create(&items.each_ref().map(|item| item.as_slice())).run(db).await.unwrap();
        Import::of(other).create(&[&priced("A", "1")]).run(db).await.unwrap();
        let id = created.first_created_id.unwrap();
        Import::of(acme).deactivate(id + 1).run(db).await.unwrap();

        let bulk = db.bulk().await.unwrap();
        let mut seen = HashMap::new();
        let read = snapshot::load(&bulk, acme, |key, content, id| {
            seen.insert(id, (key, content));
        });
        assert_eq!(read.await.unwrap(), 2);
        let batch = items::batch(&items.each_ref().map(|item| item.as_slice()));
        let (keys, contents) = (batch.key_hashes(), batch.content_hashes());
        assert_eq!(seen, HashMap::from([(id, (keys[0], Some(contents[0]))), (id + 1, (keys[1], None))]));

        let count = snapshot::count(&bulk, acme).await.unwrap();
        assert_eq!((count.all, count.active), (2, 1));
        assert_eq!(snapshot::load(&bulk, 987, |_, _, _| ()).await.unwrap(), 0);
    })
    .await;
}
