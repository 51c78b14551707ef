//! The trail that is delivered to.

use std::ops::Deref;
use std::sync::Arc;

use indelible_core::{AuditProtocol, RecordInOrder};

/// A trail, and whether it keeps the order of several events that it is given together.
pub(crate) enum Inner {
    OneByOne(Arc<dyn AuditProtocol>),
    InOrder(Arc<dyn RecordInOrder>),
}

impl Inner {
    /// The trail where it keeps the order of several events.
    pub fn in_order(&self) -> Option<&dyn RecordInOrder> {
        match self {
            Self::OneByOne(_) => None,
            Self::InOrder(trail) => Some(&**trail),
        }
    }
}

impl Deref for Inner {
    type Target = dyn AuditProtocol;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::OneByOne(trail) => &**trail,
            Self::InOrder(trail) => &**trail,
        }
    }
}
