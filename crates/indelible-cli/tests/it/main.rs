//! The built binary, run as people run it.

mod desk;
mod doctor;

mod browser;
mod configuration;
mod copies;
mod disturbance;
mod exports;
mod exports_large;
mod flood;
mod help;
mod hostile;
mod imports;
mod imports_again;
mod imports_shared;
mod imports_tables;
mod investigation;
#[cfg(unix)]
mod keeping;
mod links;
mod load;
mod looks;
mod maintenance;
mod operating;
mod outbox;
mod packs;
mod postgres;
mod proofs;
mod queries;
mod readme;
mod records;
mod reports;
mod reports_system;
mod retention;
mod reviews;
mod reviews_served;
mod reviews_shared;
mod rotation;
mod scans;
mod schemathesis;
mod seals;
mod serving;
mod spooled;
mod subjects;
mod subjects_many;
mod verification;
