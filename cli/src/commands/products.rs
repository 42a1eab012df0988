//! `arrivage products`

use anyhow::Result;
use clap::Args;
use item::DECIMAL_SCALE;
use router::DatabaseRouter;
use router::catalog::products::{self, Product, ProductFilter};

use crate::cli::{Context, Exit};
use crate::show;

/// Look at products of the catalogue.
#[derive(Debug, Args)]
pub struct Products {
    /// Only this supplier's.
    #[arg(long, value_name = "CODE")]
    supplier: Option<String>,
    /// Only this SKU.
    #[arg(long)]
    sku: Option<String>,
    /// Only this GTIN, 8 to 14 digits.
    #[arg(long)]
    gtin: Option<String>,
    /// Only titles that contain this text.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Inactive products too.
    #[arg(long)]
    all: bool,
    /// Print at most so many.
    #[arg(long, default_value_t = 20)]
    limit: i64,
}

impl Products {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<Exit> {
        let config = context.config()?;
        let filter = ProductFilter {
            supplier: self.supplier.clone(),
            sku: self.sku.clone(),
            // Any length compares once padded.
            gtin: self.gtin.as_ref().map(|gtin| format!("{gtin:0>14}")),
            text: self.search.clone(),
            active: (!self.all).then_some(true),
        };
        let found = context.block_on(async {
            let router = DatabaseRouter::open(&config.databases)?;
            Ok(products::search(router.catalog().read(), &filter, self.limit).await?)
        })?;
        if context.json {
            show::json(&found)?;
        } else {
            print!("{}", listing(&found));
        }
        Ok(Exit::Completed)
    }
}

/// One line per product.
pub fn listing(products: &[Product]) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let rows: Vec<Vec<String>> = products
        .iter()
        .map(|product| {
            let price = product.price.or(product.price_incl_tax).map(money).unwrap_or_default();
            vec![
                product.supplier.clone(),
                product.sku.clone(),
                text(&product.gtin),
                text(&product.brand),
                product.title.clone(),
                format!("{price} {}", text(&product.currency)),
                product.stock.map(|stock| stock.to_string()).unwrap_or_default(),
                if product.is_active { "active" } else { "inactive" }.to_owned(),
            ]
        })
        .collect();
    show::table(&["supplier", "sku", "gtin", "brand", "title", "price", "stock", "state"], &rows, 44)
}

/// Ten-thousandths as people write them: at least two decimals.
fn money(amount: i64) -> String {
    let (whole, fraction) = (amount / DECIMAL_SCALE, format!("{:04}", amount % DECIMAL_SCALE));
    let decimals = fraction.trim_end_matches('0');
    format!("{whole}.{decimals:0<2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_two_decimals_or_as_many_as_it_needs() {
        for (amount, expected) in [(0, "0.00"), (899_000, "89.90"), (12_345, "1.2345"), (10_000, "1.00")] {
            assert_eq!(money(amount), expected);
        }
    }
}
