//! The outbox, and the inboxes of those who follow the catalogue.

use router::catalog::audit;
use router::{Database, Db, inbox};

use super::look::Look;
use super::{Finding, GRACE_SECONDS, Kind, PAGE_ROWS};
use crate::error::Result;

/// Deliveries that nobody has made.
pub(super) async fn overdue(look: &mut Look<'_>) -> Result<()> {
    look.comparing("deliveries");
    let doctor = look.doctor;
    let catalog = doctor.importer.router().catalog();
    let (mut event, mut consumer) = (0, String::new());
    loop {
        let page = audit::overdue(catalog, (event, &consumer), GRACE_SECONDS, PAGE_ROWS).await?;
        let Some(last) = page.last() else { return Ok(()) };
        (event, consumer) = (last.event_id, last.consumer.clone());
        look.compared(page.len());
        for overdue in &page {
            let fault = overdue.last_fault.as_ref().map(|fault| format!(": {fault}")).unwrap_or_default();
            let finding = Finding {
                kind: Kind::DeliveryOwed,
                database: "catalog",
                subject: format!("import {} to {}", overdue.import_id, overdue.consumer),
                detail: format!("owed since {}{fault}", overdue.created_at.format("%F %T UTC")),
                fix: Some("deliver it"),
                rows: 1,
            };
            // The first of them carries them all.
            look.treat(finding, doctor.carry()).await;
        }
    }
}

/// Marks of the future.
pub(super) async fn inboxes(look: &mut Look<'_>) -> Result<()> {
    look.comparing("inboxes");
    let router = look.doctor.importer.router();
    inbox(look, router.media()).await?;
    inbox(look, router.code2asin()).await?;
    inbox(look, router.analytics()).await
}

async fn inbox<D: Database>(look: &mut Look<'_>, db: &Db<D>) -> Result<()> {
    let ahead = inbox::ahead(db).await?;
    if ahead > 0 {
        let finding = Finding {
            kind: Kind::InboxAhead,
            database: D::NAME,
            subject: "inbox".to_owned(),
            detail: format!("{ahead} events are marked with a token of the future: was a clock put back?"),
            fix: Some("bring the tokens back to the present"),
            rows: ahead,
        };
        look.treat(finding, async { Ok(inbox::lower(db).await?) }).await;
    }
    Ok(())
}
