//! Presigned URLs, used as somebody without an SDK would.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use storage::{Bucket, Presigned};
use support::store;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const INBOX: Bucket = Bucket::ImportsFiles;
const MINUTE: Duration = Duration::from_secs(60);

/// Sends one plain HTTP request; gives the status and the body.
async fn send(method: &str, url: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let length = body.len();
    let head =
        format!("{method} /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let mut connection = TcpStream::connect(host).await.unwrap();
    connection.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let status = String::from_utf8(answer[9..12].to_vec()).unwrap().parse().unwrap();
    (status, answer[end + 4..].to_vec())
}

#[tokio::test]
async fn a_presigned_put_takes_a_file_and_a_presigned_get_gives_it_back() {
    let storage = store().await;
    let key = "inbox/acme/Prix été.csv";
    let put = storage.presigned_put(INBOX, key, MINUTE).await.unwrap();
    assert_eq!((put.method, send("PUT", &put.url, b"sku;prix").await.0), ("PUT", 200));
    assert_eq!(storage.get_bytes(INBOX, key, 100).await.unwrap(), "sku;prix");

    let get = storage.presigned_get(INBOX, key, MINUTE).await.unwrap();
    assert_eq!(send(get.method, &get.url, b"").await, (200, b"sku;prix".to_vec()));
}

#[tokio::test]
async fn a_presigned_url_is_good_for_its_own_request_only() {
    let storage = store().await;
    storage.put_bytes(INBOX, "a", "a").await.unwrap();
    let Presigned { url, .. } = storage.presigned_get(INBOX, "a", MINUTE).await.unwrap();
    assert_eq!(send("GET", &url, b"").await.0, 200);
    assert_eq!(send("PUT", &url, b"b").await.0, 403);
    assert_eq!(send("GET", &url.replace("/a?", "/b?"), b"").await.0, 403);
    assert_eq!(send("GET", url.split('?').next().unwrap(), b"").await.0, 403);
    assert_eq!(storage.get_bytes(INBOX, "a", 1).await.unwrap(), "a");
}

#[tokio::test]
async fn a_presigned_url_expires_and_is_not_printed() {
    let storage = store().await;
    storage.put_bytes(INBOX, "a", "a").await.unwrap();
    let get = storage.presigned_get(INBOX, "a", Duration::from_secs(1)).await.unwrap();
    assert!(!format!("{get:?}").contains("X-Amz-Signature"));
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(send("GET", &get.url, b"").await.0, 403);
    assert!(get.expires_at < chrono::Utc::now());
}
