//! What keeps a suspicious import from becoming visible. Every guard has its place here.

use item::{Counts, FileCode, Mode};
use serde::{Deserialize, Serialize};

/// Limits of the guards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GuardSettings {
    /// Share of rows that may be rejected, duplicates included, in percent.
    pub rejects_max_percent: f64,
    /// Share of the supplier's active products that a full file may remove, in percent.
    pub removals_max_percent: f64,
    /// Removals of fewer products than this never hold an import, whatever their share.
    pub removals_min: u64,
}

impl Default for GuardSettings {
    fn default() -> Self {
        GuardSettings { rejects_max_percent: 10.0, removals_max_percent: 10.0, removals_min: 20 }
    }
}

/// A guard that tripped: the import is held for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trip {
    /// The stable code.
    pub code: FileCode,
    /// What was found and what is allowed.
    pub detail: String,
}

/// What the guards judge.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// Full or partial.
    pub mode: Mode,
    /// How the rows ended.
    pub counts: &'a Counts,
    /// Active products of the supplier before this import.
    pub active_before: u64,
}

/// Every guard that trips, in the order of the codes; empty when the import may be published.
pub fn check(evidence: Evidence<'_>, settings: &GuardSettings) -> Vec<Trip> {
    [too_many_rejects(evidence, settings), too_many_removals(evidence, settings)].into_iter().flatten().collect()
}

fn too_many_rejects(evidence: Evidence<'_>, settings: &GuardSettings) -> Option<Trip> {
    let refused = evidence.counts.rejected + evidence.counts.duplicate;
    let percent = percent(refused, evidence.counts.read);
    (percent > settings.rejects_max_percent).then(|| Trip {
        code: FileCode::TooManyRejects,
        detail: format!(
            "{refused} of {} rows were rejected ({percent:.1} %); {} % are allowed",
            evidence.counts.read, settings.rejects_max_percent
        ),
    })
}

fn too_many_removals(evidence: Evidence<'_>, settings: &GuardSettings) -> Option<Trip> {
    let removed = evidence.counts.deactivated;
    let percent = percent(removed, evidence.active_before);
    let trips =
        evidence.mode == Mode::Full && removed >= settings.removals_min && percent > settings.removals_max_percent;
    trips.then(|| Trip {
        code: FileCode::TooManyRemovals,
        detail: format!(
            "{removed} of {} active products are absent from this full file ({percent:.1} %); {} % are allowed",
            evidence.active_before, settings.removals_max_percent
        ),
    })
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trips(read: u64, rejected: u64, deactivated: u64, active_before: u64) -> Vec<FileCode> {
        let counts = Counts { read, rejected, deactivated, ..Counts::default() };
        let evidence = Evidence { mode: Mode::Full, counts: &counts, active_before };
        check(evidence, &GuardSettings::default()).into_iter().map(|trip| trip.code).collect()
    }

    #[test]
    fn ten_percent_of_rejects_pass_and_more_hold() {
        assert_eq!(trips(100, 10, 0, 0), []);
        assert_eq!(trips(100, 11, 0, 0), [FileCode::TooManyRejects]);
    }

    #[test]
    fn removals_hold_from_twenty_products_and_above_ten_percent() {
        assert_eq!(trips(100, 0, 19, 100), []);
        assert_eq!(trips(100, 0, 20, 100), [FileCode::TooManyRemovals]);
        assert_eq!(trips(100, 0, 20, 200), []);
        assert_eq!(trips(100, 0, 21, 200), [FileCode::TooManyRemovals]);
    }
}
