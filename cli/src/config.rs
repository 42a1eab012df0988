//! Configuration in layers: the defaults in this program, a development stack's overlay, a file, the environment.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde::Deserialize;

/// The defaults, every setting commented: printed by `arrivage config --defaults`.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// Where a checkout keeps its private stack.
pub const STACK_DIR: &str = ".arrivage";

/// Everything that can be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The five databases.
    pub databases: router::Settings,
    /// The buckets.
    pub storage: storage::Settings,
    /// Limits of decoding.
    pub feed: feed::Limits,
    /// The import pipeline.
    pub import: pipeline::Settings,
    /// Workers.
    pub work: pipeline::worker::WorkSettings,
    /// The bucket watch.
    pub watch: pipeline::watch::Settings,
    /// What scheduled imports may reach.
    pub sources: sources::Settings,
    /// The shared cache.
    pub redis: RedisSettings,
    /// What is written to standard error.
    pub log: LogSettings,
}

/// The shared cache.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisSettings {
    /// `redis://[:password@]host:port/database`; empty when there is none.
    pub url: String,
}

impl std::fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisSettings").field("url", &"(not shown)").finish()
    }
}

/// What is written to standard error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// A filter such as `warn` or `info,router=debug`.
    pub filter: String,
    /// `text` or `json`.
    pub format: LogFormat,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// Reads every layer, the later ones over the earlier: the defaults, `.arrivage/stack.toml` of this folder or the
    /// nearest above it (or of the folder in `ARRIVAGE_STACK`), `file` (or the one in `ARRIVAGE_CONFIG`, or
    /// `arrivage.toml` here), and `ARRIVAGE__SECTION__KEY` variables. The key of stored secrets is in none of them but in
    /// `ARRIVAGE_SECRETS_KEY`.
    pub fn load(file: Option<&Path>) -> Result<Config> {
        let mut layers = Figment::from(Toml::string(DEFAULTS));
        if let Some(stack) = stack_overlay() {
            layers = layers.merge(Toml::file_exact(stack));
        }
        if let Some(file) = config_file(file)? {
            layers = layers.merge(Toml::file_exact(file));
        }
        let environment = Env::prefixed("ARRIVAGE__").split("__").lowercase(true);
        let mut config: Config = layers.merge(environment).extract().context("read configuration")?;
        config.sources.secrets_key = std::env::var(sources::KEY_VARIABLE).ok().map(sources::Secret::new);
        Ok(config)
    }
}

fn config_file(given: Option<&Path>) -> Result<Option<PathBuf>> {
    let named = given.map(Path::to_owned).or_else(|| std::env::var_os("ARRIVAGE_CONFIG").map(PathBuf::from));
    if let Some(file) = named {
        anyhow::ensure!(file.is_file(), "configuration file {} does not exist", file.display());
        return Ok(Some(file));
    }
    let here = PathBuf::from("arrivage.toml");
    Ok(here.is_file().then_some(here))
}

fn stack_overlay() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("ARRIVAGE_STACK") {
        let overlay = PathBuf::from(folder).join("stack.toml");
        return overlay.is_file().then_some(overlay);
    }
    let here = std::env::current_dir().ok()?;
    here.ancestors().map(|folder| folder.join(STACK_DIR).join("stack.toml")).find(|overlay| overlay.is_file())
}

/// The folder of the private stack: the one named by `ARRIVAGE_STACK`, else `.arrivage` here.
pub fn stack_dir() -> PathBuf {
    std::env::var_os("ARRIVAGE_STACK").map_or_else(|| PathBuf::from(STACK_DIR), PathBuf::from)
}
