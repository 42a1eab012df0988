//! Amounts of money: `89,90 €`, `EUR 12.30`, `$12`, `12,50 € HT`.

use item::{DECIMAL_SCALE, RejectCode};

use super::currency::Stated;
use super::number::{NumberStyle, not_negative, number, scale, unreadable};
use super::refusal::{Reading, Refusal, quote};
use crate::fold::{find_word, is_word};
use crate::map::Tax;

/// An amount and what the cell says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Amount {
    /// In ten-thousandths.
    pub value: i64,
    pub currency: Option<Stated>,
    pub tax: Option<Tax>,
}

/// Reads an amount of zero or more.
pub(crate) fn amount(text: &str, style: NumberStyle) -> Reading<Amount> {
    let number = number(text, style)?;
    let mut amount = Amount { value: not_negative(number.value, text)?, currency: None, tax: None };
    for around in [number.prefix, number.suffix] {
        if !around.is_empty() && !amount.read_words(around) {
            return Err(unexplained(around, text));
        }
    }
    Ok(Some(amount))
}

/// Something beside the digits is neither currency nor tax nor "each": an unknown currency when it looks like one.
fn unexplained(around: &str, text: &str) -> Refusal {
    if Stated::from_text(around).is_some() {
        return Refusal::fault(RejectCode::CurrencyUnknown, format!("{} names two currencies", quote(text)));
    }
    let like_a_code = around.len() == 3 && around.bytes().all(|byte| byte.is_ascii_uppercase());
    let like_a_sign = around.chars().count() == 1 && !around.is_ascii();
    if like_a_code || like_a_sign {
        return Refusal::fault(
            RejectCode::CurrencyUnknown,
            format!("{} in {} is not a currency", quote(around), quote(text)),
        );
    }
    unreadable(text)
}

impl Amount {
    /// Takes in the words beside the digits; `false` when one is not understood or contradicts another.
    fn read_words(&mut self, words: &str) -> bool {
        if let Some(stated) = Stated::from_text(words) {
            return self.set_currency(stated);
        }
        // Word by word, then: `€ HT`, `EUR / pièce`. A code must be in capitals here, for `all` is also Albania's.
        let mut understood = true;
        let mut left = String::new();
        for word in words.split_whitespace() {
            match Stated::from_text(word)
                .filter(|_| word.len() != 3 || !word.is_ascii() || word == word.to_ascii_uppercase())
            {
                Some(stated) => understood &= self.set_currency(stated),
                None => {
                    left.push_str(word);
                    left.push(' ');
                }
            }
        }
        let left = left.trim_matches([' ', '/', '(', ')', '.', ',']);
        if let Some(tax) = tax_words(left) {
            return understood && self.set_tax(tax);
        }
        understood && (left.is_empty() || is_each(left))
    }

    fn set_currency(&mut self, stated: Stated) -> bool {
        self.currency.replace(stated).is_none_or(|before| before == stated)
    }

    fn set_tax(&mut self, tax: Tax) -> bool {
        self.tax.replace(tax).is_none_or(|before| before == tax)
    }
}

/// Words that say whether tax is in a price, in a cell or in a header.
pub(crate) fn tax_words(words: &str) -> Option<Tax> {
    find_word(TAX_WORDS, words)
}

/// Words for without and with tax.
#[rustfmt::skip]
const TAX_WORDS: &[(Tax, &[&str])] = &[
    (Tax::Net, &[
        "ht", "htva", "hors taxe", "hors taxes", "hors tva", "net", "netto", "netto preis", "excl vat", "excl tax",
        "ex vat", "ex tax", "exc vat", "excluding vat", "excluding tax", "without tax", "exkl mwst", "ohne mwst",
        "zzgl mwst", "sin iva", "iva esclusa", "s iva", "net of tax",
    ]),
    (Tax::Gross, &[
        "ttc", "tvac", "tvac incl", "toutes taxes comprises", "tva comprise", "gross", "brutto", "incl vat",
        "incl tax", "inc vat", "inc tax", "including vat", "including tax", "with tax", "inkl mwst", "mit mwst",
        "con iva", "iva incluido", "iva inclusa", "iva incl", "pvp",
    ]),
];

/// A price for one piece is just a price.
fn is_each(words: &str) -> bool {
    is_word(EACH, words)
}

/// Words for one piece behind a price.
#[rustfmt::skip]
const EACH: &[&str] = &[
    "each", "ea", "per piece", "per unit", "piece", "pieces", "pc", "pce", "pcs", "unit", "u", "l unite", "la piece",
    "par piece", "unite", "st", "stk", "stuck",
];

/// Reads a tax rate in percent: `20`, `20 %`, `TVA 5,5`; with `ratio`, a bare `0.2` is 20 %.
pub(crate) fn tax_rate(text: &str, style: NumberStyle, ratio: bool) -> Reading<i64> {
    const PERCENT_MAX: i64 = 100 * DECIMAL_SCALE;
    let number = number(text, style)?;
    let percent = matches!(number.suffix, "%" | "％" | "pct" | "percent");
    if !(percent || number.suffix.is_empty()) || !(number.prefix.is_empty() || is_tax(number.prefix)) {
        return Err(unreadable(text));
    }
    let value = not_negative(number.value, text)?;
    let value = if ratio && !percent { value * 100 } else { value };
    if value > PERCENT_MAX {
        return Err(Refusal::fault(RejectCode::NumberOutOfRange, format!("{} is more than 100 percent", quote(text))));
    }
    Ok(Some(value))
}

fn is_tax(prefix: &str) -> bool {
    is_word(&["tva", "vat", "tax", "mwst", "ust", "iva", "taxe"], prefix)
}

/// The gross price of a net one; `None` beyond the range.
pub(crate) fn gross(net: i64, rate: i64) -> Option<i64> {
    scale(net, 100 * DECIMAL_SCALE + rate, 100 * DECIMAL_SCALE)
}

/// The net price of a gross one.
pub(crate) fn net(gross: i64, rate: i64) -> Option<i64> {
    scale(gross, 100 * DECIMAL_SCALE, 100 * DECIMAL_SCALE + rate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DecimalSign;

    fn style(text: &str) -> NumberStyle {
        NumberStyle { decimal: if text.contains(',') { DecimalSign::Comma } else { DecimalSign::Point }, mixed: false }
    }

    #[test]
    fn amounts_are_read_with_their_currency_and_tax() {
        for (text, value, currency, tax) in [
            ("89,90 €", 89_9000, Some("€"), None),
            ("89,90\u{a0}€", 89_9000, Some("€"), None),
            ("€89.90", 89_9000, Some("€"), None),
            ("EUR 12.30", 12_3000, Some("EUR"), None),
            ("12.30EUR", 12_3000, Some("EUR"), None),
            ("$12", 12_0000, Some("$"), None),
            ("US$ 12", 12_0000, Some("US$"), None),
            ("Fr. 12.50", 12_5000, Some("Fr."), None),
            ("12,50 € HT", 12_5000, Some("€"), Some(Tax::Net)),
            ("12,50 € TTC", 12_5000, Some("€"), Some(Tax::Gross)),
            ("12.50 incl. VAT", 12_5000, None, Some(Tax::Gross)),
            ("12.50 EUR (excl. VAT)", 12_5000, Some("EUR"), Some(Tax::Net)),
            ("12.50 EUR / pièce", 12_5000, Some("EUR"), None),
            ("1 234,50", 1234_5000, None, None),
            ("12,-", 12_0000, None, None),
        ] {
            let expected = Amount { value, currency: currency.and_then(Stated::from_text), tax };
            assert_eq!(amount(text, style(text)), Ok(Some(expected)), "{text}");
        }
    }

    #[test]
    fn what_is_no_price_is_refused_by_name() {
        for (text, code) in [
            ("12 XYZ", RejectCode::CurrencyUnknown),
            ("12 ¤", RejectCode::CurrencyUnknown),
            ("on request", RejectCode::NumberUnreadable),
            ("12 €/100", RejectCode::NumberUnreadable),
            ("12 €/kg", RejectCode::NumberUnreadable),
            ("ab 12 € bis", RejectCode::NumberUnreadable),
            ("EUR 12 USD", RejectCode::CurrencyUnknown),
            ("-12 €", RejectCode::NumberNegative),
            ("(12,00)", RejectCode::NumberNegative),
            ("12345678901", RejectCode::NumberOutOfRange),
        ] {
            assert_eq!(amount(text, style(text)).unwrap_err().code(), Some(code), "{text}");
        }
    }

    #[test]
    fn tax_rates_are_percents_unless_the_column_holds_ratios() {
        for (text, ratio, expected) in [
            ("20", false, 20_0000),
            ("20 %", false, 20_0000),
            ("5,5%", false, 5_5000),
            ("TVA 20", false, 20_0000),
            ("0.2", true, 20_0000),
            ("0.2", false, 2000),
            ("20 %", true, 20_0000),
            ("0", true, 0),
        ] {
            assert_eq!(tax_rate(text, style(text), ratio), Ok(Some(expected)), "{text}");
        }
        assert_eq!(tax_rate("250", style(""), false).unwrap_err().code(), Some(RejectCode::NumberOutOfRange));
        assert_eq!(tax_rate("standard", style(""), false).unwrap_err().code(), Some(RejectCode::NumberUnreadable));
    }

    #[test]
    fn net_and_gross_follow_from_each_other() {
        assert_eq!(gross(100_0000, 20_0000), Some(120_0000));
        assert_eq!(net(120_0000, 20_0000), Some(100_0000));
        assert_eq!(net(9_9900, 5_5000), Some(9_4692));
        assert_eq!(gross(99_999_999_990_000, 20_0000), None);
    }
}
