//! Reading the catalogue, and telling others about it.

#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod outbox;
mod products;
mod suppliers;
