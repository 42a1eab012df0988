//! Table import_fences: which attempts may still write to a supplier's catalogue.
//!
//! Every transaction of an attempt passes first. Taking an import over [raises](raise) the fence: whoever comes
//! later with a lower epoch is refused, and whoever had passed before is thrown out of the server.

use tokio_postgres::GenericClient;

use crate::error::During;
use crate::{Bulk, Catalog, Fence, Result, RouterError, Statements};

/// The statements below.
pub const STATEMENTS: Statements =
    &[("fence::SHARE", SHARE), ("fence::RAISED", RAISED), ("fence::RAISE", RAISE), ("fence::EXPEL", EXPEL)];

// The first number sets these locks apart from any other advisory locks of the database.
const SHARE: &str = "select pg_advisory_xact_lock_shared(1095914035, $1::bigint::integer)";

/// Read behind the lock, in a statement of its own: one snapshot for both might be older than the lock.
const RAISED: &str = "select epoch from import_fences where supplier_id = $1 and epoch > $2";

const RAISE: &str = "
    insert into import_fences (supplier_id, epoch) values ($1, $2)
    on conflict (supplier_id) do update set epoch = excluded.epoch where import_fences.epoch < excluded.epoch";

/// Waits up to 5 s for each to be gone. One role may end its own sessions (PostgreSQL manual, 9.28.2).
const EXPEL: &str = "
    select count(pg_terminate_backend(pid, 5000)) from pg_locks
    where locktype = 'advisory' and classid = 1095914035 and objid::bigint = $1 and objsubid = 2
        and database = (select oid from pg_database where datname = current_database()) and pid <> pg_backend_pid()";

/// Lets the running transaction of an attempt write, until its end.
///
/// # Errors
/// [`RouterError::Fenced`] when the import was taken over, or another one of the supplier has been since.
pub(crate) async fn pass(tx: &impl GenericClient, fence: &Fence) -> Result<()> {
    tx.execute(SHARE, &[&fence.supplier_id]).await.during("pass a fence")?;
    match tx.query_opt(RAISED, &[&fence.supplier_id, &fence.epoch]).await.during("pass a fence")? {
        None => Ok(()),
        Some(row) => Err(RouterError::Fenced { import: fence.import_id, epoch: fence.epoch, found: row.get(0) }),
    }
}

/// Keeps every attempt of a lower epoch from this supplier's catalogue, those that write at this moment included: after
/// this returned nothing of theirs appears any more. Returns how many sessions were ended.
///
/// # Errors
/// Those of the statements; raise it again then, before anything else.
pub async fn raise(bulk: &Bulk<Catalog>, fence: &Fence) -> Result<u64> {
    bulk.execute(RAISE, &[&fence.supplier_id, &fence.epoch]).await.during("raise a fence")?;
    let expelled = bulk.query_one(EXPEL, &[&fence.supplier_id]).await.during("expel a former attempt")?;
    Ok(expelled.get::<_, i64>(0).unsigned_abs())
}
