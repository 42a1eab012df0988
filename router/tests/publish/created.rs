//! Products that a file brings for the first time.

use item::{Field, ItemBatch};
use router::catalog::{Published, outbox, products, publications};
use serde_json::json;

use crate::support::items::{self, Import, Item, fence};
use crate::support::{connect, with_migrated};
use crate::{priced, rows, supplier};

const FULL: Item<'static> = &[
    (Field::Sku, "A-1"),
    (Field::Gtin, "04006381333931"),
    (Field::GtinRestricted, "0"),
    (Field::Mpn, "M 1"),
    (Field::Brand, "Stabilo"),
    (Field::Title, "Stylo « Boss » ½\""),
    (Field::Description, "Two\nlines, and a \\ back slash\t."),
    (Field::CategoryPath, "Bureau|Écriture|Surligneurs"),
    (Field::Price, "899000"),
    (Field::PriceInclTax, "1078800"),
    (Field::Rrp, "99999999999999"),
    (Field::Currency, "EUR"),
    (Field::TaxRate, "200000"),
    (Field::MinOrderQuantity, "10000"),
    (Field::PackSize, "120000"),
    (Field::Unit, "C62"),
    (Field::Stock, "0"),
    (Field::WeightG, "1"),
    (Field::LengthMm, "0"),
    (Field::WidthMm, "100000000"),
    (Field::HeightMm, "123456789"),
    (Field::Condition, "new"),
    (Field::CountryOfOrigin, "FR"),
    (Field::CustomsCode, "96081010"),
    (Field::ImageUrls, "https://a.example/1.jpg|https://a.example/2.jpg"),
    (Field::VariantGroup, "BOSS"),
    (Field::VariantAttributes, r#"{"colour":"yellow","size":"42"}"#),
    (Field::AvailableFrom, "20453"),
    (Field::Discontinued, "0"),
    (Field::Attributes, r#"{"Garantie":"2 ans","Zusatz":"\"so\""}"#),
];

const BARE: Item<'static> = &[(Field::Sku, "B-2"), (Field::Title, "Nothing but a name"), (Field::AvailableFrom, "-1")];

/// Every value of a batch, by field.
fn values(batch: &ItemBatch) -> Vec<(Field, Vec<Option<String>>)> {
    let value = |field, row| batch.text(field, row).map(str::to_owned).or(batch.int(field, row).map(|n| n.to_string()));
    Field::ALL.map(|field| (field, (0..batch.len()).map(|row| value(field, row)).collect())).to_vec()
}

#[tokio::test]
async fn every_field_comes_back_as_it_was_sent() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let supplier = supplier(db, "acme").await;
        let published = Import::of(supplier).create(&[FULL, BARE]).run(db).await.unwrap();
        let first = published.first_created_id.unwrap();
        let bulk = db.bulk().await.unwrap();

        let stored = products::stored_items(&bulk, &[first + 1, first]).await.unwrap();
        assert_eq!(values(&stored), values(&items::batch(&[BARE, FULL])));
        assert_eq!(stored.content_hashes(), items::batch(&[BARE, FULL]).content_hashes());

        let missing = products::stored_items(&bulk, &[first, 987]).await.unwrap_err();
        assert_eq!(missing.to_string(), "product `987` does not exist");
    })
    .await;
}

#[tokio::test]
async fn a_first_import_leaves_a_publication_and_an_event_but_no_history() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let supplier = supplier(db, "acme").await;
        let import = Import::of(supplier).create(&[FULL, BARE]);
        let wanted = import.publish.clone();
        let published = import.run(db).await.unwrap();

        let publication = publications::of_import(db, wanted.import_id).await.unwrap().unwrap();
        assert_eq!(publications::latest(db, supplier).await.unwrap(), Some(publication.clone()));
        assert_eq!((publication.id, publication.created_count), (published.publication_id, 2));
        assert_eq!((publication.mode, publication.counts), (wanted.mode, wanted.counts));
        assert_eq!((publication.file_sha256.as_slice(), publication.plan_fingerprint), (&[7; 32][..], vec![1, 2, 3]));
        assert_eq!(publication.first_created_id, published.first_created_id);

        for consumer in outbox::Consumer::ALL {
            let claimed = outbox::claim(db, consumer, None, 10, 30).await.unwrap();
            assert_eq!(claimed.len(), 1, "{consumer:?}");
            assert_eq!(claimed[0].event.publication_id, published.publication_id);
            assert_eq!(claimed[0].event.payload["counts"]["created"], 2);
        }

        let mut session = connect(Some(databases.catalog_name())).await;
        for table in ["price_history", "stock_history", "product_changes"] {
            assert_eq!(rows(&mut session, &format!("select * from {table}")).await, json!([]), "{table}");
        }
        let facts = "select sku, is_active, price_since = created_at as priced, stock_since = created_at as stocked,
            updated_at = created_at as untouched, created_publication = updated_publication as once from products";
        let fact = |sku: &str| {
            json!({"sku": sku, "is_active": true, "priced": true, "stocked": true, "untouched": true, "once": true})
        };
        assert_eq!(rows(&mut session, facts).await, json!([fact("A-1"), fact("B-2")]));
    })
    .await;
}

#[tokio::test]
async fn brands_and_categories_are_made_once() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let (one, two) = (supplier(db, "one").await, supplier(db, "two").await);
        let item = |sku, brand, path| {
            [(Field::Sku, sku), (Field::Title, "x"), (Field::Brand, brand), (Field::CategoryPath, path)]
        };
        let first = [item("1", "ACME", "Garden|Tools"), item("2", "Acme", "Garden"), item("3", "Zed", "Tools")];
        Import::of(one).create(&first.each_ref().map(|item| item.as_slice())).run(db).await.unwrap();
        let second = [item("1", "acme", "Garden|Tools|Spades")];
        Import::of(two).create(&second.each_ref().map(|item| item.as_slice())).run(db).await.unwrap();

        let mut session = connect(Some(databases.catalog_name())).await;
        let brands = rows(&mut session, "select name from brands order by name").await;
        assert_eq!(brands, json!([{"name": "ACME"}, {"name": "Zed"}]), "the spelling of the first line stays");
        let sql = "select c.path, c.name, c.depth, p.path as parent from categories c
            left join categories p on p.id = c.parent_id order by c.path";
        let category = |path: &[&str]| {
            let parent = (path.len() > 1).then(|| &path[..path.len() - 1]);
            json!({"path": path, "name": path[path.len() - 1], "depth": path.len(), "parent": parent})
        };
        let expected =
            [&["Garden"][..], &["Garden", "Tools"], &["Garden", "Tools", "Spades"], &["Tools"]].map(category);
        assert_eq!(rows(&mut session, sql).await, json!(expected));
        let sql = "select count(distinct brand_id) as brands, count(category_id) as placed from products";
        assert_eq!(rows(&mut session, sql).await, json!([{"brands": 2, "placed": 4}]));
    })
    .await;
}

#[tokio::test]
async fn publishing_an_import_again_changes_nothing() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let supplier = supplier(db, "acme").await;
        let staged = Import::of(supplier).create(&[&priced("A", "10000")]).stage(db).await.unwrap();
        let mut bulk = db.bulk().await.unwrap();
        let once = router::catalog::publish(&mut bulk, &staged).await.unwrap();
        let mut session = connect(Some(databases.catalog_name())).await;
        let before = crate::dump(&mut session).await;

        let twice = router::catalog::publish(&mut bulk, &staged).await.unwrap();
        assert_eq!(twice, Published { already_done: true, ..once.clone() });
        // Even when nothing is staged any more.
        router::catalog::staging::drop(&mut bulk, &fence(&staged)).await.unwrap();
        assert_eq!(router::catalog::publish(&mut bulk, &staged).await.unwrap(), twice);
        assert_eq!(crate::dump(&mut session).await, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn publications_at_the_same_time_do_not_mix() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog().clone();
        let skus: Vec<String> = (0..500).map(|number| format!("S{number}")).collect();
        let brands: Vec<String> = (0..500).map(|number| format!("B{}", number % 40)).collect();
        let mut staged = Vec::new();
        for code in ["one", "two", "three"] {
            let owner = supplier(&db, code).await;
            // Every supplier meets the same brands in another order.
            let turn = staged.len() * 13;
            let items: Vec<_> = (0..500)
                .map(|row| {
                    let brand = brands[(row + turn) % 500].as_str();
                    [
                        (Field::Sku, skus[row].as_str()),
                        (Field::Title, "x"),
                        (Field::Brand, brand),
                        (Field::CategoryPath, brand),
                    ]
                })
                .collect();
            let items: Vec<Item<'_>> = items.iter().map(|item| item.as_slice()).collect();
            staged.push(Import::of(owner).create(&items).stage(&db).await.unwrap());
        }
        // And one import twice.
        staged.push(staged[0].clone());

        let publishing = staged.into_iter().map(|publish| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut bulk = db.bulk().await.unwrap();
                router::catalog::publish(&mut bulk, &publish).await.unwrap()
            })
        });
        let mut published: Vec<Published> = Vec::new();
        for task in publishing.collect::<Vec<_>>() {
            published.push(task.await.unwrap());
        }
        assert_eq!(published.iter().filter(|published| published.already_done).count(), 1);
        let mut session = connect(Some(databases.catalog_name())).await;
        let sql = "select supplier_id, count(*), max(id) - min(id) as span from products group by supplier_id";
        let ranges = rows(&mut session, sql).await;
        let ranges = ranges.as_array().unwrap();
        assert_eq!(ranges.len(), 3);
        assert!(ranges.iter().all(|range| range["count"] == 500 && range["span"] == 499), "{ranges:?}");
        let named =
            rows(&mut session, "select (select count(*) from brands) as b, (select count(*) from categories) as c")
                .await;
        assert_eq!(named, json!([{"b": 40, "c": 40}]));
    })
    .await;
}

#[tokio::test]
async fn a_large_first_load_leaves_the_same_indexes_as_before() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let (one, two) = (supplier(db, "one").await, supplier(db, "two").await);
        let skus: Vec<String> = (0..20_000).map(|number| format!("{number}")).collect();
        let items: Vec<_> = skus.iter().map(|sku| [(Field::Sku, sku.as_str()), (Field::Title, "x")]).collect();
        let items: Vec<Item<'_>> = items.iter().map(|item| item.as_slice()).collect();
        let mut session = connect(Some(databases.catalog_name())).await;
        let indexes = "select i.indexrelid as id, pg_get_indexdef(i.indexrelid) as definition, i.indisvalid as valid
            from pg_index as i where i.indrelid = 'products'::regclass";
        let definitions = |rows: serde_json::Value| {
            let mut definitions: Vec<String> =
                rows.as_array().unwrap().iter().map(|row| format!("{} {}", row["definition"], row["valid"])).collect();
            definitions.sort();
            definitions
        };

        let before = rows(&mut session, indexes).await;
        Import::of(one).create(&items).run(db).await.unwrap();
        let built = rows(&mut session, indexes).await;
        assert_ne!(before, built, "they were not built anew");
        assert_eq!(definitions(before), definitions(built.clone()));

        // The next one is large, but not the first; a SKU that is there twice is noticed either way.
        Import::of(two).create(&items).run(db).await.unwrap();
        assert_eq!(rows(&mut session, indexes).await, built);
    })
    .await;
}

#[tokio::test]
async fn a_sku_that_stands_twice_in_a_large_first_load_is_noticed() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let supplier = supplier(db, "acme").await;
        let items = vec![BARE; 20_000];
        let mut session = connect(Some(databases.catalog_name())).await;
        let before = crate::dump(&mut session).await;
        let error = Import::of(supplier).create(&items).run(db).await.unwrap_err();
        assert_eq!(error.sqlstate().as_deref(), Some("23505"), "{error}");
        assert_eq!(crate::dump(&mut session).await, before);
        let indexes =
            rows(&mut session, "select 1 from pg_index where indrelid = 'products'::regclass and indisvalid").await;
        assert_eq!(indexes.as_array().unwrap().len(), 6);
    })
    .await;
}
