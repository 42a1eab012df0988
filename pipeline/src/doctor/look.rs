//! One pass over everything.

use std::collections::HashSet;

use crate::error::Result;
use crate::relay::chain;

use super::{Doctor, Event, Finding, Summary};

/// One pass: what has been found so far, and whether it is mended on the way.
pub(super) struct Look<'a> {
    pub doctor: &'a Doctor,
    /// Each difference is mended as soon as it was told.
    pub mends: bool,
    pub summary: Summary,
    /// Publications are missing that may come back: what hangs on them is not removed.
    pub awaits_publications: bool,
    /// Suppliers of whom a publication could not be made again.
    pub stuck: HashSet<i64>,
    tell: &'a mut dyn FnMut(Event<'_>),
}

impl<'a> Look<'a> {
    pub fn new(doctor: &'a Doctor, mends: bool, tell: &'a mut dyn FnMut(Event<'_>)) -> Self {
        Look { doctor, mends, summary: Summary::default(), awaits_publications: false, stuck: HashSet::new(), tell }
    }

    /// Begins another comparison.
    pub fn comparing(&mut self, what: &'static str) {
        (self.tell)(Event::Comparing(what));
    }

    /// Tells how many rows more were compared.
    pub fn compared(&mut self, rows: usize) {
        (self.tell)(Event::Compared(rows as u64));
    }

    /// Tells of a difference that only a person can mend.
    pub fn found(&mut self, finding: &Finding) {
        self.summary.kinds.entry(finding.kind).or_default().found += 1;
        self.summary.left += 1;
        (self.tell)(Event::Found(finding));
    }

    /// Tells of a difference, and mends it if that is wanted. What cannot be mended keeps nothing else from being.
    /// Returns whether it was mended.
    pub async fn treat(&mut self, finding: Finding, remedy: impl Future<Output = Result<()>>) -> bool {
        self.found(&finding);
        if !self.mends {
            return false;
        }
        match remedy.await {
            Ok(()) => {
                self.summary.kinds.entry(finding.kind).or_default().mended += 1;
                self.summary.left -= 1;
                true
            }
            Err(fault) => {
                (self.tell)(Event::NotMended(&finding, chain(&fault)));
                false
            }
        }
    }
}
