//! After a publish the other databases follow, driven by the outbox. Each consumer may run twice and changes nothing the
//! second time; the last one, `imports`, ends the job.

use item::ImportState;
use router::DatabaseRouter;
use router::analytics::{self, ImportMetrics};
use router::catalog::outbox::{self, Pending};
use router::catalog::{OutboxEvent, Publication, fanout, publications, staging};
use router::code2asin::jobs::Link;
use router::imports::jobs::{self, Attempt};
use router::imports::statistics;
use router::{code2asin, media};
use serde_json::Value;

use crate::Settings;
use crate::error::Result;
use crate::report::Report;

/// Who follows the catalogue, in this order.
const CONSUMERS: [&str; 4] = ["analytics", "media", "code2asin", "imports"];

/// Events read at once.
const EVENTS_PAGE: i64 = 100;

/// Carries outbox events of one supplier to those who follow, under the supplier's lock.
pub struct Relay<'a> {
    router: &'a DatabaseRouter,
    owner: &'a str,
    lease_seconds: u32,
    page_rows: u32,
}

impl<'a> Relay<'a> {
    /// A relay that signs as `owner`.
    pub fn new(router: &'a DatabaseRouter, owner: &'a str, settings: &Settings) -> Self {
        Relay { router, owner, lease_seconds: settings.lease_seconds, page_rows: settings.fan_out_page_rows }
    }

    /// Finishes what a crash left behind: publications that somebody has not followed yet. The supplier's lock is held,
    /// so nobody alive is at it.
    pub async fn settle(&self, supplier_id: i64) -> Result<()> {
        let imports = self.router.imports();
        for Pending { event, consumers } in self.pending(supplier_id).await? {
            // The crash may have come before what was published was removed from staging.
            staging::drop(&self.router.catalog().bulk().await?, event.import_id).await?;
            self.follow(&event, &consumers).await?;
            let Some(job) = jobs::find(imports, event.import_id).await?.filter(|job| !job.state.ended()) else {
                self.concluded(&event).await?;
                continue;
            };
            let Some(publication) = self.publication(&event).await? else { continue };
            let attempt = jobs::begin_attempt(imports, job.id, self.owner, self.lease_seconds).await?;
            let report = Report { state: ImportState::Completed, counts: publication.counts, ..Report::kept(&job) };
            self.conclude(&event, &attempt, &report).await?;
        }
        Ok(())
    }

    /// Events of a supplier that somebody has not followed yet, oldest first.
    pub async fn pending(&self, supplier_id: i64) -> Result<Vec<Pending>> {
        Ok(outbox::pending(self.router.catalog(), &CONSUMERS, Some(supplier_id), EVENTS_PAGE).await?)
    }

    /// Carries an event to those of `consumers` that are not the last.
    pub async fn follow(&self, event: &OutboxEvent, consumers: &[String]) -> Result<()> {
        for consumer in consumers {
            match consumer.as_str() {
                "analytics" => self.analytics(event).await?,
                "media" => self.media(event).await?,
                "code2asin" => self.code2asin(event).await?,
                _ => continue,
            }
            outbox::deliver(self.router.catalog(), event.id, consumer).await?;
        }
        Ok(())
    }

    /// Ends the job of an event that everybody else has followed.
    pub async fn conclude(&self, event: &OutboxEvent, attempt: &Attempt, report: &Report) -> Result<()> {
        jobs::complete(self.router.imports(), attempt, &report.counts, &report.to_json()).await?;
        self.concluded(event).await
    }

    async fn concluded(&self, event: &OutboxEvent) -> Result<()> {
        statistics::record(self.router.imports(), event.import_id).await?;
        Ok(outbox::deliver(self.router.catalog(), event.id, "imports").await?)
    }

    async fn publication(&self, event: &OutboxEvent) -> Result<Option<Publication>> {
        Ok(publications::of_import(self.router.catalog(), event.import_id).await?)
    }

    async fn analytics(&self, event: &OutboxEvent) -> Result<()> {
        let Some(publication) = self.publication(event).await? else { return Ok(()) };
        let metrics = self.metrics(event, &publication).await?;
        analytics::import_metrics::record(self.router.analytics(), &metrics).await?;
        Ok(analytics::supplier_metrics::record(self.router.analytics(), event.import_id).await?)
    }

    /// The figures of an import, from what is stored: the same whoever tells them, and how often.
    async fn metrics(&self, event: &OutboxEvent, publication: &Publication) -> Result<ImportMetrics> {
        let job = jobs::find(self.router.imports(), event.import_id).await?;
        let started = job.as_ref().and_then(|job| job.started_at).unwrap_or(publication.created_at);
        let seconds = (publication.created_at - started).as_seconds_f64().max(0.0);
        Ok(ImportMetrics {
            import_id: event.import_id,
            supplier_id: event.supplier_id,
            publication_id: event.publication_id,
            mode: publication.mode,
            published_at: publication.created_at,
            counts: publication.counts,
            file_bytes: job.and_then(|job| job.bytes_total).unwrap_or(0),
            seconds,
            stage_seconds: Value::Object(Default::default()),
            memory_bytes_max: None,
        })
    }

    async fn media(&self, event: &OutboxEvent) -> Result<()> {
        let (catalog, media, limit) = (self.router.catalog(), self.router.media(), i64::from(self.page_rows));
        let mut after = (0, 0);
        loop {
            let page = fanout::images_of_publication(catalog, event.publication_id, after, limit).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = (last.product_id, last.position);
            let urls: Vec<&str> = page.iter().map(|image| image.url.as_str()).collect();
            media::files::add_pending(media, &urls, event.supplier_id, event.publication_id).await?;
        }
    }

    async fn code2asin(&self, event: &OutboxEvent) -> Result<()> {
        let (catalog, code2asin, limit) = (self.router.catalog(), self.router.code2asin(), i64::from(self.page_rows));
        let mut after = 0;
        loop {
            let page = fanout::gtins_of_publication(catalog, event.publication_id, after, limit).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.product_id;
            let links: Vec<Link<'_>> = page
                .iter()
                .map(|found| Link { product_id: found.product_id, supplier_id: found.supplier_id, gtin: &found.gtin })
                .collect();
            code2asin::jobs::add_pending(code2asin, &links, event.publication_id).await?;
        }
    }
}
