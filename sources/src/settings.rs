//! What fetching may reach and use up; each setting stands with its reason in `config/default.toml`.

use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;

use crate::secret::{Secret, SecretError, SecretsKey};

/// What fetching may reach and use up.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Networks that may be reached although they are not of the public internet.
    pub allow_private_networks: Vec<IpNet>,
    /// Folders of this machine under which files may be read.
    pub folder_roots: Vec<PathBuf>,
    /// Longest wait for a connection.
    pub connect_seconds: u64,
    /// Longest silence of a server.
    pub silence_seconds_max: u64,
    /// Longest time for one file.
    pub fetch_seconds_max: u64,
    /// Most bytes of one file.
    pub file_bytes_max: u64,
    /// Most redirects of one request.
    pub redirects_max: u32,
    /// Most entries of a folder or a prefix among which the newest is looked for.
    pub entries_max: usize,
    /// The key of stored secrets, from the environment and never from a file.
    #[serde(skip)]
    pub secrets_key: Option<Secret>,
}

impl Settings {
    /// The key of stored secrets.
    ///
    /// # Errors
    /// [`SecretError::KeyMissing`] and [`SecretError::KeyInvalid`] say how to make one.
    pub fn secrets_key(&self) -> Result<SecretsKey, SecretError> {
        SecretsKey::parse(self.secrets_key.as_ref().ok_or(SecretError::KeyMissing)?)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            allow_private_networks: Vec::new(),
            folder_roots: Vec::new(),
            connect_seconds: 10,
            silence_seconds_max: 60,
            fetch_seconds_max: 3_600,
            file_bytes_max: 4 << 30,
            redirects_max: 5,
            entries_max: 10_000,
            secrets_key: None,
        }
    }
}
