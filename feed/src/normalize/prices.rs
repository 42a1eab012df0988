//! Prices, their currency and their tax: columns that only make sense together.

use item::{IntColumn, RejectCode, TextColumn};

use super::conventions::Convention;
use super::currency::{Currency, Stated};
use super::money::{Amount, amount, gross, net};
use super::number::out_of_range;
use super::refusal::{Reading, Refusal, Refusals, quote};
use super::source::Source;
use crate::map::Tax;

/// One column of prices, read.
pub(crate) struct PriceColumn {
    pub values: Vec<Option<i64>>,
    /// What the cells themselves say; empty when none says anything.
    stated: Vec<Option<Stated>>,
    /// What the mapping says of the column.
    currency: Option<Currency>,
    place: Option<usize>,
}

impl PriceColumn {
    /// Reads a column of prices that are with or without `tax`; a cell that says the contrary is refused.
    pub fn read(
        source: Source<'_>,
        convention: &Convention,
        currency: Option<Currency>,
        tax: Option<Tax>,
        refusals: &mut Refusals,
    ) -> PriceColumn {
        let rows = source.cells.len();
        let mut values = Vec::with_capacity(rows);
        let mut stated = Vec::new();
        for row in 0..rows {
            let amount = source.read(row, refusals, |text| priced(text, convention, tax));
            values.push(amount.map(|amount| amount.value));
            if let Some(Amount { currency: Some(currency), .. }) = amount {
                stated.resize(rows, None);
                stated[row] = Some(currency);
            }
        }
        PriceColumn { values, stated, currency, place: source.place }
    }

    /// A price that no column feeds, to be derived.
    pub fn absent(rows: usize) -> PriceColumn {
        PriceColumn { values: vec![None; rows], stated: Vec::new(), currency: None, place: None }
    }

    pub fn into_column(self) -> IntColumn {
        self.values.into_iter().collect()
    }

    fn stated(&self, row: usize) -> Option<Stated> {
        self.stated.get(row).copied().flatten()
    }
}

fn priced(text: &str, convention: &Convention, tax: Option<Tax>) -> Reading<Amount> {
    let read = amount(text, convention.number)?;
    match (read.and_then(|amount| amount.tax), tax) {
        (Some(said), Some(wanted)) if said != wanted => {
            let (is, mapped) = if said == Tax::Gross { ("with", "without") } else { ("without", "with") };
            let message =
                format!("{} says that it is {is} tax, but the column is mapped as price {mapped} tax", quote(text));
            Err(Refusal::fault(RejectCode::NumberUnreadable, message))
        }
        _ => Ok(read),
    }
}

/// The currency of each row that has a price or names one: by its own column, else by a price cell, else by the
/// mapping of a price column, else by the supplier. Cells of one row that contradict each other are refused.
pub(crate) fn currencies(
    column: Option<Source<'_>>,
    prices: &[&PriceColumn],
    rows: usize,
    supplier: Option<Currency>,
    refusals: &mut Refusals,
) -> TextColumn {
    let mut out = TextColumn::with_capacity(rows, rows * 3);
    // The same code mostly stands in many rows in turn.
    let mut last: Option<(&'static str, Currency)> = None;
    let mapped =
        |row: usize| prices.iter().filter(|price| price.values[row].is_some()).find_map(|price| price.currency);
    for row in 0..rows {
        let own = column.and_then(|source| {
            let known = mapped(row).or(supplier);
            source.read(row, refusals, |text| match last {
                Some((code, currency)) if code == text => Ok(Some(currency)),
                _ => currency_cell(text, known),
            })
        });
        last = own.map(|currency| (currency.code(), currency));
        if own.is_none() && prices.iter().all(|price| price.values[row].is_none()) {
            out.push("");
            continue;
        }
        let known = own.or_else(|| mapped(row)).or(supplier);
        let mut settled = own;
        for price in prices {
            let Some(stated) = price.stated(row) else { continue };
            match (stated.settle(known), settled) {
                (Some(currency), None) => settled = Some(currency),
                (Some(currency), Some(before)) if currency == before => {}
                (Some(currency), Some(before)) => {
                    let message = format!("the price is in {}, but the row says {}", currency.code(), before.code());
                    refusals.add(row, price.place, Refusal::fault(RejectCode::CurrencyUnknown, message));
                }
                (None, _) => refusals.add(
                    row,
                    price.place,
                    Refusal::fault(RejectCode::CurrencyUnknown, "`kr` is written in several currencies"),
                ),
            }
        }
        out.push(settled.or(known).map_or("", Currency::code));
    }
    out
}

fn currency_cell(text: &str, known: Option<Currency>) -> Reading<Currency> {
    let settled = Stated::from_text(text).and_then(|stated| stated.settle(known));
    settled
        .map(Some)
        .ok_or_else(|| Refusal::fault(RejectCode::CurrencyUnknown, format!("{} is not a currency", quote(text))))
}

/// Fills in the price that is missing where the other one and the tax rate are known: the row's rate, else the
/// supplier's, which is then noted as the row's.
pub(crate) fn derive(
    price: &mut PriceColumn,
    gross_price: &mut PriceColumn,
    rates: &mut [Option<i64>],
    supplier: Option<i64>,
    refusals: &mut Refusals,
) {
    for (row, rate) in rates.iter_mut().enumerate() {
        let known = (price.values[row], gross_price.values[row]);
        if known == (None, None) {
            continue;
        }
        *rate = rate.or(supplier);
        let Some(rate) = *rate else { continue };
        let derived = match known {
            (Some(value), None) => gross(value, rate).map(|value| gross_price.values[row] = Some(value)),
            (None, Some(value)) => net(value, rate).map(|value| price.values[row] = Some(value)),
            _ => Some(()),
        };
        if derived.is_none() {
            refusals.add(row, price.place, out_of_range("the price including tax"));
        }
    }
}
