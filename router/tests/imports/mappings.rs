use router::imports::mappings::{self, MappingSource};
use serde_json::json;

use crate::support::{dump, with_migrated};

#[tokio::test]
async fn an_equal_mapping_makes_no_new_version() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let first = json!({"sku": "Réf", "title": "Nom", "tax_rate": 2e1});
        assert_eq!(mappings::active(db, 1).await.unwrap(), None);
        assert_eq!(mappings::save(db, 1, &first, MappingSource::Automatic).await.unwrap(), 1);
        let before = dump(db, "import_mappings").await;
        let same = json!({"tax_rate": 2e1, "title": "Nom", "sku": "Réf"});
        assert_eq!(mappings::save(db, 1, &same, MappingSource::Automatic).await.unwrap(), 1);
        assert_eq!(dump(db, "import_mappings").await, before);

        let second = json!({"sku": "Réf", "title": "Désignation"});
        assert_eq!(mappings::save(db, 1, &second, MappingSource::Person).await.unwrap(), 2);
        assert_eq!(
            mappings::save(db, 1, &first, MappingSource::Person).await.unwrap(),
            3,
            "going back is a new version"
        );
        assert_eq!(
            mappings::save(db, 2, &first, MappingSource::Person).await.unwrap(),
            1,
            "each supplier counts for itself"
        );

        let active = mappings::active(db, 1).await.unwrap().unwrap();
        assert_eq!(
            (active.version, &active.mapping["title"], active.source),
            (3, &json!("Nom"), MappingSource::Person)
        );
        let history = mappings::history(db, 1).await.unwrap();
        assert_eq!(
            history.iter().map(|mapping| (mapping.version, mapping.is_active)).collect::<Vec<_>>(),
            [(3, true), (2, false), (1, false)]
        );
    })
    .await;
}

#[tokio::test]
async fn eight_who_save_at_once_wait_for_each_other() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let different: Vec<_> = (0..8).map(|column| json!({"sku": format!("column {column}")})).collect();
        let saved = different.iter().map(|mapping| mappings::save(db, 1, mapping, MappingSource::Person));
        let mut versions: Vec<i32> =
            futures::future::join_all(saved).await.into_iter().map(|version| version.unwrap()).collect();
        versions.sort_unstable();
        assert_eq!(versions, (1..=8).collect::<Vec<_>>());
        assert_eq!(mappings::active(db, 1).await.unwrap().unwrap().version, 8);

        let saved = (0..8).map(|_| mappings::save(db, 2, &different[0], MappingSource::Automatic));
        let versions = futures::future::join_all(saved).await;
        assert!(versions.iter().all(|version| matches!(version, Ok(1))), "{versions:?}");
    })
    .await;
}
