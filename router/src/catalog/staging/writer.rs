//! Filling a staging table by binary COPY.

use std::pin::Pin;

use bytes::Bytes;
use futures::SinkExt;
use tokio_postgres::CopyInSink;

use super::{definition, table};
use crate::bulk::Fragile;
use crate::catalog::fence;
use crate::error::During;
use crate::{Catalog, Db, Fence, Result};

/// Signature, no flags, no extension (PostgreSQL manual, COPY, binary format).
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// No further row.
const TRAILER: &[u8] = &(-1i16).to_be_bytes();

/// Creates the staging table of an import anew and fills it, in one transaction: the table is there when it is whole.
/// Dropped without [`Writer::finish`], it leaves everything as it was.
pub struct Writer {
    sink: Pin<Box<CopyInSink<Bytes>>>,
    session: Fragile<Catalog>,
}

impl Writer {
    /// Begins; what was staged for this import before is replaced.
    ///
    /// # Errors
    /// Those of [`Db::bulk`], [`crate::RouterError::Fenced`] and [`crate::RouterError::Query`].
    pub async fn open(db: &Db<Catalog>, fence: &Fence) -> Result<Self> {
        let (what, import_id) = ("create a staging table", fence.import_id);
        let session = db.bulk().await?.fragile();
        // Losing a cache in a crash loses nothing, so the commit need not wait for the disk.
        session.batch_execute("begin; set local synchronous_commit = off").await.during(what)?;
        fence::pass(&*session, fence).await?;
        let opening = format!("drop table if exists {}; {}", table(import_id), definition(import_id));
        session.batch_execute(&opening).await.during(what)?;
        fault::point("staging.created")?;
        // FREEZE: the rows need no second look, and no second write, when publish reads them.
        let copy = format!("copy {} from stdin (format binary, freeze)", table(import_id));
        let mut sink = Box::pin(session.copy_in(&copy).await.during(what)?);
        sink.send(Bytes::from_static(HEADER)).await.during(what)?;
        Ok(Writer { sink, session })
    }

    /// Sends encoded rows, whole ones; waits while the server is behind.
    ///
    /// # Errors
    /// [`crate::RouterError::Query`].
    pub async fn send(&mut self, rows: Bytes) -> Result<()> {
        self.sink.send(rows).await.during("write staged rows")?;
        Ok(fault::point("staging.sent")?)
    }

    /// Ends the table and returns its number of rows.
    ///
    /// # Errors
    /// [`crate::RouterError::Query`]; nothing is staged then.
    pub async fn finish(mut self) -> Result<u64> {
        self.send(Bytes::from_static(TRAILER)).await?;
        let rows = self.sink.as_mut().finish().await.during("write staged rows")?;
        fault::point("staging.copied")?;
        self.session.batch_execute("commit").await.during("commit a staging table")?;
        fault::point("staging.committed")?;
        self.session.mend();
        Ok(rows)
    }
}
