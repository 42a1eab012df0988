//! Imports by themselves: fences, leases, answers, staging tables, suppliers, and the sums of days.

use chrono::NaiveDate;
use router::catalog::outbox::Consumer;
use router::catalog::{self, staging};
use router::imports::{audit, jobs, statistics};
use uuid::Uuid;

use super::look::Look;
use super::{Finding, GRACE_SECONDS, Kind, PAGE_ROWS};
use crate::error::Result;
use crate::progress::Progress;

/// Answers given in one look.
const ANSWERS_MAX: u32 = 10_000;

/// A fence above every epoch: db_imports was restored from an older dump, and its epochs fell back.
pub(super) async fn fences(look: &mut Look<'_>) -> Result<()> {
    look.comparing("fences with epochs");
    let router = look.doctor.importer.router();
    let fence = catalog::audit::highest_fence(router.catalog()).await?;
    let epoch = audit::last_epoch(router.imports()).await?;
    if fence > epoch {
        let finding = Finding {
            kind: Kind::FenceAhead,
            database: "imports",
            subject: "import_epochs".to_owned(),
            detail: format!("the last epoch is {epoch}, a supplier's fence stands at {fence}"),
            fix: Some("let epochs go on above the fence"),
            rows: 1,
        };
        look.treat(finding, async { Ok(audit::raise_epoch(router.imports(), fence).await?) }).await;
    }
    Ok(())
}

/// Suppliers that db_catalog has forgotten.
pub(super) async fn suppliers(look: &mut Look<'_>) -> Result<()> {
    look.comparing("suppliers of imports");
    let router = look.doctor.importer.router();
    let mut after = 0;
    loop {
        let page = audit::suppliers(router.imports(), after, PAGE_ROWS).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = *last;
        look.compared(page.len());
        let unknown = catalog::audit::unknown_suppliers(router.catalog(), &page).await?;
        for (id, code) in page.iter().filter(|(id, _)| unknown.contains(id)) {
            look.found(&Finding {
                kind: Kind::SupplierUnknown,
                database: "catalog",
                subject: format!("supplier {code}"),
                detail: format!("imports know it by the number {id}; restore it with that number and its settings"),
                fix: None,
                rows: 1,
            });
        }
    }
}

/// Imports of workers that are gone.
pub(super) async fn leases(look: &mut Look<'_>) -> Result<()> {
    look.comparing("leases");
    let doctor = look.doctor;
    let mut after = Uuid::nil();
    loop {
        let page = audit::lapsed(doctor.importer.router().imports(), GRACE_SECONDS, after, PAGE_ROWS).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        for lapsed in &page {
            let finding = Finding {
                kind: Kind::LeaseLapsed,
                database: "imports",
                subject: format!("import {}", lapsed.id),
                detail: format!(
                    "{} had it in hand for {} until {}",
                    lapsed.lease_owner,
                    lapsed.supplier_code,
                    lapsed.lease_expires_at.format("%F %T UTC")
                ),
                fix: Some("take it over and run it to its end"),
                rows: 1,
            };
            look.treat(finding, work_off(doctor, lapsed.id)).await;
        }
    }
}

/// Works on a supplier's queue until this import has ended or is held.
pub(super) async fn work_off(doctor: &super::Doctor, import_id: Uuid) -> Result<()> {
    doctor.importer.finish_queue(import_id, &Progress::default()).await?;
    Ok(())
}

/// Staging tables that nobody will publish.
pub(super) async fn staging(look: &mut Look<'_>) -> Result<()> {
    look.comparing("staging tables with imports");
    let router = look.doctor.importer.router();
    let staged = staging::list(router.catalog()).await?;
    look.compared(staged.len());
    for id in staged {
        let job = jobs::find(router.imports(), id).await?;
        let standing = match &job {
            None => "is unknown",
            // What has not been answered is yet to be tidied up.
            Some(job) if job.state.ended() && job.is_answered => "has ended",
            Some(_) => continue,
        };
        let finding = Finding {
            kind: Kind::StagingLeft,
            database: "catalog",
            subject: format!("import {id}"),
            detail: format!("its staging table is there, and the import {standing}"),
            fix: Some("drop the table"),
            rows: 1,
        };
        let remedy = async {
            let bulk = router.catalog().bulk().await?;
            Ok(staging::forget(&bulk, id).await?)
        };
        look.treat(finding, remedy).await;
    }
    Ok(())
}

/// Suppliers that wait for their receipts.
pub(super) async fn answers(look: &mut Look<'_>) -> Result<()> {
    look.comparing("answers");
    let importer = &look.doctor.importer;
    let unanswered = jobs::unanswered(importer.router().imports(), None, GRACE_SECONDS, ANSWERS_MAX).await?;
    for job in unanswered {
        let finding = Finding {
            kind: Kind::Unanswered,
            database: "imports",
            subject: format!("import {}", job.id),
            detail: format!("{} of {} is {} without an answer", job.file_name, job.supplier_code, job.state),
            fix: Some("write its receipt and tidy the inbox"),
            rows: 1,
        };
        look.treat(finding, importer.answer(&job)).await;
    }
    Ok(())
}

/// The sums of days in db_imports.
pub(super) async fn statistics(look: &mut Look<'_>) -> Result<()> {
    look.comparing("statistics with imports");
    let router = look.doctor.importer.router();
    let mut after = (0, NaiveDate::default());
    loop {
        let page = statistics::differing(router.imports(), after, PAGE_ROWS).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = *last;
        look.compared(page.len());
        for (supplier_id, day) in page {
            // Counted when its imports have ended, been delivered and been answered; it may have been meanwhile.
            if audit::is_busy(router.imports(), supplier_id).await?
                || catalog::audit::owes(router.catalog(), Consumer::Imports, supplier_id).await?
                || !is_first((supplier_id, day), |from| statistics::differing(router.imports(), from, 1)).await?
            {
                continue;
            }
            let finding = Finding {
                kind: Kind::StatisticsWrong,
                database: "imports",
                subject: format!("supplier {supplier_id} on {day}"),
                detail: "the day is not the sum of its imports".to_owned(),
                fix: Some("count the day again"),
                rows: 1,
            };
            look.treat(finding, async { Ok(statistics::recount(router.imports(), supplier_id, day).await?) }).await;
        }
    }
}

/// Whether a day still differs: whether it is the first one behind the day before it.
pub(super) async fn is_first<F>(day: (i64, NaiveDate), differing: impl FnOnce((i64, NaiveDate)) -> F) -> Result<bool>
where
    F: Future<Output = router::Result<Vec<(i64, NaiveDate)>>>,
{
    let before = (day.0, day.1.pred_opt().unwrap_or(day.1));
    Ok(differing(before).await?.first() == Some(&day))
}
