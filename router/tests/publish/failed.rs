//! A publication that cannot be right changes nothing at all.

use item::Field;
use router::RouterError;
use router::catalog::staging;

use crate::support::items::{Import, fence};
use crate::support::{connect, with_migrated};
use crate::{dump, priced, supplier};

#[tokio::test]
async fn whatever_goes_wrong_leaves_every_table_untouched() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let (acme, other) = (supplier(db, "acme").await, supplier(db, "other").await);
        let created = Import::of(acme).create(&[&priced("A", "10000"), &priced("B", "10000")]).run(db).await.unwrap();
        let id = created.first_created_id.unwrap();
        let mut session = connect(Some(databases.catalog_name())).await;
        let before = dump(&mut session).await;
        let fresh = [(Field::Sku, "N"), (Field::Title, "x"), (Field::Brand, "New"), (Field::CategoryPath, "New|Newer")];
        // Something of everything, so that there would be something to see.
        let busy =
            |supplier| Import::of(supplier).create(&[&fresh]).update(id, &priced("A", "20000")).deactivate(id + 1);

        let mut miscounted = busy(acme);
        miscounted.publish.counts.created = 2;
        miscounted.publish.counts.read += 1;
        let mut forgotten = busy(acme);
        forgotten.publish.counts.deactivated = 2;
        let mut overcounted = busy(acme);
        overcounted.publish.counts.updated = 2;
        overcounted.publish.counts.read += 1;
        let mut undercounted = busy(acme);
        undercounted.publish.counts.updated = 0;
        undercounted.publish.counts.read -= 1;
        let mut unbalanced = busy(acme);
        unbalanced.publish.counts.rejected = 1;
        let gaps = busy(acme).skip_ordinal().create(&[&priced("M", "1")]);
        let cases = [
            ("fewer created than counted", miscounted, "staged created rows should be 2 but are 1"),
            ("fewer deactivated than counted", forgotten, "staged deactivated rows should be 2 but are 1"),
            ("fewer updated than counted", overcounted, "staged updated rows should be 2 but are 1"),
            ("more updated than counted", undercounted, "staged updated rows should be 0 but are 1"),
            ("counts that do not balance", unbalanced, "accounted rows should be 2 but are 3"),
            ("an ordinal beyond the range", gaps, "created rows should be 2 but are 1"),
            ("a product of another supplier", busy(other), "changed rows should be 1 but are 0"),
            ("a product that is gone already", busy(acme).deactivate(987), "kept rows should be 2 but are 1"),
        ];
        for (what, import, message) in cases {
            let error = import.run(db).await.unwrap_err();
            assert!(matches!(error, RouterError::Unbalanced { .. }), "{what}: {error}");
            assert_eq!(error.to_string(), format!("cannot publish: {message}; nothing was changed"), "{what}");
            assert_eq!(dump(&mut session).await, before, "{what}");
        }

        let twice = busy(acme).create(&[&priced("A", "10000")]).run(db).await.unwrap_err();
        assert_eq!(twice.sqlstate().as_deref(), Some("23505"), "a SKU that is there: {twice}");
        assert!(!twice.transient());
        let mut nowhere = busy(acme).publish;
        nowhere.import_id = uuid::Uuid::now_v7();
        let error = router::catalog::publish(&mut db.bulk().await.unwrap(), &nowhere).await.unwrap_err();
        assert_eq!(error.sqlstate().as_deref(), Some("42P01"), "nothing staged: {error}");
        assert_eq!(dump(&mut session).await, before);
    })
    .await;
}

#[tokio::test]
async fn a_staging_table_that_a_crash_emptied_is_noticed() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let supplier = supplier(db, "acme").await;
        let staged = Import::of(supplier).create(&[&priced("A", "10000")]).stage(db).await.unwrap();
        let mut bulk = db.bulk().await.unwrap();
        assert_eq!(staging::count(&bulk, staged.import_id).await.unwrap(), 1);
        bulk.batch_execute(&format!("truncate staging.\"{}\"", staged.import_id.simple())).await.unwrap();
        let error = router::catalog::publish(&mut bulk, &staged).await.unwrap_err();
        assert!(matches!(error, RouterError::Unbalanced { expected: 1, actual: 0, .. }), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_staging_table_is_there_when_it_is_whole() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let staged = Import::of(1).deactivate(1).stage(db).await.unwrap();
        let (id, by) = (staged.import_id, fence(&staged));
        assert!(staging::exists(db, id).await.unwrap());
        assert_eq!(staging::list(db).await.unwrap(), [id]);

        // Staging it again and giving up leaves what was there; going through with it replaces that.
        let given_up = staging::Writer::open(db, &by).await.unwrap();
        drop(given_up);
        let mut bulk = db.bulk().await.unwrap();
        assert_eq!(staging::count(&bulk, id).await.unwrap(), 1);
        let empty = staging::Writer::open(db, &by).await.unwrap();
        assert_eq!(empty.finish().await.unwrap(), 0);
        assert_eq!(staging::count(&bulk, id).await.unwrap(), 0);

        staging::drop(&mut bulk, &by).await.unwrap();
        staging::drop(&mut bulk, &by).await.unwrap();
        assert!(!staging::exists(db, id).await.unwrap());
    })
    .await;
}
