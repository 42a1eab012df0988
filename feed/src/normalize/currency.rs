//! Currencies: ISO 4217 codes, and the signs and names that stand for them.

use serde::{Serialize, Serializer};

use crate::fold::find_word;

/// The active codes of ISO 4217, funds and metals left out, in alphabetical order.
#[rustfmt::skip]
const CODES: &[&str] = &[
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BHD", "BIF", "BMD", "BND",
    "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNY", "COP", "CRC", "CUP", "CVE",
    "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD",
    "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY",
    "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "LYD", "MAD",
    "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO",
    "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF",
    "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB",
    "TJS", "TMT", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VED", "VES", "VND",
    "VUV", "WST", "XAF", "XCD", "XCG", "XOF", "XPF", "YER", "ZAR", "ZMW", "ZWG",
];

/// Names of currencies; the dollar alone is shared.
#[rustfmt::skip]
const NAMES: &[(&str, &[&str])] = &[
    ("EUR", &["euro", "euros"]),
    ("GBP", &["pound", "pounds", "sterling", "pound sterling", "livre sterling"]),
    ("USD", &["us dollar", "us dollars", "dollar us", "dollars us"]),
    ("$", &["dollar", "dollars"]),
    ("CHF", &["franc suisse", "francs suisses", "swiss franc", "swiss francs", "schweizer franken"]),
    ("JPY", &["yen"]),
    ("PLN", &["zloty", "zlotys"]),
];

/// A currency of ISO 4217.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Currency(u8);

/// What a cell says about its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stated {
    /// One currency.
    Exactly(Currency),
    /// A sign that several currencies share: `$`, `kr`, `¥`.
    Shared(SharedSign),
}

/// A sign that several currencies share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SharedSign {
    Dollar,
    Crown,
    Yen,
}

impl Currency {
    /// The currency of an ISO 4217 code, in either case.
    pub fn from_code(code: &str) -> Option<Currency> {
        let upper: [u8; 3] = code.trim().as_bytes().try_into().ok()?;
        let upper = upper.map(|byte| byte.to_ascii_uppercase());
        let position = CODES.binary_search_by(|known| known.as_bytes().cmp(&upper)).ok()?;
        Some(Currency(u8::try_from(position).expect("fewer than 256 currencies")))
    }

    pub fn code(self) -> &'static str {
        CODES[self.0 as usize]
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl Stated {
    /// Reads a code, a sign or a name: `EUR`, `€`, `euros`, `US$`.
    pub fn from_text(text: &str) -> Option<Stated> {
        let text = text.trim();
        if let Some(currency) = Currency::from_code(text) {
            return Some(Stated::Exactly(currency));
        }
        let code = match text {
            "€" => "EUR",
            "£" => "GBP",
            "US$" | "$US" | "USD$" => "USD",
            "CA$" | "C$" | "$CA" => "CAD",
            "AU$" | "A$" => "AUD",
            "R$" => "BRL",
            "zł" => "PLN",
            "Kč" => "CZK",
            "Ft" => "HUF",
            "₽" => "RUB",
            "₹" => "INR",
            "₺" => "TRY",
            "₴" => "UAH",
            "₩" => "KRW",
            "₪" => "ILS",
            "₫" => "VND",
            "฿" => "THB",
            "Fr." | "Fr" | "SFr" | "SFr." => "CHF",
            "$" => return Some(Stated::Shared(SharedSign::Dollar)),
            "¥" | "￥" => return Some(Stated::Shared(SharedSign::Yen)),
            "kr" | "kr." | "Kr" | "Kr." => return Some(Stated::Shared(SharedSign::Crown)),
            _ => return Stated::from_name(text),
        };
        Currency::from_code(code).map(Stated::Exactly)
    }

    fn from_name(text: &str) -> Option<Stated> {
        if text.contains(|c: char| !c.is_alphabetic() && c != ' ') {
            return None;
        }
        let code = find_word(NAMES, text)?;
        Some(if code == "$" { Stated::Shared(SharedSign::Dollar) } else { Stated::Exactly(Currency::from_code(code)?) })
    }

    /// The currency meant where `known` is what the row, the mapping or the supplier says: it settles shared signs.
    /// A `$` that nothing settles is the US dollar and a `¥` the yen, as they are read everywhere; a crown is nobody's.
    pub fn settle(self, known: Option<Currency>) -> Option<Currency> {
        match (self, known) {
            (Stated::Exactly(currency), _) => Some(currency),
            (Stated::Shared(sign), Some(known)) if sign.fits(known) => Some(known),
            (Stated::Shared(SharedSign::Dollar), _) => Currency::from_code("USD"),
            (Stated::Shared(SharedSign::Yen), _) => Currency::from_code("JPY"),
            (Stated::Shared(SharedSign::Crown), _) => None,
        }
    }
}

impl SharedSign {
    fn fits(self, currency: Currency) -> bool {
        let codes: &[&str] = match self {
            SharedSign::Dollar => &[
                "USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU", "BBD", "BMD",
                "BND", "BSD", "BZD", "FJD", "GYD", "JMD", "KYD", "LRD", "NAD", "SBD", "SRD", "TTD", "XCD", "DOP",
            ],
            SharedSign::Crown => &["SEK", "NOK", "DKK", "ISK", "CZK"],
            SharedSign::Yen => &["JPY", "CNY"],
        };
        codes.contains(&currency.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_complete_enough_to_be_searched() {
        assert!(CODES.is_sorted());
        assert!(CODES.iter().all(|code| Currency::from_code(code).unwrap().code() == *code));
    }

    #[test]
    fn codes_signs_and_names_are_read() {
        for (text, expected) in [
            ("eur", "EUR"),
            (" EUR ", "EUR"),
            ("€", "EUR"),
            ("Euros", "EUR"),
            ("£", "GBP"),
            ("US$", "USD"),
            ("zł", "PLN"),
            ("Fr.", "CHF"),
        ] {
            assert_eq!(Stated::from_text(text), Currency::from_code(expected).map(Stated::Exactly), "{text}");
        }
        for text in ["EURO€", "XYZ", "DEM", "", "%"] {
            assert_eq!(Stated::from_text(text), None, "{text}");
        }
    }

    #[test]
    fn a_shared_sign_is_settled_by_what_is_known() {
        let settle =
            |text, known| Stated::from_text(text).unwrap().settle(Currency::from_code(known)).map(Currency::code);
        assert_eq!(settle("$", "CAD"), Some("CAD"));
        assert_eq!(settle("$", "EUR"), Some("USD"));
        assert_eq!(settle("kr", "SEK"), Some("SEK"));
        assert_eq!(settle("kr", "EUR"), None);
        assert_eq!(settle("¥", ""), Some("JPY"));
    }
}
