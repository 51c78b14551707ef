//! The guide's pages on the eleven situations, so that what they show compiles and runs.

/// Situation 1.
#[doc = include_str!("../../../docs/guide/situations/01-login.md")]
pub struct Login;

/// Situation 2.
#[doc = include_str!("../../../docs/guide/situations/02-personal-data.md")]
pub struct PersonalData;

/// Situation 3.
#[doc = include_str!("../../../docs/guide/situations/03-provider-connection.md")]
pub struct ProviderConnection;

/// Situation 4.
#[doc = include_str!("../../../docs/guide/situations/04-suspension.md")]
pub struct Suspension;

/// Situation 5.
#[doc = include_str!("../../../docs/guide/situations/05-backup.md")]
pub struct Backup;

/// Situation 6.
#[doc = include_str!("../../../docs/guide/situations/06-my-activity.md")]
pub struct MyActivity;

/// Situation 7.
#[doc = include_str!("../../../docs/guide/situations/07-failed-logins.md")]
pub struct FailedLogins;

/// Situation 8.
#[doc = include_str!("../../../docs/guide/situations/08-provider-events.md")]
pub struct ProviderEvents;

/// Situation 9.
#[doc = include_str!("../../../docs/guide/situations/09-domain-event.md")]
pub struct DomainEvent;

/// Situation 10.
#[doc = include_str!("../../../docs/guide/situations/10-deletion.md")]
pub struct Deletion;

/// Situation 11.
#[doc = include_str!("../../../docs/guide/situations/11-testing.md")]
pub struct Testing;
