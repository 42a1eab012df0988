//! `arrivage supplier`

use anyhow::Result;
use clap::{Args, Subcommand};
use feed::FeedSettings;
use item::Mode;
use router::DatabaseRouter;
use router::catalog::suppliers::{self, NewSupplier, Supplier as Row, SupplierChange};
use router::imports::configs;
use router::imports::jobs::Priority;

use crate::cli::{Context, Exit};
use crate::show;

/// Create, list, show and change suppliers.
#[derive(Debug, Subcommand)]
pub enum Supplier {
    /// Create a supplier.
    Add(Add),
    /// List the suppliers.
    List,
    /// Show one supplier with its feed settings.
    Show {
        /// Code of the supplier.
        code: String,
    },
    /// Change a supplier; what is not given stays as it is.
    Set(Set),
}

/// Create a supplier.
#[derive(Debug, Args)]
pub struct Add {
    /// Code: lower-case letters, digits, `-` and `_`; it names the supplier's inbox folder.
    code: String,
    #[command(flatten)]
    facts: Facts,
}

/// Change a supplier; what is not given stays as it is.
#[derive(Debug, Args)]
pub struct Set {
    /// Code of the supplier.
    code: String,
    #[command(flatten)]
    facts: Facts,
}

#[derive(Debug, Args)]
struct Facts {
    /// Name for people [default for a new supplier: the code].
    #[arg(long)]
    name: Option<String>,
    /// ISO 4217 currency of prices that name none, such as EUR.
    #[arg(long)]
    currency: Option<String>,
    /// ISO 3166-1 country, such as FR.
    #[arg(long)]
    country: Option<String>,
    /// Language of messages to the supplier: en or fr.
    #[arg(long)]
    language: Option<String>,
    /// What its files say about products that are not in them: full or partial [default for a new supplier: full].
    #[arg(long)]
    mode: Option<Mode>,
    /// Where its imports stand in the queue: priority, default or bulk.
    #[arg(long)]
    priority: Option<Priority>,
    /// Feed settings as JSON, such as '{"encoding":"windows-1252","delimiter":";","decimal_sign":"comma"}'.
    #[arg(long, value_name = "JSON", value_parser = parse_feed)]
    feed: Option<FeedSettings>,
}

impl Facts {
    async fn keep_priority(&self, router: &DatabaseRouter, supplier_id: i64) -> Result<()> {
        if let Some(priority) = self.priority {
            configs::set_priority(router.imports(), supplier_id, priority).await?;
        }
        Ok(())
    }
}

fn parse_feed(text: &str) -> Result<FeedSettings, String> {
    serde_json::from_str(text).map_err(|fault| fault.to_string())
}

impl Supplier {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<Exit> {
        let config = context.config()?;
        context.block_on(async {
            let router = DatabaseRouter::open(&config.databases)?;
            let catalog = router.catalog();
            match self {
                Supplier::Add(Add { code, facts }) => {
                    let new = NewSupplier {
                        code: code.clone(),
                        name: facts.name.clone().unwrap_or_else(|| code.clone()),
                        currency: facts.currency.clone(),
                        country: facts.country.clone(),
                        language: facts.language.clone().unwrap_or_else(|| "en".to_owned()),
                        default_mode: facts.mode.unwrap_or(Mode::Full),
                        feed_settings: serde_json::to_value(facts.feed.clone().unwrap_or_default())?,
                    };
                    let supplier = suppliers::create(catalog, &new).await?;
                    facts.keep_priority(&router, supplier.id).await?;
                    print_one(context, &supplier)?;
                }
                Supplier::List => {
                    let all = suppliers::list(catalog).await?;
                    if context.json {
                        show::json(&all)?;
                    } else {
                        let rows: Vec<Vec<String>> = all.iter().map(row).collect();
                        print!("{}", show::table(&["code", "name", "currency", "country", "mode"], &rows, 40));
                    }
                }
                Supplier::Show { code } => print_one(context, &known(&router, code).await?)?,
                Supplier::Set(Set { code, facts }) => {
                    let change = SupplierChange {
                        name: facts.name.clone(),
                        currency: facts.currency.clone(),
                        country: facts.country.clone(),
                        language: facts.language.clone(),
                        default_mode: facts.mode,
                        feed_settings: facts.feed.as_ref().map(serde_json::to_value).transpose()?,
                        is_active: None,
                    };
                    let supplier = suppliers::update(catalog, code, &change).await?;
                    facts.keep_priority(&router, supplier.id).await?;
                    print_one(context, &supplier)?;
                }
            }
            Ok(Exit::Completed)
        })
    }
}

/// The supplier of this code, or an error that says how to create it.
pub async fn known(router: &DatabaseRouter, code: &str) -> Result<Row> {
    let found = suppliers::find(router.catalog(), code).await?;
    found.ok_or_else(|| pipeline::ImportError::UnknownSupplier { code: code.to_owned() }.into())
}

fn row(supplier: &Row) -> Vec<String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    vec![
        supplier.code.clone(),
        supplier.name.clone(),
        text(&supplier.currency),
        text(&supplier.country),
        supplier.default_mode.to_string(),
    ]
}

fn print_one(context: &Context, supplier: &Row) -> Result<()> {
    if context.json {
        return show::json(supplier);
    }
    print!("{}", show::table(&["code", "name", "currency", "country", "mode"], &[row(supplier)], 60));
    println!("  feed settings: {}", supplier.feed_settings);
    println!("  inbox: imports-files/inbox/{}/", supplier.code);
    Ok(())
}
