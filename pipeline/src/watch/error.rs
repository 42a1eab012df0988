//! Why the bucket watch stopped, or one look of it failed.

/// Why the bucket watch stopped, or one look of it failed. Whatever was not taken is found by the next listing.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// A setting is missing or out of range.
    #[error("watch the inbox: {0}")]
    Settings(String),
    /// The listener for events cannot begin.
    #[error("listen for bucket events on `{address}` (watch.webhook.listen)")]
    Listen {
        /// Where it was to listen.
        address: String,
        /// Why it cannot.
        #[source]
        source: std::io::Error,
    },
    /// Redis cannot be addressed.
    #[error("read bucket events from Redis")]
    Redis(#[from] cache::EventListError),
    /// The bucket failed.
    #[error("storage")]
    Storage(#[from] storage::StorageError),
    /// A database failed.
    #[error("database")]
    Router(#[from] router::RouterError),
    /// A test wanted it so.
    #[error(transparent)]
    Injected(#[from] fault::Injected),
}

/// The result of a look.
pub type Result<T, E = WatchError> = std::result::Result<T, E>;
