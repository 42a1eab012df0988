//! What the codes say to a supplier: the problem in a few words, and what to do about it.

use crate::{FileCode, Language, RejectCode};

/// The problem, and what to do about it.
type Words = (&'static str, &'static str);

impl RejectCode {
    /// What is wrong, in a few words.
    pub const fn problem(self, language: Language) -> &'static str {
        self.words(language).0
    }

    /// What the supplier can do about it.
    pub const fn hint_in(self, language: Language) -> &'static str {
        self.words(language).1
    }

    /// What the supplier can do about it, in English.
    pub const fn hint(self) -> &'static str {
        self.hint_in(Language::En)
    }

    const fn words(self, language: Language) -> Words {
        let (en, fr): (Words, Words) = match self {
            Self::RequiredMissing => (
                ("required value missing", "fill in the cell: every product needs a SKU and a title"),
                (
                    "valeur obligatoire absente",
                    "remplissez la cellule : chaque produit doit avoir une référence et un libellé",
                ),
            ),
            Self::GtinChecksum => (
                (
                    "wrong GTIN check digit",
                    "compare with the barcode on the pack: one digit is wrong or two are swapped",
                ),
                (
                    "clé de contrôle du GTIN fausse",
                    "comparez avec le code-barres de l'emballage : un chiffre est faux ou deux sont inversés",
                ),
            ),
            Self::GtinLength => (
                (
                    "wrong GTIN length",
                    "give 8, 12, 13 or 14 digits; a lost leading zero comes back by formatting the column as text",
                ),
                (
                    "longueur de GTIN incorrecte",
                    "donnez 8, 12, 13 ou 14 chiffres ; un zéro initial perdu se retrouve en mettant la colonne au format texte",
                ),
            ),
            Self::GtinNotDigits => (
                ("GTIN not made of digits", "give digits only"),
                ("GTIN qui contient autre chose que des chiffres", "n'indiquez que des chiffres"),
            ),
            Self::GtinScientific => (
                (
                    "GTIN rounded by a spreadsheet",
                    "format the column as text before saving: the spreadsheet has rounded the digits away",
                ),
                (
                    "GTIN arrondi par un tableur",
                    "mettez la colonne au format texte et saisissez à nouveau le code : le tableur en a perdu des chiffres",
                ),
            ),
            Self::GtinPlaceholder => (
                ("placeholder in place of a GTIN", "leave the cell empty when the product has no GTIN"),
                ("GTIN fictif", "laissez la cellule vide si le produit n'a pas de GTIN"),
            ),
            Self::NumberUnreadable => (
                ("unreadable number", "write plain digits with one decimal sign, the same in the whole column"),
                (
                    "nombre illisible",
                    "écrivez des chiffres seuls avec un séparateur décimal, le même dans toute la colonne",
                ),
            ),
            Self::NumberNegative => {
                (("negative number", "give zero or more"), ("nombre négatif", "indiquez zéro ou plus"))
            }
            Self::NumberOutOfRange => (
                ("number too large", "check the value and its unit: it is larger than any product's"),
                ("nombre trop grand", "vérifiez la valeur et son unité : elle dépasse celle de tout produit"),
            ),
            Self::DateUnreadable => (
                ("unreadable date", "write dates as 2026-12-31"),
                ("date illisible", "écrivez les dates sous la forme 2026-12-31"),
            ),
            Self::CurrencyUnknown => (
                ("unknown currency", "give the ISO 4217 code, such as EUR"),
                ("devise inconnue", "donnez le code ISO 4217, par exemple EUR"),
            ),
            Self::UnitUnknown => (
                ("unknown unit", "give a unit such as kg, g, cm, mm or a UN/CEFACT code"),
                ("unité inconnue", "donnez une unité telle que kg, g, cm, mm ou un code UN/CEFACT"),
            ),
            Self::UrlInvalid => (
                ("invalid address", "give full addresses that begin with https:// or http://"),
                ("adresse invalide", "donnez des adresses complètes qui commencent par https:// ou http://"),
            ),
            Self::TextTooLong => (("text too long", "shorten the text"), ("texte trop long", "raccourcissez le texte")),
            Self::DuplicateSku => (
                ("SKU repeated", "keep one row per SKU"),
                ("référence en double", "ne gardez qu'une ligne par référence"),
            ),
            Self::RowTooWide => (
                ("too many cells in the row", "quote cells that hold the separator"),
                (
                    "trop de cellules dans la ligne",
                    "mettez entre guillemets les cellules qui contiennent le séparateur",
                ),
            ),
            Self::RowTooNarrow => (
                ("too few cells in the row", "give every row as many cells as the header"),
                ("cellules manquantes dans la ligne", "donnez à chaque ligne autant de cellules qu'à l'en-tête"),
            ),
            Self::RowUnreadable => (
                ("unreadable row", "check the quotes around the cells of this row"),
                ("ligne illisible", "vérifiez les guillemets autour des cellules de cette ligne"),
            ),
            Self::EncodingInvalid => (
                ("unreadable characters", "save the file as UTF-8"),
                ("caractères illisibles", "enregistrez le fichier en UTF-8"),
            ),
            Self::FormulaError => (
                ("failed formula", "replace the formula by its value"),
                ("formule en erreur", "remplacez la formule par sa valeur"),
            ),
        };
        match language {
            Language::En => en,
            Language::Fr => fr,
        }
    }
}

impl FileCode {
    /// What is wrong, in a few words.
    pub const fn problem(self, language: Language) -> &'static str {
        self.words(language).0
    }

    /// What the supplier can do about it.
    pub const fn hint_in(self, language: Language) -> &'static str {
        self.words(language).1
    }

    /// What the supplier can do about it, in English.
    pub const fn hint(self) -> &'static str {
        self.hint_in(Language::En)
    }

    const fn words(self, language: Language) -> Words {
        let (en, fr): (Words, Words) = match self {
            Self::EmptyFile => (
                ("the file has no rows", "send the file again with its rows"),
                ("le fichier ne contient aucune ligne", "renvoyez le fichier avec ses lignes"),
            ),
            Self::UnknownFormat => (
                ("the file's format is unknown", "send CSV, TSV or XLSX, plain or packed with gzip, zstd or zip"),
                (
                    "le format du fichier est inconnu",
                    "envoyez du CSV, du TSV ou du XLSX, tel quel ou compressé par gzip, zstd ou zip",
                ),
            ),
            Self::Encrypted => (
                ("the file is protected by a password", "send the file without a password"),
                ("le fichier est protégé par un mot de passe", "envoyez le fichier sans mot de passe"),
            ),
            Self::ArchiveTooLarge => (
                ("the archive unpacks to too much", "send the file unpacked or in parts"),
                (
                    "l'archive décompressée est trop volumineuse",
                    "envoyez le fichier non compressé ou en plusieurs parties",
                ),
            ),
            Self::ArchiveManyFiles => (
                ("the archive holds several files", "send one data file per archive"),
                ("l'archive contient plusieurs fichiers", "envoyez un seul fichier de données par archive"),
            ),
            Self::NoHeader => (
                ("no row names the columns", "add a first row that names the columns"),
                ("aucune ligne ne nomme les colonnes", "ajoutez une première ligne qui nomme les colonnes"),
            ),
            Self::NoMapping => (
                (
                    "the columns that every product needs were not found",
                    "name the columns, or save a mapping for this supplier",
                ),
                (
                    "les colonnes indispensables à chaque produit sont introuvables",
                    "nommez les colonnes, ou faites enregistrer une correspondance pour ce fournisseur",
                ),
            ),
            Self::Truncated => (
                ("the file is cut off", "send the file again: its end is missing"),
                ("le fichier est tronqué", "renvoyez le fichier : il manque la fin"),
            ),
            Self::StructureChanged => (
                ("the columns are not those of last time", "confirm the new columns, or send the former ones"),
                (
                    "les colonnes ne sont plus celles du dernier envoi",
                    "confirmez les nouvelles colonnes, ou envoyez les anciennes",
                ),
            ),
            Self::TotalsDisagree => (
                ("the declared totals do not agree with the rows", "check the totals declared in the file"),
                ("les totaux annoncés ne correspondent pas aux lignes", "vérifiez les totaux annoncés dans le fichier"),
            ),
            Self::TooManyRejects => (
                ("too many rows are rejected", "correct the rejected rows, or publish the others as they are"),
                (
                    "trop de lignes sont refusées",
                    "corrigez les lignes refusées, ou faites publier les autres telles quelles",
                ),
            ),
            Self::TooManyRemovals => (
                (
                    "too many products are missing",
                    "confirm that so many products are really gone, or send the file as partial",
                ),
                (
                    "trop de produits sont absents",
                    "confirmez que ces produits sont bien supprimés, ou envoyez le fichier comme partiel",
                ),
            ),
        };
        match language {
            Language::En => en,
            Language::Fr => fr,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_documented_with_its_words_in_every_language() {
        let page = include_str!("../../docs/reject-codes.md");
        for language in Language::ALL.iter().copied() {
            let rows = RejectCode::ALL.iter().map(|code| (code.as_str(), code.words(language)));
            let files = FileCode::ALL.iter().map(|code| (code.as_str(), code.words(language)));
            for (code, (problem, hint)) in rows.chain(files) {
                let (start, end) = (format!("| `{code}` | {problem} |"), format!("| {hint} |"));
                let documented = page.lines().any(|line| line.starts_with(&start) && line.ends_with(&end));
                assert!(documented, "docs/reject-codes.md lacks: {start} … {end}");
            }
        }
    }
}
