//! Databases of every kind through the facade: faults, tampering, several processes. Each body
//! runs on both stores.

mod clock;
mod crowd;
mod disk;
mod kill;
mod moving;
mod place;
mod restoring;
mod site;
mod spooling;
mod tamper;
mod trust;
mod writing;
