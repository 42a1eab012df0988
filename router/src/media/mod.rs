//! Database media: the pictures and data sheets that suppliers refer to, and the fetching of them.

pub mod audit;
pub mod files;

use crate::Statements;
use crate::database::{Media, stored};

/// A picture or data sheet, known by its address.
pub enum MediaFile {}
/// A picture in one of our sizes.
pub enum Thumbnail {}
/// What a picture says about itself.
pub enum Metadata {}
/// The fetching of a file.
pub enum ProcessingJob {}

stored! {
    Media {
        MediaFile => "media_files",
        Thumbnail => "media_thumbnails",
        Metadata => "media_metadata",
        ProcessingJob => "media_processing_jobs",
    }
}

/// Every statement of this database.
pub const STATEMENTS: &[Statements] = &[audit::STATEMENTS, files::STATEMENTS, crate::inbox::STATEMENTS];
