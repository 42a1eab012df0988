//! Telling others what was published.

use std::time::Duration;

use item::Field;
use router::catalog::suppliers::{self, NewSupplier};
use router::catalog::{fanout, outbox};
use router::{Catalog, Db};

use crate::support::items::Import;
use crate::support::with_migrated;

async fn pending(db: &Db<Catalog>, consumers: &[&str], supplier_id: Option<i64>) -> Vec<(i64, Vec<String>)> {
    let pending = outbox::pending(db, consumers, supplier_id, 10).await.unwrap();
    pending.into_iter().map(|pending| (pending.event.id, pending.consumers)).collect()
}

#[tokio::test]
async fn every_consumer_is_told_until_it_says_so() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let acme = suppliers::create(db, &NewSupplier::new("acme", "Acme")).await.unwrap().id;
        let zed = suppliers::create(db, &NewSupplier::new("zed", "Zed")).await.unwrap().id;
        let item = [(Field::Sku, "1"), (Field::Title, "x")];
        Import::of(acme).create(&[&item]).run(db).await.unwrap();
        Import::of(zed).create(&[&item]).run(db).await.unwrap();
        let both = ["media", "analytics"];
        let told = |consumers: &[&str]| consumers.iter().map(|consumer| consumer.to_string()).collect::<Vec<_>>();
        let all = pending(db, &both, None).await;
        let (first, second) = (all[0].0, all[1].0);
        assert_eq!(all, [(first, told(&both)), (second, told(&both))]);

        outbox::deliver(db, first, "media").await.unwrap();
        outbox::deliver(db, first, "media").await.unwrap();
        assert_eq!(pending(db, &both, Some(acme)).await, [(first, told(&["analytics"]))]);
        assert_eq!(pending(db, &both, Some(zed)).await, [(second, told(&both))]);
        assert_eq!(pending(db, &["media"], None).await, [(second, told(&["media"]))]);

        outbox::deliver(db, first, "analytics").await.unwrap();
        assert_eq!(outbox::purge(db, &both, Duration::from_secs(3_600)).await.unwrap(), 0, "too young");
        assert_eq!(outbox::purge(db, &both, Duration::ZERO).await.unwrap(), 1);
        assert_eq!(pending(db, &both, None).await, [(second, told(&both))]);
    })
    .await;
}

#[tokio::test]
async fn pages_hold_the_pictures_of_what_was_created_and_of_what_got_others() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let acme = suppliers::create(db, &NewSupplier::new("acme", "Acme")).await.unwrap().id;
        let item = |sku, images| [(Field::Sku, sku), (Field::Title, "x"), (Field::ImageUrls, images)];
        let first =
            Import::of(acme).create(&[&item("0", "a|b"), &item("1", ""), &item("2", "c")]).run(db).await.unwrap();
        let id = first.first_created_id.unwrap();
        let dearer = [(Field::Sku, "2"), (Field::Title, "x"), (Field::ImageUrls, "c"), (Field::Price, "1")];
        let second = Import::of(acme)
            .update(id, &item("0", "b|d|e"))
            .update(id + 2, &dearer)
            .create(&[&item("3", "f")])
            .run(db)
            .await
            .unwrap();

        let all = async |publication_id| {
            let (mut seen, mut after) = (Vec::new(), (0, 0));
            loop {
                let page = fanout::images_of_publication(db, publication_id, after, 2).await.unwrap();
                let Some(last) = page.last() else { return seen };
                assert!(page.len() <= 2);
                after = (last.product_id, last.position);
                seen.extend(page.into_iter().map(|image| (image.product_id - id, image.position, image.url)));
            }
        };
        let image = |product, position, url: &str| (product, position, url.to_owned());
        assert_eq!(
            all(second.publication_id).await,
            [image(0, 1, "b"), image(0, 2, "d"), image(0, 3, "e"), image(3, 1, "f")],
            "the third product only got a price"
        );
        assert_eq!(
            all(first.publication_id).await,
            [image(0, 1, "b"), image(0, 2, "d"), image(0, 3, "e"), image(2, 1, "c")],
            "as the catalogue is now"
        );
        assert_eq!(all(987).await, []);
    })
    .await;
}

#[tokio::test]
async fn pages_hold_the_gtins_that_may_be_matched() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let acme = suppliers::create(db, &NewSupplier::new("acme", "Acme")).await.unwrap().id;
        let item = |sku, gtin, restricted| {
            [(Field::Sku, sku), (Field::Title, "x"), (Field::Gtin, gtin), (Field::GtinRestricted, restricted)]
        };
        let plain = [(Field::Sku, "1"), (Field::Title, "x")];
        let first = Import::of(acme)
            .create(&[&item("0", "04006381333931", "0"), &plain, &item("2", "02000000000015", "1")])
            .run(db)
            .await
            .unwrap();
        let id = first.first_created_id.unwrap();
        let second = Import::of(acme)
            .update(id, &item("0", "04006381333931", "0"))
            .update(id + 1, &item("1", "00036000291452", "0"))
            .run(db)
            .await
            .unwrap();
        let all = async |publication_id| {
            let (mut seen, mut after) = (Vec::new(), 0);
            loop {
                let page = fanout::gtins_of_publication(db, publication_id, after, 1).await.unwrap();
                let Some(last) = page.last() else { return seen };
                after = last.product_id;
                assert!(page.iter().all(|gtin| gtin.supplier_id == acme));
                seen.extend(page.into_iter().map(|gtin| (gtin.product_id - id, gtin.gtin)));
            }
        };
        assert_eq!(
            all(first.publication_id).await,
            [(0, "04006381333931".to_owned()), (1, "00036000291452".to_owned())]
        );
        assert_eq!(all(second.publication_id).await, [(1, "00036000291452".to_owned())]);
    })
    .await;
}
