//! The files that every round works on.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use arrivage_benches::{Catalogue, CopyColumn, Summary};
use serde::Serialize;
use tempfile::TempDir;

use crate::psql::Psql;

/// Fraction of the rows that the second day changes.
const SECOND_DAY: f64 = 0.01;

/// Made once, before anything is measured.
pub struct Inputs {
    folder: TempDir,
    catalogue: Catalogue,
    /// What the files hold.
    pub facts: Facts,
}

/// What the files hold.
#[derive(Debug, Clone, Serialize)]
pub struct Facts {
    /// The first day's file.
    pub first: Summary,
    /// The second day's.
    pub second_day: Summary,
    /// The small one, a tenth of the first.
    pub small: Summary,
}

impl Inputs {
    /// Writes the supplier's files: first day, the same again with another hash, second day, and a small one.
    pub fn write(folder: TempDir, rows: u64, seed: u64) -> Result<Inputs> {
        let catalogue = Catalogue::new(rows, seed);
        let write = |name: &str, catalogue: &Catalogue| {
            let path = folder.path().join(name);
            let file = File::create(&path).with_context(|| format!("create {}", path.display()))?;
            catalogue
                .write_csv(BufWriter::with_capacity(1 << 20, file))
                .with_context(|| format!("write {}", path.display()))
        };
        let facts = Facts {
            first: write(FIRST, &catalogue)?,
            second_day: write(SECOND, &catalogue.clone().second_day(SECOND_DAY))?,
            small: write(SMALL, &Catalogue::new(rows / 10, seed))?,
        };
        write(RESENT, &catalogue.clone().blank_line_at_end())?;
        Ok(Inputs { folder, catalogue, facts })
    }

    /// Writes the clean rows for `psql \copy`: all columns of the products table, in the table's order.
    pub fn write_clean(&self, template: &Psql, supplier_id: i64) -> Result<()> {
        let names = template.query(
            "select attname from pg_attribute where attrelid = 'products'::regclass and attnum > 0 and not attisdropped
             order by attnum",
        )?;
        let columns: Vec<CopyColumn> = names
            .lines()
            .map(|name| {
                CopyColumn::of_products(name, supplier_id).with_context(|| {
                    format!("column products.{name} is new: say in benches/src/catalogue/copy.rs what belongs there")
                })
            })
            .collect::<Result<_>>()?;
        let out =
            BufWriter::with_capacity(1 << 20, File::create(self.clean()).context("create the file of clean rows")?);
        self.catalogue.write_copy(&columns, out).context("write the clean rows")?;
        Ok(())
    }

    /// Gives the names that the clean rows' brand and category numbers stand for, so that contents can be compared.
    pub fn load_names(&self, peer: &Psql) -> Result<()> {
        let brands = self.catalogue.brands().iter().map(|name| format!("('{name}')"));
        insert(peer, "brands (name)", brands)?;
        let path =
            |path: &Vec<&str>| format!("('{}', array['{}'], {})", path[path.len() - 1], path.join("', '"), path.len());
        insert(peer, "categories (name, path, depth)", self.catalogue.categories().iter().map(path))
    }

    /// First day.
    pub fn first(&self) -> PathBuf {
        self.path(FIRST)
    }

    /// The same rows in a file with another hash.
    pub fn resent(&self) -> PathBuf {
        self.path(RESENT)
    }

    /// Second day.
    pub fn second_day(&self) -> PathBuf {
        self.path(SECOND)
    }

    /// A tenth of the rows.
    pub fn small(&self) -> PathBuf {
        self.path(SMALL)
    }

    /// The clean rows of the first day as COPY text.
    pub fn clean(&self) -> PathBuf {
        self.path("clean.copy")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

const FIRST: &str = "first.csv";
const RESENT: &str = "resent.csv";
const SECOND: &str = "second-day.csv";
const SMALL: &str = "small.csv";

/// Inserts rows into an empty table whose identity counts from 1. The generator's names hold no quotes.
fn insert(database: &Psql, table: &str, rows: impl Iterator<Item = String>) -> Result<()> {
    let rows: Vec<String> = rows.collect();
    database.query(&format!("insert into {table} values {}", rows.join(", "))).map(drop)
}

/// A folder for the files, beside the build's output rather than in a small `/tmp`. Its name is always the same, so that
/// a run that was interrupted leaves nothing that the next one does not clear away.
pub fn folder(beside: &Path) -> Result<TempDir> {
    const NAME: &str = "arrivage-bench-files";
    let left = beside.join(NAME);
    if left.is_dir() {
        fs::remove_dir_all(&left).with_context(|| format!("clear {}", left.display()))?;
    }
    tempfile::Builder::new().prefix(NAME).rand_bytes(0).tempdir_in(beside).context("make a folder for the files")
}
