//! Reading the catalogue, and telling others about it.

#[path = "../support/mod.rs"]
mod support;

mod outbox;
mod products;
mod suppliers;
