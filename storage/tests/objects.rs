//! Objects over the wire, against a real S3 server.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use futures::TryStreamExt;
use sha2::{Digest, Sha256};
use storage::{Bucket, InboxKey, Storage, StorageError, keys};
use support::{PART_BYTES, file_of, noise, settings, store, store_with};

const INBOX: Bucket = Bucket::ImportsFiles;

#[tokio::test]
async fn files_of_any_size_come_back_as_they_went() {
    let storage = store().await;
    for bytes in [0, 1, 4096, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES, 4 * PART_BYTES + 17] {
        let content = noise(bytes);
        let (_folder, path) = file_of(&content);
        let put = storage.put_file(INBOX, "inbox/acme/file", &path).await.unwrap();
        assert_eq!((put.bytes, put.sha256), (bytes, Sha256::digest(&content).into()), "{bytes} bytes put");

        let mut back = Vec::new();
        let got = storage.get_to(INBOX, "inbox/acme/file", &mut back).await.unwrap();
        assert_eq!(got, put, "{bytes} bytes got");
        assert!(back == content, "{bytes} bytes differ");
        let head = storage.head(INBOX, "inbox/acme/file").await.unwrap();
        assert_eq!((head.bytes, head.etag), (bytes, put.etag));
    }
}

#[tokio::test]
async fn any_name_a_supplier_gives_survives() {
    let storage = store().await;
    let long = "é".repeat(127);
    let names =
        ["plain.csv", "Prix été (v2) 100%.csv", "a+b&c=d?e#f.csv", "価格表.xlsx", "%2e%2e", "' OR 1=1 --\".csv", &long];
    for name in names {
        let key = InboxKey::new("acme", name).unwrap();
        storage.put_bytes(INBOX, &key, name.to_owned()).await.unwrap();
        assert_eq!(storage.get_bytes(INBOX, &key, 1_000).await.unwrap(), name.as_bytes(), "{name}");
        storage.copy((INBOX, &key), (INBOX, format!("copy/{name}")), None).await.unwrap();
        assert_eq!(storage.get_bytes(INBOX, format!("copy/{name}"), 1_000).await.unwrap(), name.as_bytes(), "{name}");
    }
    let listed = storage.list_all(INBOX, keys::INBOX).await.unwrap();
    let listed: BTreeSet<_> = listed.iter().map(|head| InboxKey::parse(&head.key).unwrap().file().to_owned()).collect();
    assert_eq!(listed, names.into_iter().map(str::to_owned).collect());
}

#[tokio::test]
async fn any_key_that_s3_takes_is_kept_listed_moved_and_removed() {
    let storage = store().await;
    let long = format!("inbox/acme/{}", "é".repeat((keys::KEY_BYTES_MAX - "inbox/acme/".len()) / 2));
    let odd = [
        "inbox/acme/../../../etc/passwd",
        "inbox/..",
        "inbox/acme/./a.csv",
        "inbox//a.csv",
        "inbox/acme/bell\u{7}.csv",
        "inbox/acme/a\r\nb\t.csv",
        "inbox/acme/\u{1b}[2J",
        "inbox/acme/\u{85}\u{202e}vsc.exe",
        "inbox/acme/..\\..\\a.csv",
        "inbox/acme/ <&\"'>]]> ",
        "inbox/acme/a b+c%20d%",
        "inbox/acme/folder/",
        &long,
    ];
    for key in odd {
        storage.put_bytes(INBOX, key, key.to_owned()).await.unwrap_or_else(|error| panic!("{key:?}: {error:?}"));
    }
    // Smaller pages than there are keys: the mark between two pages is one for every key.
    let pages: Vec<_> = storage.list(INBOX, keys::INBOX, 2).try_collect().await.unwrap();
    assert!(pages.len() >= odd.len() / 2);
    let listed: Vec<_> = pages.into_iter().flatten().collect();
    let found: BTreeSet<&str> = listed.iter().map(|head| head.key.as_str()).collect();
    assert_eq!(found, odd.into_iter().collect());
    for (number, object) in listed.iter().enumerate() {
        let moved = format!("quarantine/{number}");
        storage.copy((INBOX, &object.key), (INBOX, &moved), Some(&object.etag)).await.unwrap();
        assert_eq!(storage.get_bytes(INBOX, &moved, 2_000).await.unwrap(), object.key.as_bytes());
        assert!(storage.delete_version(INBOX, &object.key, &object.etag).await.unwrap(), "{object:?}");
    }
    assert!(storage.list_all(INBOX, keys::INBOX).await.unwrap().is_empty());
}

#[tokio::test]
async fn only_the_version_that_is_meant_is_removed() {
    let storage = store().await;
    let old = storage.put_bytes(INBOX, "inbox/acme/a.csv", "old").await.unwrap();
    let new = storage.put_bytes(INBOX, "inbox/acme/a.csv", "new").await.unwrap();
    assert!(!storage.delete_version(INBOX, "inbox/acme/a.csv", &old.etag).await.unwrap());
    assert_eq!(storage.get_bytes(INBOX, "inbox/acme/a.csv", 10).await.unwrap(), "new");
    assert!(storage.delete_version(INBOX, "inbox/acme/a.csv", &new.etag).await.unwrap());
    assert!(!storage.delete_version(INBOX, "inbox/acme/a.csv", &new.etag).await.unwrap(), "it is gone");
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let storage = store().await;
    let missing = storage.get_to(INBOX, "inbox/acme/none.csv", &mut tokio::io::sink()).await.unwrap_err();
    assert!(matches!(&missing, StorageError::NotFound { key, .. } if key == "inbox/acme/none.csv"), "{missing}");
    let copied = storage.copy((INBOX, "none"), (INBOX, "other"), None).await.unwrap_err();
    assert!(matches!(copied, StorageError::NotFound { .. }), "{copied}");
    storage.delete(INBOX, "inbox/acme/none.csv").await.unwrap();

    let without_buckets = Storage::connect(&settings()).await.unwrap();
    let missing = without_buckets.put_bytes(INBOX, "inbox/acme/a.csv", "a").await.unwrap_err();
    assert!(matches!(missing, StorageError::BucketMissing { .. }), "{missing}");
}

#[tokio::test]
async fn a_wrong_secret_is_refused_and_not_printed() {
    let mut settings = settings();
    settings.secret_key = "not-the-secret".into();
    let storage = Storage::connect(&settings).await.unwrap();
    let refused = storage.put_bytes(INBOX, "inbox/acme/a.csv", "a").await.unwrap_err();
    assert!(
        matches!(&refused, StorageError::AccessDenied { code, .. } if code == "SignatureDoesNotMatch"),
        "{refused}"
    );
    assert!(!format!("{refused:?}").contains("not-the-secret"));
    let refused = storage.ensure_buckets().await.unwrap_err();
    assert!(matches!(refused, StorageError::AccessDenied { .. }), "{refused}");
}

#[tokio::test]
async fn a_store_that_is_not_there_is_named() {
    let mut settings = settings();
    // Port 1 is nobody's.
    settings.endpoint = "http://127.0.0.1:1".into();
    settings.attempts_max = 1;
    let error = Storage::connect(&settings).await.unwrap().head(INBOX, "a").await.unwrap_err();
    assert!(
        matches!(&error, StorageError::Unreachable { endpoint, .. } if endpoint == "http://127.0.0.1:1"),
        "{error}"
    );
}

#[tokio::test]
async fn buckets_are_made_once_however_many_ask_at_once() {
    let settings = settings();
    let storage = Storage::connect(&settings).await.unwrap();
    let asked = futures::future::join_all((0..8).map(|_| storage.ensure_buckets())).await;
    asked.into_iter().collect::<Result<(), _>>().unwrap();
    for bucket in Bucket::ALL {
        storage.put_bytes(bucket, "a", "a").await.unwrap();
    }
}

#[tokio::test]
async fn an_object_replaced_while_it_is_read_is_noticed() {
    let storage = store().await;
    let (_folder, path) = file_of(&noise(8 * PART_BYTES));
    storage.put_file(INBOX, "inbox/acme/a.csv", &path).await.unwrap();

    let (mut sink, mut reader) = tokio::io::duplex(64 << 10);
    let reading = tokio::spawn({
        let storage = storage.clone();
        async move { storage.get_to(INBOX, "inbox/acme/a.csv", &mut sink).await }
    });
    // The reading is under way and waits for us to take its bytes.
    tokio::io::AsyncReadExt::read_u8(&mut reader).await.unwrap();
    storage.put_bytes(INBOX, "inbox/acme/a.csv", "another").await.unwrap();
    tokio::io::copy(&mut reader, &mut tokio::io::sink()).await.unwrap();
    let error = reading.await.unwrap().unwrap_err();
    assert!(matches!(error, StorageError::Changed { .. }), "{error}");
}

#[tokio::test]
async fn a_copy_is_of_the_version_that_is_meant() {
    let storage = store().await;
    let first = storage.put_bytes(INBOX, "inbox/acme/a.csv", "first").await.unwrap();
    storage.put_bytes(INBOX, "inbox/acme/a.csv", "second").await.unwrap();
    let stale = storage.copy((INBOX, "inbox/acme/a.csv"), (INBOX, "archive"), Some(&first.etag)).await.unwrap_err();
    assert!(matches!(stale, StorageError::Changed { .. }), "{stale}");
    let now = storage.head(INBOX, "inbox/acme/a.csv").await.unwrap();
    storage.copy((INBOX, "inbox/acme/a.csv"), (INBOX, "archive"), Some(&now.etag)).await.unwrap();
    assert_eq!(storage.get_bytes(INBOX, "archive", 10).await.unwrap(), "second");
}

#[tokio::test]
async fn listings_come_in_pages_in_order_and_stay_within_their_prefix() {
    let storage = store().await;
    let mut expected: Vec<_> = (0..25).map(|n| format!("inbox/acme/{n}.csv")).collect();
    expected.sort_unstable();
    for key in expected.iter().map(String::as_str).chain(["inbox/acme2/1.csv", "inbox/acm", "outbox/acme/1.csv"]) {
        storage.put_bytes(INBOX, key, "x").await.unwrap();
    }
    let pages: Vec<_> = storage.list(INBOX, "inbox/acme/", 10).try_collect().await.unwrap();
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
    let listed: Vec<_> = pages.concat();
    assert_eq!(listed.iter().map(|head| head.key.clone()).collect::<Vec<_>>(), expected);
    let head = storage.head(INBOX, &listed[3].key).await.unwrap();
    assert_eq!((listed[3].bytes, &listed[3].etag), (1, &head.etag));

    assert_eq!(storage.list_all(INBOX, "nothing/").await.unwrap(), []);
    storage.delete(INBOX, "inbox/acme/3.csv").await.unwrap();
    assert_eq!(storage.list_all(INBOX, "inbox/acme/").await.unwrap().len(), 24);
}

#[tokio::test]
async fn a_small_read_has_a_limit() {
    let storage = store().await;
    storage.put_bytes(INBOX, "a", "12345").await.unwrap();
    assert_eq!(storage.get_bytes(INBOX, "a", 5).await.unwrap(), "12345");
    let error = storage.get_bytes(INBOX, "a", 4).await.unwrap_err();
    assert!(matches!(error, StorageError::TooLarge { bytes: 5, bytes_max: 4, .. }), "{error}");
}

#[tokio::test]
async fn settings_out_of_range_make_no_store() {
    let mut settings = settings();
    settings.part_bytes = 1;
    assert!(matches!(Storage::connect(&settings).await, Err(StorageError::Settings(_))));
    let storage = store_with(&support::settings()).await;
    for expires_in in [Duration::ZERO, Duration::from_secs(8 * 24 * 3600)] {
        let error = storage.presigned_get(INBOX, "a", expires_in).await.unwrap_err();
        assert!(error.to_string().contains("7 days"), "{error}");
    }
}
