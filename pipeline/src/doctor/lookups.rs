//! GTINs of products and db_code2asin, both ways.

use std::collections::{BTreeMap, HashSet};

use router::catalog;
use router::catalog::outbox::Consumer;
use router::code2asin::audit;

use super::look::Look;
use super::{Finding, Kind, PAGE_ROWS};
use crate::error::Result;

/// GTINs that db_code2asin has not heard of, by the publication that tells of them.
pub(super) async fn missing(look: &mut Look<'_>) -> Result<()> {
    look.comparing("GTINs with look-ups");
    let doctor = look.doctor;
    let router = doctor.importer.router();
    let mut after = 0;
    // Owed already in this look.
    let mut owed = HashSet::new();
    loop {
        let page = catalog::audit::gtins(router.catalog(), after, PAGE_ROWS).await?;
        let Some(last) = page.last() else { return doctor.carry_if(look.mends).await };
        after = last.product_id;
        look.compared(page.len());
        let unlinked = audit::unlinked(router.code2asin(), &page).await?;
        if unlinked.is_empty() {
            continue;
        }
        let mut missing: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for (product, publication) in
            catalog::audit::told_by(router.catalog(), &unlinked, "gtin", Consumer::Code2asin).await?
        {
            missing.entry(publication).or_default().push(product);
        }
        for (publication, products) in missing {
            let remedy = async {
                // A link whose GTIN nobody looks up would look as if it had been told.
                audit::forget(router.code2asin(), &products).await?;
                Ok(catalog::audit::deliver_again(router.catalog(), publication, Consumer::Code2asin).await?)
            };
            if !owed.insert(publication) {
                if look.mends {
                    remedy.await?;
                }
                continue;
            }
            let finding = Finding {
                kind: Kind::LookupMissing,
                database: "code2asin",
                subject: format!("publication {publication}"),
                detail: format!(
                    "{} GTINs at least are unknown, such as that of product {}",
                    products.len(),
                    products[0]
                ),
                fix: Some("deliver its event again"),
                rows: products.len() as u64,
            };
            look.treat(finding, remedy).await;
        }
    }
}

/// Links that no product bears out.
pub(super) async fn orphans(look: &mut Look<'_>) -> Result<()> {
    look.comparing("look-ups with GTINs");
    let router = look.doctor.importer.router();
    let mut after = 0;
    loop {
        let page = audit::links(router.code2asin(), after, PAGE_ROWS).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.product_id;
        look.compared(page.len());
        let suspects = catalog::audit::unfounded_links(router.catalog(), &page).await?;
        if suspects.is_empty() {
            continue;
        }
        // A product whose new GTIN is on its way has its old link until it has arrived.
        let under_way = under_way(look, &suspects).await?;
        let unfounded: Vec<i64> = suspects.into_iter().filter(|product| !under_way.contains(product)).collect();
        let Some(first) = unfounded.first() else { continue };
        let finding = Finding {
            kind: Kind::LookupOrphan,
            database: "code2asin",
            subject: format!("{} links", unfounded.len()),
            detail: format!("no product bears them out, such as that of product {first}"),
            fix: (!look.awaits_publications).then_some("forget them"),
            rows: unfounded.len() as u64,
        };
        if look.awaits_publications {
            look.found(&finding);
        } else {
            look.treat(finding, async { Ok(audit::forget(router.code2asin(), &unfounded).await?) }).await;
        }
    }
}

/// Those of some products whose GTIN is on its way.
async fn under_way(look: &Look<'_>, products: &[i64]) -> Result<HashSet<i64>> {
    let catalog = look.doctor.importer.router().catalog();
    Ok(catalog::audit::awaiting(catalog, products, "gtin", Consumer::Code2asin).await?.into_iter().collect())
}
