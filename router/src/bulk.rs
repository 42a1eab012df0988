//! The pool for bulk work: deadpool and tokio-postgres behind a [`Gate`].

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::sync::Arc;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use futures::StreamExt;
use tokio::sync::Notify;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls};

use crate::gate::{Gate, Intent, Permit, PoolGauge};
use crate::{Database, DatabaseSettings, Result, RouterError};

/// Brings a session back to how it began, and fails inside a transaction: such a session is not handed on.
const RECYCLE: &str = "discard all";

pub(crate) struct BulkPool {
    database: &'static str,
    config: Config,
    gate: Arc<Gate>,
    pool: Pool,
}

impl BulkPool {
    pub(crate) fn open(database: &'static str, settings: &DatabaseSettings) -> Result<Self> {
        let invalid = |reason: &str| RouterError::Settings { database, reason: reason.to_owned() };
        if settings.bulk_max == 0 {
            return Err(invalid("bulk_max is 0"));
        }
        // The driver's message may repeat parts of the URL, and so a password: it is not kept.
        let mut config = Config::from_str(settings.url.reveal())
            .map_err(|_| invalid("its url is not postgres://user:password@host:port/name"))?;
        config.connect_timeout(settings.acquire_timeout());
        let manager = Manager::from_config(
            named(&config, database, Intent::Bulk.as_str()),
            NoTls,
            ManagerConfig { recycling_method: RecyclingMethod::Custom(RECYCLE.to_owned()) },
        );
        let pool = Pool::builder(manager)
            .max_size(settings.bulk_max as usize)
            .runtime(Runtime::Tokio1)
            .create_timeout(Some(settings.acquire_timeout()))
            .recycle_timeout(Some(settings.acquire_timeout()))
            .build()
            .map_err(|error| invalid(&error.to_string()))?;
        let gate = Arc::new(Gate::new(database, Intent::Bulk, settings.bulk_max, settings.acquire_timeout()));
        Ok(BulkPool { database, config, gate, pool })
    }

    pub(crate) async fn acquire<D: Database>(&self) -> Result<Bulk<D>> {
        let permit = self.gate.enter().await?;
        match self.pool.get().await {
            Ok(object) => Ok(Bulk { client: BulkClient::Pooled(object, permit), home: PhantomData }),
            Err(error) => Err(self.unreachable(error)),
        }
    }

    /// A session that belongs to no pool, named `arrivage/<database>/<purpose>`; rings `bell` for every notification.
    pub(crate) async fn listening<D: Database>(&self, purpose: &str, bell: Arc<Notify>) -> Result<Bulk<D>> {
        let connected = named(&self.config, self.database, purpose).connect(NoTls).await;
        let (client, mut connection) =
            connected.map_err(|error| RouterError::Unreachable { database: self.database, source: error.into() })?;
        let database = self.database;
        let mut messages = futures::stream::poll_fn(move |context| connection.poll_message(context));
        tokio::spawn(async move {
            while let Some(message) = messages.next().await {
                match message {
                    Ok(AsyncMessage::Notification(_)) => {
                        // All who wait, for not each may take what was queued; and who is about to wait.
                        bell.notify_waiters();
                        bell.notify_one();
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(database, %error, "a dedicated session ended");
                        break;
                    }
                }
            }
        });
        Ok(Bulk { client: BulkClient::Dedicated(client), home: PhantomData })
    }

    pub(crate) fn gauge(&self) -> PoolGauge {
        let status = self.pool.status();
        self.gate.gauge(status.size as u32, status.available as u32)
    }

    pub(crate) fn close(&self) {
        self.pool.close();
    }

    fn unreachable(&self, error: PoolError) -> RouterError {
        let source = match error {
            PoolError::Backend(error) => error.into(),
            // The gate has let us in, so nobody else holds the place: the server does not answer.
            PoolError::Timeout(_) => sqlx::Error::PoolTimedOut.into(),
            _ => sqlx::Error::PoolClosed.into(),
        };
        RouterError::Unreachable { database: self.database, source }
    }
}

/// The server notices within half a minute that this machine is gone, and gives locks free.
const KEEPALIVES: &str = "-c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3";

fn named(config: &Config, database: &str, purpose: &str) -> Config {
    let mut config = config.clone();
    config.application_name(format!("arrivage/{database}/{purpose}"));
    config.options(format!("{} {KEEPALIVES}", config.get_options().unwrap_or_default()));
    config
}

/// A session of database `D` for COPY and set-based work; goes back to its pool, reset, when dropped.
pub struct Bulk<D> {
    client: BulkClient,
    home: PhantomData<fn() -> D>,
}

enum BulkClient {
    // The permit is dropped after the session.
    Pooled(Object, Permit),
    Dedicated(Client),
}

impl<D> Deref for Bulk<D> {
    type Target = Client;

    fn deref(&self) -> &Client {
        match &self.client {
            BulkClient::Pooled(object, _) => object,
            BulkClient::Dedicated(client) => client,
        }
    }
}

impl<D> DerefMut for Bulk<D> {
    fn deref_mut(&mut self) -> &mut Client {
        match &mut self.client {
            BulkClient::Pooled(object, _) => object,
            BulkClient::Dedicated(client) => client,
        }
    }
}

impl<D> Bulk<D> {
    /// Closes the session when it is dropped, until [`Fragile::mend`]: for work that leaves it in a state in which it
    /// must not be handed on when it is cut short.
    pub(crate) fn fragile(self) -> Fragile<D> {
        Fragile { bulk: Some(self) }
    }

    fn close(self) {
        if let BulkClient::Pooled(object, _permit) = self.client {
            // Out of the pool; the connection closes with its client.
            drop(Object::take(object));
        }
    }
}

/// See [`Bulk::fragile`].
pub(crate) struct Fragile<D> {
    bulk: Option<Bulk<D>>,
}

impl<D> Fragile<D> {
    /// The session is in order again: it may go back to its pool.
    pub(crate) fn mend(mut self) -> Bulk<D> {
        self.bulk.take().expect("taken only here and by drop")
    }
}

impl<D> Deref for Fragile<D> {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.bulk.as_ref().expect("taken only by mend and drop")
    }
}

impl<D> Drop for Fragile<D> {
    fn drop(&mut self) {
        if let Some(bulk) = self.bulk.take() {
            bulk.close();
        }
    }
}
