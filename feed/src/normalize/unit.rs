//! Sales units as UN/CEFACT recommendation 20 codes.

use item::RejectCode;

use super::refusal::{Reading, Refusal, quote};
use crate::fold::fold;

/// Codes of recommendation 20 that goods are sold in, with the words that mean them.
#[rustfmt::skip]
const UNITS: &[(&str, &[&str])] = &[
    ("C62", &[
        "pce", "pc", "pcs", "piece", "pieces", "each", "ea", "one", "unit", "units", "unite", "unites", "un", "u",
        "stuck", "stk", "st", "unidad", "unidades", "ud", "uds", "pezzo", "pezzi", "pz", "a l unite", "la piece",
    ]),
    ("H87", &[]),
    ("EA", &[]),
    ("PR", &["paire", "paires", "pair", "pairs", "paar", "par", "pares", "paio"]),
    ("SET", &["set", "sets", "jeu", "jeux", "kit", "kits", "satz", "juego", "serie"]),
    ("DZN", &["douzaine", "douzaines", "dozen", "dutzend", "docena", "dozzina", "dz"]),
    ("CEN", &["cent", "hundred", "hundert"]),
    ("MIL", &["mille", "thousand", "tausend", "millier"]),
    ("PK", &[
        "pack", "packs", "paquet", "paquets", "package", "packung", "paket", "paquete", "pacco", "lot", "lots",
        "blister",
    ]),
    ("BX", &["box", "boxes", "boite", "boites", "schachtel", "caja", "cajas", "scatola", "coffret"]),
    ("CT", &["carton", "cartons", "karton", "cartone", "ctn"]),
    ("CS", &["case", "cases", "caisse", "caisses", "kiste"]),
    ("BG", &["bag", "bags", "sac", "sacs", "sachet", "sachets", "beutel", "bolsa", "sacchetto"]),
    ("BO", &["bottle", "bottles", "bouteille", "bouteilles", "flasche", "botella", "bottiglia", "flacon"]),
    ("CA", &["can", "cans", "canette", "dose", "lata"]),
    ("TU", &["tube", "tubes", "tubo"]),
    ("RO", &["roll", "rolls", "rouleau", "rouleaux", "rolle", "rollo", "rotolo", "bobine"]),
    ("PF", &["palette", "palettes", "pallet", "pallets", "paleta"]),
    ("TR", &["tray", "plateau"]),
    ("RM", &["ramette", "ream"]),
    ("ST", &["sheet", "sheets", "feuille", "feuilles", "blatt", "hoja"]),
    ("LEF", &["leaf"]),
    ("BE", &["bundle", "botte", "bund"]),
    ("KGM", &["kg", "kilo", "kilos", "kilogram", "kilograms", "kilogramme", "kilogrammes", "kilogramm"]),
    ("GRM", &["g", "gr", "gram", "grams", "gramme", "grammes", "gramm"]),
    ("MGM", &["mg", "milligram", "milligramme"]),
    ("TNE", &["t", "tonne", "tonnes", "ton"]),
    ("LBR", &["lb", "lbs", "pound", "pounds"]),
    ("ONZ", &["oz", "ounce", "ounces"]),
    ("MTR", &["m", "metre", "metres", "meter", "meters", "metro", "metri", "metre lineaire"]),
    ("CMT", &["cm", "centimetre", "centimetres", "centimeter", "zentimeter"]),
    ("MMT", &["mm", "millimetre", "millimetres", "millimeter"]),
    ("DMT", &["dm", "decimetre"]),
    ("KMT", &["km", "kilometre", "kilometer"]),
    ("INH", &["in", "inch", "inches", "pouce", "pouces", "zoll"]),
    ("FOT", &["ft", "foot", "feet", "pied", "pieds"]),
    ("YRD", &["yd", "yard", "yards"]),
    ("MTK", &["m2", "m²", "metre carre", "metres carres", "square metre", "square meter", "quadratmeter", "qm"]),
    ("CMK", &["cm2", "cm²"]),
    ("FTK", &["sq ft", "square foot", "square feet"]),
    ("MTQ", &["m3", "m³", "metre cube", "cubic metre", "cubic meter", "kubikmeter"]),
    ("CMQ", &["cm3", "cm³"]),
    ("DMQ", &["dm3", "dm³"]),
    ("LTR", &["l", "litre", "litres", "liter", "liters", "litro", "litri", "lt"]),
    ("DLT", &["dl", "decilitre"]),
    ("CLT", &["cl", "centilitre", "centilitres", "zentiliter"]),
    ("MLT", &["ml", "millilitre", "millilitres", "milliliter"]),
    ("HLT", &["hl", "hectolitre"]),
    ("GLL", &["gal", "gallon", "gallons"]),
    ("OZA", &["fl oz", "fluid ounce"]),
    ("HUR", &["h", "heure", "heures", "hour", "hours", "stunde", "stunden", "hora"]),
    ("DAY", &["jour", "jours", "day", "days", "tag"]),
    ("MON", &["mois", "month", "months", "monat"]),
    ("ANN", &["an", "annee", "year", "years", "jahr"]),
    ("MIN", &["minute", "minutes"]),
    ("KWH", &["kilowattheure", "kilowatt hour"]),
    ("D97", &[]),
    ("NPR", &[]),
    ("NAR", &[]),
    ("E48", &["service", "prestation", "forfait"]),
    ("LS", &["lump sum", "pauschal"]),
    ("P1", &[]),
    ("ZZ", &[]),
];

/// Reads a sales unit as its code: the code itself (`C62`, `KGM`) or a word (`pièce`, `kg`, `boîte`).
pub(crate) fn unit(text: &str) -> Reading<&'static str> {
    let is_code = |code: &str| code.eq_ignore_ascii_case(text);
    // `m²` must not become `m`, and words win over codes of the same letters only in lowercase: `ST` is a sheet, `st`
    // pieces.
    let exact = UNITS.iter().find(|(code, _)| *code == text);
    let folded = if text.contains(['²', '³']) { text.to_lowercase() } else { fold(text) };
    let found = exact
        .or_else(|| UNITS.iter().find(|(_, words)| words.contains(&folded.as_str())))
        .or_else(|| UNITS.iter().find(|(code, _)| is_code(code)));
    match found {
        Some((code, _)) => Ok(Some(code)),
        None => Err(Refusal::fault(RejectCode::UnitUnknown, format!("{} is not a known sales unit", quote(text)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_words_become_codes() {
        for (text, expected) in [
            ("C62", "C62"),
            ("PCE", "C62"),
            ("H87", "H87"),
            ("pièce", "C62"),
            ("Pièces", "C62"),
            ("Stück", "C62"),
            ("pcs.", "C62"),
            ("kg", "KGM"),
            ("KGM", "KGM"),
            ("boîte", "BX"),
            ("pack", "PK"),
            ("paire", "PR"),
            ("mtr", "MTR"),
            ("m²", "MTK"),
            ("M2", "MTK"),
            ("litre", "LTR"),
            ("ST", "ST"),
            ("st", "C62"),
        ] {
            assert_eq!(unit(text), Ok(Some(expected)), "{text}");
        }
        assert_eq!(unit("furlong").unwrap_err().code(), Some(RejectCode::UnitUnknown));
    }

    #[test]
    fn no_word_means_two_units() {
        let mut words: Vec<&str> = UNITS.iter().flat_map(|(_, words)| words.iter().copied()).collect();
        let all = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), all);
    }
}
