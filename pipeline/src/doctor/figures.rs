//! Publications and their figures in db_analytics.

use std::collections::HashMap;

use chrono::NaiveDate;
use router::analytics::audit::{self, Figures};
use router::analytics::supplier_metrics;
use router::catalog;
use router::catalog::Publication;
use router::catalog::outbox::Consumer;
use uuid::Uuid;

use super::imports::is_first;
use super::look::Look;
use super::{Finding, Kind, PAGE_ROWS};
use crate::error::Result;

/// Publications without figures, or with others than theirs.
pub(super) async fn of_publications(look: &mut Look<'_>) -> Result<()> {
    look.comparing("publications with metrics");
    let doctor = look.doctor;
    let router = doctor.importer.router();
    let mut after = 0;
    loop {
        let page = catalog::audit::publications(router.catalog(), after, PAGE_ROWS).await?;
        let Some(last) = page.last() else { return doctor.carry_if(look.mends).await };
        after = last.publication.id;
        look.compared(page.len());
        let ids: Vec<Uuid> = page.iter().map(|announced| announced.publication.import_id).collect();
        let figures = audit::figures_of(router.analytics(), &ids).await?;
        let figures: HashMap<Uuid, Figures> = figures.into_iter().map(|figures| (figures.import_id, figures)).collect();
        for announced in &page {
            let publication = &announced.publication;
            // It has not arrived yet.
            if announced.owed.iter().any(|consumer| consumer == Consumer::Analytics.as_str()) {
                continue;
            }
            let (kind, detail) = match figures.get(&publication.import_id) {
                None => (Kind::MetricsMissing, "no figures in import_metrics"),
                Some(figures) if *figures != told(publication) => {
                    (Kind::MetricsWrong, "import_metrics has other figures")
                }
                Some(_) => continue,
            };
            let finding = Finding {
                kind,
                database: "analytics",
                subject: format!("publication {} of {}", publication.id, announced.supplier_code),
                detail: detail.to_owned(),
                fix: Some("deliver its event again"),
                rows: 1,
            };
            let remedy = async {
                if kind == Kind::MetricsWrong {
                    // A second telling changes neither the number of a publication nor its time.
                    audit::forget(router.analytics(), &[publication.import_id]).await?;
                }
                Ok(catalog::audit::deliver_again(router.catalog(), publication.id, Consumer::Analytics).await?)
            };
            look.treat(finding, remedy).await;
        }
    }
}

/// What import_metrics is to say.
fn told(publication: &Publication) -> Figures {
    Figures {
        import_id: publication.import_id,
        supplier_id: publication.supplier_id,
        publication_id: publication.id,
        mode: publication.mode,
        published_at: publication.created_at,
        counts: publication.counts,
    }
}

/// Figures of publications that do not exist.
pub(super) async fn orphans(look: &mut Look<'_>) -> Result<()> {
    look.comparing("metrics with publications");
    let router = look.doctor.importer.router();
    let mut after = Uuid::nil();
    loop {
        let page = audit::figures(router.analytics(), after, PAGE_ROWS).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.import_id;
        look.compared(page.len());
        let ids: Vec<Uuid> = page.iter().map(|figures| figures.import_id).collect();
        for import_id in catalog::audit::unpublished(router.catalog(), &ids).await? {
            let finding = Finding {
                kind: Kind::MetricsOrphan,
                database: "analytics",
                subject: format!("import {import_id}"),
                detail: "import_metrics has figures of it, and it has no publication".to_owned(),
                fix: (!look.awaits_publications).then_some("remove them"),
                rows: 1,
            };
            if look.awaits_publications {
                look.found(&finding);
            } else {
                look.treat(finding, async { Ok(audit::forget(router.analytics(), &[import_id]).await?) }).await;
            }
        }
    }
}

/// The sums of days in db_analytics.
pub(super) async fn supplier_days(look: &mut Look<'_>) -> Result<()> {
    look.comparing("supplier days with metrics");
    let router = look.doctor.importer.router();
    let (catalog, analytics) = (router.catalog(), router.analytics());
    let mut after = (0, NaiveDate::default());
    loop {
        let page = supplier_metrics::differing(analytics, after, PAGE_ROWS).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = *last;
        look.compared(page.len());
        for (supplier_id, day) in page {
            // Summed up before the delivery is noted; it may have been meanwhile.
            if catalog::audit::owes(catalog, Consumer::Analytics, supplier_id).await?
                || !is_first((supplier_id, day), |from| supplier_metrics::differing(analytics, from, 1)).await?
            {
                continue;
            }
            let finding = Finding {
                kind: Kind::SupplierDayWrong,
                database: "analytics",
                subject: format!("supplier {supplier_id} on {day}"),
                detail: "the day is not the sum of its imports' figures".to_owned(),
                fix: Some("sum the day up again"),
                rows: 1,
            };
            look.treat(finding, async { Ok(supplier_metrics::recount(analytics, supplier_id, day).await?) }).await;
        }
    }
}
