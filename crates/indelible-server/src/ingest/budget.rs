//! The memory for bodies that are being read and recorded, over all requests of the process.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{BODIES_BYTES_MAX, BODY_FREE_BYTES};
use crate::problem::{Kind, Problem};

/// What all bodies together may take. Clones share it.
#[derive(Clone)]
pub struct Budget(Arc<Semaphore>);

/// The bytes of one permit: a semaphore counts fewer permits than a large memory has bytes.
const GRAIN: usize = 1 << 10;

impl Budget {
    /// A budget of [`BODIES_BYTES_MAX`].
    pub fn new() -> Self {
        Self::of(BODIES_BYTES_MAX)
    }

    fn of(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / GRAIN)))
    }

    /// The share of one body, of which nothing is there yet.
    pub fn share(&self) -> Share {
        Share {
            budget: self.clone(),
            taken: None,
        }
    }
}

/// What one body takes of the [`Budget`], until it is dropped.
pub struct Share {
    budget: Budget,
    taken: Option<OwnedSemaphorePermit>,
}

impl Share {
    /// Makes the share as large as a body of so many bytes needs. The first
    /// [`BODY_FREE_BYTES`] of each body need none.
    ///
    /// # Errors
    /// [`Kind::Overloaded`]: other bodies have taken the rest.
    pub fn fit(&mut self, bytes: usize) -> Result<(), Problem> {
        let needed = bytes.saturating_sub(BODY_FREE_BYTES).div_ceil(GRAIN);
        let taken = self.taken.as_ref().map_or(0, |taken| taken.num_permits());
        if needed <= taken {
            // What is given back is dropped.
            let left = self.taken.as_mut();
            drop(left.and_then(|left| left.split(taken - needed)));
            return Ok(());
        }
        let more = u32::try_from(needed - taken).unwrap_or(u32::MAX);
        let more = self.budget.0.clone().try_acquire_many_owned(more);
        let more = more.map_err(|_| {
            let detail = "the bodies that are being recorded take all the memory there is for \
                          them; nothing of this one was recorded that has no result";
            Problem::new(Kind::Overloaded, detail)
        })?;
        match &mut self.taken {
            Some(taken) => taken.merge(more),
            None => self.taken = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_share_what_there_is_and_small_ones_need_nothing() {
        let budget = Budget::of(100 * GRAIN);
        let (mut first, mut second) = (budget.share(), budget.share());
        first.fit(BODY_FREE_BYTES + 60 * GRAIN).expect("room");
        second.fit(BODY_FREE_BYTES + 40 * GRAIN).expect("room");
        let refused = second.fit(BODY_FREE_BYTES + 40 * GRAIN + 1);
        assert_eq!(refused.expect_err("none left").kind, Kind::Overloaded);
        budget.share().fit(BODY_FREE_BYTES).expect("free");
        // A body that was recorded in part gives back.
        first.fit(BODY_FREE_BYTES + 10 * GRAIN).expect("smaller");
        second.fit(BODY_FREE_BYTES + 90 * GRAIN).expect("room");
        drop((first, second));
        assert_eq!(budget.0.available_permits(), 100);
    }
}
