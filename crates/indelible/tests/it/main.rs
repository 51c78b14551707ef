//! The embedded store through the facade: faults, tampering, several processes.

mod disk;
mod kill;
mod site;
mod tamper;
mod trust;
