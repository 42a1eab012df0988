//! Where a file is.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::error::{Result, SourceError};

/// Where a file is; stored as JSON, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// At a web address.
    Http(Http),
    /// On an SFTP server.
    Sftp(Sftp),
    /// In another bucket.
    S3(S3),
    /// In a folder of this machine.
    Folder(Folder),
}

/// A web address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// `https://…` or `http://…`.
    pub url: Url,
    /// How the secret is sent; without a secret nothing is.
    #[serde(default)]
    pub auth: Auth,
}

/// How a secret is sent to a web server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Auth {
    /// `Authorization: Bearer SECRET`.
    #[default]
    Bearer,
    /// `Authorization: Basic …` of this user; the secret is the password.
    Basic {
        /// The user.
        user: String,
    },
    /// A header of this name; the secret is its whole value.
    Header {
        /// Its name, such as `X-Api-Key`.
        name: String,
    },
    /// In the address's query, in the place of `{secret}`.
    Query,
}

/// What stands in the query of an address for the secret.
pub(crate) const SECRET_PLACE: &str = "{secret}";

/// A file on an SFTP server. The secret is the user's password or private key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sftp {
    /// Name or address.
    pub host: String,
    /// Usually 22.
    pub port: u16,
    /// Who logs in.
    pub user: String,
    /// The file; a `*` in its last part takes the newest of those that match. `/~/` leads to the user's own folder.
    pub path: String,
    /// Fingerprint of the server's key, as `SHA256:…`. Without it nothing is fetched.
    pub host_key: Option<String>,
}

/// An object of another bucket. The secret is the secret key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    /// `https://host` of the store; none for Amazon S3 in `region`.
    pub endpoint: Option<Url>,
    /// Region that requests are signed for.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// The object, or, ending in `/` or `*`, the prefix whose newest object is taken.
    pub key: String,
    /// Public half of the credentials.
    pub access_key: String,
}

/// A file of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    /// The file, absolute; a `*` in its last part takes the newest of those that match.
    pub path: String,
}

impl Source {
    /// A web address. With `{secret}` in its query, the secret is put there.
    ///
    /// # Errors
    /// [`SourceError::Invalid`] when it is none of http or https, or has a password in it.
    pub fn http(url: &str, auth: Option<Auth>) -> Result<Self> {
        let url = web(url)?;
        let in_query = url.query().is_some_and(|query| query.contains(SECRET_PLACE));
        let auth = auth.unwrap_or(if in_query { Auth::Query } else { Auth::Bearer });
        let source = Source::Http(Http { url, auth });
        source.check()?;
        Ok(source)
    }

    /// `sftp://user@host[:port]/path`.
    ///
    /// # Errors
    /// [`SourceError::Invalid`] when a part is missing, or there is a password in it.
    pub fn sftp(url: &str, host_key: Option<String>) -> Result<Self> {
        let form = "write sftp://user@host/folder/file.csv; `*` in the file's name takes the newest";
        let parsed = Url::parse(url).ok().filter(|parsed| parsed.scheme() == "sftp");
        let parsed = parsed.ok_or_else(|| SourceError::invalid("SFTP address", without_password(url), form))?;
        refuse_password(&parsed)?;
        let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let source = Source::Sftp(Sftp {
            // Brackets are how an IPv6 address stands in a URL, not part of it.
            host: decoded(parsed.host_str().unwrap_or_default()).trim_matches(['[', ']']).to_owned(),
            port: parsed.port().unwrap_or(22),
            user: decoded(parsed.username()),
            path: decoded(parsed.path()),
            host_key,
        });
        source.check()?;
        Ok(source)
    }

    /// `s3://bucket/key`, or `s3://bucket/prefix/` for the newest object under a prefix.
    ///
    /// # Errors
    /// [`SourceError::Invalid`] when a part is missing.
    pub fn s3(url: &str, endpoint: Option<&str>, region: &str, access_key: &str) -> Result<Self> {
        let form = "write s3://bucket/key, or s3://bucket/prefix/ for the newest object under a prefix";
        let place = url.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
        let (bucket, key) = place.ok_or_else(|| SourceError::invalid("S3 address", url, form))?;
        let source = Source::S3(S3 {
            endpoint: endpoint.map(web).transpose()?,
            region: region.to_owned(),
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            access_key: access_key.to_owned(),
        });
        source.check()?;
        Ok(source)
    }

    /// A file of this machine, or with `*` the newest that matches.
    ///
    /// # Errors
    /// [`SourceError::Invalid`] when the path is not absolute.
    pub fn folder(path: &str) -> Result<Self> {
        let source = Source::Folder(Folder { path: path.to_owned() });
        source.check()?;
        Ok(source)
    }

    /// Refuses a source that cannot work, wherever it comes from; nothing is reached.
    ///
    /// # Errors
    /// [`SourceError::Invalid`], which says what to give.
    pub fn check(&self) -> Result<()> {
        match self {
            Source::Http(Http { url, auth }) => {
                web(url.as_str())?;
                match auth {
                    Auth::Basic { user } if user.is_empty() || user.contains(':') => {
                        Err(SourceError::invalid("user", user, "give a name without a colon"))
                    }
                    Auth::Header { name } => crate::http::header_name(name).map(drop),
                    _ => Ok(()),
                }
            }
            Source::Sftp(sftp) => sftp.check(),
            Source::S3(S3 { endpoint, bucket, key, access_key, .. }) => {
                if let Some(endpoint) = endpoint {
                    web(endpoint.as_str())?;
                }
                let missing = |what, given: &str| Err(SourceError::invalid(what, given, "it must not be empty"));
                match (bucket.is_empty(), key.is_empty(), access_key.is_empty()) {
                    (true, ..) => missing("bucket", bucket),
                    (_, true, _) => missing("key", key),
                    // Without one the store's client would use this server's own rights.
                    (.., true) => missing("access key", access_key),
                    _ => Ok(()),
                }
            }
            Source::Folder(Folder { path }) => {
                let (folder, name) = crate::pattern::split(path);
                if !path.starts_with('/') || path.contains('\0') || name.is_empty() || folder.contains('*') {
                    let form = "give an absolute path to a file; `*` in the file's name takes the newest";
                    return Err(SourceError::invalid("path", path, form));
                }
                Ok(())
            }
        }
    }

    /// The source in few words, without what could be a secret.
    pub fn place(&self) -> String {
        match self {
            Source::Http(http) => place_of(&http.url),
            Source::Sftp(Sftp { host, port, user, path, .. }) => format!("sftp://{user}@{host}:{port}{path}"),
            Source::S3(S3 { bucket, key, .. }) => format!("s3://{bucket}/{key}"),
            Source::Folder(Folder { path }) => path.clone(),
        }
    }

    /// Whether it cannot work without a secret.
    pub fn needs_secret(&self) -> bool {
        match self {
            Source::Http(http) => http.auth != Auth::Bearer,
            Source::Sftp(_) | Source::S3(_) => true,
            Source::Folder(_) => false,
        }
    }
}

impl Sftp {
    fn check(&self) -> Result<()> {
        let refuse = |what, given: &str, fix: &str| Err(SourceError::invalid(what, given, fix));
        if self.host.is_empty() || self.user.is_empty() || self.port == 0 {
            return refuse("SFTP address", "sftp://…", "name user and host: sftp://user@host/folder/file.csv");
        }
        let (folder, name) = crate::pattern::split(&self.path);
        if !self.path.starts_with('/') || self.path.contains('\0') || name.is_empty() || folder.contains('*') {
            return refuse("SFTP path", &self.path, "name a file; `*` may only be in its last part");
        }
        match &self.host_key {
            Some(key) if !key.starts_with("SHA256:") || key.len() != "SHA256:".len() + 43 => {
                refuse("host key", key, "give its fingerprint as `ssh-keygen -lf` prints it: SHA256: and 43 characters")
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.place())
    }
}

/// An address without its query, which is where tokens are.
pub(crate) fn place_of(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    if url.query().is_some() { format!("{shown}?…") } else { shown.into() }
}

fn web(url: &str) -> Result<Url> {
    let parsed = Url::parse(url).ok().filter(|parsed| matches!(parsed.scheme(), "http" | "https") && parsed.has_host());
    let parsed = parsed.ok_or_else(|| {
        SourceError::invalid("address", without_password(url), "write https://host/path or http://host/path")
    })?;
    refuse_password(&parsed)?;
    if matches!(&parsed, url if url.username() != "") {
        let fix = "name the user with `--user`, not in the address";
        return Err(SourceError::invalid("address", parsed.host_str().unwrap_or_default(), fix));
    }
    Ok(parsed)
}

fn refuse_password(url: &Url) -> Result<()> {
    match url.password() {
        None => Ok(()),
        Some(_) => {
            let fix =
                "leave the password out: addresses end up in logs; give it with `--secret-env` or `--secret-file`";
            Err(SourceError::invalid("address", url.host_str().unwrap_or_default(), fix))
        }
    }
}

/// What can be shown of a text that should have been an address.
fn without_password(text: &str) -> &str {
    if text.contains('@') { text.rsplit('@').next().unwrap_or_default() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_comes_back_from_its_json() {
        let key = format!("SHA256:{}", "a".repeat(43));
        for (source, json) in [
            (
                Source::http("https://acme.example/p.csv?x=1", None).unwrap(),
                r#"{"kind":"http","url":"https://acme.example/p.csv?x=1","auth":{"by":"bearer"}}"#.to_owned(),
            ),
            (
                Source::sftp("sftp://me@acme.example/out/p*.csv", Some(key.clone())).unwrap(),
                format!(
                    r#"{{"kind":"sftp","host":"acme.example","port":22,"user":"me","path":"/out/p*.csv","host_key":"{key}"}}"#
                ),
            ),
            (
                Source::s3("s3://feeds/acme/", None, "eu-west-3", "AK").unwrap(),
                r#"{"kind":"s3","endpoint":null,"region":"eu-west-3","bucket":"feeds","key":"acme/","access_key":"AK"}"#
                    .to_owned(),
            ),
            (Source::folder("/srv/in/*.csv").unwrap(), r#"{"kind":"folder","path":"/srv/in/*.csv"}"#.to_owned()),
        ] {
            assert_eq!(serde_json::to_string(&source).unwrap(), json);
            assert_eq!(serde_json::from_str::<Source>(&json).unwrap(), source);
        }
    }

    #[test]
    fn what_cannot_work_is_refused_without_showing_a_password() {
        let check = |made: Result<Source>, expected: &str| {
            let message = made.unwrap_err().to_string();
            assert!(message.contains(expected) && !message.contains("hush"), "{message}");
        };
        check(Source::http("ftp://acme.example/p.csv", None), "https://host/path");
        check(Source::http("file:///etc/passwd", None), "https://host/path");
        check(Source::http("acme.example/p.csv", None), "https://host/path");
        check(Source::http("https://me:hush@acme.example/p.csv", None), "--secret-env");
        check(Source::http("https://me@acme.example/p.csv", None), "--user");
        check(Source::http("https://acme.example/", Some(Auth::Header { name: "a b".into() })), "header");
        check(Source::sftp("sftp://me:hush@acme.example/p.csv", None), "--secret-env");
        check(Source::sftp("sftp://acme.example/p.csv", None), "user and host");
        check(Source::sftp("sftp://me@acme.example", None), "name a file");
        check(Source::sftp("sftp://me@acme.example/a*/p.csv", None), "last part");
        check(Source::sftp("sftp://me@acme.example/p.csv", Some("MD5:00".into())), "SHA256:");
        check(Source::s3("feeds/acme", None, "r", "AK"), "s3://bucket/key");
        check(Source::s3("s3://feeds/", None, "r", "AK"), "key");
        check(Source::s3("s3://feeds/a", None, "r", ""), "access key");
        check(Source::folder("in/p.csv"), "absolute");
        check(Source::folder("/srv/"), "absolute");
    }

    #[test]
    fn a_token_in_an_address_is_not_shown() {
        let source = Source::http("https://acme.example/p.csv?token=hush", None).unwrap();
        assert_eq!(source.to_string(), "https://acme.example/p.csv?…");
    }
}
