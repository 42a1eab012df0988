//! Why a file could not be fetched.

use std::net::IpAddr;

/// Why a file could not be fetched. No message holds a secret or the query of an address, which may be one.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The source, as it was written down, cannot be used.
    #[error("cannot use {what} `{given}`: {fix}")]
    Invalid {
        /// What is wrong, as a noun.
        what: &'static str,
        /// As it was given.
        given: String,
        /// What to give in its place.
        fix: String,
    },
    /// The secret is missing, or not of the kind that is needed.
    #[error("cannot use the secret of this source: {0}")]
    Secret(String),
    /// The name leads to an address that is not of the public internet.
    #[error(
        "refused to connect to {host}: {address} is no public address; if it may be reached, add its network to \
         `sources.allow_private_networks`, such as \"10.1.0.0/16\""
    )]
    AddressRefused {
        /// The host, as named.
        host: String,
        /// What it leads to.
        address: IpAddr,
    },
    /// A redirect leads to something that is not fetched.
    #[error("refused to follow a redirect of {host}: {reason}")]
    RedirectRefused {
        /// Who redirects.
        host: String,
        /// What is wrong with where to.
        reason: String,
    },
    /// Redirects without an end in sight.
    #[error("gave up after {limit} redirects (`sources.redirects_max`); give the address where they end")]
    TooManyRedirects {
        /// The limit.
        limit: u32,
    },
    /// The server answers something else than a file.
    #[error("{host} answers with status {status}, not with a file")]
    Status {
        /// The server.
        host: String,
        /// HTTP status.
        status: u16,
    },
    /// User or secret are not accepted.
    #[error("{host} does not accept the login{detail}")]
    Login {
        /// The server.
        host: String,
        /// More about it, or empty.
        detail: String,
    },
    /// There is no such file.
    #[error("no file at {place}")]
    NotFound {
        /// Where it should be.
        place: String,
    },
    /// The server shows another key than the pinned one, or none is pinned.
    #[error(
        "{host} shows the host key {seen}, {}; when the server's owner confirms it, give `--host-key {seen}`",
        expected.as_ref().map_or("and none is pinned".to_owned(), |key| format!("but {key} is pinned"))
    )]
    HostKey {
        /// The server.
        host: String,
        /// The pinned fingerprint.
        expected: Option<String>,
        /// The one it shows.
        seen: String,
    },
    /// The folder is not one that may be read.
    #[error("refused to read {path}: {reason}; folders that may be read are listed in `sources.folder_roots`")]
    FolderRefused {
        /// The path.
        path: String,
        /// Why.
        reason: &'static str,
    },
    /// More bytes than we take.
    #[error("the file has more than {limit} bytes (`sources.file_bytes_max`)")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// More files to choose from than we look at.
    #[error("{place} has more than {limit} entries (`sources.entries_max`); name the file, or a folder with fewer")]
    TooManyEntries {
        /// Where.
        place: String,
        /// The limit.
        limit: usize,
    },
    /// No answer, or no end, in time.
    #[error("{host} took too long: more than {seconds} s ({setting})")]
    TimedOut {
        /// The server.
        host: String,
        /// The limit.
        seconds: u64,
        /// Its setting.
        setting: &'static str,
    },
    /// No connection, or one that broke.
    #[error("cannot reach {host}: {reason}")]
    Unreachable {
        /// The server.
        host: String,
        /// What the network said.
        reason: String,
    },
    /// The file was replaced or written to while it was read.
    #[error("{place} changed while it was read; the next run reads it anew")]
    Changed {
        /// Where it is.
        place: String,
    },
    /// The other bucket failed.
    #[error("other bucket")]
    Store(#[from] storage::StorageError),
    /// A local file could not be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The spool file could not be written.
    #[error("cannot write the spool file")]
    Spool(#[source] std::io::Error),
}

impl SourceError {
    /// Another try, with nothing changed by a person, would end the same way.
    pub fn permanent(&self) -> bool {
        match self {
            Self::Invalid { .. }
            | Self::Secret(_)
            | Self::AddressRefused { .. }
            | Self::RedirectRefused { .. }
            | Self::TooManyRedirects { .. }
            | Self::Login { .. }
            | Self::HostKey { .. }
            | Self::FolderRefused { .. }
            | Self::TooLarge { .. }
            | Self::TooManyEntries { .. } => true,
            Self::Status { status, .. } => !(*status == 408 || *status == 429 || *status >= 500),
            // A file that is not there yet may come.
            Self::NotFound { .. }
            | Self::TimedOut { .. }
            | Self::Unreachable { .. }
            | Self::Changed { .. }
            | Self::Store(_)
            | Self::Read { .. }
            | Self::Spool(_) => false,
        }
    }

    /// The word for it in `import_jobs.failure_code`.
    pub fn code_word(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "source_invalid",
            Self::Secret(_) => "source_secret",
            Self::AddressRefused { .. } => "source_address_refused",
            Self::RedirectRefused { .. } | Self::TooManyRedirects { .. } => "source_redirect_refused",
            Self::Status { .. } => "source_status",
            Self::Login { .. } => "source_login",
            Self::NotFound { .. } => "source_not_found",
            Self::HostKey { .. } => "source_host_key",
            Self::FolderRefused { .. } => "source_folder_refused",
            Self::TooLarge { .. } => "source_too_large",
            Self::TooManyEntries { .. } => "source_too_many_entries",
            Self::TimedOut { .. } => "source_timed_out",
            Self::Unreachable { .. } => "source_unreachable",
            Self::Changed { .. } => "source_changed",
            Self::Store(_) => "source_store",
            Self::Read { .. } => "source_unreadable",
            Self::Spool(_) => "spool",
        }
    }

    pub(crate) fn invalid(what: &'static str, given: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Invalid { what, given: given.into(), fix: fix.into() }
    }
}

/// The result of looking at a source.
pub type Result<T, E = SourceError> = std::result::Result<T, E>;
