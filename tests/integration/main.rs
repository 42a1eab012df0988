//! The system as a whole: the real binary over real services. Run by `make test`.

#![allow(clippy::unwrap_used)]

mod architecture;
mod bad_input;
mod chaos;
mod commands;
mod doctor;
mod dump;
mod guards;
mod receipts;
mod schedules;
mod spine;
mod spreadsheets;
mod survival;
mod together;
mod watch;
mod workers;
