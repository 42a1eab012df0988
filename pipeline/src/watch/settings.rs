//! Settings of the bucket watch; each stands with its reason in `config/default.toml`.

use serde::Deserialize;
use storage::Secret;

use super::{Result, WatchError};

/// S3 gives no larger page. Source: Amazon S3 API Reference, "ListObjectsV2", `max-keys`.
const PAGE_KEYS_MAX: u16 = 1_000;

/// Settings of the bucket watch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Seconds between two listings of the inbox, among all workers.
    pub list_seconds: u64,
    /// Objects in one page of a listing, at most 1,000.
    pub page_keys: u16,
    /// Objects that are put in order of arrival before they are offered.
    pub order_keys: usize,
    /// Objects looked at, or put into quarantine, at once.
    pub objects_in_flight: usize,
    /// Hints that wait to be looked at; more are dropped.
    pub hints_waiting_max: usize,
    /// Longest event that is read.
    pub event_bytes_max: usize,
    /// Most records of one event.
    pub event_records_max: usize,
    /// Where events are received.
    pub webhook: WebhookSettings,
    /// Where events wait.
    pub redis: RedisSettings,
}

/// The listener for MinIO's webhook.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// `host:port`; empty: no listener.
    pub listen: String,
    /// What MinIO's `auth_token` says.
    pub token: Secret,
    /// Seconds that the head or the body of a request may take to arrive.
    pub read_seconds: u64,
    /// Connections at once; more wait to be accepted.
    pub connections_max: usize,
}

/// MinIO's Redis target.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedisSettings {
    /// The target's `key` when its `format` is `access`; empty: no such list.
    pub list: String,
    /// The target's `key` when its `format` is `namespace`; empty: no such hash.
    pub hash: String,
    /// Events taken at once.
    pub page_events: usize,
    /// Milliseconds between two looks when nothing waits.
    pub poll_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            list_seconds: 30,
            page_keys: PAGE_KEYS_MAX,
            order_keys: 20_000,
            objects_in_flight: 8,
            hints_waiting_max: 10_000,
            event_bytes_max: 1 << 20,
            event_records_max: 1_000,
            webhook: WebhookSettings::default(),
            redis: RedisSettings::default(),
        }
    }
}

impl Default for WebhookSettings {
    fn default() -> Self {
        WebhookSettings { listen: String::new(), token: Secret::default(), read_seconds: 10, connections_max: 64 }
    }
}

impl Default for RedisSettings {
    fn default() -> Self {
        RedisSettings { list: String::new(), hash: String::new(), page_events: 100, poll_ms: 1_000 }
    }
}

impl Settings {
    /// # Errors
    /// [`WatchError::Settings`] names the setting that is out of its range.
    pub(super) fn check(&self) -> Result<()> {
        let refuse = |message: String| Err(WatchError::Settings(message));
        if !(1..=PAGE_KEYS_MAX).contains(&self.page_keys) {
            return refuse(format!("watch.page_keys is {}, it must be 1 to {PAGE_KEYS_MAX}", self.page_keys));
        }
        let at_least_one = [
            ("list_seconds", self.list_seconds),
            ("order_keys", self.order_keys as u64),
            ("objects_in_flight", self.objects_in_flight as u64),
            ("hints_waiting_max", self.hints_waiting_max as u64),
            ("webhook.read_seconds", self.webhook.read_seconds),
            ("webhook.connections_max", self.webhook.connections_max as u64),
            ("redis.page_events", self.redis.page_events as u64),
            ("redis.poll_ms", self.redis.poll_ms),
        ];
        if let Some((name, _)) = at_least_one.iter().find(|(_, value)| *value == 0) {
            return refuse(format!("watch.{name} is 0, it must be at least 1"));
        }
        if !self.webhook.listen.is_empty() && self.webhook.token.reveal().trim().is_empty() {
            return refuse(
                "watch.webhook.listen is set but watch.webhook.token is empty: give both this setting \
                 (ARRIVAGE__WATCH__WEBHOOK__TOKEN) and MinIO's auth_token the same long random text"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let check = |change: fn(&mut Settings), expected: &str| {
            let mut settings = Settings::default();
            change(&mut settings);
            let message = settings.check().unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        };
        Settings::default().check().unwrap();
        check(|s| s.page_keys = 1_001, "watch.page_keys is 1001");
        check(|s| s.list_seconds = 0, "watch.list_seconds is 0");
        check(|s| s.webhook.listen = "127.0.0.1:0".into(), "watch.webhook.token is empty");
    }
}
