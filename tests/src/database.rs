//! The five databases of a world, as tests look into them.

use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// One of the five databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// Products and what belongs to them.
    Catalog,
    /// Jobs, files, errors.
    Imports,
    /// Pictures.
    Media,
    /// GTIN to ASIN.
    Code2asin,
    /// Figures.
    Analytics,
}

impl Home {
    /// All five.
    pub const ALL: [Home; 5] = [Home::Catalog, Home::Imports, Home::Media, Home::Code2asin, Home::Analytics];

    /// Its name in settings and in names of databases.
    pub const fn name(self) -> &'static str {
        match self {
            Home::Catalog => "catalog",
            Home::Imports => "imports",
            Home::Media => "media",
            Home::Code2asin => "code2asin",
            Home::Analytics => "analytics",
        }
    }
}

/// The URL of another database on the same server.
pub(crate) fn url_of(server: &str, database: &str) -> String {
    let (base, _) = server.rsplit_once('/').expect("ARRIVAGE_TEST_PG ends in /<database>");
    format!("{base}/{database}")
}

/// A session; it ends when the client is dropped.
pub(crate) async fn connect(url: &str) -> Client {
    let connected = tokio_postgres::connect(url, NoTls).await;
    let (client, connection) = connected.expect("the server that ARRIVAGE_TEST_PG names answers");
    tokio::spawn(connection);
    client
}

/// Runs statements and returns the rows of all of them; every value as text, null as the empty text.
pub(crate) async fn query(client: &Client, sql: &str) -> Vec<Vec<String>> {
    let answer = client.simple_query(sql).await.unwrap_or_else(|fault| panic!("{}\n{sql}", told(&fault)));
    let rows = answer.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    rows.map(|row| (0..row.len()).map(|column| row.get(column).unwrap_or_default().to_owned()).collect()).collect()
}

/// What the server said; the driver's own words are "db error".
fn told(fault: &tokio_postgres::Error) -> String {
    fault.as_db_error().map_or_else(|| fault.to_string(), |fault| fault.message().to_owned())
}
