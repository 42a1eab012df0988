//! Adding and changing suppliers.

use item::Mode;
use router::RouterError;
use router::catalog::suppliers::{self, NewSupplier, SupplierChange};
use serde_json::json;

use crate::support::with_migrated;

#[tokio::test]
async fn a_supplier_is_added_changed_and_found() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let new = NewSupplier {
            currency: Some("EUR".to_owned()),
            country: Some("FR".to_owned()),
            language: "fr".to_owned(),
            default_mode: Mode::Partial,
            feed_settings: json!({"delimiter": ";"}),
            ..NewSupplier::new("arts-co", "Arts & Co")
        };
        let added = suppliers::create(db, &new).await.unwrap();
        assert_eq!((added.code.as_str(), added.default_mode, added.is_active), ("arts-co", Mode::Partial, true));
        assert_eq!(suppliers::find(db, "arts-co").await.unwrap(), Some(added.clone()));
        assert_eq!(suppliers::find(db.read(), "other").await.unwrap(), None);

        let nothing = suppliers::update(db, "arts-co", &SupplierChange::default()).await.unwrap();
        assert_eq!(nothing, added);
        let change = SupplierChange {
            name: Some("Arts".to_owned()),
            currency: Some(String::new()),
            is_active: Some(false),
            ..SupplierChange::default()
        };
        let changed = suppliers::update(db, "arts-co", &change).await.unwrap();
        assert_eq!((changed.name.as_str(), changed.currency.as_deref()), ("Arts", None));
        assert_eq!((changed.country.as_deref(), changed.is_active), (Some("FR"), false));

        suppliers::create(db, &NewSupplier::new("a", "First")).await.unwrap();
        let codes: Vec<String> = suppliers::list(db).await.unwrap().into_iter().map(|s| s.code).collect();
        assert_eq!(codes, ["a", "arts-co"]);
    })
    .await;
}

#[tokio::test]
async fn what_a_person_can_cure_is_refused_by_name() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        suppliers::create(db, &NewSupplier::new("acme", "Acme")).await.unwrap();
        let again = suppliers::create(db, &NewSupplier::new("acme", "Acme")).await.unwrap_err();
        assert_eq!(again.to_string(), "supplier `acme` exists already");
        for code in ["", "Acme", "../etc", "-a", "é", &"a".repeat(64)] {
            let refused = suppliers::create(db, &NewSupplier::new(code, "x")).await.unwrap_err();
            assert!(matches!(refused, RouterError::Invalid { what: "supplier code", .. }), "{code}: {refused}");
        }
        let euro = NewSupplier { currency: Some("euro".to_owned()), ..NewSupplier::new("b", "B") };
        let refused = suppliers::create(db, &euro).await.unwrap_err();
        assert_eq!(refused.to_string(), "cannot take currency `euro`: give an ISO 4217 code, such as EUR");
        let france = SupplierChange { country: Some("France".to_owned()), ..SupplierChange::default() };
        let refused = suppliers::update(db, "acme", &france).await.unwrap_err();
        assert!(matches!(refused, RouterError::Invalid { what: "country", .. }), "{refused}");
        let missing = suppliers::update(db, "nobody", &SupplierChange::default()).await.unwrap_err();
        assert_eq!(missing.to_string(), "supplier `nobody` does not exist");
        assert_eq!(suppliers::list(db).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_a_transaction_changes_is_seen_in_it_and_gone_without_commit() {
    with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let mut tx = db.begin().await.unwrap();
        suppliers::create(&mut tx, &NewSupplier::new("acme", "Acme")).await.unwrap();
        assert!(suppliers::find(&mut tx, "acme").await.unwrap().is_some());
        assert!(suppliers::find(db, "acme").await.unwrap().is_none());
        tx.rollback().await.unwrap();
        assert!(suppliers::find(db, "acme").await.unwrap().is_none());
        let mut session = db.session().await.unwrap();
        assert!(suppliers::find(&mut session, "acme").await.unwrap().is_none());
    })
    .await;
}
