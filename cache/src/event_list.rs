//! Bucket events that wait in Redis, as MinIO's notification target leaves them.
//!
//! Its format `access` appends each event to a list; its format `namespace` keeps the latest event of each object in a
//! hash. Both are read without being changed, acted upon, and only then removed, so that a crash in between repeats
//! events and loses none. Several readers at once see the same events; each is removed once.
//!
//! Source: MinIO documentation, "Redis Notification Settings" and "Publish Events to Redis".

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError, cmd, pipe};
use thiserror::Error;

/// The first events of a list. One longer than what is taken can never become readable: it is removed on sight, and
/// left out here before its bytes travel.
const PEEK_LIST: &str = "
    local taken = {}
    for _, event in ipairs(redis.call('LRANGE', KEYS[1], 0, ARGV[1] - 1)) do
        if #event <= tonumber(ARGV[2]) then
            table.insert(taken, event)
        else
            redis.call('LREM', KEYS[1], 1, event)
        end
    end
    return taken";

/// Some events of a hash, as field and value one after the other. HSCAN may give more than it is asked for, or nothing
/// although more is to come.
const PEEK_HASH: &str = "
    local taken = {}
    local cursor = '0'
    repeat
        local page = redis.call('HSCAN', KEYS[1], cursor, 'COUNT', ARGV[1])
        cursor = page[1]
        for at = 1, #page[2], 2 do
            local field, event = page[2][at], page[2][at + 1]
            if #field + #event > tonumber(ARGV[2]) then
                redis.call('HDEL', KEYS[1], field)
            elseif #taken < 2 * ARGV[1] then
                table.insert(taken, field)
                table.insert(taken, event)
            end
        end
    until #taken > 0 or cursor == '0'
    return taken";

/// Removes an event from a hash unless a newer one of the same object has taken its place.
const REMOVE_FIELD: &str = "
    if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then
        redis.call('HDEL', KEYS[1], ARGV[1])
    end";

/// Where the events are, and how much of them is taken at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventListSettings {
    /// Key of the list that MinIO's format `access` fills; empty when there is none.
    pub list: String,
    /// Key of the hash that MinIO's format `namespace` fills; empty when there is none.
    pub hash: String,
    /// Events taken at once from each.
    pub page_events: usize,
    /// Longest event that is taken; longer ones are removed unread.
    pub event_bytes_max: usize,
    /// Pause between two looks when nothing waits.
    pub poll: Duration,
    /// Longest pause between two tries to reach a Redis that is away.
    pub away_pause_max: Duration,
}

impl Default for EventListSettings {
    fn default() -> Self {
        Self {
            list: String::new(),
            hash: String::new(),
            page_events: 100,
            event_bytes_max: 1 << 20,
            poll: Duration::from_secs(1),
            away_pause_max: Duration::from_secs(30),
        }
    }
}

/// Why there is no [`EventList`].
#[derive(Debug, Error)]
pub enum EventListError {
    /// The URL names no Redis; it is not repeated, since it may hold a password.
    #[error("read the URL of Redis: it must look like redis://[:password@]host:port/database")]
    Url(#[source] RedisError),
}

/// An event that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingEvent {
    /// Its field, when it waits in the hash.
    field: Option<Vec<u8>>,
    json: Vec<u8>,
}

impl WaitingEvent {
    /// What MinIO wrote: JSON, unless somebody else wrote it.
    pub fn json(&self) -> &[u8] {
        &self.json
    }
}

/// The events that wait in one Redis.
pub struct EventList {
    connection: ConnectionManager,
    settings: EventListSettings,
    /// It has been said that Redis is away.
    is_away: AtomicBool,
}

impl EventList {
    /// The events in the Redis of this URL. Nothing is sent yet: whether it is there, [`EventList::next`] finds out.
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`EventListError::Url`] when the URL cannot be read.
    pub fn open(url: &str, settings: EventListSettings) -> Result<Self, EventListError> {
        // One try for each call: the pauses between them are made here.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(Duration::from_secs(2)))
            .set_response_timeout(Some(Duration::from_secs(5)));
        let connection = Client::open(url)
            .and_then(|client| ConnectionManager::new_lazy_with_config(client, config))
            .map_err(EventListError::Url)?;
        Ok(Self { connection, settings, is_away: AtomicBool::new(false) })
    }

    /// Waits until events wait, and returns some of them, those of the list in order. They stay where they are until
    /// they are [removed](EventList::remove). A Redis that is away is waited for.
    pub async fn next(&self) -> Vec<WaitingEvent> {
        let mut pause = self.settings.poll;
        loop {
            match self.peek().await {
                Ok(waiting) => {
                    self.heard();
                    if !waiting.is_empty() {
                        return waiting;
                    }
                    pause = self.settings.poll;
                }
                Err(fault) => {
                    self.missed(&fault);
                    pause = self.settings.away_pause_max.min(pause * 2);
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Removes events that were acted upon. When Redis is away meanwhile they come again, as after a crash.
    pub async fn remove(&self, events: &[WaitingEvent]) {
        if events.is_empty() {
            return;
        }
        let mut removals = pipe();
        for event in events {
            match &event.field {
                Some(field) => {
                    let removal = removals.cmd("EVAL").arg(REMOVE_FIELD).arg(1).arg(&self.settings.hash);
                    removal.arg(field).arg(&event.json).ignore();
                }
                None => {
                    removals.cmd("LREM").arg(&self.settings.list).arg(1).arg(&event.json).ignore();
                }
            }
        }
        match removals.query_async::<()>(&mut self.connection.clone()).await {
            Ok(()) => self.heard(),
            Err(fault) => self.missed(&fault),
        }
    }

    async fn peek(&self) -> Result<Vec<WaitingEvent>, RedisError> {
        let mut waiting = Vec::new();
        if !self.settings.list.is_empty() {
            let events: Vec<Vec<u8>> = self.page(PEEK_LIST, &self.settings.list).await?;
            waiting.extend(events.into_iter().map(|json| WaitingEvent { field: None, json }));
        }
        if !self.settings.hash.is_empty() {
            let events: Vec<(Vec<u8>, Vec<u8>)> = self.page(PEEK_HASH, &self.settings.hash).await?;
            waiting.extend(events.into_iter().map(|(field, json)| WaitingEvent { field: Some(field), json }));
        }
        Ok(waiting)
    }

    async fn page<T: redis::FromRedisValue>(&self, script: &str, key: &str) -> Result<T, RedisError> {
        let mut page = cmd("EVAL");
        page.arg(script).arg(1).arg(key).arg(self.settings.page_events).arg(self.settings.event_bytes_max);
        page.query_async(&mut self.connection.clone()).await
    }

    fn heard(&self) {
        if self.is_away.swap(false, Ordering::Relaxed) {
            tracing::info!("bucket events are read from Redis again");
        }
    }

    /// Says it once: every further try would say the same.
    fn missed(&self, fault: &RedisError) {
        if !self.is_away.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                error = %fault,
                "cannot read bucket events from Redis; files are found by the listing until it is back"
            );
        }
    }
}
