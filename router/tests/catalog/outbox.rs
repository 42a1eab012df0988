//! Telling others what was published.

use item::Field;
use router::catalog::fanout;
use router::catalog::outbox::{self, Claimed, Consumer};
use router::catalog::suppliers::{self, NewSupplier};
use router::{Catalog, Db, RouterError};

use crate::support::items::Import;
use crate::support::with_migrated;

async fn claim(db: &Db<Catalog>, consumer: Consumer, supplier_id: Option<i64>) -> Vec<Claimed> {
    outbox::claim(db, consumer, supplier_id, 10, 30).await.unwrap()
}

/// Makes claims that run and pauses behind faults be over.
async fn lapse(db: &Db<Catalog>) {
    let sql = "update outbox_deliveries set due_at = now() - interval '1 second' where delivered_at is null";
    db.bulk().await.unwrap().execute(sql, &[]).await.unwrap();
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

        let all = claim(db, Consumer::Media, None).await;
        assert_eq!(all.iter().map(|claimed| claimed.event.supplier_id).collect::<Vec<_>>(), [acme, zed]);
        assert_eq!(claim(db, Consumer::Media, None).await, [], "they are in hand");
        assert_eq!(claim(db, Consumer::Analytics, Some(zed)).await.len(), 1, "another consumer's are its own");

        outbox::delivered(db, Consumer::Media, &[&all[0]]).await.unwrap();
        outbox::delivered(db, Consumer::Media, &[&all[0]]).await.unwrap();
        lapse(db).await;
        let again = claim(db, Consumer::Media, None).await;
        assert_eq!(again.iter().map(|claimed| claimed.event.id).collect::<Vec<_>>(), [all[1].event.id]);
        assert!(again[0].token > all[1].token);

        // The one who had it before has nothing to say any more.
        outbox::delivered(db, Consumer::Media, &[&all[1]]).await.unwrap();
        outbox::put_off(db, Consumer::Media, &all[1], Some("too late")).await.unwrap();
        let refused = outbox::extend(db, Consumer::Media, &all[1], 30).await.unwrap_err();
        assert!(matches!(refused, RouterError::Superseded { .. }), "{refused}");
        outbox::extend(db, Consumer::Media, &again[0], 30).await.unwrap();
        outbox::put_off(db, Consumer::Media, &again[0], Some("away")).await.unwrap();
        let owed = outbox::owed(db, Some(zed), 10).await.unwrap();
        let media = owed.iter().find(|owed| owed.consumer == "media").unwrap();
        assert_eq!((media.failures, media.last_fault.as_deref()), (1, Some("away")));

        lapse(db).await;
        for consumer in Consumer::ALL {
            let claimed = claim(db, consumer, None).await;
            outbox::delivered(db, consumer, &claimed.iter().collect::<Vec<_>>()).await.unwrap();
        }
        assert_eq!(outbox::owed(db, None, 10).await.unwrap(), []);
        assert_eq!(outbox::purge(db, 3_600.0).await.unwrap(), 0, "too young");
        assert_eq!(outbox::purge(db, 0.0).await.unwrap(), 2);
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
