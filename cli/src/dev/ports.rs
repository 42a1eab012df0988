//! Free ports.

use std::net::TcpListener;

use anyhow::Context;
use rand::Rng;

/// Above the ports that services are known by, below those that Linux gives to outgoing connections (32768 and up),
/// which may take a port while its service is down.
const RANGE: std::ops::Range<u16> = 20_000..32_768;
const TRIES: usize = 200;

pub(super) fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

/// A free port that `accept` likes.
pub(super) fn find_free(accept: impl Fn(u16) -> bool) -> anyhow::Result<u16> {
    let mut random = rand::rng();
    (0..TRIES)
        .map(|_| random.random_range(RANGE))
        .find(|port| accept(*port) && is_free(*port))
        .with_context(|| format!("find a free port from {} to {}", RANGE.start, RANGE.end - 1))
}
