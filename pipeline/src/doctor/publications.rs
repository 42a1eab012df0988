//! Imports and publications, both ways.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use item::{ImportState, Mode};
use router::catalog::audit::Announced;
use router::catalog::{self, suppliers};
use router::imports::audit::{self, Done, Recalled, Standing};
use router::imports::files::{self, NewFile};
use storage::{Bucket, StorageError};
use uuid::Uuid;

use super::imports::work_off;
use super::look::Look;
use super::{Doctor, Finding, GRACE_SECONDS, Kind, PAGE_ROWS};
use crate::error::{ImportError, Result};
use crate::importer::archive_key_of;

/// Later publications of a supplier that are looked at.
const LATER_MAX: i64 = 1_000;

/// Interrupted replays that are looked at.
const REPLAYS_MAX: i64 = 10_000;

/// What can be done about an import whose publication is lost.
enum Loss {
    /// Its file is read again.
    Replay,
    /// This newer full file says all that it said.
    Outdated(Uuid),
    /// Nothing, without a person.
    Asks(String),
}

/// Completed imports whose publication is gone: db_catalog was restored from an older dump. They come in the order in
/// which each supplier's ended, and are published again in that order.
pub(super) async fn of_imports(look: &mut Look<'_>) -> Result<()> {
    look.comparing("imports with publications");
    let router = look.doctor.importer.router();
    // A replay that failed, or was interrupted, is as lost as before.
    let page = audit::unfinished_replays(router.imports(), REPLAYS_MAX).await?;
    lost(look, &page).await?;
    let mut after = (0, DateTime::<Utc>::UNIX_EPOCH, Uuid::nil());
    loop {
        let page = audit::done(router.imports(), after, PAGE_ROWS).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.supplier_id, last.finished_at, last.id);
        lost(look, &page).await?;
    }
}

/// Those of some imports whose publication is gone.
async fn lost(look: &mut Look<'_>, page: &[Done]) -> Result<()> {
    let doctor = look.doctor;
    let router = doctor.importer.router();
    look.compared(page.len());
    let ids: Vec<Uuid> = page.iter().map(|done| done.id).collect();
    let lost = catalog::audit::unpublished(router.catalog(), &ids).await?;
    for done in page.iter().filter(|done| lost.contains(&done.id)) {
        // Publications of a supplier stand on each other: none is made again before an earlier one.
        let loss = match look.stuck.contains(&done.supplier_id) {
            true => Loss::Asks("an earlier one of the supplier has to come first".to_owned()),
            false => loss(doctor, done).await?,
        };
        let ended = done.finished_at.format("%F %T UTC");
        let (detail, fix) = match &loss {
            Loss::Replay => (String::new(), Some("import the archived file again under the same id")),
            Loss::Outdated(by) => {
                (format!("; import {by} has published a newer full file since"), Some("note it as superseded"))
            }
            Loss::Asks(why) => (format!("; {why}"), None),
        };
        let finding = Finding {
            kind: Kind::ImportWithoutPublication,
            database: "catalog",
            subject: format!("import {}", done.id),
            detail: format!(
                "{} of {} was completed {ended}, and its publication is gone{detail}",
                done.file_name, done.supplier_code
            ),
            fix,
            rows: 1,
        };
        let mended = match loss {
            Loss::Replay => look.treat(finding, replay(doctor, done.id)).await,
            Loss::Outdated(by) => {
                look.treat(finding, async { Ok(audit::outdate(router.imports(), done.id, by).await.map(|_| ())?) })
                    .await
            }
            Loss::Asks(_) => {
                look.found(&finding);
                false
            }
        };
        look.awaits_publications |= !mended;
        if look.mends && !mended {
            look.stuck.insert(done.supplier_id);
        }
    }
    Ok(())
}

async fn loss(doctor: &Doctor, done: &Done) -> Result<Loss> {
    let router = doctor.importer.router();
    let supplier = suppliers::find(router.catalog(), &done.supplier_code).await?;
    if supplier.is_none_or(|supplier| supplier.id != done.supplier_id) {
        return Ok(Loss::Asks("its supplier is unknown".to_owned()));
    }
    // What was published after it stands on another catalogue now; earlier ones that were replayed stand below it.
    let later = catalog::audit::later(router.catalog(), done.supplier_id, done.finished_at, LATER_MAX).await?;
    let ids: Vec<Uuid> = later.iter().map(|(id, _)| *id).collect();
    let replayed = audit::replayed_before(router.imports(), &ids, done.finished_at).await?;
    let mut later = later.into_iter().filter(|(id, _)| !replayed.contains(id)).peekable();
    let key = archive_key_of(done.id, &done.file_name);
    if later.peek().is_some() {
        return Ok(match later.find(|(_, mode)| *mode == Mode::Full) {
            Some((by, _)) => Loss::Outdated(by),
            None => {
                Loss::Asks(format!("partial files were published since: import {key} by hand if it is still right"))
            }
        });
    }
    match doctor.importer.storage().head(Bucket::ImportsFiles, &key).await {
        Ok(_) => Ok(Loss::Replay),
        Err(StorageError::NotFound { .. }) => Ok(Loss::Asks(format!("{key} is not in the archive"))),
        Err(fault) => Err(fault.into()),
    }
}

async fn replay(doctor: &Doctor, import_id: Uuid) -> Result<()> {
    audit::replay(doctor.importer.router().imports(), import_id).await?;
    work_off(doctor, import_id).await
}

/// Publications whose import is missing or does not know of them: db_imports was restored from an older dump, or a crash
/// came between the publication and the end of the import and nobody has taken it up.
pub(super) async fn in_imports(look: &mut Look<'_>) -> Result<()> {
    look.comparing("publications with imports");
    let doctor = look.doctor;
    let router = doctor.importer.router();
    let mut after = 0;
    loop {
        let page = catalog::audit::publications(router.catalog(), after, PAGE_ROWS).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.publication.id;
        look.compared(page.len());
        let ids: Vec<Uuid> = page.iter().map(|announced| announced.publication.import_id).collect();
        let standings = audit::standings(router.imports(), &ids, GRACE_SECONDS).await?;
        let standings: HashMap<Uuid, Standing> =
            standings.into_iter().map(|standing| (standing.id, standing)).collect();
        for announced in &page {
            let publication = &announced.publication;
            let (kind, detail, fix) = match standings.get(&publication.import_id) {
                None => (
                    Kind::PublicationUnknownToImports,
                    format!("import {} is missing", publication.import_id),
                    "note the import with the counts of the publication",
                ),
                Some(standing) if standing.is_under_way || standing.state == ImportState::Undone => continue,
                Some(standing) if standing.state != ImportState::Completed => (
                    Kind::PublicationUnknownToImports,
                    format!("import {} is {}", publication.import_id, standing.state),
                    "complete the import",
                ),
                Some(standing) if standing.counts != publication.counts => (
                    Kind::CountsWrong,
                    format!("import {} has other counts", publication.import_id),
                    "complete the import again",
                ),
                Some(_) => continue,
            };
            let finding = Finding {
                kind,
                database: "imports",
                subject: format!("publication {} of {}", publication.id, announced.supplier_code),
                detail,
                fix: Some(fix),
                rows: 1,
            };
            if standings.contains_key(&publication.import_id) {
                look.treat(finding, complete(doctor, publication.import_id)).await;
            } else {
                look.treat(finding, recall(doctor, announced)).await;
            }
        }
    }
}

async fn complete(doctor: &Doctor, import_id: Uuid) -> Result<()> {
    audit::reopen(doctor.importer.router().imports(), import_id).await?;
    work_off(doctor, import_id).await
}

/// What is still known of an import: its publication, and the name and size of its archived file.
async fn recall(doctor: &Doctor, announced: &Announced) -> Result<()> {
    let (imports, storage) = (doctor.importer.router().imports(), doctor.importer.storage());
    let publication = &announced.publication;
    let place = archive_key_of(publication.import_id, "");
    let folder = place.rfind('/').map_or("", |slash| &place[..=slash]);
    let archived = storage.list_all(Bucket::ImportsFiles, folder).await?;
    let archived = archived.first();
    let key = archived.map(|object| object.key.as_str());
    let file_name = key.map_or("", |key| &key[folder.len()..]);
    let sha256 = publication.file_sha256.as_slice().try_into();
    let sha256: [u8; 32] = sha256.map_err(|_| ImportError::UnknownImport(publication.import_id))?;
    let file = match files::find_content(imports, publication.supplier_id, &sha256).await? {
        Some(file) => file.id,
        None => {
            let new = NewFile {
                supplier_id: publication.supplier_id,
                sha256,
                size_bytes: archived.map_or(0, |object| object.bytes),
                file_name,
                archive_key: key,
            };
            files::record(imports, &new).await?
        }
    };
    let made = publication.import_id.get_timestamp().map(|time| time.to_unix());
    let made = made.and_then(|(seconds, nanos)| DateTime::from_timestamp(seconds as i64, nanos));
    let recalled = Recalled {
        id: publication.import_id,
        supplier_id: publication.supplier_id,
        supplier_code: &announced.supplier_code,
        mode: publication.mode,
        file_id: file,
        bucket: &storage.bucket_name(Bucket::ImportsFiles),
        key: key.unwrap_or_default(),
        file_name,
        bytes: archived.map(|object| object.bytes),
        counts: publication.counts,
        published_at: publication.created_at,
        made_at: made.unwrap_or(publication.created_at),
        report: &serde_json::Value::Null,
    };
    Ok(audit::recall(imports, &recalled).await?)
}
