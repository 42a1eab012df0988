//! The differences that are looked for: a closed set, described in docs/doctor.md.

use serde::Serialize;

macro_rules! kinds {
    ($($name:ident = $word:literal: $about:literal,)*) => {
        /// What is wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Kind {
            $(#[doc = $about] $name,)*
        }

        impl Kind {
            /// Every one of them, in the order in which they are looked for.
            pub const ALL: &'static [Kind] = &[$(Kind::$name,)*];

            /// The stable word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Kind::$name => $word,)* }
            }

            /// One sentence.
            pub const fn about(self) -> &'static str {
                match self { $(Kind::$name => $about,)* }
            }
        }
    };
}

kinds! {
    FenceAhead = "fence_ahead": "A fence of db_catalog is higher than any epoch of db_imports: every import of that supplier would be refused.",
    InboxAhead = "inbox_ahead": "Events are marked as received with a token of the future: they could not be told again.",
    SupplierUnknown = "supplier_unknown": "Imports are of a supplier that db_catalog does not know.",
    LeaseLapsed = "lease_lapsed": "A worker that is gone has an import in hand, and nobody has taken it over.",
    ImportWithoutPublication = "import_without_publication": "An import is completed and its publication is missing.",
    PublicationUnknownToImports = "publication_unknown_to_imports": "A publication is there whose import is missing, or not completed and not under way.",
    CountsWrong = "counts_wrong": "A completed import has other counts than its publication.",
    StagingLeft = "staging_left": "A staging table is there whose import has ended or is unknown.",
    Unanswered = "unanswered": "An import has ended, or is held, and its supplier has no receipt.",
    DeliveryOwed = "delivery_owed": "A delivery of the outbox is overdue.",
    MetricsMissing = "metrics_missing": "A publication has no figures in db_analytics.",
    MetricsWrong = "metrics_wrong": "The figures of a publication in db_analytics are not those of the publication.",
    MetricsOrphan = "metrics_orphan": "There are figures in db_analytics of a publication that does not exist.",
    MediaMissing = "media_missing": "Pictures of products are unknown to db_media.",
    MediaStranded = "media_stranded": "Pictures in db_media are to be fetched, and no job will fetch them.",
    MediaOrphan = "media_orphan": "Pictures in db_media came with a publication that does not exist, and no product has them.",
    LookupMissing = "lookup_missing": "Products with a GTIN are not linked to it in db_code2asin, or nobody looks it up.",
    LookupOrphan = "lookup_orphan": "Links in db_code2asin are of products that do not exist, or that have another GTIN or none.",
    SupplierDayWrong = "supplier_day_wrong": "A supplier's day in db_analytics is not the sum of its imports' figures.",
    StatisticsWrong = "statistics_wrong": "A supplier's day in db_imports is not the sum of its imports.",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_documented_and_no_other() {
        let page = include_str!("../../../docs/doctor.md");
        let documented: Vec<&str> = page
            .lines()
            .filter_map(|line| line.strip_prefix("| `"))
            .filter_map(|line| line.split_once('`').map(|(word, _)| word))
            .collect();
        let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(documented, kinds);
        for kind in Kind::ALL {
            assert!(page.contains(kind.about()), "docs/doctor.md lacks: {}", kind.about());
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
