//! Why a file could not be decoded.

use item::FileCode;

/// A file that cannot be read at all, by name. Rows that cannot be read are [`item::Reject`]s instead.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The file is at fault.
    #[error("{code}: {detail}")]
    File {
        /// The stable code.
        code: FileCode,
        /// Where, what and what was expected.
        detail: String,
    },
    /// The reader that brings the bytes failed.
    #[error("read file")]
    Read(#[from] std::io::Error),
}

impl DecodeError {
    /// A fault of the file.
    pub fn file(code: FileCode, detail: impl Into<String>) -> Self {
        DecodeError::File { code, detail: detail.into() }
    }

    /// The stable code, when the file is at fault.
    pub fn code(&self) -> Option<FileCode> {
        match self {
            DecodeError::File { code, .. } => Some(*code),
            DecodeError::Read(_) => None,
        }
    }
}
