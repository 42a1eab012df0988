//! Where suppliers' files are fetched from: a web address, an SFTP server, another bucket, a folder.
//!
//! A [`Source`] says where a file is; its [`Secret`] stands apart and is kept only as a [`SecretsKey`] sealed it.
//! [`fetch`] brings the file, or tells that it is the one of last time by its [`Validators`]; [`test()`] looks without
//! fetching. What may be reached is decided in one place each: addresses of the network in [`Addresses`], folders of this
//! machine under `folder_roots`. Every server is taken to be hostile: bytes, seconds, redirects and entries are counted.
//!
//! ```no_run
//! # async fn example(mut spool: tokio::fs::File) -> Result<(), sources::SourceError> {
//! use sources::{Fetched, Settings, Source};
//!
//! let source = Source::http("https://acme.example/prices.csv", None)?;
//! match sources::fetch(&source, None, None, &Settings::default(), &mut spool).await? {
//!     Fetched::File(file) => println!("{}: {} bytes", file.name, file.bytes),
//!     Fetched::NotModified => println!("nothing new"),
//! }
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod addresses;
mod error;
mod fetch;
mod folder;
mod http;
mod name;
mod pattern;
mod s3;
mod secret;
mod settings;
mod sftp;
mod source;
mod spool;

pub use addresses::Addresses;
pub use error::{Result, SourceError};
pub use fetch::{Fetched, FetchedFile, Seen, Validators, fetch, test};
pub use secret::{KEY_VARIABLE, Secret, SecretError, SecretsKey};
pub use settings::Settings;
pub use source::{Auth, Folder, Http, S3, Sftp, Source};
