//! Products whose content changed.

use item::Field;
use router::catalog::publications;
use serde_json::{Value, json};

use crate::support::items::Import;
use crate::support::{connect, with_migrated};
use crate::{priced, rows, supplier};

#[tokio::test]
async fn a_new_price_ends_the_old_one_and_nothing_else() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let supplier = supplier(db, "acme").await;
        let created =
            Import::of(supplier).create(&[&priced("A", "10000"), &priced("B", "10000")]).run(db).await.unwrap();
        let id = created.first_created_id.unwrap();
        let dearer = Import::of(supplier).update(id, &priced("A", "12500")).run(db).await.unwrap();
        let mut session = connect(Some(databases.catalog_name())).await;

        let sql = format!(
            "select h.product_id, h.price, h.price_incl_tax, h.currency, h.publication_id,
                h.valid_from = p.created_at as from_creation, h.valid_to = n.created_at as to_publication,
                p.price_since = n.created_at as since_publication, p.stock_since = p.created_at as same_stock
             from price_history h join products p on p.id = h.product_id
             join import_publications n on n.id = {}",
            dearer.publication_id
        );
        let expected = json!([{
            "product_id": id, "price": 1.0, "price_incl_tax": null, "currency": "EUR",
            "publication_id": dearer.publication_id, "from_creation": true, "to_publication": true,
            "since_publication": true, "same_stock": true,
        }]);
        assert_eq!(with_floats(rows(&mut session, &sql).await), expected);
        assert_eq!(rows(&mut session, "select * from stock_history").await, json!([]));

        // Another title at the same price: no further interval.
        let mut renamed = priced("A", "12500");
        renamed[1].1 = "A better thing";
        Import::of(supplier).update(id, &renamed).run(db).await.unwrap();
        let counted = rows(&mut session, "select count(*) from price_history").await;
        assert_eq!(counted, json!([{"count": 1}]));

        // And back: the second interval begins where the first ended.
        Import::of(supplier).update(id, &priced("A", "10000")).run(db).await.unwrap();
        let sql = "select price, lag(valid_to) over (order by valid_from) is not distinct from valid_from as joined
            from price_history order by valid_from";
        let expected = json!([{"price": 1.0, "joined": false}, {"price": 1.25, "joined": true}]);
        assert_eq!(with_floats(rows(&mut session, sql).await), expected);
    })
    .await;
}

/// PostgreSQL writes `1.0000`; how serde_json reads that depends on its features.
fn with_floats(mut rows: Value) -> Value {
    for row in rows.as_array_mut().unwrap() {
        let price: f64 = row["price"].to_string().parse().unwrap();
        row["price"] = json!(price);
    }
    rows
}

#[tokio::test]
async fn a_new_stock_ends_the_old_one_unless_there_was_none() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let supplier = supplier(db, "acme").await;
        let unknown = [(Field::Sku, "B"), (Field::Title, "x")];
        let known = [(Field::Sku, "B"), (Field::Title, "x"), (Field::Stock, "3")];
        let created = Import::of(supplier).create(&[&priced("A", "1"), &unknown]).run(db).await.unwrap();
        let id = created.first_created_id.unwrap();
        let mut fewer = priced("A", "1");
        fewer[4].1 = "4";
        Import::of(supplier).update(id, &fewer).update(id + 1, &known).run(db).await.unwrap();

        let mut session = connect(Some(databases.catalog_name())).await;
        let history = rows(&mut session, "select product_id, stock from stock_history").await;
        assert_eq!(history, json!([{"product_id": id, "stock": 5}]));
        assert_eq!(rows(&mut session, "select * from price_history").await, json!([]));
        let running = rows(&mut session, "select stock from products order by id").await;
        assert_eq!(running, json!([{"stock": 4}, {"stock": 3}]));
    })
    .await;
}

#[tokio::test]
async fn a_before_image_holds_what_changed_and_only_that() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let supplier = supplier(db, "acme").await;
        let before = [
            (Field::Sku, "A"),
            (Field::Title, "Old"),
            (Field::Price, "10000"),
            (Field::Brand, "Acme"),
            (Field::ImageUrls, "https://a.example/1|https://a.example/2"),
            (Field::VariantGroup, "G"),
        ];
        let after = [
            (Field::Sku, "A"),
            (Field::Title, "New"),
            (Field::Price, "10000"),
            (Field::Brand, "ACME"),
            (Field::Mpn, "M"),
            (Field::ImageUrls, "https://a.example/2"),
            (Field::VariantGroup, "G"),
            (Field::VariantAttributes, r#"{"size":"42"}"#),
        ];
        let created = Import::of(supplier).create(&[&before]).run(db).await.unwrap();
        let id = created.first_created_id.unwrap();
        let updated = Import::of(supplier).update(id, &after).run(db).await.unwrap();

        let changes = publications::changes(db, updated.publication_id, 0, 10).await.unwrap();
        assert_eq!(changes.len(), 1);
        let change = &changes[0];
        assert_eq!((change.product_id, change.change.as_str()), (id, "updated"));
        let mut image = change.before.clone();
        for volatile in ["content_hash", "updated_at"] {
            assert!(image.as_object_mut().unwrap().remove(volatile).is_some(), "{volatile}");
        }
        assert_eq!(
            image,
            json!({
                "title": "Old", "mpn": null, "updated_publication": created.publication_id,
                "image_urls": ["https://a.example/1", "https://a.example/2"],
                "variant_group": "G", "variant_attributes": null,
            })
        );
        assert_eq!(publications::changes(db, updated.publication_id, id, 10).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn images_and_variants_are_replaced_where_they_differ() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let supplier = supplier(db, "acme").await;
        let item = |sku, images, group| {
            [(Field::Sku, sku), (Field::Title, "x"), (Field::ImageUrls, images), (Field::VariantGroup, group)]
        };
        let first = [item("same", "u1|u2", "G"), item("less", "u1|u2", "G"), item("none", "u1", "G"), item("more", "", "")];
        let created = Import::of(supplier).create(&first.each_ref().map(|item| item.as_slice())).run(db).await.unwrap();
        let id = created.first_created_id.unwrap();
        let mut session = connect(Some(databases.catalog_name())).await;
        let untouched = format!(
            "select i.xmin::text, i.url, v.xmin::text as variant from product_images i join product_variants v using (product_id)
             where product_id = {id} order by position"
        );
        let before = rows(&mut session, &untouched).await;

        Import::of(supplier)
            .update(id, &item("same", "u1|u2", "G"))
            .update(id + 1, &item("less", "u2", "H"))
            .update(id + 2, &item("none", "", ""))
            .update(id + 3, &item("more", "u3|u1", "G"))
            .run(db)
            .await
            .unwrap();
        assert_eq!(rows(&mut session, &untouched).await, before);
        let images = format!("select product_id - {id} as product, position, url from product_images order by 1, 2");
        let image = |product, position, url| json!({"product": product, "position": position, "url": url});
        assert_eq!(
            rows(&mut session, &images).await,
            json!([image(0, 1, "u1"), image(0, 2, "u2"), image(1, 1, "u2"), image(3, 1, "u3"), image(3, 2, "u1")])
        );
        let variants = format!("select product_id - {id} as product, variant_group from product_variants order by 1");
        let variant = |product, group| json!({"product": product, "variant_group": group});
        assert_eq!(rows(&mut session, &variants).await, json!([variant(0, "G"), variant(1, "H"), variant(3, "G")]));
    })
    .await;
}

#[tokio::test]
async fn price_and_stock_updates_stay_on_their_page() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let supplier = supplier(db, "acme").await;
        let created =
            Import::of(supplier).create(&[&priced("A", "10000"), &priced("B", "10000")]).run(db).await.unwrap();
        let id = created.first_created_id.unwrap();
        let staged = Import::of(supplier).update(id, &priced("A", "12500")).stage(db).await.unwrap();
        let mut bulk = db.bulk().await.unwrap();
        router::catalog::publish(&mut bulk, &staged).await.unwrap();
        bulk.batch_execute("select pg_stat_force_next_flush()").await.unwrap();
        let sql = "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = 'products'";
        let row = bulk.query_one(sql, &[]).await.unwrap();
        assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1, 1));
    })
    .await;
}
