//! What a stack remembers between its starts, and the configuration that follows from it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use rand::Rng;
use rand::distr::Alphanumeric;
use serde::{Deserialize, Serialize};

use super::{DATABASES, ports};

pub(super) const STATE: &str = "state.toml";
pub(super) const OVERLAY: &str = "stack.toml";
pub(super) const LOCK: &str = "lock";

/// The role that owns the cluster.
pub(super) const ROLE: &str = "arrivage";

/// Ports and passwords.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    #[serde(skip)]
    root: PathBuf,
    pub postgres_password: String,
    pub redis_password: String,
    pub s3_access_key: String,
    pub s3_secret_key: String,
    /// By name of the service; chosen when it first starts.
    ports: BTreeMap<String, u16>,
}

/// Whether a folder is the root of a stack.
pub(super) fn is_stack(folder: &Path) -> bool {
    folder.join(LOCK).is_file()
}

impl State {
    pub fn load(root: &Path) -> anyhow::Result<Option<Self>> {
        let path = root.join(STATE);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.with_context(|| format!("read {}", path.display()))?,
        };
        let state: Self = toml::from_str(&text).with_context(|| format!("understand {}", path.display()))?;
        Ok(Some(Self { root: root.to_owned(), ..state }))
    }

    pub fn load_or_create(root: &Path) -> anyhow::Result<Self> {
        if let Some(state) = Self::load(root)? {
            return Ok(state);
        }
        let state = Self {
            root: root.to_owned(),
            postgres_password: random_word(32),
            redis_password: random_word(32),
            s3_access_key: random_word(20),
            s3_secret_key: random_word(40),
            ports: BTreeMap::new(),
        };
        state.save()?;
        Ok(state)
    }

    fn save(&self) -> anyhow::Result<()> {
        write_secret(&self.root.join(STATE), &toml::to_string(self)?)
    }

    pub fn port(&self, service: &str) -> Option<u16> {
        self.ports.get(service).copied()
    }

    /// The service's port: the one it had if that is free, else another, which is remembered.
    pub fn free_port(&mut self, service: &str) -> anyhow::Result<u16> {
        if let Some(port) = self.port(service).filter(|port| ports::is_free(*port)) {
            return Ok(port);
        }
        let port = ports::find_free(|port| self.ports.values().all(|taken| *taken != port))?;
        self.ports.insert(service.to_owned(), port);
        self.save()?;
        Ok(port)
    }

    fn address(&self, service: &str) -> String {
        format!("127.0.0.1:{}", self.port(service).unwrap_or_default())
    }

    pub fn database_url(&self, database: &str) -> String {
        format!("postgres://{ROLE}:{}@{}/{database}", self.postgres_password, self.address("postgres"))
    }

    pub fn redis_url(&self) -> String {
        format!("redis://:{}@{}/0", self.redis_password, self.address("redis"))
    }

    pub fn s3_endpoint(&self) -> String {
        format!("http://{}", self.address("s3"))
    }

    /// Writes the overlay in the shape of `config/default.toml`.
    pub fn write_overlay(&self) -> anyhow::Result<()> {
        let databases: BTreeMap<_, _> =
            DATABASES.into_iter().map(|name| (name, BTreeMap::from([("url", self.database_url(name))]))).collect();
        let overlay = Overlay {
            databases,
            redis: BTreeMap::from([("url", self.redis_url())]),
            storage: StorageOverlay {
                endpoint: self.s3_endpoint(),
                region: "us-east-1",
                access_key: &self.s3_access_key,
                secret_key: &self.s3_secret_key,
                path_style: true,
            },
        };
        let text =
            format!("# Made by `arrivage dev up`, anew each time: do not edit.\n\n{}", toml::to_string(&overlay)?);
        write_secret(&self.root.join(OVERLAY), &text)
    }
}

#[derive(Serialize)]
struct Overlay<'a> {
    databases: BTreeMap<&'a str, BTreeMap<&'a str, String>>,
    redis: BTreeMap<&'a str, String>,
    storage: StorageOverlay<'a>,
}

#[derive(Serialize)]
struct StorageOverlay<'a> {
    endpoint: String,
    region: &'a str,
    access_key: &'a str,
    secret_key: &'a str,
    path_style: bool,
}

/// Letters and digits only: such a word needs no quoting in a URL, a shell or a configuration file.
fn random_word(length: usize) -> String {
    rand::rng().sample_iter(Alphanumeric).take(length).map(char::from).collect()
}

/// Replaces a file as a whole, readable by its owner alone.
pub(super) fn write_secret(path: &Path, text: &str) -> anyhow::Result<()> {
    let fresh = path.with_extension("new");
    let write = || {
        let mut file = File::options().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&fresh, path)
    };
    write().with_context(|| format!("write {}", path.display()))
}
