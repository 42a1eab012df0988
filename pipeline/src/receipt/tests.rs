use std::collections::{BTreeMap, BTreeSet};

use item::DecimalSum;
use router::imports::jobs::{Failure, Guard, Priority};
use serde_json::Value;

use super::*;

const ID: Uuid = Uuid::from_u128(0x019a_8f3e_0000_7000_8000_0000_0000_0001);

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn job(state: ImportState) -> Job {
    Job {
        id: ID,
        supplier_id: 1,
        supplier_code: "acme".to_owned(),
        state,
        mode: Mode::Full,
        priority: Priority::Default,
        dry_run: false,
        attempt: 1,
        epoch: 1,
        lease_owner: None,
        lease_expires_at: None,
        file_id: None,
        bucket: "imports-files".to_owned(),
        key: "inbox/acme/tarif.csv".to_owned(),
        file_name: "tarif.csv".to_owned(),
        mapping_version: None,
        settings: Value::Null,
        approved: false,
        guard: None,
        failure: None,
        counts: Counts::default(),
        rows_read: 0,
        bytes_read: 0,
        bytes_total: None,
        report: None,
        etag: None,
        arrived_at: time("2026-11-20T08:00:00Z"),
        schedule_id: None,
        is_archived: true,
        attempt_started_at: Some(time("2026-11-20T08:00:01Z")),
        failures: 0,
        retry: None,
        run_after: time("2026-11-20T08:00:00Z"),
        superseded_by: None,
        identical_to: None,
        is_answered: false,
        created_at: time("2026-11-20T08:00:00Z"),
        started_at: Some(time("2026-11-20T08:00:01Z")),
        finished_at: None,
        updated_at: time("2026-11-20T08:00:01Z"),
    }
}

fn report(job: &Job) -> Report {
    Report {
        counts: Counts {
            read: 1200,
            created: 1,
            updated: 2,
            unchanged: 1195,
            rejected: 1,
            duplicate: 1,
            ..Counts::default()
        },
        totals: Totals {
            rows: 1200,
            products: 1198,
            priced: 1198,
            price_sum: DecimalSum(123_456_789),
            stocked: 1000,
            stock_sum: 5000,
        },
        rejects_by_code: BTreeMap::from([(RejectCode::NumberUnreadable, 1), (RejectCode::DuplicateSku, 1)]),
        rejects_key: Some("outbox/acme/tarif.csv.rejects.csv".to_owned()),
        ..Report::begin(job)
    }
}

/// A receipt in which every field has a value.
fn full() -> Receipt {
    let mut job = job(ImportState::Failed);
    job.failure = Some(Failure { code: "truncated".to_owned(), message: "line 9".to_owned() });
    job.guard = Some(Guard { code: FileCode::TooManyRejects, detail: "30 of 100".to_owned() });
    job.finished_at = Some(time("2026-11-20T08:00:09Z"));
    let circumstances = Circumstances {
        superseded_by: Some(Newer { import_id: ID, file: "new.csv".to_owned() }),
        identical_to: Some(time("2026-11-17T08:00:00Z")),
    };
    Receipt::of(&job, Some(&report(&job)), Language::En, circumstances)
}

/// Every state, with and without a report, in every language.
fn receipts() -> Vec<Receipt> {
    let mut receipts = vec![full()];
    for state in ImportState::ALL.iter().copied() {
        for language in Language::ALL.iter().copied() {
            let job = job(state);
            receipts.push(Receipt::of(&job, None, language, Circumstances::default()));
            receipts.push(Receipt::of(&job, Some(&report(&job)), language, Circumstances::default()));
        }
    }
    receipts
}

#[track_caller]
fn says(job: &Job, report: Option<&Report>, circumstances: &Circumstances, en: &str, fr: &str) {
    for (language, expected) in [(Language::En, en), (Language::Fr, fr)] {
        let said = Receipt::of(job, report, language, circumstances.clone()).message;
        assert_eq!(said.replace('\u{202f}', " "), expected);
    }
}

#[test]
fn every_outcome_is_told_in_one_sentence() {
    let none = Circumstances::default();
    let completed = job(ImportState::Completed);
    says(
        &completed,
        Some(&report(&completed)),
        &none,
        "the file is imported: 1,200 rows read, 1 product created, 2 changed, 1,195 unchanged, 0 withdrawn; 2 rows were \
         rejected: correct them in tarif.csv.rejects.csv and drop it again",
        "le fichier est importé : 1 200 lignes lues, 1 produit créé, 2 modifiés, 1 195 inchangés, 0 retiré ; 2 lignes ont été \
         refusées : corrigez-les dans tarif.csv.rejects.csv et redéposez-le",
    );
    let identical = Report { identical: true, ..report(&completed) };
    let since = Circumstances { identical_to: Some(time("2026-11-17T23:59:00Z")), ..none.clone() };
    says(
        &completed,
        Some(&identical),
        &since,
        "this file is identical to the file of Tuesday 17 November 2026: nothing to do",
        "ce fichier est identique à celui du mardi 17 novembre 2026 : rien à faire",
    );
    let correction =
        Report { correction: true, counts: Counts { read: 1, created: 1, ..Counts::default() }, ..report(&completed) };
    says(
        &completed,
        Some(&correction),
        &none,
        "the corrected rows are imported: 1 row read, 1 product created, 0 changed, 0 unchanged, 0 withdrawn",
        "les lignes corrigées sont importées : 1 ligne lue, 1 produit créé, 0 modifié, 0 inchangé, 0 retiré",
    );
    let mut held = job(ImportState::Held);
    held.guard = Some(Guard { code: FileCode::TooManyRejects, detail: "3 of 9 rows were rejected".to_owned() });
    held.counts = Counts { read: 9, rejected: 2, duplicate: 1, created: 6, ..Counts::default() };
    says(
        &held,
        None,
        &none,
        "the import is held until somebody decides, and nothing is published yet: 3 of 9 rows were rejected",
        "l'import attend une décision et rien n'est encore publié : 3 lignes sur 9 refusées",
    );
    let mut failed = job(ImportState::Failed);
    failed.failure = Some(Failure { code: "empty_file".to_owned(), message: "no text".to_owned() });
    says(
        &failed,
        None,
        &none,
        "the import failed and nothing was published: the file has no rows; send the file again with its rows",
        "l'import a échoué et rien n'a été publié : le fichier ne contient aucune ligne ; renvoyez le fichier avec ses lignes",
    );
    let newer =
        Circumstances { superseded_by: Some(Newer { import_id: ID, file: "new.csv".to_owned() }), ..none.clone() };
    says(
        &job(ImportState::Cancelled),
        None,
        &newer,
        "the newer file new.csv took the place of this one, which was not published",
        "le fichier plus récent new.csv a remplacé celui-ci, qui n'a pas été publié",
    );
    let dry = Job { dry_run: true, ..job(ImportState::Staged) };
    says(
        &dry,
        Some(&Report { counts: Counts { read: 2, created: 2, ..Counts::default() }, ..report(&dry) }),
        &none,
        "dry run, nothing was published: 2 rows read, 2 products created, 0 changed, 0 unchanged, 0 withdrawn",
        "simulation, rien n'a été publié : 2 lignes lues, 2 produits créés, 0 modifié, 0 inchangé, 0 retiré",
    );
}

#[test]
fn sentences_are_never_empty_and_french_is_french() {
    for receipt in receipts() {
        assert!(!receipt.message.is_empty(), "{receipt:?}");
        let english = receipt.message.starts_with("the ") || receipt.message.starts_with("this ");
        assert!(!english || receipt.language == Language::En, "{}", receipt.message);
    }
}

/// `counts.read`, `rejects[].code` …
fn paths(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                found.insert(path.clone());
                paths(member, &path, found);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| paths(element, &format!("{at}[]"), found)),
        _ => {}
    }
}

#[test]
fn the_page_describes_every_field_and_no_other() {
    let page = include_str!("../../../docs/receipt.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let described: BTreeSet<String> = rows.map(|(path, _)| path.to_owned()).collect();
    let mut found = BTreeSet::new();
    paths(&serde_json::to_value(full()).unwrap(), "", &mut found);
    assert_eq!(described, found);
}

#[test]
fn the_example_on_the_page_and_every_receipt_fit_the_schema() {
    let schema: Value = serde_json::from_str(include_str!("../../../docs/receipt.schema.json")).unwrap();
    let page = include_str!("../../../docs/receipt.md");
    let example = page.split("```json").nth(1).and_then(|text| text.split("```").next()).unwrap();
    let example: Value = serde_json::from_str(example).unwrap();
    let receipts = receipts().into_iter().map(|receipt| serde_json::to_value(receipt).unwrap());
    for receipt in receipts.chain([example]) {
        fits(&receipt, &schema, "receipt");
    }
}

/// The part of JSON Schema that our schema uses.
#[track_caller]
fn fits(value: &Value, schema: &Value, at: &str) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if let Some(allowed) = schema.get("type") {
        let allowed: Vec<&str> = match allowed {
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            kind => kind.as_str().into_iter().collect(),
        };
        let number = kind == "integer" && allowed.contains(&"number");
        assert!(number || allowed.contains(&kind), "{at} is {kind}, not {allowed:?}");
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        assert!(words.contains(value), "{at} is {value}, none of {words:?}");
    }
    if let Some(word) = schema.get("const") {
        assert_eq!(value, word, "{at}");
    }
    match value {
        Value::Object(members) => {
            let properties = schema["properties"].as_object().unwrap_or_else(|| panic!("{at} has no properties"));
            for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                assert!(members.contains_key(name), "{at} lacks {name}");
            }
            for (name, member) in members {
                let known = properties.get(name).unwrap_or_else(|| panic!("{at}.{name} is not in the schema"));
                fits(member, known, &format!("{at}.{name}"));
            }
        }
        Value::Array(elements) => {
            elements.iter().for_each(|element| fits(element, &schema["items"], &format!("{at}[]")));
        }
        _ => {}
    }
}

#[test]
fn the_closed_sets_of_the_schema_are_those_of_the_code() {
    let schema: Value = serde_json::from_str(include_str!("../../../docs/receipt.schema.json")).unwrap();
    let words = |path: &str| -> BTreeSet<String> {
        let words = schema.pointer(path).and_then(Value::as_array).unwrap_or_else(|| panic!("no {path}"));
        words.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let set = |all: &[&str]| -> BTreeSet<String> { all.iter().map(|word| (*word).to_owned()).collect() };
    let states: Vec<&str> = ImportState::ALL.iter().map(|state| state.as_str()).collect();
    assert_eq!(words("/properties/state/enum"), set(&states));
    let rejects: Vec<&str> = RejectCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(words("/properties/rejects/items/properties/code/enum"), set(&rejects));
    let files: Vec<&str> = FileCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(words("/properties/guards/items/properties/code/enum"), set(&files));
}
