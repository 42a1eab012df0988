//! A store for each test: its own buckets in the real S3 server of the test stack.

#![allow(dead_code, clippy::unwrap_used)]

pub mod proxy;

use std::path::PathBuf;

use rand::{Rng, RngCore};
use storage::{Settings, Storage};
use tempfile::TempDir;

/// The smallest part that S3 takes: several parts and ranges at little cost.
pub const PART_BYTES: u64 = 5 << 20;

/// Settings for the test server, with buckets of their own.
pub fn settings() -> Settings {
    let url = std::env::var("ARRIVAGE_TEST_S3").expect(
        "ARRIVAGE_TEST_S3 is not set: `make test` sets it, and so does `eval \"$(arrivage dev env)\"`; \
         its form is http://ACCESS_KEY:SECRET_KEY@HOST:PORT",
    );
    let mut settings = Settings::from_url(&url).unwrap();
    settings.buckets.prefix = format!("t{:016x}-", rand::rng().random::<u64>());
    settings.part_bytes = PART_BYTES;
    settings
}

/// A store with its buckets made.
pub async fn store() -> Storage {
    store_with(&settings()).await
}

pub async fn store_with(settings: &Settings) -> Storage {
    let storage = Storage::connect(settings).await.unwrap();
    storage.ensure_buckets().await.unwrap();
    storage
}

/// Bytes of which no two blocks are alike, so that none can be lost or change places unnoticed.
pub fn noise(bytes: u64) -> Vec<u8> {
    let mut block = [0; 4 << 10];
    rand::rng().fill_bytes(&mut block);
    let mut noise = Vec::new();
    for number in 0..bytes.div_ceil(block.len() as u64) {
        block[..8].copy_from_slice(&number.to_le_bytes());
        noise.extend_from_slice(&block);
    }
    noise.truncate(usize::try_from(bytes).unwrap());
    noise
}

/// A file with these bytes; it goes with the folder.
pub fn file_of(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}
