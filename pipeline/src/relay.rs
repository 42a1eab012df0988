//! After a publish the other databases follow, driven by the outbox. Each of them follows by itself: one that is away
//! keeps no other waiting, and gets everything once it is back. Every effect may be carried over twice and changes
//! nothing the second time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use router::analytics::{self, ImportMetrics};
use router::catalog::outbox::{self, Claimed, Consumer, Owed};
use router::catalog::{OutboxEvent, fanout, publications};
use router::code2asin::jobs::Link;
use router::imports::{jobs, statistics};
use router::{DatabaseRouter, code2asin, media};
use serde_json::Value;
use uuid::Uuid;

use crate::Settings;
use crate::error::{ImportError, Result};

/// Deliveries taken in hand at once by one consumer.
const CLAIMED_MAX: u32 = 100;

/// How long one who waits for the end of a fan-out looks away.
const GLANCE: Duration = Duration::from_millis(50);

/// Carries outbox events to those who follow the catalogue.
pub struct Relay<'a> {
    router: &'a DatabaseRouter,
    lease_seconds: u32,
    page_rows: u32,
}

/// What became of a delivery.
enum Outcome {
    Done,
    /// What it rests on is not there yet.
    NotYet,
}

impl<'a> Relay<'a> {
    /// A relay over these databases.
    pub fn new(router: &'a DatabaseRouter, settings: &Settings) -> Self {
        Relay { router, lease_seconds: settings.lease_seconds, page_rows: settings.fan_out_page_rows }
    }

    /// Carries what is due, of one supplier or of all, to every consumer at once; returns how many deliveries ended.
    pub async fn carry(&self, supplier_id: Option<i64>) -> Result<usize> {
        let [analytics, media, code2asin, imports] = Consumer::ALL.map(|consumer| self.carry_to(consumer, supplier_id));
        let (analytics, media, code2asin, imports) = tokio::join!(analytics, media, code2asin, imports);
        Ok(analytics? + media? + code2asin? + imports?)
    }

    /// Carries over all that is owed for a supplier, and waits for what another relay has in hand. Gives up when a
    /// delivery fails, or when nothing moves for the time of a lease: whoever comes next will try again. Returns what is
    /// still owed.
    pub async fn settle(&self, supplier_id: i64) -> Result<Vec<Owed>> {
        let mut moved = Instant::now();
        loop {
            let carried = self.carry(Some(supplier_id)).await?;
            if carried > 0 {
                moved = Instant::now();
            }
            let owed = outbox::owed(self.router.catalog(), Some(supplier_id), CLAIMED_MAX).await?;
            let stands_still = moved.elapsed().as_secs() > u64::from(self.lease_seconds);
            if owed.is_empty() || stands_still || owed.iter().any(|delivery| delivery.failures > 0) {
                return Ok(owed);
            }
            if carried == 0 {
                tokio::time::sleep(GLANCE).await;
            }
        }
    }

    /// As [`Relay::carry`], to one consumer.
    pub async fn carry_to(&self, consumer: Consumer, supplier_id: Option<i64>) -> Result<usize> {
        let catalog = self.router.catalog();
        let claimed = outbox::claim(catalog, consumer, supplier_id, CLAIMED_MAX, self.lease_seconds).await?;
        if claimed.is_empty() {
            return Ok(0);
        }
        fault::point("relay.claimed")?;
        let mut done = Vec::with_capacity(claimed.len());
        let mut days = BTreeMap::new();
        let mut is_away = false;
        for delivery in &claimed {
            if is_away {
                // Each try would wait as long as the first: all come back together.
                outbox::put_off(catalog, consumer, delivery, None).await?;
                continue;
            }
            match self.deliver(consumer, delivery).await {
                Ok(Outcome::Done) => {
                    // A supplier's day is summed up once for all its events, by the last of them.
                    let day = delivery.event.created_at.date_naive();
                    days.insert((delivery.event.supplier_id, day), delivery.event.import_id);
                    done.push(delivery);
                }
                Ok(Outcome::NotYet) => outbox::put_off(catalog, consumer, delivery, None).await?,
                Err(fault) => {
                    let told = chain(&fault);
                    is_away = matches!(&fault, ImportError::Router(fault) if fault.transient());
                    tracing::warn!(consumer = consumer.as_str(), import.id = %delivery.event.import_id, error = told, "delivery failed");
                    outbox::put_off(catalog, consumer, delivery, Some(&told)).await?;
                }
            }
        }
        if let Err(fault) = self.sum_up(consumer, &days).await {
            let told = chain(&fault);
            for delivery in &done {
                outbox::put_off(catalog, consumer, delivery, Some(&told)).await?;
            }
            return Ok(0);
        }
        fault::point("relay.summed")?;
        outbox::delivered(catalog, consumer, &done).await?;
        fault::point("relay.delivered")?;
        Ok(done.len())
    }

    async fn deliver(&self, consumer: Consumer, delivery: &Claimed) -> Result<Outcome> {
        match consumer {
            Consumer::Analytics => self.analytics(delivery).await,
            Consumer::Media => self.media(delivery).await,
            Consumer::Code2asin => self.code2asin(delivery).await,
            Consumer::Imports => self.imports(&delivery.event).await,
        }
    }

    async fn sum_up(&self, consumer: Consumer, days: &BTreeMap<(i64, NaiveDate), Uuid>) -> Result<()> {
        for import_id in days.values() {
            match consumer {
                Consumer::Analytics => {
                    analytics::supplier_metrics::record(self.router.analytics(), *import_id).await?;
                }
                Consumer::Imports => statistics::record(self.router.imports(), *import_id).await?,
                Consumer::Media | Consumer::Code2asin => {}
            }
        }
        Ok(())
    }

    /// The figures of an import, from what is stored: the same whoever tells them, and how often.
    async fn analytics(&self, delivery: &Claimed) -> Result<Outcome> {
        let event = &delivery.event;
        let found = publications::of_import(self.router.catalog(), event.import_id).await?;
        let Some(publication) = found else { return Ok(Outcome::Done) };
        let job = jobs::find(self.router.imports(), event.import_id).await?;
        let started = job.as_ref().and_then(|job| job.started_at).unwrap_or(publication.created_at);
        let metrics = ImportMetrics {
            supplier_id: event.supplier_id,
            publication_id: event.publication_id,
            mode: publication.mode,
            published_at: publication.created_at,
            counts: publication.counts,
            file_bytes: job.and_then(|job| job.bytes_total).unwrap_or(0),
            seconds: (publication.created_at - started).as_seconds_f64().max(0.0),
            stage_seconds: Value::Object(Default::default()),
            memory_bytes_max: None,
        };
        analytics::import_metrics::record(self.router.analytics(), &delivery.ticket(), &metrics).await?;
        fault::point("relay.analytics")?;
        Ok(Outcome::Done)
    }

    async fn media(&self, delivery: &Claimed) -> Result<Outcome> {
        let event = &delivery.event;
        let (catalog, media, limit) = (self.router.catalog(), self.router.media(), i64::from(self.page_rows));
        let mut hold = Hold::of(self, Consumer::Media, delivery);
        let mut after = (0, 0);
        loop {
            let page = fanout::images_of_publication(catalog, event.publication_id, after, limit).await?;
            let Some(last) = page.last() else { return Ok(Outcome::Done) };
            after = (last.product_id, last.position);
            let urls: Vec<&str> = page.iter().map(|image| image.url.as_str()).collect();
            hold.renew().await?;
            let ticket = delivery.ticket();
            media::files::add_pending(media, &ticket, &urls, event.supplier_id, event.publication_id).await?;
            fault::point("relay.media")?;
        }
    }

    async fn code2asin(&self, delivery: &Claimed) -> Result<Outcome> {
        let event = &delivery.event;
        let (catalog, code2asin, limit) = (self.router.catalog(), self.router.code2asin(), i64::from(self.page_rows));
        let mut hold = Hold::of(self, Consumer::Code2asin, delivery);
        let mut after = 0;
        loop {
            let page = fanout::gtins_of_publication(catalog, event.publication_id, after, limit).await?;
            let Some(last) = page.last() else { return Ok(Outcome::Done) };
            after = last.product_id;
            let links: Vec<Link<'_>> = page
                .iter()
                .map(|found| Link { product_id: found.product_id, supplier_id: found.supplier_id, gtin: &found.gtin })
                .collect();
            hold.renew().await?;
            code2asin::jobs::add_pending(code2asin, &delivery.ticket(), &links, event.publication_id).await?;
            fault::point("relay.code2asin")?;
        }
    }

    /// A supplier's day counts imports that have ended: this one is about to.
    async fn imports(&self, event: &OutboxEvent) -> Result<Outcome> {
        fault::point("relay.imports")?;
        let job = jobs::find(self.router.imports(), event.import_id).await?;
        Ok(if job.is_none_or(|job| job.state.ended()) { Outcome::Done } else { Outcome::NotYet })
    }
}

/// A delivery kept in hand while it takes long.
struct Hold<'a> {
    relay: &'a Relay<'a>,
    consumer: Consumer,
    delivery: &'a Claimed,
    renewed: Instant,
}

impl<'a> Hold<'a> {
    fn of(relay: &'a Relay<'a>, consumer: Consumer, delivery: &'a Claimed) -> Self {
        Hold { relay, consumer, delivery, renewed: Instant::now() }
    }

    /// Renews the claim when a third of it is over.
    async fn renew(&mut self) -> Result<()> {
        if self.renewed.elapsed().as_secs_f64() * 3.0 < f64::from(self.relay.lease_seconds) {
            return Ok(());
        }
        self.renewed = Instant::now();
        let catalog = self.relay.router.catalog();
        Ok(outbox::extend(catalog, self.consumer, self.delivery, self.relay.lease_seconds).await?)
    }
}

/// A fault with its causes, on one line.
pub(crate) fn chain(fault: &(dyn std::error::Error + 'static)) -> String {
    let mut told = fault.to_string();
    let mut cause = fault.source();
    while let Some(deeper) = cause {
        let sentence = deeper.to_string();
        if !told.ends_with(&sentence) {
            told.push_str(": ");
            told.push_str(&sentence);
        }
        cause = deeper.source();
    }
    told
}
