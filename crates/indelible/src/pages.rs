//! Pages of the documentation, so that what they show compiles and runs.

/// The page that people read first.
#[doc = include_str!("../../../README.md")]
pub struct ReadMe;

/// The guide's page on servers.
#[cfg(feature = "client")]
#[doc = include_str!("../../../docs/guide/client.md")]
pub struct Client;

/// The guide's page on delivery.
#[cfg(feature = "spool")]
#[doc = include_str!("../../../docs/guide/delivery.md")]
pub struct DeliveryModes;

/// The guide's page on domain events.
#[doc = include_str!("../../../docs/guide/domain-events.md")]
pub struct DomainEvents;

/// The guide's page on outboxes.
#[cfg(all(feature = "postgres", feature = "sqlite"))]
#[doc = include_str!("../../../docs/guide/outbox.md")]
pub struct Outboxes;

/// The guide's page on tests.
#[cfg(feature = "testing")]
#[doc = include_str!("../../../docs/guide/testing.md")]
pub struct Testing;
