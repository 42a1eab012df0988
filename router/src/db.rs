//! One database with its two ways in: queries by sqlx, bulk work by tokio-postgres.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use futures::future::{self, BoxFuture, FutureExt};
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres, Transaction};
use tokio::sync::Notify;

use crate::bulk::{Bulk, BulkPool};
use crate::error::During;
use crate::gate::{Intent, Permit, PoolGauge};
use crate::queries::QueryPool;
use crate::{Database, DatabaseSettings, Result};

/// One database. Clones share its pools.
pub struct Db<D> {
    pools: Arc<Pools>,
    home: PhantomData<fn() -> D>,
}

struct Pools {
    queries: QueryPool,
    replica: Option<QueryPool>,
    bulk: BulkPool,
}

impl<D> Clone for Db<D> {
    fn clone(&self) -> Self {
        Db { pools: self.pools.clone(), home: PhantomData }
    }
}

impl<D: Database> Db<D> {
    /// Prepares the pools without opening a session: each is opened when it is first needed. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`crate::RouterError::Settings`] when a URL cannot be read or a limit is zero.
    pub fn open(settings: &DatabaseSettings) -> Result<Self> {
        let replica = settings.replica_url.as_ref();
        let pools = Pools {
            queries: QueryPool::open(D::NAME, Intent::Queries, &settings.url, settings)?,
            replica: replica.map(|url| QueryPool::open(D::NAME, Intent::Replica, url, settings)).transpose()?,
            bulk: BulkPool::open(D::NAME, settings)?,
        };
        Ok(Db { pools: Arc::new(pools), home: PhantomData })
    }

    /// A session for statements on the primary. Query functions take `&Db` and do this themselves; use it to run
    /// several statements on one session.
    ///
    /// # Errors
    /// [`crate::RouterError::PoolExhausted`] after the acquire timeout, [`crate::RouterError::Unreachable`].
    pub async fn session(&self) -> Result<Session<'static, D>> {
        let (connection, permit) = self.pools.queries.acquire().await?;
        Ok(Session { held: Held::Pooled(connection, permit), home: PhantomData })
    }

    /// The way to the replica when one is configured, else to the primary: for reads that may lag behind.
    pub fn read(&self) -> Read<'_, D> {
        Read { db: self }
    }

    /// Begins a transaction. It is rolled back unless [`Tx::commit`] is called.
    ///
    /// Safe to cancel: sqlx 0.9.0 hands a session on inside a transaction when its own `begin` is dropped while
    /// `BEGIN` is under way (transact-rs/sqlx issue 4393). A task of its own is not dropped with its caller.
    ///
    /// # Errors
    /// As [`Db::session`].
    pub async fn begin(&self) -> Result<Tx<D>> {
        let pools = self.pools.clone();
        let begun = tokio::spawn(async move {
            let (connection, permit) = pools.queries.acquire().await?;
            let transaction = Transaction::begin(connection, None).await.during("begin a transaction")?;
            Ok(Tx { transaction, _permit: permit, home: PhantomData })
        });
        match begun.await {
            Ok(begun) => begun,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // Only a runtime that shuts down cancels the task; then this await never returns either.
                Err(_) => future::pending().await,
            },
        }
    }

    /// A session for COPY and set-based work.
    ///
    /// # Errors
    /// As [`Db::session`].
    pub async fn bulk(&self) -> Result<Bulk<D>> {
        self.pools.bulk.acquire().await
    }

    /// A session outside every pool, for locks that are held as long as it lives; rings `bell` for every notification it
    /// hears.
    pub(crate) async fn listening(&self, purpose: &str, bell: Arc<Notify>) -> Result<Bulk<D>> {
        self.pools.bulk.listening(purpose, bell).await
    }

    /// How each pool is doing.
    pub fn gauges(&self) -> Vec<PoolGauge> {
        let Pools { queries, replica, bulk } = &*self.pools;
        [Some(queries.gauge()), replica.as_ref().map(QueryPool::gauge), Some(bulk.gauge())]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Closes every session; who holds one may finish with it.
    pub async fn close(&self) {
        self.pools.bulk.close();
        self.pools.queries.close().await;
        if let Some(replica) = &self.pools.replica {
            replica.close().await;
        }
    }
}

/// Something statements of database `D` can run on: `&Db<D>`, `db.read()`, `&mut Tx<D>` or `&mut Session<D>`.
///
/// ```
/// # use router::{Db, Catalog, Tx, Result, catalog::suppliers};
/// # async fn example(db: &Db<Catalog>) -> Result<()> {
/// let supplier = suppliers::find(db, "acme").await?;
/// let slightly_older = suppliers::find(db.read(), "acme").await?;
/// let mut tx = db.begin().await?;
/// let in_this_transaction = suppliers::find(&mut tx, "acme").await?;
/// tx.commit().await
/// # }
/// ```
///
/// Another database's connection does not compile:
///
/// ```compile_fail,E0277
/// # use router::{Db, Imports, Result, catalog::suppliers};
/// # async fn example(imports: &Db<Imports>) -> Result<()> {
/// suppliers::find(imports, "acme").await?;
/// # Ok(())
/// # }
/// ```
///
/// ```compile_fail,E0277
/// # use router::{Tx, Imports, Result, catalog::suppliers};
/// # async fn example(mut tx: Tx<Imports>) -> Result<()> {
/// suppliers::find(&mut tx, "acme").await?;
/// # Ok(())
/// # }
/// ```
pub trait Access<D: Database>: Send {
    /// The session to run on, acquired if need be.
    ///
    /// Boxed, because futures that name this trait's lifetimes would not be known to be `Send` (rust-lang/rust issue
    /// 100013), and nobody could spawn them.
    fn session<'a>(self) -> BoxFuture<'a, Result<Session<'a, D>>>
    where
        Self: 'a;
}

impl<D: Database> Access<D> for &Db<D> {
    fn session<'a>(self) -> BoxFuture<'a, Result<Session<'a, D>>>
    where
        Self: 'a,
    {
        async move { Db::session(self).await }.boxed()
    }
}

impl<D: Database> Access<D> for Read<'_, D> {
    fn session<'a>(self) -> BoxFuture<'a, Result<Session<'a, D>>>
    where
        Self: 'a,
    {
        async move { Read::session(self).await }.boxed()
    }
}

impl<D: Database> Access<D> for &mut Tx<D> {
    fn session<'a>(self) -> BoxFuture<'a, Result<Session<'a, D>>>
    where
        Self: 'a,
    {
        let held = Held::Lent(&mut self.transaction);
        future::ready(Ok(Session { held, home: PhantomData })).boxed()
    }
}

impl<D: Database> Access<D> for &mut Session<'_, D> {
    fn session<'a>(self) -> BoxFuture<'a, Result<Session<'a, D>>>
    where
        Self: 'a,
    {
        let held = Held::Lent(self);
        future::ready(Ok(Session { held, home: PhantomData })).boxed()
    }
}

/// Reads that may lag behind: see [`Db::read`].
pub struct Read<'a, D> {
    db: &'a Db<D>,
}

impl<D: Database> Read<'_, D> {
    async fn session(self) -> Result<Session<'static, D>> {
        let pools = &self.db.pools;
        let (connection, permit) = pools.replica.as_ref().unwrap_or(&pools.queries).acquire().await?;
        Ok(Session { held: Held::Pooled(connection, permit), home: PhantomData })
    }
}

impl<D> Clone for Read<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D> Copy for Read<'_, D> {}

/// A session of database `D`; goes back to its pool when dropped.
pub struct Session<'a, D> {
    held: Held<'a>,
    home: PhantomData<fn() -> D>,
}

enum Held<'a> {
    // The permit is dropped after the connection.
    Pooled(PoolConnection<Postgres>, #[expect(dead_code, reason = "held, not read")] Permit),
    Lent(&'a mut PgConnection),
}

impl<D> Deref for Session<'_, D> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match &self.held {
            Held::Pooled(connection, _) => connection,
            Held::Lent(connection) => connection,
        }
    }
}

impl<D> DerefMut for Session<'_, D> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match &mut self.held {
            Held::Pooled(connection, _) => connection,
            Held::Lent(connection) => connection,
        }
    }
}

/// A transaction of database `D`; rolled back when dropped.
pub struct Tx<D> {
    // Before the permit: the session is on its way back when the next caller may come in.
    transaction: Transaction<'static, Postgres>,
    _permit: Permit,
    home: PhantomData<fn() -> D>,
}

impl<D: Database> Tx<D> {
    /// Makes the changes visible and durable.
    ///
    /// # Errors
    /// [`crate::RouterError::Query`]; then nothing was changed, unless the session broke while the answer was on its way.
    pub async fn commit(self) -> Result<()> {
        self.transaction.commit().await.during("commit a transaction")
    }

    /// Forgets the changes; dropping does the same without waiting.
    ///
    /// # Errors
    /// [`crate::RouterError::Query`] when the session broke; the server forgets the changes then.
    pub async fn rollback(self) -> Result<()> {
        self.transaction.rollback().await.during("roll a transaction back")
    }
}
