//! The `arrivage` command: its configuration, its local stack and its subcommands.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cli;
pub mod commands;
pub mod config;
pub mod demo_files;
pub mod dev;
pub mod show;
