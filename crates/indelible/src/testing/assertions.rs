//! Assertions on a trail, which print what was recorded where they do not hold.

use std::fmt::Write as _;
use std::future::Future;
use std::panic::Location;

use indelible_core::{AuditProtocol, Entry, Query};

/// Assertions that every [`AuditProtocol`] has, `dyn` ones too. An expectation is a [`Query`]: the
/// words in which an auditor would ask.
///
/// Each panics where it does not hold, with the place of the call, the question, what was found
/// and all that was recorded.
pub trait AuditAssertions: AuditProtocol {
    /// All entries, oldest first.
    ///
    /// # Panics
    /// Where the trail cannot be read.
    #[track_caller]
    fn entries(&self) -> impl Future<Output = Vec<Entry>> + Send {
        let place = Location::caller();
        async move {
            let mut entries = all(self, Query::new(), place).await;
            entries.reverse();
            entries
        }
    }

    /// Exactly `count` entries match; answers them, oldest first.
    ///
    /// # Panics
    /// Where it is another number, or the trail cannot be read.
    #[track_caller]
    fn assert_count(
        &self,
        expected: Query,
        count: usize,
    ) -> impl Future<Output = Vec<Entry>> + Send {
        let place = Location::caller();
        async move {
            let mut found = all(self, expected.clone(), place).await;
            found.reverse();
            if found.len() != count {
                let recorded = all(self, Query::new(), place).await;
                panic!("{}", told(place, &expected, count, &found, &recorded));
            }
            found
        }
    }

    /// Exactly one entry matches; answers it.
    ///
    /// # Panics
    /// Where none or several match, or the trail cannot be read.
    #[track_caller]
    fn assert_one(&self, expected: Query) -> impl Future<Output = Entry> + Send {
        let found = self.assert_count(expected, 1);
        async move { found.await.swap_remove(0) }
    }

    /// No entry matches.
    ///
    /// # Panics
    /// Where one does, or the trail cannot be read.
    #[track_caller]
    fn assert_none(&self, unexpected: Query) -> impl Future<Output = ()> + Send {
        let found = self.assert_count(unexpected, 0);
        async move {
            found.await;
        }
    }

    /// The trail consists of exactly these actions, in this order.
    ///
    /// # Panics
    /// Where it does not, or cannot be read.
    #[track_caller]
    fn assert_actions(&self, expected: &[&str]) -> impl Future<Output = ()> + Send {
        let place = Location::caller();
        async move {
            let mut recorded = all(self, Query::new(), place).await;
            recorded.reverse();
            if !recorded
                .iter()
                .map(|entry| entry.action.as_str())
                .eq(expected.iter().copied())
            {
                recorded.reverse();
                let (wanted, list) = (expected.join(", "), listed(&recorded));
                panic!("{place}: expected the actions {wanted}\n{list}");
            }
        }
    }
}

impl<A: AuditProtocol + ?Sized> AuditAssertions for A {}

/// What matches, newest first, page by page.
async fn all<A: AuditProtocol + ?Sized>(
    audit: &A,
    query: Query,
    place: &Location<'_>,
) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut next = query.clone().limit(1000);
    loop {
        match audit.query(next).await {
            Ok(page) => {
                entries.extend(page.entries);
                match page.next_cursor {
                    Some(cursor) => next = query.clone().limit(1000).cursor(cursor),
                    None => return entries,
                }
            }
            Err(error) => panic!("{place}: the trail cannot be read: {error}"),
        }
    }
}

fn told(
    place: &Location<'_>,
    expected: &Query,
    count: usize,
    found: &[Entry],
    recorded: &[Entry],
) -> String {
    let pairs: Vec<_> = (expected.to_parameters().into_iter())
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let question = if pairs.is_empty() {
        "any entry".to_owned()
    } else {
        pairs.join(" ")
    };
    let mut text = format!(
        "{place}: expected {count} of {question}, found {}\n",
        found.len()
    );
    text.push_str(&listed(recorded));
    text
}

/// One line per entry, oldest first.
fn listed(newest_first: &[Entry]) -> String {
    if newest_first.is_empty() {
        return "nothing was recorded".to_owned();
    }
    let mut text = "recorded:".to_owned();
    for entry in newest_first.iter().rev() {
        let or_dash = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let _ = write!(
            text,
            "\n  #{} {} {} {}/{} user_id={} ip_address={} correlation_id={}",
            entry.seq,
            entry.action,
            entry.outcome.as_str(),
            entry.resource_type,
            or_dash(&entry.resource_id),
            or_dash(&entry.user_id),
            or_dash(&entry.ip_address),
            or_dash(&entry.correlation_id),
        );
        if let Some(context) = &entry.context {
            let _ = write!(text, " {context}");
        }
    }
    text
}
