//! Looking for products.

use item::Field;
use router::catalog::products::{self, ProductFilter};
use router::catalog::suppliers::{self, NewSupplier};

use crate::support::items::Import;
use crate::support::with_migrated;

#[tokio::test]
async fn every_condition_of_a_filter_must_hold() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let acme = suppliers::create(db, &NewSupplier::new("acme", "Acme")).await.unwrap().id;
        let zed = suppliers::create(db, &NewSupplier::new("zed", "Zed")).await.unwrap().id;
        let pen = [
            (Field::Sku, "P1"),
            (Field::Title, "Red pen, 50% off"),
            (Field::Gtin, "04006381333931"),
            (Field::Brand, "Stabilo"),
            (Field::CategoryPath, "Office|Pens"),
            (Field::Price, "12500"),
            (Field::Currency, "EUR"),
            (Field::Stock, "7"),
        ];
        let ink = [(Field::Sku, "I1"), (Field::Title, "Ink"), (Field::Mpn, "RED_1")];
        let created = Import::of(acme).create(&[&pen, &ink]).run(db).await.unwrap();
        Import::of(zed).create(&[&pen]).run(db).await.unwrap();
        Import::of(acme).deactivate(created.first_created_id.unwrap() + 1).run(db).await.unwrap();

        let check = async |filter: ProductFilter, expected: &[&str]| {
            let found = products::search(db, &filter, 10).await.unwrap();
            let found: Vec<String> = found.iter().map(|p| format!("{} {}", p.supplier, p.sku)).collect();
            assert_eq!(found, expected, "{filter:?}");
        };
        let some = |text: &str| Some(text.to_owned());
        let any = ProductFilter::default;
        check(any(), &["acme I1", "acme P1", "zed P1"]).await;
        check(ProductFilter { supplier: some("acme"), ..any() }, &["acme I1", "acme P1"]).await;
        check(ProductFilter { sku: some("P1"), ..any() }, &["acme P1", "zed P1"]).await;
        check(ProductFilter { sku: some("p1"), ..any() }, &[]).await;
        check(ProductFilter { gtin: some("04006381333931"), supplier: some("zed"), ..any() }, &["zed P1"]).await;
        check(ProductFilter { text: some("red"), supplier: some("acme"), ..any() }, &["acme I1", "acme P1"]).await;
        check(ProductFilter { text: some("STABILO"), ..any() }, &["acme P1", "zed P1"]).await;
        check(ProductFilter { text: some("50%"), ..any() }, &["acme P1", "zed P1"]).await;
        check(ProductFilter { text: some("_"), ..any() }, &["acme I1"]).await;
        check(ProductFilter { active: Some(false), ..any() }, &["acme I1"]).await;
        check(ProductFilter { active: Some(true), supplier: some("acme"), ..any() }, &["acme P1"]).await;

        let pen = &products::search(db.read(), &ProductFilter { sku: some("P1"), ..any() }, 1).await.unwrap()[0];
        assert_eq!(pen.category_path.as_deref(), Some(&["Office".to_owned(), "Pens".to_owned()][..]));
        assert_eq!((pen.brand.as_deref(), pen.price, pen.stock), (Some("Stabilo"), Some(12_500), Some(7)));
        assert_eq!((pen.currency.as_deref(), pen.price_incl_tax, pen.is_active), (Some("EUR"), None, true));
    })
    .await;
}
