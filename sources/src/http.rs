//! Files at web addresses.
//!
//! Redirects are followed here and not by the client, so that every address on the way passes the same rules.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use reqwest::header::{
    AUTHORIZATION, CONTENT_DISPOSITION, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED, LOCATION,
};
use reqwest::{Client, Response, StatusCode, redirect};
use url::{Url, form_urlencoded};

use crate::error::{Result, SourceError};
use crate::fetch::{Fetched, FetchedFile, Seen, Validators};
use crate::secret::Secret;
use crate::settings::Settings;
use crate::source::{Auth, Http, SECRET_PLACE, place_of};
use crate::spool::Spool;
use crate::{Addresses, name};

pub(crate) async fn fetch(
    source: &Http,
    secret: Option<&Secret>,
    known: Option<&Validators>,
    settings: &Settings,
    mut spool: Spool<'_>,
) -> Result<Fetched> {
    let Some(mut response) = get(source, secret, known, settings).await? else { return Ok(Fetched::NotModified) };
    spool.expect(response.content_length().unwrap_or(0))?;
    let host = host_of(response.url());
    while let Some(chunk) = response.chunk().await.map_err(|fault| failed(&host, settings, fault))? {
        spool.write(&chunk).await?;
    }
    let validators = Validators {
        etag: header(&response, ETAG),
        modified: header(&response, LAST_MODIFIED),
        ..Validators::default()
    };
    Ok(Fetched::File(FetchedFile { name: name_of(&response), bytes: spool.finish().await?, validators }))
}

pub(crate) async fn test(source: &Http, secret: Option<&Secret>, settings: &Settings) -> Result<Seen> {
    // Not every server answers HEAD as it answers GET; the body of this GET is not read.
    let response = get(source, secret, None, settings).await?;
    let response = response.ok_or(SourceError::Status { host: host_of(&source.url), status: 304 })?;
    let modified = header(&response, LAST_MODIFIED).and_then(|text| DateTime::parse_from_rfc2822(&text).ok());
    Ok(Seen {
        name: name_of(&response),
        bytes: response.content_length(),
        modified: modified.map(|time| time.with_timezone(&Utc)),
    })
}

/// Asks for the file and follows redirects; `None` when it is still the known one.
async fn get(
    source: &Http,
    secret: Option<&Secret>,
    known: Option<&Validators>,
    settings: &Settings,
) -> Result<Option<Response>> {
    let addresses = Addresses::new(settings);
    let client = client(&addresses, settings)?;
    let conditions = conditions(known);
    let mut login = secret.map(|secret| login(&source.auth, secret)).transpose()?;
    let mut left_home = false;
    let mut url = match (&source.auth, secret) {
        (Auth::Query, Some(secret)) => with_secret(&source.url, secret),
        (Auth::Query, None) => return Err(SourceError::Secret("the address wants one in its query".to_owned())),
        _ => source.url.clone(),
    };
    for _ in 0..=settings.redirects_max {
        addresses.check_literal(url.host())?;
        let host = host_of(&url);
        let request = client.get(url.clone()).headers(conditions.clone()).headers(login.clone().unwrap_or_default());
        let response = request.send().await.map_err(|fault| failed(&host, settings, fault))?;
        match response.status() {
            StatusCode::OK => return Ok(Some(response)),
            StatusCode::NOT_MODIFIED if !conditions.is_empty() => return Ok(None),
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT => {
                let next = target(&host, &response)?;
                // The secret is for this origin; once a redirect has left it, it is not sent again, not even back home.
                if next.origin() != url.origin() && login.take().is_some() {
                    left_home = true;
                }
                url = next;
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let detail = match (secret, left_home) {
                    (Some(_), true) => {
                        ": a redirect leads to another server, to which the secret is not sent; give the address where \
                         it ends"
                    }
                    (Some(_), false) => "",
                    (None, _) => ": it wants one, and this source has no secret",
                };
                return Err(SourceError::Login { host, detail: detail.to_owned() });
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => return Err(SourceError::NotFound { place: place_of(&url) }),
            status => return Err(SourceError::Status { host, status: status.as_u16() }),
        }
    }
    Err(SourceError::TooManyRedirects { limit: settings.redirects_max })
}

fn client(addresses: &Addresses, settings: &Settings) -> Result<Client> {
    Client::builder()
        .user_agent(concat!("arrivage/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        // A proxy would resolve names in our place, out of sight of our rules.
        .no_proxy()
        .dns_resolver(Arc::new(addresses.clone()))
        .connect_timeout(Duration::from_secs(settings.connect_seconds))
        .read_timeout(Duration::from_secs(settings.silence_seconds_max))
        .pool_max_idle_per_host(0)
        .build()
        .map_err(|fault| SourceError::Unreachable { host: "the network".to_owned(), reason: innermost(&fault) })
}

/// "Only if it is another one than that."
fn conditions(known: Option<&Validators>) -> HeaderMap {
    let mut conditions = HeaderMap::new();
    let mut add = |name: HeaderName, value: Option<&String>| {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            conditions.insert(name, value);
        }
    };
    add(IF_NONE_MATCH, known.and_then(|known| known.etag.as_ref()));
    add(IF_MODIFIED_SINCE, known.and_then(|known| known.modified.as_ref()));
    conditions
}

fn login(auth: &Auth, secret: &Secret) -> Result<HeaderMap> {
    let secret = secret.reveal().trim_end_matches(['\r', '\n']);
    let (name, value) = match auth {
        Auth::Bearer => (AUTHORIZATION, format!("Bearer {secret}")),
        Auth::Basic { user } => (AUTHORIZATION, format!("Basic {}", STANDARD.encode(format!("{user}:{secret}")))),
        Auth::Header { name } => (header_name(name)?, secret.to_owned()),
        Auth::Query => return Ok(HeaderMap::new()),
    };
    let mut value = HeaderValue::from_str(&value)
        .map_err(|_| SourceError::Secret("it has characters that no HTTP header may have".to_owned()))?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(name, value)]))
}

/// The address with the secret in its query.
fn with_secret(url: &Url, secret: &Secret) -> Url {
    let secret: String = form_urlencoded::byte_serialize(secret.reveal().trim().as_bytes()).collect();
    let mut url = url.clone();
    let query = url.query().unwrap_or_default().replace(SECRET_PLACE, &secret);
    url.set_query(Some(&query));
    url
}

/// The header that a secret is sent in.
pub(crate) fn header_name(name: &str) -> Result<HeaderName> {
    let parsed = HeaderName::from_bytes(name.as_bytes());
    parsed.map_err(|_| SourceError::invalid("header", name, "give a header's name, such as X-Api-Key"))
}

fn target(host: &str, response: &Response) -> Result<Url> {
    let refused = |reason: &str| SourceError::RedirectRefused { host: host.to_owned(), reason: reason.to_owned() };
    let location = header(response, LOCATION).ok_or_else(|| refused("it names no address"))?;
    let next = response.url().join(&location).map_err(|_| refused("it names no address that can be read"))?;
    if !matches!(next.scheme(), "http" | "https") {
        return Err(refused(&format!("it leads to {}:, and only http and https are fetched", next.scheme())));
    }
    Ok(next)
}

fn name_of(response: &Response) -> String {
    name::of_download(header(response, CONTENT_DISPOSITION).as_deref(), response.url())
}

fn header(response: &Response, name: HeaderName) -> Option<String> {
    response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// What our own resolver said comes back wrapped by every layer on the way.
fn failed(host: &str, settings: &Settings, fault: reqwest::Error) -> SourceError {
    let host = host.to_owned();
    match causes(&fault).find_map(|cause| cause.downcast_ref()) {
        Some(SourceError::AddressRefused { address, .. }) => {
            return SourceError::AddressRefused { host, address: *address };
        }
        Some(SourceError::Unreachable { reason, .. }) => {
            return SourceError::Unreachable { host, reason: reason.clone() };
        }
        _ => {}
    }
    match (fault.is_timeout(), fault.is_connect()) {
        (true, true) => {
            SourceError::TimedOut { host, seconds: settings.connect_seconds, setting: "`sources.connect_seconds`" }
        }
        (true, false) => SourceError::TimedOut {
            host,
            seconds: settings.silence_seconds_max,
            setting: "`sources.silence_seconds_max`",
        },
        (false, _) => SourceError::Unreachable { host, reason: innermost(&fault) },
    }
}

fn causes<'a>(fault: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(fault), |&fault| fault.source())
}

/// The last cause says what happened; the first repeats the address, query and all.
fn innermost(fault: &(dyn Error + 'static)) -> String {
    causes(fault).last().map(ToString::to_string).unwrap_or_default()
}
