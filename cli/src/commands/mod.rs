//! One file per command: parse, act, show.

pub mod config;
pub mod decode;
pub mod demo;
pub mod doctor;
pub mod import;
pub mod inspect;
pub mod jobs;
pub mod mapping;
pub mod migrate;
pub mod products;
pub mod rejects;
pub mod schedule;
pub mod supplier;
pub mod work;
