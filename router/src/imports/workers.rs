//! Workers: sessions that hold the advisory lock of their number for as long as their process lives.
//!
//! A killed process is known to be gone as soon as the server sees its connection close, long before its leases run out.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::error::During;
use crate::{Bulk, Db, Imports, Result, Statements};

/// The numbers of the workers that are there, in a statement.
macro_rules! alive {
    () => {
        "select objid::bigint::integer as number from pg_locks
         where locktype = 'advisory' and classid = 1095914036 and objsubid = 2 and granted
             and database = (select oid from pg_database where datname = current_database())"
    };
}
pub(crate) use alive;

/// The statements below.
pub const STATEMENTS: Statements = &[("workers::NUMBER", NUMBER), ("workers::HOLD", HOLD), ("workers::TURN", TURN)];

const NUMBER: &str = "select nextval('import_workers')::integer";
const HOLD: &str = "select pg_try_advisory_lock(1095914036, $1)";

/// Whoever moves the time on has the turn.
const TURN: &str = "
    insert into worker_turns (name, next_at) values ($1, now() + make_interval(secs => $2))
    on conflict (name) do update set next_at = excluded.next_at where worker_turns.next_at <= now()
    returning 1";

/// A worker's presence: its number, and the ear for what is queued.
pub struct Worker {
    number: i32,
    session: Bulk<Imports>,
    woken: Arc<Notify>,
}

impl Worker {
    /// Appears under a new number.
    ///
    /// # Errors
    /// [`crate::RouterError::Unreachable`], [`crate::RouterError::Query`].
    pub async fn appear(db: &Db<Imports>) -> Result<Worker> {
        let woken = Arc::new(Notify::new());
        let session = db.listening("worker", woken.clone()).await?;
        let number = session.query_one(NUMBER, &[]).await.during("take a worker's number")?.get(0);
        session.execute(HOLD, &[&number]).await.during("appear as a worker")?;
        session.batch_execute("listen import_jobs").await.during("listen for imports")?;
        Ok(Worker { number, session, woken })
    }

    /// Appears again under the number it had, after its session broke; under a new one when somebody holds the former.
    ///
    /// # Errors
    /// As [`Worker::appear`].
    pub async fn reappear(&mut self, db: &Db<Imports>) -> Result<()> {
        let session = db.listening("worker", self.woken.clone()).await?;
        let held: bool = session.query_one(HOLD, &[&self.number]).await.during("appear as a worker")?.get(0);
        if !held {
            self.number = session.query_one(NUMBER, &[]).await.during("take a worker's number")?.get(0);
            session.execute(HOLD, &[&self.number]).await.during("appear as a worker")?;
        }
        session.batch_execute("listen import_jobs").await.during("listen for imports")?;
        self.session = session;
        Ok(())
    }

    /// The number in `import_jobs.lease_worker`.
    pub fn number(&self) -> i32 {
        self.number
    }

    /// False once its session broke: [`Worker::reappear`], or its imports are given up in a moment.
    pub fn is_present(&self) -> bool {
        !self.session.is_closed()
    }

    /// Rings when something was queued. Rings may be lost: look now and then without one.
    pub fn bell(&self) -> Arc<Notify> {
        self.woken.clone()
    }
}

/// True for one caller every `seconds`, in the database's time: work that one of many workers does.
///
/// # Errors
/// Those of the session and the statement.
pub async fn turn(on: impl crate::Access<Imports>, name: &str, seconds: f64) -> Result<bool> {
    let mut session = on.session().await?;
    let mine = sqlx::query(TURN).bind(name).bind(seconds).fetch_optional(&mut *session).await.during("take a turn")?;
    Ok(mine.is_some())
}
