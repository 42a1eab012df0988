//! What a receipt says, sentence by sentence, in English and in French.

use chrono::{DateTime, Datelike, Utc};
use item::{Counts, FileCode, ImportState, Language};

use super::Receipt;
use crate::guards::Trip;

/// The outcome of an import in one sentence.
pub(super) fn outcome(receipt: &Receipt) -> String {
    let say = Say(receipt.language);
    match receipt.state {
        _ if receipt.identical => match &receipt.identical_to {
            Some(time) => {
                let day = say.day(time);
                say.pick(
                    format!("this file is identical to the file of {day}: nothing to do"),
                    format!("ce fichier est identique à celui du {day} : rien à faire"),
                )
            }
            None => say.pick(
                "this file is identical to the one published last: nothing to do".to_owned(),
                "ce fichier est identique au dernier publié : rien à faire".to_owned(),
            ),
        },
        ImportState::Staged if receipt.dry_run => say.pick(
            format!("dry run, nothing was published: {}{}", say.counts(receipt), say.refused(receipt)),
            format!("simulation, rien n'a été publié : {}{}", say.counts(receipt), say.refused(receipt)),
        ),
        ImportState::Completed => {
            let what = match receipt.correction {
                true => say.pick("the corrected rows are imported", "les lignes corrigées sont importées"),
                false => say.pick("the file is imported", "le fichier est importé"),
            };
            let sign = say.pick(":", " :");
            format!("{what}{sign} {}{}", say.counts(receipt), say.refused(receipt))
        }
        ImportState::Held => {
            let why: Vec<&str> = receipt.guards.iter().map(|guard| guard.detail.as_str()).collect();
            let why = why.join("; ");
            say.pick(
                format!("the import is held until somebody decides, and nothing is published yet: {why}"),
                format!("l'import attend une décision et rien n'est encore publié : {why}"),
            )
        }
        ImportState::Failed => say.failed(receipt),
        ImportState::Cancelled => match &receipt.superseded_by {
            Some(newer) => say.pick(
                format!("the newer file {} took the place of this one, which was not published", newer.file),
                format!("le fichier plus récent {} a remplacé celui-ci, qui n'a pas été publié", newer.file),
            ),
            None => say.pick(
                "the import was cancelled, and nothing was published".to_owned(),
                "l'import a été annulé et rien n'a été publié".to_owned(),
            ),
        },
        ImportState::Undone => say.pick(
            "the import was undone: the catalogue is as it was before this file".to_owned(),
            "l'import a été défait : le catalogue est comme avant ce fichier".to_owned(),
        ),
        ImportState::Queued | ImportState::Staging | ImportState::Staged | ImportState::Publishing => {
            say.pick("the import is under way".to_owned(), "l'import est en cours".to_owned())
        }
    }
}

/// What a guard found.
pub(super) fn guard(trip: &Trip, counts: &Counts, language: Language) -> String {
    let say = Say(language);
    match (trip.code, language) {
        (_, Language::En) => trip.detail.clone(),
        (FileCode::TooManyRejects, Language::Fr) => {
            let (refused, read) = (counts.rejected + counts.duplicate, counts.read);
            format!("{} sur {} refusées", say.number(refused, "ligne", "lignes"), say.digits(read))
        }
        (FileCode::TooManyRemovals, Language::Fr) => {
            let removed = say.number(counts.deactivated, "produit actif absent", "produits actifs absents");
            format!("{removed} de ce fichier complet")
        }
        (code, Language::Fr) => code.problem(language).to_owned(),
    }
}

/// What a supplier can do about a failure.
pub(super) fn fix(code: &str, language: Language) -> Option<&'static str> {
    match code.parse::<FileCode>() {
        Ok(code) => Some(code.hint_in(language)),
        Err(_) if code == "file_too_large" => Some(
            Say(language)
                .pick("send the file packed or in parts", "envoyez le fichier compressé ou en plusieurs parties"),
        ),
        Err(_) => None,
    }
}

/// Words in a language.
struct Say(Language);

impl Say {
    fn pick<T>(&self, en: T, fr: T) -> T {
        match self.0 {
            Language::En => en,
            Language::Fr => fr,
        }
    }

    fn counts(&self, receipt: &Receipt) -> String {
        let counts = &receipt.counts.counts;
        let parts = match self.0 {
            Language::En => [
                self.number(counts.read, "row read", "rows read"),
                self.number(counts.created, "product created", "products created"),
                self.number(counts.updated, "changed", "changed"),
                self.number(counts.unchanged, "unchanged", "unchanged"),
                self.number(counts.deactivated, "withdrawn", "withdrawn"),
            ],
            Language::Fr => [
                self.number(counts.read, "ligne lue", "lignes lues"),
                self.number(counts.created, "produit créé", "produits créés"),
                self.number(counts.updated, "modifié", "modifiés"),
                self.number(counts.unchanged, "inchangé", "inchangés"),
                self.number(counts.deactivated, "retiré", "retirés"),
            ],
        };
        parts.join(", ")
    }

    /// What to do about rejected rows, when there are some.
    fn refused(&self, receipt: &Receipt) -> String {
        let refused = receipt.counts.counts.rejected + receipt.counts.counts.duplicate;
        if refused == 0 {
            return String::new();
        }
        let rows = match self.0 {
            Language::En => self.number(refused, "row was rejected", "rows were rejected"),
            Language::Fr => self.number(refused, "ligne a été refusée", "lignes ont été refusées"),
        };
        let file = receipt.rejects_file.as_deref().and_then(|key| key.rsplit('/').next());
        match file {
            Some(file) => self.pick(
                format!("; {rows}: correct them in {file} and drop it again"),
                format!(" ; {rows} : corrigez-les dans {file} et redéposez-le"),
            ),
            None => self.pick(format!("; {rows}"), format!(" ; {rows}")),
        }
    }

    fn failed(&self, receipt: &Receipt) -> String {
        let nothing = self.pick("nothing was published", "rien n'a été publié");
        let Some(failure) = &receipt.failure else {
            return self.pick(format!("the import failed and {nothing}"), format!("l'import a échoué et {nothing}"));
        };
        let why = match failure.code.parse::<FileCode>() {
            Ok(code) => code.problem(self.0).to_owned(),
            Err(_) if failure.code == "file_too_large" => {
                self.pick("the file is too large", "le fichier est trop volumineux").to_owned()
            }
            Err(_) => failure.code.clone(),
        };
        let fix = failure.fix.map(|fix| self.pick(format!("; {fix}"), format!(" ; {fix}"))).unwrap_or_default();
        self.pick(
            format!("the import failed and {nothing}: {why}{fix}"),
            format!("l'import a échoué et {nothing} : {why}{fix}"),
        )
    }

    /// A number with its noun.
    fn number(&self, number: u64, one: &str, many: &str) -> String {
        let single = match self.0 {
            Language::En => number == 1,
            Language::Fr => number < 2,
        };
        format!("{} {}", self.digits(number), if single { one } else { many })
    }

    /// `1,234` or `1 234`.
    fn digits(&self, number: u64) -> String {
        let digits = number.to_string();
        let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                grouped.push(self.pick(',', '\u{202f}'));
            }
            grouped.push(digit);
        }
        grouped
    }

    /// `Tuesday 17 November 2026`.
    fn day(&self, time: &DateTime<Utc>) -> String {
        const EN: ([&str; 7], [&str; 12]) = (
            ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
            [
                "January",
                "February",
                "March",
                "April",
                "May",
                "June",
                "July",
                "August",
                "September",
                "October",
                "November",
                "December",
            ],
        );
        const FR: ([&str; 7], [&str; 12]) = (
            ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
            [
                "janvier",
                "février",
                "mars",
                "avril",
                "mai",
                "juin",
                "juillet",
                "août",
                "septembre",
                "octobre",
                "novembre",
                "décembre",
            ],
        );
        let (days, months) = self.pick(EN, FR);
        let day = match (self.0, time.day()) {
            (Language::Fr, 1) => "1er".to_owned(),
            (_, day) => day.to_string(),
        };
        let weekday = days[time.weekday().num_days_from_monday() as usize];
        format!("{weekday} {day} {} {}", months[time.month0() as usize], time.year())
    }
}
