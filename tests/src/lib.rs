//! The harness of the integration tests: a [`World`] of its own for each test, the real binary, real services.
//!
//! `make test` starts a stack and names it in the environment: `ARRIVAGE_TEST_PG` (the URL of a PostgreSQL role that may
//! make databases), `ARRIVAGE_TEST_S3` (`http://KEY:SECRET@HOST:PORT`) and `ARRIVAGE_BIN` (the built binary).
//!
//! A [`Dump`] is what five databases hold, without what differs from run to run: two ways to the same state have equal
//! dumps.

// Tests are its only users: what cannot be is a failure of the test, said where it happens.
#![allow(clippy::unwrap_used)]

mod database;
mod dump;
pub mod files;
mod process;
mod proxy;
mod redis;
mod slot;
mod stack;
mod world;

pub use database::Home;
pub use dump::Dump;
pub use process::{Ended, Running};
pub use proxy::{Break, Proxy, Way};
pub use redis::Redis;
pub use stack::Stack;
pub use world::{Services, World};
