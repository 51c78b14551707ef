//! Situation 9, as a test of the application: no domain event is forgotten.

use bank::events::{all, mappings};

#[test]
fn every_domain_event_is_mapped() {
    assert_eq!(mappings().unmapped(all()), []);
}
