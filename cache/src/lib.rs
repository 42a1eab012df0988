//! The only crate that knows Redis.
//!
//! [`EventList`] reads the bucket events that MinIO's Redis target leaves in a list or a hash. Redis holds nothing here
//! that cannot be lost: without it, the events are missed and the listing of the inbox finds the files a little later.
//!
//! ```no_run
//! # async fn example() -> Result<(), cache::EventListError> {
//! use cache::{EventList, EventListSettings};
//!
//! let settings = EventListSettings { list: "arrivage-events".into(), ..EventListSettings::default() };
//! let events = EventList::open("redis://127.0.0.1:6379", settings)?;
//! loop {
//!     let waiting = events.next().await;
//!     for event in &waiting {
//!         println!("{} bytes of JSON", event.json().len());
//!     }
//!     events.remove(&waiting).await;
//! }
//! # }
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod event_list;

pub use event_list::{EventList, EventListError, EventListSettings, WaitingEvent};
