//! Seats for what takes long: so many in all, and so many for each key, so that none takes them
//! all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::problem::{Kind, Problem};

/// Seats of one sort. Clones share them.
#[derive(Clone)]
pub struct Seats(Arc<Inner>);

struct Inner {
    /// What has a seat, in the plural.
    what: &'static str,
    most: usize,
    of_key: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    of_keys: HashMap<Arc<str>, usize>,
}

impl Seats {
    /// So many seats, and so many for each key.
    pub fn new(what: &'static str, most: usize, of_key: usize) -> Self {
        Self(Arc::new(Inner {
            what,
            most,
            of_key,
            taken: Mutex::default(),
        }))
    }

    /// A seat for a key.
    ///
    /// # Errors
    /// [`Kind::Overloaded`]: all are taken, or all that are for this key.
    pub fn take(&self, key: &str) -> Result<Seat, Problem> {
        let Inner { what, most, .. } = &*self.0;
        let mut taken = self.lock();
        let own = taken.of_keys.get(key).copied().unwrap_or_default();
        let full = |detail| Err(Problem::new(Kind::Overloaded, detail));
        if taken.all >= *most {
            return full(format!("{most} {what} are open, the most at once"));
        }
        if own >= self.0.of_key {
            return full(format!(
                "{own} {what} of this key are open, the most at once"
            ));
        }
        let key: Arc<str> = key.into();
        taken.all += 1;
        taken.of_keys.insert(key.clone(), own + 1);
        Ok(Seat {
            seats: self.clone(),
            key,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        // Nothing between lock and unlock can panic half-way through a change.
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A seat, until it is dropped.
pub struct Seat {
    seats: Seats,
    key: Arc<str>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        taken.all -= 1;
        if let Some(own) = taken.of_keys.get_mut(&self.key) {
            *own -= 1;
            if *own == 0 {
                taken.of_keys.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_takes_all_places_and_each_comes_back() {
        let seats = Seats::new("streams", 3, 2);
        let refused = |key: &str| match seats.take(key) {
            Ok(_) => None,
            Err(problem) => Some(problem.detail),
        };
        let mut own: Vec<_> = (0..2).map(|_| seats.take("a").expect("free")).collect();
        let detail = refused("a").expect("its share is taken");
        assert_eq!(detail, "2 streams of this key are open, the most at once");
        let other = seats.take("b").expect("free");
        let detail = refused("c").expect("all are taken");
        assert_eq!(detail, "3 streams are open, the most at once");
        own.pop();
        drop(seats.take("c").expect("free again"));
        drop((own, other));
        assert!(seats.lock().of_keys.is_empty() && seats.lock().all == 0);
    }
}
