//! Where what happens is summed up: a place for each that is told apart, and, past the bounds,
//! places for all others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indelible_core::{AuditAction, TrailName};
use serde_json::Value;

use super::Happening;
use super::sum::Sum;
use crate::access::REJECTED;
use crate::limits::{REJECTIONS_MAX, TALLIES_MAX};

/// The place of one sum; empty where none has begun.
pub type Place = Arc<tokio::sync::Mutex<Option<Sum>>>;

/// What a sum is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// One caller and one trail.
    One,
    /// One caller, and trails that are not there.
    Absent,
    /// Whoever and whatever has no place of its own.
    Several,
}

/// The places of a process. Their number is bounded whatever happens: [`TALLIES_MAX`] of their
/// own, as many for the rest of one action in one trail, [`REJECTIONS_MAX`] for whoever has no
/// key, and one for the rest of each action.
#[derive(Default)]
pub struct Places(Mutex<HashMap<(TrailName, String), Place>>);

impl Places {
    /// The place that the happening has already for itself.
    pub fn own(&self, happening: &Happening) -> Option<Place> {
        self.lock().get(&own(happening)).cloned()
    }

    /// Where a happening is summed up, made where it is new. What is told of a trail that is not
    /// there, or of more than there is room for, becomes one of `system`.
    pub fn of(&self, happening: &mut Happening, trail_is_there: bool) -> (Place, Of) {
        let of = if trail_is_there { Of::One } else { Of::Absent };
        if of == Of::Absent {
            happening.go_to_system();
            happening.group = format!("absent\n{}", happening.group);
        }
        let mut places = self.lock();
        let own = own(happening);
        let strangers = is_of_strangers(&own.1);
        let most = if strangers {
            REJECTIONS_MAX
        } else {
            TALLIES_MAX
        };
        // Whoever has no key makes up as many as he likes: what he fills is not what readers need.
        let like = |is_own: bool| {
            let groups = places.keys().map(|(_, group)| group);
            let like = groups.filter(|group| {
                is_of_strangers(group) == strangers && group.contains('\n') == is_own
            });
            like.count()
        };
        if places.contains_key(&own) || like(true) < most {
            return (places.entry(own).or_default().clone(), of);
        }
        let mut rest = (happening.trail.clone(), action(happening).to_owned());
        if !places.contains_key(&rest) && like(false) >= most {
            happening.go_to_system();
            rest.0 = TrailName::system();
        }
        (places.entry(rest).or_default().clone(), Of::Several)
    }

    /// All of them.
    pub fn all(&self) -> Vec<Place> {
        self.lock().values().cloned().collect()
    }

    /// Takes away those that are empty.
    pub fn sweep(&self) {
        self.lock().retain(|_, place| {
            // Whoever holds the place now is about to begin a sum in it.
            Arc::strong_count(place) > 1 || place.try_lock().is_ok_and(|sum| sum.is_some())
        });
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(TrailName, String), Place>> {
        // Nothing between lock and unlock can panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key of a happening for itself; one for the rest is an action alone.
fn own(happening: &Happening) -> (TrailName, String) {
    let group = format!("{}\n{}", action(happening), happening.group);
    (happening.trail.clone(), group)
}

fn action(happening: &Happening) -> &str {
    let action = happening.event.get("action").and_then(Value::as_str);
    action.unwrap_or_default()
}

fn is_of_strangers(group: &str) -> bool {
    let action = group.split('\n').next();
    action.is_some_and(|action| {
        // Nobody was let in, by the API or by the console.
        action == REJECTED || action == AuditAction::USER_LOGIN_FAILED.as_str()
    })
}
