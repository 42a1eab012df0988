//! Where a file is and how to log in there, as arguments.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use sources::{Auth, Secret, Source};

/// Longest secret: the largest private keys have a few thousand characters.
const SECRET_BYTES_MAX: usize = 64 << 10;

/// Where the file is.
#[derive(Debug, Args)]
pub struct Place {
    /// At a web address, http or https. `{secret}` in its query is where the secret goes, so that no token is in it.
    #[arg(long, value_name = "URL", conflicts_with_all = ["sftp", "s3", "folder"])]
    url: Option<String>,
    /// On an SFTP server: sftp://user@host/folder/file.csv; `*` in the file's name takes the newest.
    #[arg(long, value_name = "URL", conflicts_with_all = ["s3", "folder"])]
    sftp: Option<String>,
    /// In another S3 bucket: s3://bucket/key, or s3://bucket/prefix/ for the newest object under a prefix.
    #[arg(long, value_name = "URL", conflicts_with = "folder")]
    s3: Option<String>,
    /// In a folder of this machine under `sources.folder_roots`; `*` in the file's name takes the newest.
    #[arg(long, value_name = "PATH")]
    folder: Option<String>,
    /// With --url: log in as this user; the secret is the password. Without it the secret is a bearer token.
    #[arg(long, value_name = "NAME", requires = "url", conflicts_with = "auth_header")]
    user: Option<String>,
    /// With --url: send the secret as this header, such as X-Api-Key.
    #[arg(long, value_name = "NAME", requires = "url")]
    auth_header: Option<String>,
    /// With --sftp: fingerprint of the server's key, as `ssh-keygen -lf` prints it.
    #[arg(long, value_name = "SHA256:…", requires = "sftp")]
    host_key: Option<String>,
    /// With --s3: address of the store [default: Amazon S3].
    #[arg(long, value_name = "URL", requires = "s3")]
    s3_endpoint: Option<String>,
    /// With --s3: region of the bucket.
    #[arg(long, value_name = "REGION", default_value = "us-east-1")]
    s3_region: String,
    /// With --s3: the access key; the secret is its secret key.
    #[arg(long, value_name = "ID", requires = "s3")]
    access_key: Option<String>,
}

impl Place {
    /// The source that the arguments describe.
    pub(super) fn source(&self) -> Result<Source> {
        let source = match (&self.url, &self.sftp, &self.s3, &self.folder) {
            (Some(url), ..) => Source::http(url, self.auth()),
            (_, Some(sftp), ..) => Source::sftp(sftp, self.host_key.clone()),
            (_, _, Some(s3), _) => {
                let access_key = self.access_key.as_deref().unwrap_or_default();
                Source::s3(s3, self.s3_endpoint.as_deref(), &self.s3_region, access_key)
            }
            (.., Some(folder)) => Source::folder(folder),
            _ => bail!("give one of --url, --sftp, --s3 and --folder"),
        };
        Ok(source?)
    }

    fn auth(&self) -> Option<Auth> {
        match (&self.user, &self.auth_header) {
            (Some(user), _) => Some(Auth::Basic { user: user.clone() }),
            (_, Some(name)) => Some(Auth::Header { name: name.clone() }),
            (None, None) => None,
        }
    }
}

/// Where the secret comes from: never from the command line itself, which every user of the machine can read.
#[derive(Debug, Args)]
pub struct SecretFrom {
    /// Take the password, token or key from this environment variable.
    #[arg(long, value_name = "VAR", conflicts_with = "secret_file")]
    secret_env: Option<String>,
    /// Take the password, token or key from this file.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

impl SecretFrom {
    /// The secret, if one is named.
    pub(super) fn read(&self) -> Result<Option<Secret>> {
        let secret = match (&self.secret_env, &self.secret_file) {
            (Some(variable), _) => {
                let text = std::env::var(variable).with_context(|| format!("read the secret from ${variable}"))?;
                Secret::new(text)
            }
            (_, Some(file)) => {
                let text = std::fs::read_to_string(file);
                Secret::new(text.with_context(|| format!("read the secret from {}", file.display()))?)
            }
            (None, None) => return Ok(None),
        };
        let bytes = secret.reveal().trim().len();
        ensure!(bytes > 0, "the secret is empty");
        ensure!(bytes <= SECRET_BYTES_MAX, "the secret has {bytes} bytes; at most {SECRET_BYTES_MAX} are taken");
        Ok(Some(secret))
    }
}
