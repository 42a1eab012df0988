//! Database imports: what was delivered, the work on it, what was wrong with it, and how each supplier's feed is read.
//!
//! A [`jobs::Job`] is one import: the queue's entry and its record. A [`workers::Worker`] claims it by a [`jobs::Attempt`], which every
//! later write names, so that a worker that was given up for dead changes nothing. Its [`files::File`] is known by
//! content, its rejects are in [`errors`], what it said in [`logs`].

pub mod audit;
pub mod configs;
pub mod errors;
pub mod files;
pub mod jobs;
pub mod logs;
pub mod mappings;
pub mod partitions;
pub mod schedules;
pub mod statistics;
pub mod workers;

mod value;

use crate::Statements;
use crate::database::{Imports, stored};

pub use files::File;
pub use jobs::Job;
pub use logs::Log;
pub use mappings::Mapping;
pub use schedules::Schedule;

/// What a supplier's imports do differently from the defaults.
pub enum Config {}
/// How a supplier's imports went on a day.
pub enum Statistic {}
/// Work that one of many workers does now and then.
pub enum WorkerTurn {}

stored! {
    Imports {
        Config => "import_configs",
        Job => "import_jobs",
        Log => "import_logs",
        item::Reject => "import_errors",
        File => "import_files",
        Mapping => "import_mappings",
        Schedule => "import_schedules",
        Statistic => "import_statistics",
        WorkerTurn => "worker_turns",
    }
}

/// Every statement of this database.
pub const STATEMENTS: &[Statements] = &[
    audit::STATEMENTS,
    jobs::STATEMENTS[0],
    jobs::STATEMENTS[1],
    jobs::STATEMENTS[2],
    jobs::STATEMENTS[3],
    configs::STATEMENTS,
    files::STATEMENTS,
    errors::STATEMENTS,
    logs::STATEMENTS,
    mappings::STATEMENTS,
    partitions::STATEMENTS,
    schedules::STATEMENTS[0],
    schedules::STATEMENTS[1],
    statistics::STATEMENTS,
    workers::STATEMENTS,
];
