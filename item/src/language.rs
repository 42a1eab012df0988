//! The languages in which suppliers are answered.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::state::{UnknownWord, words};

words! {
    /// The language of what a supplier reads: rejects files, receipts, fixes. Codes and field names are the same in all.
    Language, "en, fr" {
        /// English.
        En = "en",
        /// French.
        Fr = "fr",
    }
}

impl Language {
    /// The language of a tag such as `fr`, `FR` or `fr-CA`; English for every other.
    pub fn of(tag: &str) -> Language {
        let language = tag.trim().split(['-', '_']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("fr") { Language::Fr } else { Language::En }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn french_is_known_in_every_spelling_and_all_else_is_english() {
        for tag in ["fr", "FR", "fr-CA", "fr_FR", " fr "] {
            assert_eq!(Language::of(tag), Language::Fr, "{tag:?}");
        }
        for tag in ["en", "", "de", "fro", "français?"] {
            assert_eq!(Language::of(tag), Language::En, "{tag:?}");
        }
    }
}
