//! Where the databases are and how many sessions each may have.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

/// The `[databases]` section of the configuration: one entry per database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Products and what belongs to them.
    pub catalog: DatabaseSettings,
    /// Jobs, files, mappings, schedules.
    pub imports: DatabaseSettings,
    /// Pictures and their processing.
    pub media: DatabaseSettings,
    /// GTIN to ASIN lookups.
    pub code2asin: DatabaseSettings,
    /// Roll-ups.
    pub analytics: DatabaseSettings,
}

impl Default for Settings {
    fn default() -> Self {
        let local = |name: &str| DatabaseSettings {
            url: DatabaseUrl::new(format!("postgres://arrivage@127.0.0.1:5432/{name}")),
            ..DatabaseSettings::default()
        };
        Settings {
            catalog: local("catalog"),
            imports: local("imports"),
            media: local("media"),
            code2asin: local("code2asin"),
            analytics: local("analytics"),
        }
    }
}

/// One database.
///
/// The defaults suit a machine with two cores. A production server is meant to have base sizes of 30 sessions for
/// catalog, 20 for imports, 15 for media, 12 for code2asin and 10 for analytics, and with overflow 282 in all.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSettings {
    /// The primary server: `postgres://user:password@host:port/database`.
    pub url: DatabaseUrl,
    /// A replica for reads that may lag; without one, reads go to the primary.
    pub replica_url: Option<DatabaseUrl>,
    /// Sessions for queries, opened as they are needed.
    pub queries_max: u32,
    /// Sessions for queries beyond `queries_max` that a rush may open.
    pub queries_overflow: u32,
    /// Sessions for COPY and publish transactions: few, because each keeps a core busy.
    pub bulk_max: u32,
    /// How long a caller waits for a session before it is told [`crate::RouterError::PoolExhausted`].
    pub acquire_timeout_ms: u64,
    /// Longest statement in the queries pool; bulk work has no limit. 0 switches it off.
    pub statement_timeout_ms: u64,
    /// A session for queries that was idle for so long is closed.
    pub idle_seconds: u64,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        DatabaseSettings {
            url: DatabaseUrl::default(),
            replica_url: None,
            queries_max: 4,
            queries_overflow: 2,
            bulk_max: 3,
            acquire_timeout_ms: 5_000,
            statement_timeout_ms: 30_000,
            idle_seconds: 300,
        }
    }
}

impl DatabaseSettings {
    /// Most sessions the queries pool opens.
    pub fn queries_limit(&self) -> u32 {
        self.queries_max + self.queries_overflow
    }

    /// [`DatabaseSettings::acquire_timeout_ms`] as a duration.
    pub fn acquire_timeout(&self) -> Duration {
        Duration::from_millis(self.acquire_timeout_ms)
    }
}

/// A PostgreSQL URL. It may hold a password, so it is never printed as it is.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Takes the URL as given; it is read when the router opens.
    pub fn new(url: impl Into<String>) -> Self {
        DatabaseUrl(url.into())
    }

    /// The URL with its password: for drivers only.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

/// The URL with `***` in place of the password and of every parameter after `?`, where one can stand too.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, parameters) = match self.0.split_once('?') {
            // An `@` behind the `?` may belong to a password that was not escaped: show nothing at all.
            Some((_, after)) if after.contains('@') => return f.write_str("***"),
            Some((address, _)) => (address, "?***"),
            None => (self.0.as_str(), ""),
        };
        let Some((scheme, rest)) = address.split_once("://") else {
            return f.write_str(if self.0.is_empty() { "" } else { "***" });
        };
        match rest.rsplit_once('@') {
            Some((login, host)) => {
                let user = login.split_once(':').map_or(login, |(user, _)| user);
                let password = if login.contains(':') { ":***" } else { "" };
                write!(f, "{scheme}://{user}{password}@{host}{parameters}")
            }
            None => write!(f, "{scheme}://{rest}{parameters}"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_a_default_and_what_is_unknown_is_refused() {
        let read = |json: &str| serde_json::from_str::<Settings>(json);
        let settings = read(r#"{"media": {"url": "postgres://db/pictures", "queries_max": 9}}"#).unwrap();
        assert_eq!((settings.media.queries_max, settings.media.queries_limit()), (9, 11));
        assert_eq!(settings.media.url, DatabaseUrl::new("postgres://db/pictures"));
        assert_eq!(settings.catalog, Settings::default().catalog);
        assert!(read(r#"{"media": {"querys_max": 9}}"#).is_err());
        assert!(read(r#"{"medias": {}}"#).is_err());
    }

    #[test]
    fn passwords_are_never_shown() {
        let check = |url: &str, expected: &str| assert_eq!(DatabaseUrl::new(url).to_string(), expected);
        check("postgres://ada:s3cret@db:5432/catalog", "postgres://ada:***@db:5432/catalog");
        check("postgres://ada:p@ss:w@db/catalog", "postgres://ada:***@db/catalog");
        check("postgres://ada@db/catalog", "postgres://ada@db/catalog");
        check("postgres://db/catalog?password=s3cret", "postgres://db/catalog?***");
        check("postgres://ada:s3?cr@t@db/catalog", "***");
        check("host=db password=s3cret", "***");
        check("", "");
    }
}
