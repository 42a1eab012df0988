//! `arrivage demo`

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::Args;
use item::Language;
use pipeline::{Importer, Order, Progress, Report};
use router::DatabaseRouter;
use router::catalog::products::{self, ProductFilter};
use router::catalog::suppliers::{self, NewSupplier};
use router::imports::errors;
use storage::{Bucket, InboxKey};

use crate::cli::{Context, Exit};
use crate::commands::import::importer;
use crate::commands::migrate::migrate;
use crate::commands::{products as product_list, rejects};
use crate::config::{self, Config};
use crate::{demo_files, dev, show};

/// Show the whole system at work: start a private stack, make three suppliers' files, import them twice.
///
/// Everything runs on this machine under `.arrivage/` on free ports; `arrivage dev down --purge` removes it.
#[derive(Debug, Args)]
pub struct Demo {
    /// Install PostgreSQL and Redis when they are missing (Debian and Ubuntu, as root or through sudo).
    #[arg(long)]
    install: bool,
}

struct Feed {
    code: &'static str,
    name: &'static str,
    file: &'static str,
    about: &'static str,
    make: fn(u32) -> Result<Vec<u8>>,
}

const FEEDS: [Feed; 3] = [
    Feed {
        code: "martin",
        name: "Quincaillerie Martin & Fils",
        file: "tarif.csv",
        about: "Windows-1252, semicolons, decimal commas, three lines above the header",
        make: |day| Ok(demo_files::french(day)),
    },
    Feed {
        code: "northmoor",
        name: "Northmoor Tools Ltd",
        file: "stocklist.csv",
        about: "UTF-8, commas, inch marks, descriptions over several lines, pounds and inches",
        make: |day| Ok(demo_files::english(day)),
    },
    Feed {
        code: "alpenwerk",
        name: "Alpenwerk GmbH",
        file: "products.xlsx",
        about: "a workbook with EANs typed as numbers, dates and a formula that failed",
        make: demo_files::spreadsheet,
    },
];

impl Demo {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<Exit> {
        let begun = Instant::now();
        heading("A private stack: PostgreSQL with five databases, Redis, an S3 server");
        dev::up(&config::stack_dir(), &dev::Options { install: self.install, ..dev::Options::default() }, |line| {
            println!("  {line}")
        })?;
        let config = context.config()?;
        context.block_on(async {
            let importer = prepare(&config).await?;
            heading("Day 1: three suppliers drop their files into the bucket");
            for feed in &FEEDS {
                deliver(&importer, feed, 1).await?;
            }
            heading("Day 2: the same files with 1 % of the products changed");
            for feed in &FEEDS {
                deliver(&importer, feed, 2).await?;
            }
            show_catalogue(importer.router()).await
        })?;
        println!("\nDone in {:.1} s. The stack is still up: try", begun.elapsed().as_secs_f64());
        println!("  arrivage products --search screw");
        println!("  arrivage import FILE --supplier martin");
        println!("  arrivage dev down [--purge]");
        Ok(Exit::Completed)
    }
}

async fn prepare(config: &Config) -> Result<Arc<Importer>> {
    migrate(&config.databases).await?;
    let importer = importer(config).await?;
    importer.storage().ensure_buckets().await?;
    let catalog = importer.router().catalog();
    for feed in &FEEDS {
        if suppliers::find(catalog, feed.code).await?.is_none() {
            suppliers::create(catalog, &NewSupplier::new(feed.code, feed.name)).await?;
        }
    }
    Ok(importer)
}

/// Drops one day's file into the inbox and imports it from there.
async fn deliver(importer: &Arc<Importer>, feed: &Feed, day: u32) -> Result<Report> {
    let bytes = (feed.make)(day)?;
    let key = InboxKey::new(feed.code, feed.file)?;
    println!("\n  {} drops {} ({}, {})", feed.name, key.as_str(), show::bytes(bytes.len() as u64), feed.about);
    importer.storage().put_bytes(Bucket::ImportsFiles, key.as_str(), bytes).await?;
    let order = Order::new(key);
    let report =
        importer.import_object(&order, &Progress::default()).await.with_context(|| format!("import {}", feed.file))?;
    if day == 1 {
        for decision in report.evidence.iter().filter(|decision| decision.confidence < 1.0).take(6) {
            println!("    {}: {} ({})", decision.what, decision.value, decision.reason);
        }
    }
    print!("{}", show::report(&report));
    if day == 1 && report.refused() > 0 {
        let page = errors::page(importer.router().imports(), report.import_id, 0, 10).await?;
        let header = report.precedent.as_ref().map(|precedent| precedent.header.as_slice()).unwrap_or_default();
        print!("{}", rejects::listing(header, &page, Language::En));
    }
    Ok(report)
}

async fn show_catalogue(router: &DatabaseRouter) -> Result<()> {
    heading("The catalogue");
    for feed in &FEEDS {
        let filter = ProductFilter { supplier: Some(feed.code.to_owned()), ..ProductFilter::default() };
        let found = products::search(router.catalog(), &filter, 4).await?;
        print!("{}", product_list::listing(&found));
    }
    Ok(())
}

fn heading(text: &str) {
    println!("\n{text}\n{}", "─".repeat(text.chars().count()));
}
