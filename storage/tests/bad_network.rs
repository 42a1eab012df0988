//! Transfers over a network that breaks.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use storage::{Bucket, Storage, StorageError};
use support::proxy::{Break, Proxy};
use support::{PART_BYTES, file_of, noise, settings, store_with};

const INBOX: Bucket = Bucket::ImportsFiles;

/// The same store, directly and over a network that breaks.
async fn stores(fault: Break) -> (Storage, Storage, Proxy) {
    let mut settings = settings();
    let direct = store_with(&settings).await;
    let proxy = Proxy::to(&settings.endpoint, fault).await;
    settings.endpoint.clone_from(&proxy.endpoint);
    settings.attempts_max = 3;
    (direct, Storage::connect(&settings).await.unwrap(), proxy)
}

#[tokio::test]
async fn a_broken_download_goes_on_where_it_broke() {
    let (direct, broken, _proxy) = stores(Break::AnswersAfter { bytes: 3 << 20, times: 2 }).await;
    let content = noise(2 * PART_BYTES + 9);
    let (_folder, path) = file_of(&content);
    let put = direct.put_file(INBOX, "a", &path).await.unwrap();
    let mut back = Vec::new();
    let got = broken.get_to(INBOX, "a", &mut back).await.unwrap();
    assert_eq!(got, put);
    assert!(back == content);
}

#[tokio::test]
async fn a_download_that_breaks_every_time_is_truncated_and_says_where() {
    let (direct, broken, _proxy) = stores(Break::AnswersAfter { bytes: 100 << 10, times: usize::MAX }).await;
    direct.put_bytes(INBOX, "a", noise(PART_BYTES)).await.unwrap();
    let error = broken.get_to(INBOX, "a", &mut Vec::new()).await.unwrap_err();
    let StorageError::Truncated { expected, got, .. } = error else { panic!("{error}") };
    assert!(expected == PART_BYTES && got < expected, "{got} of {expected}");
}

#[tokio::test]
async fn an_upload_that_fails_is_given_up_and_leaves_the_object_as_it_was() {
    let (direct, broken, proxy) = stores(Break::RequestsWith("partNumber=3")).await;
    direct.put_bytes(INBOX, "a", "before").await.unwrap();
    let (_folder, path) = file_of(&noise(5 * PART_BYTES));
    let error = broken.put_file(INBOX, "a", &path).await.unwrap_err();
    assert!(matches!(error, StorageError::Unreachable { .. }), "{error}");
    assert_eq!(direct.get_bytes(INBOX, "a", 10).await.unwrap(), "before");
    given_up(&proxy).await;
}

#[tokio::test]
async fn an_upload_that_nobody_waits_for_any_more_is_given_up() {
    let (direct, proxied, proxy) = stores(Break::RequestsWith("never sent")).await;
    let (_folder, path) = file_of(&noise(20 * PART_BYTES));
    let upload = tokio::spawn(async move { proxied.put_file(INBOX, "a", &path).await });
    wait_until(|| proxy.saw("partNumber=2")).await;
    upload.abort();
    assert!(upload.await.unwrap_err().is_cancelled());
    given_up(&proxy).await;
    assert!(matches!(direct.head(INBOX, "a").await, Err(StorageError::NotFound { .. })));
}

/// The upload's parts are freed by a request of their own, which nobody waits for.
async fn given_up(proxy: &Proxy) {
    wait_until(|| proxy.saw("DELETE /")).await;
}

async fn wait_until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("it happens in time");
}
