use item::{Problem, Reject, RejectCode};
use router::imports::errors;
use uuid::Uuid;

use crate::support::{dump, with_migrated};
use crate::{begun, other_supplier};

fn problem(code: RejectCode, column: Option<&str>) -> Problem {
    Problem { code, column: column.map(str::to_owned), message: format!("{code} in {column:?}") }
}

fn reject(line: u64, codes: &[RejectCode], raw: &[&str]) -> Reject {
    let problems = codes.iter().map(|code| problem(*code, Some("Prix"))).collect();
    Reject { line, problems, raw: raw.iter().map(|cell| (*cell).to_owned()).collect() }
}

#[tokio::test]
async fn rejects_come_back_as_they_were() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let by = begun(db).await;
        let import_id = by.import_id;
        let rejects = [
            reject(
                3,
                &[RejectCode::NumberUnreadable, RejectCode::GtinChecksum],
                &["a\"b", "c\\d", "{e,f}", "", "NULL", " g ", "h\ni"],
            ),
            Reject { line: 5, problems: vec![problem(RejectCode::RowUnreadable, None)], raw: Vec::new() },
            reject(900, &[RejectCode::GtinChecksum], &["日本\t€"]),
        ];
        errors::insert(db, &by, &rejects).await.unwrap();
        assert_eq!(errors::page(db, import_id, 0, 10).await.unwrap(), rejects);
        assert_eq!(errors::page(db, import_id, 0, 2).await.unwrap(), rejects[..2]);
        assert_eq!(errors::page(db, import_id, 5, 10).await.unwrap(), rejects[2..]);
        assert_eq!(errors::page(db, Uuid::now_v7(), 0, 10).await.unwrap(), []);

        let counts: Vec<_> = errors::counts_by_code(db, import_id).await.unwrap().into_iter().collect();
        let expected =
            [(RejectCode::GtinChecksum, 1), (RejectCode::NumberUnreadable, 1), (RejectCode::RowUnreadable, 1)];
        assert_eq!(counts, expected, "a row counts once, under its first problem");
    })
    .await;
}

#[tokio::test]
async fn a_nul_character_is_stored_as_its_picture() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let by = begun(db).await;
        let import_id = by.import_id;
        let mut sent = reject(1, &[RejectCode::EncodingInvalid], &["a\0b"]);
        sent.problems[0].column = Some("c\0d".to_owned());
        sent.problems[0].message = "e\0f".to_owned();
        errors::insert(db, &by, &[sent]).await.unwrap();
        let stored = &errors::page(db, import_id, 0, 1).await.unwrap()[0];
        assert_eq!(stored.raw, ["a␀b"]);
        assert_eq!(stored.problems[0].column.as_deref(), Some("c␀d"));
        assert_eq!(stored.problems[0].message, "e␀f");
    })
    .await;
}

#[tokio::test]
async fn ten_thousand_rejects_written_twice_are_ten_thousand() {
    with_migrated(|databases| async move {
        let db = databases.router.imports();
        let by = begun(db).await;
        let import_id = by.import_id;
        let cells: Vec<String> = (0..30).map(|cell| format!("cell number {cell}")).collect();
        let rejects: Vec<Reject> = (1..=10_000)
            .map(|line| Reject {
                line,
                problems: vec![
                    problem(RejectCode::GtinChecksum, Some("EAN")),
                    problem(RejectCode::UrlInvalid, Some("Image")),
                ],
                raw: cells.clone(),
            })
            .collect();
        errors::insert(db, &by, &rejects).await.unwrap();
        let before = dump(db, "import_errors").await;
        errors::insert(db, &by, &rejects).await.unwrap();
        assert_eq!(dump(db, "import_errors").await, before);
        assert_eq!(errors::counts_by_code(db, import_id).await.unwrap()[&RejectCode::GtinChecksum], 10_000);

        let later = other_supplier(db).await;
        let other = later.import_id;
        errors::insert(db, &later, &rejects[..1]).await.unwrap();
        errors::clear(db, &by).await.unwrap();
        assert_eq!(errors::page(db, import_id, 0, 1).await.unwrap(), []);
        assert_eq!(errors::page(db, other, 0, 9).await.unwrap(), rejects[..1], "of another import nothing is cleared");
    })
    .await;
}
