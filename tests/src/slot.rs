//! Five databases that pass from test to test.
//!
//! A slot is taken by an advisory lock, which ends with its session and so with the test, however that ends; tests run
//! in processes of their own, and as many slots come into being as are in use at once. A slot is emptied when it is
//! taken, which is far cheaper than making and dropping databases: the server makes a checkpoint for each one it drops.

use router::DatabaseUrl;
use tokio_postgres::Client;

use crate::database::{Home, connect, query, url_of};

/// The right to five databases, until it is dropped.
pub(crate) struct Slot {
    server: String,
    number: u32,
    /// Holds the lock.
    session: Client,
}

/// Every row of every table, and every staging table.
const EMPTY: &str = "
    do $$
    declare
        found record;
        is_filled boolean;
    begin
        for found in select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'staging' loop
            execute 'drop table ' || found.name;
        end loop;
        for found in select format('%I.%I', schemaname, tablename) as name from pg_tables
            where schemaname = 'public' and tablename <> '_sqlx_migrations'
        loop
            execute 'select exists (select from ' || found.name || ')' into is_filled;
            if is_filled then
                execute 'truncate ' || found.name || ' restart identity cascade';
            end if;
        end loop;
    end
    $$";

/// Every table, and the memory of migrations.
const WIPE: &str = "drop schema if exists staging cascade; drop schema public cascade; create schema public";

impl Slot {
    /// Takes the first free slot of a server, with the newest schema and nothing in it.
    pub(crate) async fn take(server: &str) -> Self {
        let session = connect(server).await;
        let mut number = 0;
        while query(&session, &format!("select pg_try_advisory_lock(hashtext('arrivage tests'), {number})")).await[0][0]
            != "t"
        {
            number += 1;
        }
        let slot = Slot { server: server.to_owned(), number, session };
        for home in Home::ALL {
            slot.prepare(home).await;
        }
        // A migration that was edited after it had been applied is refused: then from the beginning.
        if router::migrate(&slot.settings()).await.is_err() {
            slot.wipe().await;
            router::migrate(&slot.settings()).await.expect("the migrations apply");
        }
        for home in Home::ALL {
            query(&connect(&slot.url(home)).await, EMPTY).await;
        }
        slot
    }

    /// Removes the schema as well.
    pub(crate) async fn wipe(&self) {
        for home in Home::ALL {
            query(&connect(&self.url(home)).await, WIPE).await;
        }
    }

    /// The URL of one of its databases.
    pub(crate) fn url(&self, home: Home) -> String {
        url_of(&self.server, &self.database(home))
    }

    /// What its buckets begin with.
    pub(crate) fn bucket_prefix(&self) -> String {
        format!("arrivage-test-{}-", self.number)
    }

    /// Copies a database.
    pub(crate) async fn set_aside(&self, home: Home) {
        let name = self.database(home);
        self.empty_of_sessions(home).await;
        query(&self.session, &format!("drop database if exists {name}_aside")).await;
        query(&self.session, &format!("create database {name}_aside template {name}")).await;
    }

    /// Puts the copy in the place of the database.
    pub(crate) async fn restore(&self, home: Home) {
        let name = self.database(home);
        self.empty_of_sessions(home).await;
        query(&self.session, &format!("drop database {name}")).await;
        query(&self.session, &format!("alter database {name}_aside rename to {name}")).await;
    }

    async fn empty_of_sessions(&self, home: Home) {
        let name = self.database(home);
        let end = format!("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '{name}'");
        query(&self.session, &end).await;
    }

    fn database(&self, home: Home) -> String {
        format!("arrivage_test_{}_{}", self.number, home.name())
    }

    /// The database is there, and whoever a killed test left behind is out of it.
    async fn prepare(&self, home: Home) {
        let name = self.database(home);
        let there = query(&self.session, &format!("select 1 from pg_database where datname = '{name}'")).await;
        if there.is_empty() {
            query(&self.session, &format!("create database {name} template template0")).await;
        }
        query(
            &self.session,
            &format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"),
        )
        .await;
    }

    fn settings(&self) -> router::Settings {
        let mut settings = router::Settings::default();
        settings.catalog.url = DatabaseUrl::new(self.url(Home::Catalog));
        settings.imports.url = DatabaseUrl::new(self.url(Home::Imports));
        settings.media.url = DatabaseUrl::new(self.url(Home::Media));
        settings.code2asin.url = DatabaseUrl::new(self.url(Home::Code2asin));
        settings.analytics.url = DatabaseUrl::new(self.url(Home::Analytics));
        settings
    }
}
