//! What the tests of sources share.

#![allow(dead_code, reason = "every test binary uses its part of this module")]

use std::io::{Read, Seek};

use sources::{Fetched, FetchedFile, Result, Secret, Settings, Source, Validators};

/// Settings that allow these networks and are impatient.
pub fn settings(allowed: &[&str]) -> Settings {
    Settings {
        allow_private_networks: allowed.iter().map(|network| network.parse().unwrap()).collect(),
        connect_seconds: 5,
        silence_seconds_max: 5,
        fetch_seconds_max: 20,
        file_bytes_max: 1_000_000,
        ..Settings::default()
    }
}

/// What a fetch brought: the file's facts and its bytes, or nothing new.
pub async fn fetch(
    source: &Source,
    secret: Option<&str>,
    known: Option<&Validators>,
    settings: &Settings,
) -> Result<Option<(FetchedFile, Vec<u8>)>> {
    let mut spool = tempfile::tempfile().unwrap();
    let mut into = tokio::fs::File::from_std(spool.try_clone().unwrap());
    let secret = secret.map(Secret::new);
    match sources::fetch(source, secret.as_ref(), known, settings, &mut into).await? {
        Fetched::NotModified => Ok(None),
        Fetched::File(file) => {
            let mut bytes = Vec::new();
            spool.rewind().unwrap();
            spool.read_to_end(&mut bytes).unwrap();
            Ok(Some((file, bytes)))
        }
    }
}
