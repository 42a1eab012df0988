//! Files from an SFTP server, over real connections to one in this process.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use russh::keys::{Algorithm, HashAlg, PrivateKey, PublicKey};
use russh::server::{Auth, ChannelOpenHandle, Msg, Server as _, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId};
use russh_sftp::protocol::{Attrs, Data, File, FileAttributes, Handle, Name, OpenFlags, Status, StatusCode, Version};
use sources::{Settings, Source, SourceError};
use support::{fetch, settings};

const PASSWORD: &str = "tell-nobody";

/// Path, time of change, content.
type Files = Arc<Mutex<BTreeMap<String, (u32, Vec<u8>)>>>;

/// An SFTP server of one test on 127.0.0.1.
struct Server {
    address: SocketAddr,
    fingerprint: String,
    files: Files,
}

impl Server {
    /// Lets in who knows the password, or has this key.
    async fn start(files: &[(&str, u32, &str)], login: Option<PublicKey>) -> Self {
        let key = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).unwrap();
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let config = Arc::new(russh::server::Config {
            auth_rejection_time: Duration::ZERO,
            keys: vec![key],
            ..russh::server::Config::default()
        });
        let files = files.iter().map(|(path, time, text)| ((*path).to_owned(), (*time, text.as_bytes().to_vec())));
        let files: Files = Arc::new(Mutex::new(files.collect()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut accepting = Accepting { files: files.clone(), login };
        tokio::spawn(async move { accepting.run_on_socket(config, &listener).await });
        Server { address, fingerprint, files }
    }

    fn source(&self, path: &str) -> Source {
        self.source_pinned(path, Some(self.fingerprint.clone()))
    }

    fn source_pinned(&self, path: &str, host_key: Option<String>) -> Source {
        Source::sftp(&format!("sftp://me@{}{path}", self.address), host_key).unwrap()
    }
}

struct Accepting {
    files: Files,
    login: Option<PublicKey>,
}

impl russh::server::Server for Accepting {
    type Handler = Ssh;

    fn new_client(&mut self, _: Option<SocketAddr>) -> Ssh {
        Ssh { files: self.files.clone(), login: self.login.clone(), channels: HashMap::new() }
    }
}

struct Ssh {
    files: Files,
    login: Option<PublicKey>,
    channels: HashMap<ChannelId, Channel<Msg>>,
}

impl russh::server::Handler for Ssh {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        Ok(if (user, password) == ("me", PASSWORD) { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, russh::Error> {
        let known = self.login.as_ref().is_some_and(|login| login.key_data() == key.public_key.key_data());
        Ok(if user == "me" && known { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(&mut self, id: ChannelId, _: &str, session: &mut Session) -> Result<(), russh::Error> {
        let channel = self.channels.remove(&id).unwrap();
        session.channel_success(id)?;
        russh_sftp::server::run(channel.into_stream(), Sftp { files: self.files.clone(), listed: false }).await;
        Ok(())
    }
}

struct Sftp {
    files: Files,
    listed: bool,
}

impl Sftp {
    fn facts(&self, path: &str) -> Result<FileAttributes, StatusCode> {
        let files = self.files.lock().unwrap();
        let (time, content) = files.get(path).ok_or(StatusCode::NoSuchFile)?;
        let mut facts = FileAttributes::empty();
        (facts.size, facts.mtime, facts.atime) = (Some(content.len() as u64), Some(*time), Some(*time));
        facts.permissions = Some(0o100_644);
        Ok(facts)
    }
}

impl russh_sftp::server::Handler for Sftp {
    type Error = StatusCode;

    fn unimplemented(&self) -> StatusCode {
        StatusCode::OpUnsupported
    }

    async fn init(&mut self, _: u32, _: HashMap<String, String>) -> Result<Version, StatusCode> {
        Ok(Version::new())
    }

    async fn open(&mut self, id: u32, path: String, _: OpenFlags, _: FileAttributes) -> Result<Handle, StatusCode> {
        self.facts(&path).map(|_| Handle { id, handle: path })
    }

    async fn read(&mut self, id: u32, path: String, offset: u64, len: u32) -> Result<Data, StatusCode> {
        let files = self.files.lock().unwrap();
        let (_, content) = files.get(&path).ok_or(StatusCode::NoSuchFile)?;
        // Less than asked for, as servers may.
        let data: Vec<u8> = content.iter().skip(offset as usize).take(len.min(10_000) as usize).copied().collect();
        if data.is_empty() { Err(StatusCode::Eof) } else { Ok(Data { id, data }) }
    }

    async fn stat(&mut self, id: u32, path: String) -> Result<Attrs, StatusCode> {
        self.facts(&path).map(|attrs| Attrs { id, attrs })
    }

    async fn opendir(&mut self, id: u32, path: String) -> Result<Handle, StatusCode> {
        self.listed = false;
        Ok(Handle { id, handle: path })
    }

    async fn readdir(&mut self, id: u32, folder: String) -> Result<Name, StatusCode> {
        // A server that never comes to an end.
        if std::mem::replace(&mut self.listed, true) && folder != "/endless" {
            return Err(StatusCode::Eof);
        }
        let paths: Vec<String> = self.files.lock().unwrap().keys().cloned().collect();
        let inside = paths.iter().filter_map(|path| Some((path, path.strip_prefix(&format!("{folder}/"))?)));
        let files = inside.map(|(path, name)| File::new(name, self.facts(path).unwrap_or_default())).collect();
        Ok(Name { id, files })
    }

    async fn close(&mut self, id: u32, _: String) -> Result<Status, StatusCode> {
        Ok(Status { id, status_code: StatusCode::Ok, error_message: String::new(), language_tag: String::new() })
    }
}

fn here() -> Settings {
    settings(&["127.0.0.1/32"])
}

#[tokio::test]
async fn a_file_comes_once_and_again_when_it_has_changed() {
    let text = "sku;price\n".repeat(10_000);
    let server = Server::start(&[("/out/prices.csv", 100, &text)], None).await;
    let source = server.source("/out/prices.csv");
    let (file, bytes) = fetch(&source, Some(PASSWORD), None, &here()).await.unwrap().unwrap();
    assert_eq!((file.name.as_str(), file.bytes, bytes.len()), ("prices.csv", 100_000, 100_000));
    assert_eq!(bytes, text.as_bytes());
    assert!(fetch(&source, Some(PASSWORD), Some(&file.validators), &here()).await.unwrap().is_none());
    server.files.lock().unwrap().get_mut("/out/prices.csv").unwrap().0 = 101;
    assert!(fetch(&source, Some(PASSWORD), Some(&file.validators), &here()).await.unwrap().is_some());
}

#[tokio::test]
async fn only_the_pinned_server_is_spoken_to() {
    let server = Server::start(&[("/prices.csv", 100, "a")], None).await;
    let other = format!("SHA256:{}", "A".repeat(43));
    for pinned in [Some(other.clone()), None] {
        let source = server.source_pinned("/prices.csv", pinned.clone());
        let error = fetch(&source, Some(PASSWORD), None, &here()).await.unwrap_err();
        let SourceError::HostKey { expected, seen, .. } = &error else { panic!("{error}") };
        assert_eq!((expected, seen), (&pinned, &server.fingerprint));
        assert!(error.to_string().contains(&format!("--host-key {}", server.fingerprint)), "{error}");
    }
    let seen = sources::test(&server.source("/prices.csv"), Some(&sources::Secret::new(PASSWORD)), &here()).await;
    assert_eq!(seen.unwrap().bytes, Some(1));
}

#[tokio::test]
async fn a_private_key_logs_in_and_wrong_secrets_do_not() {
    let key = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).unwrap();
    let server = Server::start(&[("/prices.csv", 100, "a")], Some(key.public_key().clone())).await;
    let source = server.source("/prices.csv");
    let text = |key: &PrivateKey| key.to_openssh(Default::default()).unwrap().to_string();
    assert!(fetch(&source, Some(&text(&key)), None, &here()).await.unwrap().is_some());
    let stranger = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).unwrap();
    for (secret, word) in [
        (Some(text(&stranger)), "source_login"),
        (Some("wrong".to_owned()), "source_login"),
        (Some("-----BEGIN OPENSSH PRIVATE KEY-----\nhush\n".to_owned()), "source_secret"),
        (None, "source_secret"),
    ] {
        let error = fetch(&source, secret.as_deref(), None, &here()).await.unwrap_err();
        assert_eq!(error.code_word(), word, "{error}");
        assert!(error.permanent() && !error.to_string().contains("hush"), "{error}");
    }
}

#[tokio::test]
async fn a_star_takes_the_newest_that_matches_of_a_listing_that_ends() {
    let files =
        [("/out/p-1.csv", 300, "one"), ("/out/p-2.csv", 100, "two"), ("/out/q.csv", 900, "q"), ("/endless/p", 1, "")];
    let server = Server::start(&files, None).await;
    let (file, bytes) = fetch(&server.source("/out/p-*.csv"), Some(PASSWORD), None, &here()).await.unwrap().unwrap();
    assert_eq!((file.name.as_str(), bytes.as_slice()), ("p-1.csv", &b"one"[..]));
    let refused = async |path: &str| fetch(&server.source(path), Some(PASSWORD), None, &here()).await.unwrap_err();
    assert!(matches!(refused("/out/r-*.csv").await, SourceError::NotFound { .. }));
    assert!(matches!(refused("/out/none.csv").await, SourceError::NotFound { .. }));
    assert!(matches!(refused("/endless/*").await, SourceError::TooManyEntries { .. }));
}

#[tokio::test]
async fn a_file_above_the_limit_is_not_read() {
    let server = Server::start(&[("/prices.csv", 100, &"x".repeat(1_001))], None).await;
    let small = Settings { file_bytes_max: 1_000, ..here() };
    let error = fetch(&server.source("/prices.csv"), Some(PASSWORD), None, &small).await.unwrap_err();
    assert!(matches!(error, SourceError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn addresses_that_are_not_public_are_refused_before_a_connection() {
    let server = Server::start(&[("/prices.csv", 100, "a")], None).await;
    let port = server.address.port();
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1", "2130706433"] {
        let source = Source::sftp(&format!("sftp://me@{host}:{port}/prices.csv"), None).unwrap();
        let error = fetch(&source, Some(PASSWORD), None, &settings(&[])).await.unwrap_err();
        assert!(matches!(error, SourceError::AddressRefused { .. }), "{host}: {error}");
    }
}
