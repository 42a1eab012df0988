//! The words that say how an import goes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A word that is not in one of the closed sets below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownWord {
    /// What was given.
    pub given: String,
    /// What could have been given.
    pub expected: &'static str,
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is none of: {}", self.given, self.expected)
    }
}

impl std::error::Error for UnknownWord {}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $all:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every member of the set.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// The word in SQL, metrics, API and documents.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                $name::ALL.iter().copied().find(|known| known.as_str() == word)
                    .ok_or_else(|| UnknownWord { given: word.to_owned(), expected: $all })
            }
        }
    };
}
pub(crate) use words;

words! {
    /// Where an import stands.
    ImportState, "queued, staging, staged, publishing, completed, held, failed, cancelled, undone" {
        /// Waiting for a worker.
        Queued = "queued",
        /// Reading the file and writing the difference to staging.
        Staging = "staging",
        /// The difference is staged; nothing is visible yet. A dry run ends here.
        Staged = "staged",
        /// The publish transaction or the fan-out is under way.
        Publishing = "publishing",
        /// Published and fanned out.
        Completed = "completed",
        /// A guard tripped: a person publishes or discards.
        Held = "held",
        /// Ended by an error; the catalogue is as before.
        Failed = "failed",
        /// Ended by a person; the catalogue is as before.
        Cancelled = "cancelled",
        /// Published once and taken back.
        Undone = "undone",
    }
}

words! {
    /// What a file says about products that are not in it.
    Mode, "full, partial" {
        /// The whole catalogue of the supplier: what is absent is deactivated, under the guard.
        Full = "full",
        /// Some products: the others stay as they are.
        Partial = "partial",
    }
}

words! {
    /// What an empty cell says about the stored value.
    EmptyMeans, "keep, clear" {
        /// The stored value stays.
        Keep = "keep",
        /// The stored value goes.
        Clear = "clear",
    }
}

impl Mode {
    /// What an empty cell means unless the mapping says otherwise.
    pub const fn empty_means(self) -> EmptyMeans {
        match self {
            Mode::Full => EmptyMeans::Clear,
            Mode::Partial => EmptyMeans::Keep,
        }
    }
}

impl ImportState {
    /// Nothing more will happen unless a person asks.
    pub const fn ended(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled | Self::Undone)
    }
}
