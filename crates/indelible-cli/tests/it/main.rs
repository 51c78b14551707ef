//! The built binary, run as people run it.

mod desk;

mod configuration;
mod exports;
mod help;
mod hostile;
mod imports;
mod investigation;
mod looks;
mod maintenance;
mod proofs;
mod queries;
mod readme;
mod records;
mod verification;
