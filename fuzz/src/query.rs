//! Questions: parameters and cursors.

use std::cell::OnceCell;

use indelible_core::engine::Audit;
use indelible_core::{
    AuditAction, AuditError, AuditEvent, AuditProtocol, Page, Query, Timestamp, TrailName,
};

use crate::memory::{engine, wait};

/// Entries of the trail that is asked, and of a page.
const ENTRIES: usize = 20;
const PAGE: i64 = 3;

thread_local! {
    static ASKED: OnceCell<Asked> = const { OnceCell::new() };
}

struct Asked {
    audit: Audit,
    /// Every cursor that the pages of the whole trail name.
    cursors: Vec<String>,
}

fn asked<T>(ask: impl FnOnce(&Asked) -> T) -> T {
    ASKED.with(|asked| ask(asked.get_or_init(Asked::new)))
}

impl Asked {
    fn new() -> Self {
        let audit = engine().trail(TrailName::standard());
        let event = |n: usize| {
            let time = Timestamp::from_micros(n as i64);
            AuditEvent::new(AuditAction::DATA_VIEWED, "statement")
                .user_id(format!("u-{}", n % 3))
                .occurred_at(time)
        };
        let receipts = wait(audit.record_all((0..ENTRIES).map(event).collect()));
        assert!(receipts.iter().all(Result::is_ok));
        let mut cursors = Vec::new();
        let mut query = question();
        while let Some(cursor) = wait(audit.query(query)).expect("a page").next_cursor {
            query = question().cursor(cursor.clone());
            cursors.push(cursor);
        }
        Self { audit, cursors }
    }

    fn ask(&self, query: Query) -> Option<Page> {
        match wait(self.audit.query(query)) {
            Ok(page) => Some(page),
            Err(AuditError::Query(_)) => None,
            Err(error) => panic!("a question is answered or ill-formed: {error}"),
        }
    }
}

fn question() -> Query {
    Query::new().limit(PAGE)
}

fn is_page(page: &Page) {
    let seqs: Vec<_> = page.iter().map(|entry| entry.seq).collect();
    assert!(seqs.is_sorted_by(|one, next| one > next), "{seqs:?}");
    assert!(seqs.iter().all(|seq| *seq < page.as_of), "{seqs:?}");
    assert!(seqs.len() <= page.limit);
    assert_eq!(page.has_more, page.next_cursor.is_some());
    assert!(
        !page.has_more || seqs.len() == page.limit,
        "a page is short and not the last"
    );
}

/// Any text as a cursor, and every cursor with some of it replaced: the first byte chooses the
/// cursor, the second where the rest of the input is put.
pub fn cursor(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    asked(|asked| {
        if let Some(page) = asked.ask(question().cursor(text)) {
            is_page(&page);
        }
        let mut rest = text.chars();
        let (Some(which), Some(place)) = (rest.next(), rest.next()) else {
            return;
        };
        let given = &asked.cursors[which as usize % asked.cursors.len()];
        let at = place as usize % given.len();
        let put = rest.as_str();
        let end = given.len().min(at + put.len());
        let altered = format!("{}{put}{}", &given[..at], &given[end..]);
        let page = asked.ask(question().cursor(altered.clone()));
        let is_known = asked.cursors.contains(&altered);
        assert_eq!(page.is_some(), is_known, "{altered:?} for {given:?}");
        let other = question().user_id("u-1").cursor(given.clone());
        assert!(
            asked.ask(other).is_none(),
            "a cursor of another question was taken"
        );
    });
}

/// A query string that is read is the same question when it is printed and read again, and gets
/// an answer or an error that names a field.
pub fn parameters(input: &[u8]) {
    let pairs: Vec<_> = form_urlencoded::parse(input).collect();
    let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
    let Ok(query) = Query::from_parameters_undated(pairs) else {
        return;
    };
    let printed = query.to_parameters();
    let again = printed.iter().map(|(name, value)| (*name, value.as_str()));
    let again = Query::from_parameters_undated(again).expect("what was printed");
    assert_eq!(again, query, "printed, it is another question");
    let now = Timestamp::from_micros(1_767_225_600_000_000);
    let dated = query.clone().dated(now);
    assert_eq!(dated.clone().dated(now), dated, "dates stand still");
    asked(|asked| {
        if let Some(page) = asked.ask(dated) {
            is_page(&page);
        }
    });
}
