//! A difference, and what became of all of them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Kind;

/// One difference.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What is wrong.
    pub kind: Kind,
    /// Where it is to be mended: one of the five databases.
    pub database: &'static str,
    /// What it is about, such as `publication 12` or `import 0192…`.
    pub subject: String,
    /// The difference.
    pub detail: String,
    /// What mending does; `None` when a person has to decide, and the detail says what.
    pub fix: Option<&'static str>,
    /// How many rows it stands for.
    pub rows: u64,
}

/// What there is to say while differences are looked for.
#[derive(Debug)]
pub enum Event<'a> {
    /// Another comparison begins.
    Comparing(&'static str),
    /// So many more rows were compared.
    Compared(u64),
    /// A difference.
    Found(&'a Finding),
    /// A difference that could not be mended, and why.
    NotMended(&'a Finding, String),
    /// All was looked at and something was mended: it is looked at again.
    LookingAgain,
}

/// Differences of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How many there were.
    pub found: u64,
    /// How many of them were mended.
    pub mended: u64,
}

/// What a look, or several, came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// By kind; kinds of which there was none are left out.
    pub kinds: BTreeMap<Kind, Tally>,
    /// Differences that were there at the last look and have not been mended.
    pub left: u64,
}

impl Summary {
    /// Nothing differs.
    pub fn is_healthy(&self) -> bool {
        self.left == 0
    }

    /// How many differences there were.
    pub fn found(&self) -> u64 {
        self.kinds.values().map(|tally| tally.found).sum()
    }

    /// How many of them were mended.
    pub fn mended(&self) -> u64 {
        self.kinds.values().map(|tally| tally.mended).sum()
    }

    pub(super) fn add(&mut self, other: &Summary) {
        for (kind, tally) in &other.kinds {
            let sum = self.kinds.entry(*kind).or_default();
            sum.found += tally.found;
            sum.mended += tally.mended;
        }
    }
}
