//! Five databases of their own for each test, made from the migrations and dropped at the end.

#![allow(dead_code, reason = "every test binary uses its part of this module")]

pub mod items;

use std::future::Future;

use router::{Database, DatabaseRouter, DatabaseSettings, DatabaseUrl, Db, Settings};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// Five databases of one test.
pub struct Databases {
    /// How to reach them.
    pub settings: Settings,
    /// The router over them.
    pub router: DatabaseRouter,
    names: [String; 5],
}

/// The server to test against, as `make test` names it.
pub fn server_url() -> String {
    std::env::var("ARRIVAGE_TEST_PG").expect(
        "ARRIVAGE_TEST_PG is not set: `make test` sets it to the admin URL of a PostgreSQL server for tests, \
         such as postgres://postgres@127.0.0.1:5432/postgres",
    )
}

/// A session on the server's own database, or on any other of it.
pub async fn connect(database: Option<&str>) -> PgConnection {
    let url = server_url();
    let url = database.map_or(url.clone(), |name| url_of(&url, name));
    PgConnection::connect(&url).await.expect("the server that ARRIVAGE_TEST_PG names answers")
}

async fn drop_database(name: String) {
    let drop = AssertSqlSafe(format!("drop database {name} with (force)"));
    connect(None).await.execute(drop).await.expect("a database can be dropped");
}

/// The URL of another database on the same server.
pub fn url_of(server: &str, database: &str) -> String {
    let (server, _) = server.rsplit_once('/').expect("ARRIVAGE_TEST_PG ends in /<database>");
    format!("{server}/{database}")
}

/// Makes five empty databases and runs `test`; they are dropped afterwards, also when it panics.
pub async fn with_empty<F: Future<Output = ()> + Send + 'static>(test: impl FnOnce(Databases) -> F) {
    with_settings(|_| (), test).await;
}

/// Like [`with_empty`], migrated.
pub async fn with_migrated<F: Future<Output = ()> + Send + 'static>(test: impl FnOnce(Databases) -> F) {
    let server = Databases::create(|_| ()).await;
    router::migrate(&server.settings).await.expect("the migrations apply");
    server.run(test).await;
}

/// Like [`with_empty`], with settings changed before the router opens.
pub async fn with_settings<F: Future<Output = ()> + Send + 'static>(
    change: impl Fn(&mut DatabaseSettings),
    test: impl FnOnce(Databases) -> F,
) {
    Databases::create(change).await.run(test).await;
}

impl Databases {
    async fn create(change: impl Fn(&mut DatabaseSettings)) -> Self {
        let server = server_url();
        let mut admin = connect(None).await;
        let unique = uuid::Uuid::now_v7().simple().to_string();
        let mut settings = Settings::default();
        let Settings { catalog, imports, media, code2asin, analytics } = &mut settings;
        let each = [
            ("catalog", catalog),
            ("imports", imports),
            ("media", media),
            ("code2asin", code2asin),
            ("analytics", analytics),
        ];
        let mut names = [const { String::new() }; 5];
        for ((name, database), made) in each.into_iter().zip(&mut names) {
            *made = format!("test_{name}_{unique}");
            admin.execute(AssertSqlSafe(format!("create database {made}"))).await.expect("a database can be made");
            database.url = DatabaseUrl::new(url_of(&server, made));
            change(database);
        }
        let router = DatabaseRouter::open(&settings).expect("the settings are right");
        Databases { settings, router, names }
    }

    async fn run<F: Future<Output = ()> + Send + 'static>(self, test: impl FnOnce(Databases) -> F) {
        let (names, router) = (self.names.clone(), self.router.clone());
        let outcome = tokio::spawn(test(self)).await;
        router.close().await;
        // At once, so that they share the checkpoint that each of them asks for.
        futures::future::join_all(names.map(drop_database)).await;
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic.into_panic());
        }
    }

    /// The name of database catalog.
    pub fn catalog_name(&self) -> &str {
        &self.names[0]
    }

    pub fn imports_name(&self) -> &str {
        &self.names[1]
    }
}

/// Every row of a table, one a line, sorted: two dumps are equal when nothing was changed in between.
pub async fn dump<D: Database>(db: &Db<D>, table: &str) -> String {
    let sql = format!("select coalesce(string_agg(t::text, E'\\n' order by t::text), '') from {table} as t");
    db.bulk().await.expect("a session").query_one(&sql, &[]).await.expect("the table can be read").get(0)
}
