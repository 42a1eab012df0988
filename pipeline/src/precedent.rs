//! Which earlier import a correction follows.

use feed::{Plan, Precedent};
use router::imports::jobs::{self, Job, JobFilter};
use router::{Db, Imports};
use storage::keys;

use crate::error::Result;
use crate::report::Report;

/// Imports of the supplier that are looked at: rejects come back within days, not after a hundred files.
const LOOKED_AT: u32 = 100;

/// How the file was understood of which this correction holds rows: the newest import with the same columns, first among
/// those whose rejects file has the name of this one.
pub async fn precedent(imports: &Db<Imports>, correction: &Job, plan: &Plan) -> Result<Option<Precedent>> {
    let filter = JobFilter { supplier_id: Some(correction.supplier_id), ..JobFilter::default() };
    let earlier = jobs::list(imports, &filter, LOOKED_AT).await?;
    let alike = earlier.into_iter().filter(|job| job.id != correction.id).filter_map(|job| {
        let precedent = Report::kept(&job).precedent.filter(|precedent| precedent.header == plan.layout.header)?;
        Some((keys::rejects(&job.supplier_code, &job.file_name), precedent))
    });
    let mut alike: Vec<(String, Precedent)> = alike.collect();
    let ending = format!("/{}", correction.file_name);
    let named = alike.iter().position(|(rejects, _)| rejects.ends_with(&ending)).unwrap_or(0);
    Ok((!alike.is_empty()).then(|| alike.swap_remove(named).1))
}
