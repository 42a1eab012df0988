//! Files on SFTP servers.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use russh::client::{self, AuthResult, Handle};
use russh::keys::PublicKeyOrCertificate;
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, decode_secret_key};
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::client::fs::Metadata;
use russh_sftp::client::{Config as SftpConfig, RawSftpSession, SftpSession};
use russh_sftp::protocol::StatusCode;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::error::{Result, SourceError};
use crate::fetch::{Fetched, FetchedFile, Seen, Validators};
use crate::secret::Secret;
use crate::settings::Settings;
use crate::source::Sftp;
use crate::spool::Spool;
use crate::{Addresses, name, pattern};

/// Bytes read at once; the client asks for several such pieces ahead.
const CHUNK_BYTES: usize = 256 << 10;

/// Longest explanation of a server that is passed on.
const REASON_CHARS_MAX: usize = 300;

pub(crate) async fn fetch(
    source: &Sftp,
    secret: Option<&Secret>,
    known: Option<&Validators>,
    settings: &Settings,
    mut spool: Spool<'_>,
) -> Result<Fetched> {
    let server = Server::connect(source, secret, settings).await?;
    let (path, facts) = server.find().await?;
    let validators = validators(&path, &facts);
    if known == Some(&validators) {
        return Ok(Fetched::NotModified);
    }
    spool.expect(facts.size.unwrap_or(0))?;
    let mut file = server.files.open(&path).await.map_err(|fault| server.failed(fault))?;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk).await.map_err(|fault| server.broke(fault))? {
            0 => break,
            read => spool.write(&chunk[..read]).await?,
        }
    }
    // A supplier may still be writing it.
    let after = server.files.metadata(&path).await.map_err(|fault| server.failed(fault))?;
    let bytes = spool.finish().await?;
    if self::validators(&path, &after) != validators || after.size.is_some_and(|size| size != bytes) {
        return Err(SourceError::Changed { place: server.place(&path) });
    }
    Ok(Fetched::File(FetchedFile { name: name::safe(&path), bytes, validators }))
}

pub(crate) async fn test(source: &Sftp, secret: Option<&Secret>, settings: &Settings) -> Result<Seen> {
    let (path, facts) = Server::connect(source, secret, settings).await?.find().await?;
    let modified = facts.mtime.and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds.into(), 0));
    Ok(Seen { name: name::safe(&path), bytes: facts.size, modified })
}

fn validators(path: &str, facts: &Metadata) -> Validators {
    Validators {
        name: Some(path.to_owned()),
        bytes: facts.size,
        modified: facts.mtime.map(|seconds| seconds.to_string()),
        etag: None,
    }
}

/// A server that has proved who it is, with us logged in.
struct Server<'a> {
    source: &'a Sftp,
    settings: &'a Settings,
    ssh: Handle<Pin>,
    files: SftpSession,
}

impl<'a> Server<'a> {
    async fn connect(source: &'a Sftp, secret: Option<&Secret>, settings: &'a Settings) -> Result<Server<'a>> {
        let secret = secret.ok_or_else(|| {
            SourceError::Secret("give the user's password or private key with `--secret-env` or `--secret-file`".into())
        })?;
        let shake_hands = async {
            let mut ssh = open(source, settings).await?;
            log_in(&mut ssh, source, secret).await?;
            let channel = sftp_channel(&ssh, source).await?;
            let files = SftpSession::new_with_config(channel, sftp_config(settings)).await;
            let files = files.map_err(|fault| unreachable(source, fault))?;
            Ok(Server { source, settings, ssh, files })
        };
        // The whole greeting; its single steps have no limit of their own.
        let seconds = settings.silence_seconds_max;
        let greeted = tokio::time::timeout(Duration::from_secs(seconds), shake_hands).await;
        greeted.unwrap_or_else(|_| {
            let setting = "`sources.silence_seconds_max`";
            Err(SourceError::TimedOut { host: source.host.clone(), seconds, setting })
        })
    }

    /// The file that the path means: itself, or the newest that matches.
    async fn find(&self) -> Result<(String, Metadata)> {
        // A path from the user's own folder is one without a slash before it.
        let path = self.source.path.strip_prefix("/~/").unwrap_or(&self.source.path);
        let path = if path.contains('*') { self.newest(path).await? } else { path.to_owned() };
        let facts = self.files.metadata(&path).await.map_err(|fault| self.failed(fault))?;
        if facts.file_type().is_dir() {
            return Err(SourceError::NotFound { place: format!("{}, which is a folder", self.place(&path)) });
        }
        Ok((path, facts))
    }

    /// A listing of our own: the client's collects whatever the server sends.
    async fn newest(&self, path: &str) -> Result<String> {
        let (folder, wanted) = pattern::split(path);
        let limit = self.settings.entries_max;
        let channel = sftp_channel(&self.ssh, self.source).await?;
        let listing = RawSftpSession::new_with_config(channel, sftp_config(self.settings));
        let failed = |fault| self.failed(fault);
        listing.init().await.map_err(failed)?;
        let handle = listing.opendir(folder).await.map_err(failed)?.handle;
        let mut newest: Option<(u32, String)> = None;
        let mut seen = 0;
        loop {
            let page = match listing.readdir(handle.as_str()).await {
                Ok(page) => page.files,
                Err(SftpError::Status(status)) if status.status_code == StatusCode::Eof => break,
                Err(fault) => return Err(self.failed(fault)),
            };
            // An empty page is no end, but a server may send nothing else for ever.
            seen += page.len().max(1);
            if seen > limit {
                return Err(SourceError::TooManyEntries { place: self.place(folder), limit });
            }
            let files = page.into_iter().filter(|file| {
                !file.attrs.file_type().is_dir()
                    && !file.filename.contains('/')
                    && pattern::matches(wanted, &file.filename)
            });
            newest = files.map(|file| (file.attrs.mtime.unwrap_or(0), file.filename)).chain(newest).max();
        }
        match newest {
            Some((_, name)) if folder == "/" => Ok(format!("/{name}")),
            Some((_, name)) => Ok(format!("{folder}/{name}")),
            None => Err(SourceError::NotFound { place: self.place(path) }),
        }
    }

    fn place(&self, path: &str) -> String {
        format!("{path} of {}", self.source.host)
    }

    fn failed(&self, fault: SftpError) -> SourceError {
        let host = self.source.host.clone();
        match fault {
            SftpError::Status(status) if status.status_code == StatusCode::NoSuchFile => {
                SourceError::NotFound { place: self.place(&self.source.path) }
            }
            SftpError::Status(status) if status.status_code == StatusCode::PermissionDenied => {
                let detail = format!(" for {}: permission denied", self.source.path);
                SourceError::Login { host, detail }
            }
            SftpError::Timeout => SourceError::TimedOut {
                host,
                seconds: self.settings.silence_seconds_max,
                setting: "`sources.silence_seconds_max`",
            },
            fault => unreachable(self.source, fault),
        }
    }

    fn broke(&self, fault: std::io::Error) -> SourceError {
        match fault.downcast::<SftpError>() {
            Ok(fault) => self.failed(fault),
            Err(fault) => unreachable(self.source, fault),
        }
    }
}

fn sftp_config(settings: &Settings) -> SftpConfig {
    SftpConfig { request_timeout_secs: settings.silence_seconds_max, ..SftpConfig::default() }
}

async fn sftp_channel(ssh: &Handle<Pin>, source: &Sftp) -> Result<russh::ChannelStream<client::Msg>> {
    let channel = ssh.channel_open_session().await.map_err(|fault| unreachable(source, fault))?;
    channel.request_subsystem(true, "sftp").await.map_err(|fault| unreachable(source, fault))?;
    Ok(channel.into_stream())
}

/// Connects to an address that the rules allow, and to no server but the pinned one.
async fn open(source: &Sftp, settings: &Settings) -> Result<Handle<Pin>> {
    let addresses = Addresses::new(settings).resolve(&source.host, source.port).await?;
    let stream = connect(&addresses, source, settings).await?;
    let config = client::Config {
        inactivity_timeout: Some(Duration::from_secs(settings.silence_seconds_max)),
        nodelay: true,
        ..client::Config::default()
    };
    let seen = Arc::new(OnceLock::new());
    let pin = Pin { expected: source.host_key.clone(), seen: seen.clone() };
    client::connect_stream(Arc::new(config), stream, pin).await.map_err(|fault| match (fault, seen.get()) {
        (russh::Error::UnknownKey, Some(seen)) => {
            SourceError::HostKey { host: source.host.clone(), expected: source.host_key.clone(), seen: seen.clone() }
        }
        (fault, _) => unreachable(source, fault),
    })
}

async fn connect(addresses: &[SocketAddr], source: &Sftp, settings: &Settings) -> Result<TcpStream> {
    let seconds = settings.connect_seconds;
    let connected = tokio::time::timeout(Duration::from_secs(seconds), TcpStream::connect(addresses)).await;
    let setting = "`sources.connect_seconds`";
    let connected = connected.map_err(|_| SourceError::TimedOut { host: source.host.clone(), seconds, setting })?;
    connected.map_err(|fault| unreachable(source, fault))
}

async fn log_in(ssh: &mut Handle<Pin>, source: &Sftp, secret: &Secret) -> Result<()> {
    let user = source.user.as_str();
    let failed = |fault| unreachable(source, fault);
    let text = secret.reveal();
    let answer = if text.trim_start().starts_with("-----BEGIN ") {
        let key = decode_secret_key(text, None).map_err(|_| {
            SourceError::Secret(
                "the private key cannot be read; give one in OpenSSH or PEM form, without a passphrase".into(),
            )
        })?;
        let hash = ssh.best_supported_rsa_hash().await.map_err(failed)?.flatten();
        ssh.authenticate_publickey(user, PrivateKeyWithHashAlg::new(Arc::new(key), hash)).await
    } else {
        ssh.authenticate_password(user, text.trim_end_matches(['\r', '\n'])).await
    };
    match answer.map_err(failed)? {
        AuthResult::Success => Ok(()),
        AuthResult::Failure { remaining_methods, .. } => {
            let methods: Vec<String> = remaining_methods.iter().map(String::from).collect();
            let detail = format!(" of {user}; it takes: {}", methods.join(", "));
            Err(SourceError::Login { host: source.host.clone(), detail })
        }
    }
}

/// What the server says is shown to people: cut, and without what terminals would obey.
fn unreachable(source: &Sftp, fault: impl std::fmt::Display) -> SourceError {
    let reason = fault.to_string().chars().filter(|character| !character.is_control()).take(REASON_CHARS_MAX).collect();
    SourceError::Unreachable { host: source.host.clone(), reason }
}

/// Accepts the server whose key has this fingerprint, and remembers what it saw.
struct Pin {
    expected: Option<String>,
    seen: Arc<OnceLock<String>>,
}

impl client::Handler for Pin {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        // A certificate would be judged by who signed it; we pin keys.
        let PublicKeyOrCertificate::PublicKey { key, .. } = shown else { return Ok(false) };
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let accepted = self.expected.as_ref() == Some(&fingerprint);
        // Set twice only when keys are exchanged anew; the first is the one to tell of.
        let _ = self.seen.set(fingerprint);
        Ok(accepted)
    }
}
