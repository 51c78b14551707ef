//! What the handlers share.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use indelible::AuditProtocol;
use indelible::core::{Clock, SystemClock};

use crate::accounts::Accounts;
use crate::deadline::Deadline;
use crate::events::Events;
use crate::people::People;
use crate::sessions::Sessions;

/// The bank: who its people are, what they have, and where it records.
#[derive(Clone)]
pub struct Bank {
    inside: Arc<Inside>,
}

struct Inside {
    audit: Arc<dyn AuditProtocol>,
    audit_of_two: Arc<dyn AuditProtocol>,
    clock: Arc<dyn Clock>,
    events: Events,
    people: People,
    accounts: Accounts,
    sessions: Sessions,
}

impl Bank {
    /// A bank that records with `audit`, and keeps no request waiting for it longer than
    /// `audit_deadline`.
    pub fn new(audit: Arc<dyn AuditProtocol>, audit_deadline: Duration) -> Self {
        let within =
            |longest| -> Arc<dyn AuditProtocol> { Arc::new(Deadline::new(audit.clone(), longest)) };
        let (audit_of_two, audit) = (within(audit_deadline / 2), within(audit_deadline));
        Self {
            inside: Arc::new(Inside {
                events: Events::new(audit.clone()),
                audit,
                audit_of_two,
                clock: Arc::new(SystemClock::new()),
                people: People::of_the_demonstration(),
                accounts: Accounts::of_the_demonstration(),
                sessions: Sessions::default(),
            }),
        }
    }

    /// The trail.
    pub fn audit(&self) -> Arc<dyn AuditProtocol> {
        self.inside.audit.clone()
    }

    /// The trail, for a request that goes on though neither of two records is made: each has half
    /// of the time.
    pub fn audit_of_two(&self) -> Arc<dyn AuditProtocol> {
        self.inside.audit_of_two.clone()
    }

    /// The clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.inside.clock
    }

    /// Its domain events.
    pub fn events(&self) -> &Events {
        &self.inside.events
    }

    /// Its people.
    pub fn people(&self) -> &People {
        &self.inside.people
    }

    /// Their accounts.
    pub fn accounts(&self) -> &Accounts {
        &self.inside.accounts
    }

    /// Their sessions.
    pub fn sessions(&self) -> &Sessions {
        &self.inside.sessions
    }
}

/// By this a handler may take `RequestAudit`.
impl FromRef<Bank> for Arc<dyn AuditProtocol> {
    fn from_ref(bank: &Bank) -> Self {
        bank.audit()
    }
}
