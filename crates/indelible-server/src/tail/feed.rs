//! The newest entries of one trail, read once for all who follow it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use indelible_core::engine::Audit;
use tokio::sync::watch;

use super::shown::{self, Read, Shown};
use crate::limits::{FEED_BYTES_MAX, FEED_ENTRIES_MAX, FEED_INTERVAL, FEED_PAGE_ENTRIES};
use crate::problem::Problem;

/// What those who follow one trail share. The trail is read while anybody holds it.
pub struct Feed {
    window: Mutex<Window>,
    grown: watch::Receiver<()>,
}

impl Feed {
    /// Begins to read a trail at the entry `begin`, until nobody holds the feed any more or the
    /// server stops.
    pub fn begin(audit: Audit, begin: u64, stopping: watch::Receiver<bool>) -> Arc<Self> {
        let (growing, grown) = watch::channel(());
        let feed = Arc::new(Self {
            window: Mutex::new(Window::at(begin)),
            grown,
        });
        tokio::spawn(run(Arc::downgrade(&feed), growing, audit, stopping));
        feed
    }

    /// Word of entries read from now on. An error says that the trail is not read any more.
    pub fn grown(&self) -> watch::Receiver<()> {
        let mut grown = self.grown.clone();
        grown.mark_unchanged();
        grown
    }

    /// The entries from `next` on that are held, as far as they take up to `bytes`.
    pub fn from(&self, next: u64, bytes: usize) -> Held {
        self.window().from(next, bytes)
    }

    /// Reads on, and answers whether there may be more at once.
    async fn read_on(&self, growing: &watch::Sender<()>, audit: &Audit) -> Result<bool, Problem> {
        let next = self.window().end();
        let read = match shown::read(audit, next, FEED_PAGE_ENTRIES).await? {
            Read::Entries(entries) => entries,
            Read::Removed { first_kept } => {
                // Those who follow are behind the window then, and come back.
                *self.window() = Window::at(first_kept);
                growing.send_replace(());
                return Ok(true);
            }
        };
        if read.is_empty() {
            return Ok(false);
        }
        let more = read.len() as u64 == FEED_PAGE_ENTRIES;
        let read: Vec<Slot> = read
            .into_iter()
            .map(|e| Shown::new(e).map(Arc::new))
            .collect();
        {
            let mut window = self.window();
            for slot in read {
                let bytes = slot.as_ref().map_or(0, |shown| shown.bytes());
                window.push(slot, bytes);
            }
        }
        growing.send_replace(());
        Ok(more)
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        // Nothing between lock and unlock can panic half-way through a change.
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run(
    feed: Weak<Feed>,
    growing: watch::Sender<()>,
    audit: Audit,
    mut stopping: watch::Receiver<bool>,
) {
    let mut growth = audit.growth();
    let mut failing = false;
    loop {
        let Some(feed) = feed.upgrade() else {
            return;
        };
        match feed.read_on(&growing, &audit).await {
            Ok(more) => {
                failing = false;
                if more {
                    continue;
                }
            }
            Err(problem) => {
                // Once for each time that it begins to fail: it is tried again and again.
                if !std::mem::replace(&mut failing, true) {
                    let internal = problem.internal.as_deref().unwrap_or(&problem.detail);
                    tracing::error!(trail = %audit.name(), internal, "the trail cannot be followed");
                }
            }
        }
        drop(feed);
        // Other processes send no word, so the trail is looked at from time to time as well.
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => return,
            _ = tokio::time::timeout(FEED_INTERVAL, growth.more()) => {}
        }
    }
}

/// An entry as it is held, or why it cannot be shown.
pub type Slot = Result<Arc<Shown>, Problem>;

/// What is held of the entries from a place on.
pub enum Held {
    /// These, which are the first after the place.
    Slots(Vec<Slot>),
    /// Nothing yet: the place is the end of what was read, or beyond it.
    Nothing,
    /// The entry after the place is not held any more, or never was.
    Gone,
}

/// The last entries that were read, without a gap.
struct Window {
    /// The seq of the first slot.
    first: u64,
    slots: VecDeque<(Slot, usize)>,
    bytes: usize,
}

impl Window {
    fn at(first: u64) -> Self {
        Self {
            first,
            slots: VecDeque::new(),
            bytes: 0,
        }
    }

    fn end(&self) -> u64 {
        self.first + self.slots.len() as u64
    }

    /// Takes the next entry in, and lets the oldest go where there are too many.
    fn push(&mut self, slot: Slot, bytes: usize) {
        self.slots.push_back((slot, bytes));
        self.bytes += bytes;
        while self.slots.len() > FEED_ENTRIES_MAX || self.bytes > FEED_BYTES_MAX {
            let Some((_, bytes)) = self.slots.pop_front() else {
                return;
            };
            self.bytes -= bytes;
            self.first += 1;
        }
    }

    fn from(&self, next: u64, bytes_max: usize) -> Held {
        let Some(place) = next.checked_sub(self.first) else {
            return Held::Gone;
        };
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        let mut bytes = 0;
        let fitting = self.slots.iter().skip(place).take_while(|(_, size)| {
            let fits = bytes < bytes_max;
            bytes += size;
            fits
        });
        let slots: Vec<Slot> = fitting.map(|(slot, _)| slot.clone()).collect();
        if slots.is_empty() {
            Held::Nothing
        } else {
            Held::Slots(slots)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Kind;

    fn slot() -> Slot {
        Err(Problem::new(Kind::Damaged, "it is damaged"))
    }

    fn length(held: Held) -> Option<usize> {
        match held {
            Held::Slots(slots) => Some(slots.len()),
            Held::Nothing => Some(0),
            Held::Gone => None,
        }
    }

    #[test]
    fn what_is_held_has_no_gap_and_ends_where_reading_ended() {
        let mut window = Window::at(7);
        assert_eq!(length(window.from(6, 1)), None);
        assert_eq!(length(window.from(7, 1)), Some(0));
        assert_eq!(length(window.from(u64::MAX, 1)), Some(0));
        for count in 1..=3 * FEED_ENTRIES_MAX as u64 {
            window.push(slot(), 0);
            assert_eq!(window.end(), 7 + count);
            assert!(window.slots.len() <= FEED_ENTRIES_MAX);
        }
        let first = window.end() - FEED_ENTRIES_MAX as u64;
        assert_eq!(length(window.from(first - 1, 1)), None);
        assert_eq!(length(window.from(first, 1)), Some(FEED_ENTRIES_MAX));
        assert_eq!(length(window.from(window.end() - 2, 1)), Some(2));
        assert_eq!(length(window.from(window.end(), 1)), Some(0));
    }

    #[test]
    fn what_is_held_is_bounded_in_bytes() {
        let mut window = Window::at(0);
        for count in 1..100_u64 {
            let bytes = FEED_BYTES_MAX / 7 * usize::try_from(count % 5).expect("small");
            window.push(slot(), bytes);
            assert_eq!(window.end(), count);
            assert!(window.bytes <= FEED_BYTES_MAX);
            let sizes = window.slots.iter().map(|(_, bytes)| bytes);
            assert_eq!(window.bytes, sizes.sum::<usize>());
        }
        assert!(window.slots.len() >= 2);
        // One that is longer than all that may be held is read from the store by each client.
        window.push(slot(), FEED_BYTES_MAX + 1);
        assert_eq!(length(window.from(99, 1)), None);
        assert_eq!(length(window.from(100, 1)), Some(0));
    }
}
