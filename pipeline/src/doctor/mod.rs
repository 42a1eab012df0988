//! Whether the five databases agree, and what brings them together again.
//!
//! Each file compares one thing with another, page by page: a page of keys from one database is looked up in the other,
//! so that memory is bounded by the page, and no query knows two databases. The order of a look is that of cause and
//! effect: what may write, then imports and publications, then what follows from them.
//!
//! What is merely under way is no difference. That is told by state and not by age: a publication whose delivery to a
//! database is owed has not arrived there yet; an import under a live lease has not ended yet. Only what should have
//! moved by itself and has not for [`GRACE_SECONDS`] is told.
//!
//! The catalogue has the last word, except about itself: a publication that is gone while its import is completed is
//! made again from the archived file.

mod deliveries;
mod figures;
mod finding;
mod imports;
mod kind;
mod look;
mod lookups;
mod pictures;
mod publications;

use std::sync::Arc;

pub use self::finding::{Event, Finding, Summary, Tally};
pub use self::kind::Kind;
use self::look::Look;
use crate::Importer;
use crate::error::Result;

/// How long what moves by itself may stand still.
pub const GRACE_SECONDS: f64 = 60.0;

/// Rows of one database looked up in another at once.
const PAGE_ROWS: i64 = 2_000;

/// Mending is looked over and gone on with so often: one mended thing may bring another to light.
const LOOKS_MAX: u32 = 6;

/// Compares the five databases and mends their differences.
pub struct Doctor {
    importer: Arc<Importer>,
}

impl Doctor {
    /// A doctor for what this importer works on.
    pub fn new(importer: Arc<Importer>) -> Self {
        Doctor { importer }
    }

    /// Looks at everything and changes nothing.
    ///
    /// # Errors
    /// Those of the databases and the store.
    pub async fn examine(&self, mut tell: impl FnMut(Event<'_>)) -> Result<Summary> {
        self.look(false, &mut tell).await
    }

    /// Looks at everything, mends what can be mended, and looks again until nothing differs or nothing more can be done.
    ///
    /// # Errors
    /// Those of the databases and the store. A difference that cannot be mended is told and left.
    pub async fn mend(&self, mut tell: impl FnMut(Event<'_>)) -> Result<Summary> {
        let mut all = Summary::default();
        for looks_left in (0..LOOKS_MAX).rev() {
            let look = self.look(looks_left > 0, &mut tell).await?;
            all.add(&look);
            all.left = look.left;
            if look.mended() == 0 {
                break;
            }
            tell(Event::LookingAgain);
        }
        Ok(all)
    }

    async fn look(&self, mends: bool, tell: &mut dyn FnMut(Event<'_>)) -> Result<Summary> {
        let mut look = Look::new(self, mends, tell);
        imports::fences(&mut look).await?;
        deliveries::inboxes(&mut look).await?;
        imports::suppliers(&mut look).await?;
        imports::leases(&mut look).await?;
        publications::of_imports(&mut look).await?;
        publications::in_imports(&mut look).await?;
        imports::staging(&mut look).await?;
        imports::answers(&mut look).await?;
        deliveries::overdue(&mut look).await?;
        figures::of_publications(&mut look).await?;
        figures::orphans(&mut look).await?;
        pictures::missing(&mut look).await?;
        pictures::known(&mut look).await?;
        // What no product bears out goes first: the right value is told anew behind it.
        lookups::orphans(&mut look).await?;
        lookups::missing(&mut look).await?;
        figures::supplier_days(&mut look).await?;
        imports::statistics(&mut look).await?;
        Ok(look.summary)
    }

    /// Carries what this look has come to owe.
    async fn carry_if(&self, mends: bool) -> Result<()> {
        if mends { self.carry().await } else { Ok(()) }
    }

    /// Carries what is owed to whom it is owed, as far as it goes.
    async fn carry(&self) -> Result<()> {
        while self.importer.relay().carry(None).await? > 0 {}
        Ok(())
    }
}
