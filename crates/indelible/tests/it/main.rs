//! Databases of every kind through the facade: faults, tampering, several processes. Each body
//! runs on both stores.

mod clock;
mod crowd;
mod deliveries;
mod disk;
mod domain_events;
mod kill;
mod late;
mod leaving;
mod moving;
mod outbox;
mod place;
mod restoring;
mod searching;
mod self_check;
mod site;
mod spooling;
mod tamper;
mod testing_kit;
mod trust;
mod writing;
