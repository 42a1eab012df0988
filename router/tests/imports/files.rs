use router::RouterError;
use router::imports::files::{self, Facts, NewFile};
use serde_json::json;

use crate::support::with_migrated;

const NEW: NewFile = NewFile { supplier_id: 1, sha256: [7; 32], size_bytes: 9, file_name: "a.csv", archive_key: None };

#[tokio::test]
async fn the_same_bytes_are_one_file_however_often_they_come() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let id = files::record(db, &NEW).await.unwrap();
        let again = NewFile { file_name: "b.csv", archive_key: Some("imports/b.csv"), ..NEW };
        assert_eq!(files::record(db, &again).await.unwrap(), id);
        let third = NewFile { archive_key: Some("imports/c.csv"), ..NEW };
        assert_eq!(files::record(db, &third).await.unwrap(), id);
        let file = files::find(db, id).await.unwrap().unwrap();
        assert_eq!((file.times_received, file.file_name.as_str()), (3, "a.csv"));
        assert_eq!(file.archive_key.as_deref(), Some("imports/b.csv"), "the first copy stays");
        assert_eq!(files::find_content(db, 1, &[7; 32]).await.unwrap(), Some(file));

        let other_supplier = files::record(db, &NewFile { supplier_id: 2, ..NEW }).await.unwrap();
        assert_eq!(other_supplier, id + 1, "a known file burns no number");
    })
    .await;
}

#[tokio::test]
async fn eight_who_record_a_new_file_at_once_get_one() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let recorded = futures::future::join_all((0..8).map(|_| files::record(db, &NEW))).await;
        let ids: Vec<i64> = recorded.into_iter().map(|id| id.unwrap()).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        assert_eq!(files::find(db, ids[0]).await.unwrap().unwrap().times_received, 8);
    })
    .await;
}

#[tokio::test]
async fn facts_are_kept_as_they_were_found() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let id = files::record(db, &NEW).await.unwrap();
        assert_eq!(files::find(db, id).await.unwrap().unwrap().facts, None);
        let mut facts = Facts {
            format: "csv".to_owned(),
            encoding: Some("windows-1252".to_owned()),
            dialect: Some(json!({"delimiter": 59, "quote": 34})),
            header: ["Réf", "Prix € HT", "a\0b"].map(str::to_owned).to_vec(),
            evidence: json!([{"what": "encoding", "reason": "\u{0} at byte 3"}]),
        };
        files::set_facts(db, id, &facts).await.unwrap();
        facts.header[2] = "a␀b".to_owned();
        facts.evidence = json!([{"what": "encoding", "reason": "␀ at byte 3"}]);
        assert_eq!(files::find(db, id).await.unwrap().unwrap().facts, Some(facts.clone()));
        let refused = files::set_facts(db, id + 1, &facts).await.unwrap_err();
        assert!(matches!(refused, RouterError::Missing { what: "file", .. }), "{refused}");
    })
    .await;
}
