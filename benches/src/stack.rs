//! The services to measure on, and databases of our own in them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde::Deserialize;

use crate::psql::Psql;

/// The five databases, by their names in the configuration.
pub const DATABASES: [&str; 5] = ["catalog", "imports", "media", "code2asin", "analytics"];

/// Before the names of all databases and buckets that this program makes, so that it touches no other.
const OURS: &str = "arrivage-bench-";

/// Where the services are: the same layers of configuration that `arrivage` reads, as far as they say where.
#[derive(Deserialize)]
pub struct Stack {
    databases: BTreeMap<String, Server>,
    /// The object store, with a bucket prefix of ours.
    pub storage: storage::Settings,
}

#[derive(Deserialize)]
struct Server {
    url: String,
}

impl Stack {
    /// Reads the development stack's overlay (`.arrivage/stack.toml`, or that in the folder `ARRIVAGE_STACK`) and the
    /// `ARRIVAGE__…` variables over it.
    ///
    /// # Errors
    /// When a database or the store is named nowhere: the stack is down and the environment silent.
    pub fn find() -> Result<Stack> {
        let folder = std::env::var_os("ARRIVAGE_STACK").map_or_else(|| PathBuf::from(".arrivage"), PathBuf::from);
        let layers = Figment::from(Toml::file(folder.join("stack.toml")))
            .merge(Env::prefixed("ARRIVAGE__").split("__").lowercase(true));
        let hint =
            "find the services: run `arrivage dev up` first, or set ARRIVAGE__DATABASES__CATALOG__URL and the others";
        let mut stack: Stack = layers.extract().context(hint)?;
        stack.storage.buckets.prefix.insert_str(0, OURS);
        for name in DATABASES {
            ensure!(stack.databases.contains_key(name), "{hint}: database {name} has no URL");
        }
        Ok(stack)
    }

    /// The database that the configuration names so.
    pub fn database(&self, name: &str) -> Psql {
        Psql::new(&self.databases[name].url)
    }

    /// Removes what a run that was interrupted has left behind.
    pub fn sweep(&self) -> Result<()> {
        for name in DATABASES {
            let server = self.database(name);
            let left =
                server.query(&format!("select datname from pg_database where starts_with(datname, '{OURS}')"))?;
            left.lines().try_for_each(|database| drop_database(&server, database))?;
        }
        Ok(())
    }

    /// Five empty databases.
    pub fn scratch(&self, purpose: &str) -> Result<Scratch> {
        self.create(purpose, None)
    }

    /// Five copies of a template's databases.
    pub fn copy_of(&self, template: &Scratch, purpose: &str) -> Result<Scratch> {
        self.create(purpose, Some(template))
    }

    fn create(&self, purpose: &str, template: Option<&Scratch>) -> Result<Scratch> {
        let mut scratch = Scratch { databases: Vec::new(), prefix: self.storage.buckets.prefix.clone() };
        for (position, name) in DATABASES.into_iter().enumerate() {
            let server = self.database(name);
            let database = format!("{OURS}{purpose}-{name}");
            let source = template.map_or("template0", |template| &template.databases[position].database);
            server.query(&format!("create database \"{database}\" template \"{source}\""))?;
            scratch.databases.push(Database { server, database });
        }
        Ok(scratch)
    }
}

/// Five databases of our own, removed when dropped.
pub struct Scratch {
    databases: Vec<Database>,
    prefix: String,
}

struct Database {
    server: Psql,
    database: String,
}

impl Scratch {
    /// One of them, by its name in the configuration.
    pub fn database(&self, name: &str) -> Psql {
        let position = DATABASES.iter().position(|known| *known == name).expect("only the five names are used");
        let Database { server, database } = &self.databases[position];
        server.sibling(database)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = Psql> {
        self.databases.iter().map(|Database { server, database }| server.sibling(database))
    }

    /// What makes a child `arrivage` work on these databases and our buckets.
    pub fn environment(&self) -> Vec<(String, String)> {
        let urls = DATABASES.into_iter().zip(self.all());
        let mut variables: Vec<(String, String)> = urls
            .map(|(name, psql)| (format!("ARRIVAGE__DATABASES__{}__URL", name.to_uppercase()), psql.url().to_owned()))
            .collect();
        variables.push(("ARRIVAGE__STORAGE__BUCKETS__PREFIX".to_owned(), self.prefix.clone()));
        variables
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for Database { server, database } in &self.databases {
            if let Err(error) = drop_database(server, database) {
                eprintln!("warning: database {database} stays behind: {error:#}");
            }
        }
    }
}

fn drop_database(server: &Psql, database: &str) -> Result<()> {
    server.query(&format!("drop database if exists \"{database}\" with (force)")).map(drop)
}
