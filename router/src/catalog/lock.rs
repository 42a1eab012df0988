//! One import per supplier at a time.

use crate::error::During;
use crate::{Bulk, Catalog, Db, Result, Statements};

/// The statements below.
pub const STATEMENTS: Statements = &[("lock::WAIT", WAIT), ("lock::TRY", TRY)];

// The first number sets these locks apart from any other advisory locks of the database.
const WAIT: &str = "select pg_advisory_lock(hashtext('supplier'), $1::bigint::integer)";
const TRY: &str = "select pg_try_advisory_lock(hashtext('supplier'), $1::bigint::integer)";

/// A supplier's catalogue held for one import: a session advisory lock on a session of its own. It ends when this is
/// dropped, and by itself when the process or its connection dies.
pub struct SupplierLock {
    session: Bulk<Catalog>,
    supplier_id: i64,
}

impl SupplierLock {
    /// Waits until the supplier is free, without limit; cancel it to stop waiting.
    ///
    /// # Errors
    /// [`crate::RouterError::Unreachable`], [`crate::RouterError::Query`].
    pub async fn acquire(db: &Db<Catalog>, supplier_id: i64) -> Result<Self> {
        let session = db.dedicated("lock").await?;
        session.execute(WAIT, &[&supplier_id]).await.during("lock a supplier")?;
        Ok(SupplierLock { session, supplier_id })
    }

    /// Takes the supplier if it is free; `None` when another import holds it.
    ///
    /// # Errors
    /// [`crate::RouterError::Unreachable`], [`crate::RouterError::Query`].
    pub async fn try_acquire(db: &Db<Catalog>, supplier_id: i64) -> Result<Option<Self>> {
        let session = db.dedicated("lock").await?;
        let taken = session.query_one(TRY, &[&supplier_id]).await.during("lock a supplier")?;
        Ok(taken.get::<_, bool>(0).then_some(SupplierLock { session, supplier_id }))
    }

    /// Whom it holds.
    pub fn supplier_id(&self) -> i64 {
        self.supplier_id
    }

    /// False once the connection is gone, and with it the lock: another import may have begun. Ask right before publish.
    pub async fn is_alive(&self) -> bool {
        self.session.simple_query("").await.is_ok()
    }

    /// Gives the supplier free and waits until the server has done so; dropping does it a moment later.
    ///
    /// # Errors
    /// [`crate::RouterError::Query`] when the connection is gone; the server gives the lock free then.
    pub async fn release(self) -> Result<()> {
        self.session.execute("select pg_advisory_unlock_all()", &[]).await.during("unlock a supplier")?;
        Ok(())
    }
}
