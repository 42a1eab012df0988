//! The bucket watch: finds what suppliers drop into the inbox.
//!
//! A listing of `inbox/` on a timer is the truth; bucket events are hints that make it faster. Both end in the same
//! place: an object that can be imported is offered to a [`Desk`], any other goes into quarantine with an answer. An
//! object offered twice is one drop: bucket, key, ETag and time are the same.
//!
//! ```text
//! MinIO's webhook ─▶ webhook ─┐
//! MinIO's Redis target ───────┼─▶ hints ─▶ HEAD ─┐
//!                             │                  ├─▶ sort out ─▶ Desk, or quarantine
//! timer ──────────────────────┴─▶ LIST inbox/ ───┘
//! ```

mod error;
mod event;
mod hints;
mod quarantine;
mod settings;
mod webhook;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use futures::TryStreamExt;
use futures::future::join_all;
use router::DatabaseRouter;
use router::catalog::{Supplier, suppliers};
use storage::keys::INBOX;
use storage::{Bucket, InboxKey, KeyError, ObjectHead, Storage, StorageError};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use cache::{EventList, EventListSettings};
use hints::{Hints, Reader};
use quarantine::{Reason, quarantine};
use webhook::Webhook;

pub use error::{Result, WatchError};
pub use hints::HintCounts;
pub use settings::{RedisSettings, Settings, WebhookSettings};

/// Looks for its turn to list in each interval: one worker alone still lists once an interval, not every other.
const LOOKS_PER_INTERVAL: u32 = 4;

/// Pause before events in Redis are acted upon again after the bucket or a database failed.
const FAULT_PAUSE: Duration = Duration::from_secs(2);

/// One object seen in the inbox. Identity of a drop: bucket, key, etag and the store's time of it, cut to whole seconds
/// (HEAD answers tell no more).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its key.
    pub key: InboxKey,
    /// Its version.
    pub etag: String,
    /// Its size.
    pub bytes: u64,
    /// When it was dropped, by the store's clock, in whole seconds.
    pub modified: DateTime<Utc>,
}

/// Where found objects go.
pub trait Desk: Send + Sync {
    /// Queues what is not known yet. All are of this supplier, which is active, and in order of arrival, which whole
    /// seconds do not always tell.
    fn offer(&self, supplier: &Supplier, found: Vec<Found>) -> impl Future<Output = Result<()>> + Send;

    /// True for exactly one caller per interval among all workers, by the database's time.
    fn may_list(&self, every: Duration) -> impl Future<Output = Result<bool>> + Send;
}

/// What became of the objects of a listing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Listed {
    /// Objects below `inbox/`.
    pub objects: u64,
    /// Offered to the desk, known or not.
    pub offered: u64,
    /// Put into quarantine, by this listing or by another at the same moment.
    pub quarantined: u64,
    /// Not put into quarantine because the bucket failed; the next listing tries again.
    pub failed: u64,
}

/// The watch over one inbox. Everything it does is idempotent and safe from several workers at once.
pub struct Watch<D> {
    router: DatabaseRouter,
    storage: Storage,
    desk: D,
    settings: Settings,
    reader: Reader,
}

impl<D: Desk> Watch<D> {
    /// A watch over the inbox of these services.
    ///
    /// # Errors
    /// [`WatchError::Settings`] when a setting is out of its range.
    pub fn new(router: DatabaseRouter, storage: Storage, desk: D, settings: Settings) -> Result<Self> {
        settings.check()?;
        let reader = Reader::new(storage.bucket_name(Bucket::ImportsFiles), &settings);
        Ok(Watch { router, storage, desk, settings, reader })
    }

    /// Watches until told to stop: lists when it is this worker's turn, and follows hints from the webhook and from the
    /// Redis of this URL, where they are configured. A look that fails is said and repeated, never fatal.
    ///
    /// # Errors
    /// [`WatchError::Listen`] and [`WatchError::Redis`], at once, when a source of hints cannot begin.
    pub async fn run(&self, redis_url: &str, stop: &CancellationToken) -> Result<()> {
        let (hints, waiting) = Hints::new(self.reader.clone(), self.settings.hints_waiting_max);
        let webhook = Webhook::bind(&self.settings, hints).await?;
        let events = self.event_list(redis_url)?;
        let listen = async {
            if let Some(webhook) = webhook {
                webhook.serve(stop).await;
            }
        };
        let work = async {
            let read = async {
                if let Some(events) = events {
                    self.follow_events(&events).await;
                }
            };
            tokio::join!(self.list_in_turn(), self.follow_hints(waiting), read);
        };
        tokio::join!(listen, stop.run_until_cancelled(work));
        Ok(())
    }

    /// What became of the events since the start.
    pub fn hint_counts(&self) -> HintCounts {
        self.reader.counts()
    }

    /// Walks the inbox page by page, offers what can be imported in order of arrival, and puts the rest into
    /// quarantine. Memory is bounded by `order_keys`; a larger inbox is put in order that many objects at a time.
    ///
    /// # Errors
    /// Those of the bucket, the database and the desk. What was not reached waits for the next listing.
    pub async fn list(&self) -> Result<Listed> {
        let mut listed = Listed::default();
        let mut gathered = Vec::new();
        let mut pages = std::pin::pin!(self.storage.list(Bucket::ImportsFiles, INBOX, self.settings.page_keys));
        while let Some(page) = pages.try_next().await? {
            listed.objects += page.len() as u64;
            gathered.extend(page);
            if gathered.len() >= self.settings.order_keys {
                self.sort_out(std::mem::take(&mut gathered), &mut listed).await?;
            }
        }
        fault::point("watch.listed")?;
        self.sort_out(gathered, &mut listed).await?;
        Ok(listed)
    }

    /// Follows a hint: looks at one key, and offers it or puts it into quarantine. A key that is gone, or that is none
    /// of the inbox, is nothing.
    ///
    /// # Errors
    /// Those of the bucket, the database and the desk.
    pub async fn look_at(&self, key: &str) -> Result<()> {
        self.look_at_all([key.to_owned()].into()).await
    }

    async fn look_at_all(&self, keys: BTreeSet<String>) -> Result<()> {
        let keys: Vec<String> = keys.into_iter().filter(|key| key.starts_with(INBOX)).collect();
        let (mut objects, mut missed) = (Vec::new(), None);
        for some in keys.chunks(self.settings.objects_in_flight) {
            for look in join_all(some.iter().map(|key| self.storage.head(Bucket::ImportsFiles, key))).await {
                match look {
                    Ok(object) => objects.push(object),
                    Err(StorageError::NotFound { .. }) => {}
                    // Asking again would not help: no object can have such a key, whatever an event said.
                    Err(StorageError::Refused { status: 400..500, .. }) => {}
                    Err(fault) => missed = Some(fault),
                }
            }
        }
        self.sort_out(objects, &mut Listed::default()).await?;
        missed.map_or(Ok(()), |fault| Err(fault.into()))
    }

    /// Offers what can be imported and puts the rest into quarantine.
    async fn sort_out(&self, mut objects: Vec<ObjectHead>, listed: &mut Listed) -> Result<()> {
        objects.sort_by(|one, other| (one.modified, &one.key).cmp(&(other.modified, &other.key)));
        let parsed: Vec<(ObjectHead, Result<InboxKey, KeyError>)> = objects
            .into_iter()
            .filter(|object| !is_folder_mark(object))
            .map(|object| {
                let key = InboxKey::parse(&object.key);
                (object, key)
            })
            .collect();
        let codes: BTreeSet<&str> = parsed.iter().filter_map(|(object, _)| folder_of(&object.key)).collect();
        let known = suppliers::find_all(self.router.catalog(), &codes.into_iter().collect::<Vec<_>>()).await?;
        let known: HashMap<&str, &Supplier> = known.iter().map(|supplier| (supplier.code.as_str(), supplier)).collect();

        let mut wanted: BTreeMap<&str, Vec<Found>> = BTreeMap::new();
        let mut unwanted = Vec::new();
        for (object, key) in &parsed {
            let supplier = folder_of(&object.key).and_then(|code| known.get(code).copied());
            let reason = match (key, supplier) {
                (Ok(key), Some(supplier)) if supplier.is_active => {
                    wanted.entry(&supplier.code).or_default().push(found(object, key.clone()));
                    continue;
                }
                (Ok(key), Some(_)) => Reason::InactiveSupplier { code: key.supplier().to_owned() },
                (Ok(key), None) => Reason::UnknownSupplier { code: key.supplier().to_owned() },
                (Err(refusal), _) => Reason::OddKey(refusal.problem.clone()),
            };
            unwanted.push((object, reason, supplier));
        }
        for (code, found) in wanted {
            let count = found.len() as u64;
            self.desk.offer(known[code], found).await?;
            fault::point("watch.offered")?;
            listed.offered += count;
        }
        self.put_away(&unwanted, listed).await;
        Ok(())
    }

    /// One object that cannot be moved stops no other.
    async fn put_away(&self, unwanted: &[(&ObjectHead, Reason, Option<&Supplier>)], listed: &mut Listed) {
        for some in unwanted.chunks(self.settings.objects_in_flight) {
            let moves =
                some.iter().map(|(object, reason, supplier)| quarantine(&self.storage, object, reason, *supplier));
            for ((object, ..), moved) in some.iter().zip(join_all(moves).await) {
                match moved {
                    Ok(moved) => listed.quarantined += u64::from(moved),
                    Err(fault) => {
                        listed.failed += 1;
                        warn("a file stays in the inbox: it cannot be put into quarantine", Some(&object.key), &fault);
                    }
                }
            }
        }
    }

    async fn list_in_turn(&self) {
        let every = Duration::from_secs(self.settings.list_seconds);
        let mut looks = tokio::time::interval(every / LOOKS_PER_INTERVAL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            let turn = async {
                if self.desk.may_list(every).await? {
                    let listed = self.list().await?;
                    tracing::debug!(?listed, hints = ?self.hint_counts(), "listed the inbox");
                }
                Ok(())
            };
            if let Err(fault) = turn.await {
                warn("could not list the inbox; the next turn tries again", None, &fault);
            }
        }
    }

    async fn follow_hints(&self, mut waiting: mpsc::Receiver<String>) {
        let mut keys = Vec::new();
        // The listener may be gone, or there is none: then nothing comes, and nothing is to be done.
        while waiting.recv_many(&mut keys, usize::from(self.settings.page_keys)).await > 0 {
            if let Err(fault) = self.look_at_all(keys.drain(..).collect()).await {
                warn("could not follow bucket events; the listing finds their files", None, &fault);
            }
        }
    }

    /// Read, act, then remove: a crash in between repeats hints, and loses none.
    async fn follow_events(&self, events: &EventList) {
        loop {
            let waiting = events.next().await;
            let mut keys = BTreeSet::new();
            for event in &waiting {
                match self.reader.keys(event.json()) {
                    Ok(told) => keys.extend(told),
                    Err(unreadable) => tracing::debug!(error = %unreadable, "left out what waits in Redis"),
                }
            }
            match self.look_at_all(keys).await {
                Ok(()) => events.remove(&waiting).await,
                Err(fault) => {
                    warn("could not follow bucket events; they stay in Redis", None, &fault);
                    tokio::time::sleep(FAULT_PAUSE).await;
                }
            }
        }
    }

    fn event_list(&self, url: &str) -> Result<Option<EventList>> {
        let RedisSettings { list, hash, page_events, poll_ms } = &self.settings.redis;
        if list.is_empty() && hash.is_empty() {
            return Ok(None);
        }
        if url.is_empty() {
            let message = "watch.redis.list or watch.redis.hash is set but redis.url is empty: give the URL of Redis";
            return Err(WatchError::Settings(message.to_owned()));
        }
        let settings = EventListSettings {
            list: list.clone(),
            hash: hash.clone(),
            page_events: *page_events,
            event_bytes_max: self.settings.event_bytes_max,
            poll: Duration::from_millis(*poll_ms),
            ..EventListSettings::default()
        };
        Ok(Some(EventList::open(url, settings)?))
    }
}

fn found(object: &ObjectHead, key: InboxKey) -> Found {
    let modified = object.modified.unwrap_or_default().trunc_subsecs(0);
    Found { key, etag: object.etag.clone(), bytes: object.bytes, modified }
}

/// The supplier's folder that a key lies in, odd or not, if it can be one's.
fn folder_of(key: &str) -> Option<&str> {
    let (folder, _) = key.strip_prefix(INBOX)?.split_once('/')?;
    storage::keys::is_supplier_code(folder).then_some(folder)
}

/// Consoles and synchronising tools make empty objects that stand for folders: nobody's file.
fn is_folder_mark(object: &ObjectHead) -> bool {
    object.bytes == 0 && object.key.ends_with('/')
}

fn warn(what: &'static str, key: Option<&str>, fault: &WatchError) {
    let error = fault as &dyn std::error::Error;
    tracing::warn!(key, error, "{what}");
}
