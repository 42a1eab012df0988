//! What a header says beside its name: `Prix € HT`, `Weight (kg)`, `PVP TTC`, `Longueur_cm`.

use crate::fold::fold_into;
use crate::map::Tax;
use crate::normalize::{Measure, tax_words};

/// A header taken apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Heading {
    /// All its words, folded.
    pub words: String,
    /// The words that are left without hints and without what every column says (`product`, `variant`).
    pub name: String,
    pub unit: Option<Measure>,
    /// ISO 4217 code.
    pub currency: Option<&'static str>,
    pub tax: Option<Tax>,
}

/// Words that say nothing about a column of products.
#[rustfmt::skip]
const NOISE: &[&str] = &[
    "product", "products", "produit", "produits", "produkt", "producto", "prodotto", "variant", "variante", "the",
    "le", "la", "du", "de", "des",
];

/// Codes and names of currencies in headers. Only those that are no word of another meaning.
#[rustfmt::skip]
const CURRENCIES: &[(&str, &str)] = &[
    ("eur", "EUR"), ("euro", "EUR"), ("euros", "EUR"), ("usd", "USD"), ("gbp", "GBP"), ("chf", "CHF"), ("cad", "CAD"),
    ("aud", "AUD"), ("jpy", "JPY"), ("cny", "CNY"), ("sek", "SEK"), ("nok", "NOK"), ("dkk", "DKK"), ("pln", "PLN"),
    ("czk", "CZK"), ("huf", "HUF"), ("ron", "RON"), ("tnd", "TND"), ("dzd", "DZD"), ("xof", "XOF"), ("brl", "BRL"),
    ("inr", "INR"),
];

impl Heading {
    /// Takes a header cell apart.
    pub fn of(header: &str) -> Heading {
        let mut words = String::with_capacity(header.len() + 4);
        fold_into(&apart(header), &mut words);
        let mut heading = Heading { currency: currency_sign(header), ..Heading::default() };
        let mut left: Vec<&str> = words.split(' ').filter(|word| !word.is_empty()).collect();
        // Google's feeds write `g:price`.
        if left.len() > 1 && left[0] == "g" && header.contains(':') {
            left.remove(0);
        }
        heading.take_currency(&mut left);
        heading.take_tax(&mut left);
        heading.take_unit(&mut left);
        if left.len() > 1 {
            left.retain(|word| !NOISE.contains(word));
        }
        let joined = left.join(" ");
        heading.name = joined.strip_prefix("google shopping ").unwrap_or(&joined).to_owned();
        heading.words = words;
        heading
    }

    fn take_currency(&mut self, words: &mut Vec<&str>) {
        if let Some(at) = words.iter().position(|word| CURRENCIES.iter().any(|(name, _)| name == word))
            && words.len() > 1
        {
            self.currency = CURRENCIES.iter().find(|(name, _)| *name == words[at]).map(|(_, code)| *code);
            words.remove(at);
            words.retain(|word| *word != "en" && *word != "in");
        }
    }

    /// One to three words that say with or without tax, where something else remains.
    fn take_tax(&mut self, words: &mut Vec<&str>) {
        for length in (1..=3).rev() {
            for at in 0..words.len().saturating_sub(length - 1) {
                if length == words.len() {
                    continue;
                }
                // A recommended price is `pvp` before anything else.
                let phrase = words[at..at + length].join(" ");
                if let Some(tax) = tax_words(&phrase).filter(|_| phrase != "pvp") {
                    self.tax = Some(tax);
                    words.drain(at..at + length);
                    return;
                }
            }
        }
    }

    /// The last word, when it is a unit and not all there is.
    fn take_unit(&mut self, words: &mut Vec<&str>) {
        let Some(unit) = words.last().and_then(|word| Measure::from_word(word)) else { return };
        if words.len() == 1 {
            self.unit = Some(unit);
            return;
        }
        self.unit = Some(unit);
        words.pop();
        if words.len() > 1 && matches!(words.last(), Some(&"in" | &"en")) {
            words.pop();
        }
        // `variant grams`: the unit is the name.
        if words.iter().all(|word| NOISE.contains(word)) {
            words.clear();
            words.push(if unit.fits(item::Field::WeightG) { "weight" } else { "length" });
        }
    }
}

/// The header with spaces between the words of `brandName` and `EANCode`.
fn apart(header: &str) -> String {
    let chars: Vec<char> = header.chars().collect();
    let mut out = String::with_capacity(header.len() + 4);
    for (position, c) in chars.iter().enumerate() {
        let before = position.checked_sub(1).map(|before| chars[before]);
        let next = chars.get(position + 1);
        let begins_word = c.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase() || before.is_uppercase() && next.is_some_and(|next| next.is_lowercase())
            });
        if begins_word {
            out.push(' ');
        }
        out.push(*c);
    }
    out
}

fn currency_sign(header: &str) -> Option<&'static str> {
    [('€', "EUR"), ('£', "GBP"), ('$', "USD")].iter().find(|(sign, _)| header.contains(*sign)).map(|(_, code)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_taken_from_headers() {
        for (header, name, unit, currency, tax) in [
            ("Prix € HT", "prix", None, Some("EUR"), Some(Tax::Net)),
            ("Weight (kg)", "weight", Some(Measure::Kilogram), None, None),
            ("PVP TTC", "pvp", None, None, Some(Tax::Gross)),
            ("Poids kg", "poids", Some(Measure::Kilogram), None, None),
            ("Longueur (cm)", "longueur", Some(Measure::Centimetre), None, None),
            ("length_in_mm", "length", Some(Measure::Millimetre), None, None),
            ("Prix public TTC", "prix public", None, None, Some(Tax::Gross)),
            ("Price (incl. VAT) EUR", "price", None, Some("EUR"), Some(Tax::Gross)),
            ("Prix en euros", "prix", None, Some("EUR"), None),
            ("Variant Grams", "weight", Some(Measure::Gram), None, None),
            ("Variant Price", "price", None, None, None),
            ("BrandName", "brand name", None, None, None),
            ("CategoryID", "category id", None, None, None),
            ("UPCEAN", "upcean", None, None, None),
            ("EANCode", "ean code", None, None, None),
            ("g:price", "price", None, None, None),
            ("Google Shopping / MPN", "mpn", None, None, None),
            ("TVA", "tva", None, None, None),
            ("Net weight", "weight", None, None, Some(Tax::Net)),
            ("Product Name", "name", None, None, None),
            ("", "", None, None, None),
        ] {
            let heading = Heading::of(header);
            assert_eq!(
                (heading.name.as_str(), heading.unit, heading.currency, heading.tax),
                (name, unit, currency, tax),
                "{header}"
            );
        }
    }
}
