//! The pool for queries: sqlx behind a [`Gate`].

use std::str::FromStr;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool, Postgres};

use crate::gate::{Gate, Intent, Permit, PoolGauge};
use crate::settings::DatabaseUrl;
use crate::{DatabaseSettings, Result, RouterError};

/// A session that came back less than this ago was tested then; asking again would double the cost of small queries.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// True outside a transaction block: the two times are those of the same command then (PostgreSQL manual, 9.9.5).
/// Inside a block they differ, and inside a failed one the statement fails.
const SESSION_IS_CLEAN: &str = "select now() = statement_timestamp()";

pub(crate) struct QueryPool {
    database: &'static str,
    gate: Gate,
    pool: PgPool,
}

impl QueryPool {
    pub(crate) fn open(
        database: &'static str,
        intent: Intent,
        url: &DatabaseUrl,
        settings: &DatabaseSettings,
    ) -> Result<Self> {
        let limit = settings.queries_limit();
        if limit == 0 {
            return Err(RouterError::Settings {
                database,
                reason: "queries_max and queries_overflow are both 0".to_owned(),
            });
        }
        let options = connect_options(database, intent.as_str(), url)?
            .options([("statement_timeout", settings.statement_timeout_ms.to_string())]);
        let pool = PgPoolOptions::new()
            .max_connections(limit)
            .acquire_timeout(settings.acquire_timeout())
            .idle_timeout(Duration::from_secs(settings.idle_seconds))
            .test_before_acquire(false)
            .before_acquire(|session, at| {
                Box::pin(async move {
                    if at.idle_for > TRUSTED_FOR {
                        session.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_release(|session, _| Box::pin(is_clean(session)))
            .connect_lazy_with(options);
        Ok(QueryPool { database, gate: Gate::new(database, intent, limit, settings.acquire_timeout()), pool })
    }

    pub(crate) async fn acquire(&self) -> Result<(PoolConnection<Postgres>, Permit)> {
        let permit = self.gate.enter().await?;
        match self.pool.acquire().await {
            Ok(connection) => Ok((connection, permit)),
            Err(error) => Err(RouterError::Unreachable { database: self.database, source: error.into() }),
        }
    }

    pub(crate) fn gauge(&self) -> PoolGauge {
        self.gate.gauge(self.pool.size(), self.pool.num_idle() as u32)
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

/// Second guard behind [`crate::Db::begin`]: a session that is still in a transaction is closed instead of handed on.
async fn is_clean(session: &mut PgConnection) -> sqlx::Result<bool> {
    use sqlx::Row;
    // The simple protocol: one message, so that both times are its own.
    let answer = sqlx::Executor::fetch_one(session, sqlx::raw_sql(SESSION_IS_CLEAN)).await?;
    answer.try_get(0)
}

/// How to reach a database, with the name under which the server lists the session.
pub(crate) fn connect_options(database: &'static str, purpose: &str, url: &DatabaseUrl) -> Result<PgConnectOptions> {
    // The driver's message may repeat parts of the URL, and so a password: it is not kept.
    let options = PgConnectOptions::from_str(url.reveal()).map_err(|_| RouterError::Settings {
        database,
        reason: "its url is not postgres://user:password@host:port/name".to_owned(),
    })?;
    Ok(options.application_name(&format!("arrivage/{database}/{purpose}")))
}
