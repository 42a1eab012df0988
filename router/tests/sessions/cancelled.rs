//! Callers that go away in the middle, as axum's handlers do when their client leaves.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use router::{Catalog, Db};
use sqlx::{Connection, PgConnection};

use crate::eventually;
use crate::support::{self, connect};

/// Runs a future for so many turns of the scheduler, then drops it: a clock that is fine enough to cut a round trip to the
/// server at every point. (Timers of tokio count milliseconds.)
async fn cancelled_after<F: Future>(turns: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = turns;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

/// How often a `begin` came to its end, and how often it did not.
#[derive(Default)]
struct Tally {
    begun: usize,
    cancelled: usize,
}

impl Tally {
    /// How many turns to let the next one live, from none to more than it takes; none once both have happened often. The
    /// range widens with every thousand tries: on a busy machine an answer takes more turns.
    fn turns(&self) -> Option<usize> {
        let tried = self.begun + self.cancelled;
        assert!(tried < 5_000, "{} cancelled, {} begun: the turns cut nothing", self.cancelled, self.begun);
        (self.begun < 50 || self.cancelled < 50).then_some(tried % (97 << (tried / 1_000)))
    }

    fn add<T>(&mut self, outcome: &Option<T>) {
        match outcome {
            Some(_) => self.begun += 1,
            None => self.cancelled += 1,
        }
    }
}

/// A statement that fails, then one that must not: inside a transaction it would, with 25P02.
async fn is_outside_a_transaction(session: &mut PgConnection) -> bool {
    let failed = sqlx::query("select 1 / 0").execute(&mut *session).await.unwrap_err();
    assert_eq!(failed.as_database_error().unwrap().code().as_deref(), Some("22012"), "{failed}");
    sqlx::query("select 1").execute(session).await.is_ok()
}

#[tokio::test]
async fn a_begin_that_is_cancelled_anywhere_leaves_no_transaction_behind() {
    support::with_settings(
        |database| (database.queries_max, database.queries_overflow) = (1, 0),
        |databases| async move {
            let db = databases.router.catalog();
            let mut observer = connect(Some(databases.catalog_name())).await;
            let mut tally = Tally::default();
            while let Some(turns) = tally.turns() {
                let begun = cancelled_after(turns, db.begin()).await;
                tally.add(&begun);
                drop(begun);
                // The one session of the pool, met again in every round.
                let mut session = db.session().await.unwrap();
                assert!(is_outside_a_transaction(&mut session).await, "after {turns} turns");
            }
            eventually(&mut observer, "state like 'idle in transaction%'", 0).await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_session_left_in_a_transaction_is_closed_instead_of_handed_on() {
    support::with_settings(
        |database| (database.queries_max, database.queries_overflow) = (1, 0),
        |databases| async move {
            let db: &Db<Catalog> = databases.router.catalog();
            let mut observer = connect(Some(databases.catalog_name())).await;
            let mut tally = Tally::default();
            while let Some(turns) = tally.turns() {
                let mut session = db.session().await.unwrap();
                // Past our own begin, straight at the fault in sqlx.
                let begun = cancelled_after(turns, Connection::begin(&mut *session)).await;
                tally.add(&begun);
                drop(begun);
                drop(session);
                let mut session = db.session().await.unwrap();
                assert!(is_outside_a_transaction(&mut session).await, "after {turns} turns");
            }
            eventually(&mut observer, "state like 'idle in transaction%'", 0).await;
        },
    )
    .await;
}

/// The proof that the tests above would notice: run it by hand when sqlx is updated. Once it fails, both guards can go.
#[tokio::test]
#[ignore = "shows the fault of sqlx 0.9.0 itself (transact-rs/sqlx issue 4393)"]
async fn sqlx_alone_hands_on_a_session_in_a_transaction() {
    let (mut handed_on, mut tally) = (0, Tally::default());
    while let Some(turns) = tally.turns() {
        let options = sqlx::postgres::PgPoolOptions::new().max_connections(1);
        let pool = options.connect(&support::server_url()).await.unwrap();
        let begun = cancelled_after(turns, pool.begin()).await;
        tally.add(&begun);
        drop(begun);
        let mut session = pool.acquire().await.unwrap();
        handed_on += usize::from(!is_outside_a_transaction(&mut session).await);
    }
    println!("{handed_on} of {} cancelled begins handed their session on inside a transaction", tally.cancelled);
    assert!(handed_on > 0);
}

#[tokio::test]
async fn a_transaction_that_is_dropped_is_rolled_back() {
    support::with_empty(|databases| async move {
        let db = databases.router.catalog();
        let mut tx = db.begin().await.unwrap();
        sqlx::query("create table kept (x int)")
            .execute(&mut *router::Access::session(&mut tx).await.unwrap())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        sqlx::query("create table lost (x int)")
            .execute(&mut *router::Access::session(&mut tx).await.unwrap())
            .await
            .unwrap();
        drop(tx);
        let mut session = db.session().await.unwrap();
        let tables: Vec<String> =
            sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public'")
                .fetch_all(&mut *session)
                .await
                .unwrap();
        assert_eq!(tables, ["kept"]);
    })
    .await;
}

#[tokio::test]
async fn a_bulk_session_in_a_transaction_is_not_handed_on() {
    support::with_settings(
        |database| database.bulk_max = 1,
        |databases| async move {
            let db = databases.router.catalog();
            let bulk = db.bulk().await.unwrap();
            bulk.batch_execute("begin; set statement_timeout = 1").await.unwrap();
            drop(bulk);
            let bulk = db.bulk().await.unwrap();
            let row = bulk.query_one("select current_setting('statement_timeout'), now() = statement_timestamp()", &[]);
            assert_eq!(row.await.unwrap().get::<_, String>(0), "0");
            let mut observer = connect(Some(databases.catalog_name())).await;
            eventually(&mut observer, "state like 'idle in transaction%'", 0).await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_staging_writer_that_is_dropped_frees_its_session_and_its_locks() {
    support::with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let mut observer = connect(Some(databases.catalog_name())).await;
        let fence = router::Fence { import_id: uuid::Uuid::now_v7(), supplier_id: 1, epoch: 1 };
        let mut writer = router::catalog::staging::Writer::open(db, &fence).await.unwrap();
        let mut encoder = router::catalog::staging::RowEncoder::default();
        encoder.push_deactivated(1);
        writer.send(encoder.take()).await.unwrap();
        drop(writer);
        eventually(&mut observer, "application_name = 'arrivage/catalog/bulk'", 0).await;
        assert!(router::catalog::staging::list(db).await.unwrap().is_empty());
    })
    .await;
}
