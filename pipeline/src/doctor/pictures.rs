//! Pictures of products and db_media, both ways.

use std::collections::{BTreeMap, HashMap, HashSet};

use router::catalog;
use router::catalog::outbox::Consumer;
use router::media::audit;

use super::look::Look;
use super::{Finding, Kind, PAGE_ROWS};
use crate::error::Result;

/// Pictures that db_media has not heard of, by the publication that tells of them.
pub(super) async fn missing(look: &mut Look<'_>) -> Result<()> {
    look.comparing("pictures with media files");
    let doctor = look.doctor;
    let router = doctor.importer.router();
    let mut after = (0, 0);
    // Owed already in this look.
    let mut owed = HashSet::new();
    loop {
        let page = catalog::audit::images(router.catalog(), after, PAGE_ROWS).await?;
        let Some(last) = page.last() else { return doctor.carry_if(look.mends).await };
        after = (last.product_id, last.position);
        look.compared(page.len());
        let urls: Vec<&str> = page.iter().map(|image| image.url.as_str()).collect();
        let unknown = audit::unknown_urls(router.media(), &urls).await?;
        if unknown.is_empty() {
            continue;
        }
        let mut products: Vec<i64> = unknown.iter().map(|place| page[*place].product_id).collect();
        products.dedup();
        let told_by = catalog::audit::told_by(router.catalog(), &products, "image_urls", Consumer::Media).await?;
        let told_by: HashMap<i64, i64> = told_by.into_iter().collect();
        let mut missing: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
        for place in unknown {
            if let Some(publication) = told_by.get(&page[place].product_id) {
                missing.entry(*publication).or_default().push(&page[place].url);
            }
        }
        for (publication, urls) in missing {
            if !owed.insert(publication) {
                continue;
            }
            let finding = Finding {
                kind: Kind::MediaMissing,
                database: "media",
                subject: format!("publication {publication}"),
                detail: format!("{} pictures at least are unknown, such as {}", urls.len(), urls[0]),
                fix: Some("deliver its event again"),
                rows: urls.len() as u64,
            };
            let remedy =
                async { Ok(catalog::audit::deliver_again(router.catalog(), publication, Consumer::Media).await?) };
            look.treat(finding, remedy).await;
        }
    }
}

/// Pictures in db_media that nobody will fetch, or that nobody has.
pub(super) async fn known(look: &mut Look<'_>) -> Result<()> {
    look.comparing("media files with pictures");
    let router = look.doctor.importer.router();
    let media = router.media();
    let mut after = 0;
    loop {
        let page = audit::files(media, after, PAGE_ROWS).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        look.compared(page.len());

        let mut publications: Vec<i64> = page.iter().map(|file| file.first_publication_id).collect();
        publications.sort_unstable();
        publications.dedup();
        let gone = catalog::audit::gone(router.catalog(), &publications).await?;
        let suspects = page.iter().filter(|file| gone.contains(&file.first_publication_id));
        let urls: Vec<&str> = suspects.map(|file| file.url.as_str()).collect();
        let unused =
            if urls.is_empty() { Vec::new() } else { catalog::audit::unused_urls(router.catalog(), &urls).await? };
        let unused: HashSet<String> = unused.into_iter().collect();

        let orphans: Vec<_> = page.iter().filter(|file| unused.contains(&file.url)).collect();
        if let Some(first) = orphans.first() {
            let ids: Vec<i64> = orphans.iter().map(|file| file.id).collect();
            let finding = Finding {
                kind: Kind::MediaOrphan,
                database: "media",
                subject: format!("{} pictures", ids.len()),
                detail: format!("no product has them, and their publication is gone, such as {}", first.url),
                fix: (!look.awaits_publications).then_some("forget them"),
                rows: ids.len() as u64,
            };
            if look.awaits_publications {
                look.found(&finding);
            } else {
                look.treat(finding, async { Ok(audit::forget(media, &ids).await?) }).await;
            }
        }

        let stranded: Vec<_> = page.iter().filter(|file| file.is_stranded && !unused.contains(&file.url)).collect();
        if let Some(first) = stranded.first() {
            let ids: Vec<i64> = stranded.iter().map(|file| file.id).collect();
            let finding = Finding {
                kind: Kind::MediaStranded,
                database: "media",
                subject: format!("{} pictures", ids.len()),
                detail: format!("they are pending without a job, such as {}", first.url),
                fix: Some("queue them"),
                rows: ids.len() as u64,
            };
            look.treat(finding, async { Ok(audit::queue(media, &ids).await?) }).await;
        }
    }
}
