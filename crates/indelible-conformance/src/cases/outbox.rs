//! The outbox: rows of callers' own transactions, and their way into the trails.

use std::collections::HashMap;
use std::sync::Arc;

use indelible_core::engine::{Engine, Ground, Options};
use indelible_core::outbox::{
    Drain, EVENT_BYTES_MAX, NAME_CHARS_MAX, READ_BYTES_MAX, Settlement, Standing,
};
use indelible_core::redact::Redactor;
use indelible_core::state::StateInMemory;
use indelible_core::{
    AuditAction, AuditEvent, AuditProtocol, Entropy, MemoryStore, Query, SystemClock, TrailName,
};
use uuid::Uuid;

use crate::database::{Database, End, OutboxUnderTest};

/// More rows than a drain reads at once.
const MANY: u64 = 600;

/// The database with its schema, and the outbox in it.
async fn outbox(database: &dyn Database) -> Arc<dyn OutboxUnderTest> {
    let _opened = database.open().await;
    let outbox = database.outbox().await;
    outbox.expect("a database that claims an outbox has one")
}

async fn texts(
    outbox: &dyn OutboxUnderTest,
    passed_over: &[TrailName],
    limit: usize,
) -> Vec<String> {
    let rows = outbox.waiting(passed_over, limit).await.expect("it reads");
    let positions: Vec<i64> = rows.iter().map(|row| row.position).collect();
    assert!(positions.is_sorted_by(|a, b| a < b), "{positions:?}");
    let text = |event: Option<Vec<u8>>| String::from_utf8(event.expect("short")).expect("text");
    rows.into_iter().map(|row| text(row.event)).collect()
}

/// A fresh outbox holds nothing.
pub async fn a_fresh_outbox_is_empty(database: &dyn Database) {
    let outbox = outbox(database).await;
    assert!(texts(&*outbox, &[], 10).await.is_empty());
    let standing = outbox.standing().await.expect("it counts");
    assert_eq!(standing, Standing::default());
    assert!(outbox.refused(10).await.expect("it reads").is_empty());
}

/// What one transaction inserted waits in that order, with a time.
pub async fn committed_rows_wait_in_the_order_of_their_transaction(database: &dyn Database) {
    let outbox = outbox(database).await;
    let rows = [("b", "1"), ("a", "2"), ("b", "3")];
    outbox.insert(&rows, End::Commit).await;
    let waiting = outbox.waiting(&[], 10).await.expect("it reads");
    let there: Vec<_> = waiting
        .iter()
        .map(|row| (&*row.trail, row.event.as_deref()))
        .collect();
    let given = rows.map(|(trail, event)| (trail, Some(event.as_bytes())));
    assert_eq!(there, given);
    assert!(waiting.iter().all(|row| row.queued_at.is_some()));
    let standing = outbox.standing().await.expect("it counts");
    assert_eq!((standing.waiting, standing.refused), (3, 0));
    assert_eq!(standing.waiting_since, waiting[0].queued_at);
}

/// What was rolled back was never there.
pub async fn rolled_back_rows_are_never_seen(database: &dyn Database) {
    let outbox = outbox(database).await;
    outbox
        .insert(&[("a", "1"), ("a", "2")], End::Rollback)
        .await;
    assert!(texts(&*outbox, &[], 10).await.is_empty());
    outbox.insert(&[("a", "3")], End::Commit).await;
    outbox.insert(&[("a", "4")], End::Rollback).await;
    assert_eq!(texts(&*outbox, &[], 10).await, ["3"]);
}

/// A limit takes the lowest.
pub async fn a_read_begins_at_the_lowest_and_is_cut_at_the_limit(database: &dyn Database) {
    let outbox = outbox(database).await;
    outbox.insert(&[("a", "1"), ("a", "2")], End::Commit).await;
    outbox.insert(&[("a", "3")], End::Commit).await;
    assert_eq!(texts(&*outbox, &[], 2).await, ["1", "2"]);
    assert_eq!(
        texts(&*outbox, &[], 2).await,
        ["1", "2"],
        "reading takes nothing"
    );
}

/// Rows of trails that are passed over are left out.
pub async fn trails_can_be_passed_over(database: &dyn Database) {
    let outbox = outbox(database).await;
    let rows = [("a", "1"), ("b", "2"), ("c", "3"), ("a", "4")];
    outbox.insert(&rows, End::Commit).await;
    let name = |name: &str| name.parse::<TrailName>().expect("a name");
    assert_eq!(texts(&*outbox, &[name("a")], 2).await, ["2", "3"]);
    assert_eq!(texts(&*outbox, &[name("c"), name("a")], 9).await, ["2"]);
}

/// A position is given once.
pub async fn what_was_moved_is_gone_and_its_position_with_it(database: &dyn Database) {
    let outbox = outbox(database).await;
    outbox.insert(&[("a", "1"), ("a", "2")], End::Commit).await;
    let rows = outbox.waiting(&[], 9).await.expect("it reads");
    let moved = rows.iter().map(|row| row.position).collect();
    let settlement = Settlement {
        moved,
        ..Settlement::default()
    };
    outbox.settle(&settlement).await.expect("it settles");
    assert!(texts(&*outbox, &[], 9).await.is_empty());
    outbox.insert(&[("a", "3")], End::Commit).await;
    let next = outbox.waiting(&[], 9).await.expect("it reads");
    assert!(next[0].position > rows[1].position);
}

/// A refused row stays.
pub async fn what_is_refused_stays_with_its_reason_and_waits_no_more(database: &dyn Database) {
    let outbox = outbox(database).await;
    let rows = [("a", "1"), ("b", "2"), ("a", "3")];
    outbox.insert(&rows, End::Commit).await;
    let waiting = outbox.waiting(&[], 9).await.expect("it reads");
    let settlement = Settlement {
        moved: vec![waiting[0].position],
        refused: vec![(waiting[1].position, "für immer".to_owned())],
    };
    outbox.settle(&settlement).await.expect("it settles");
    assert_eq!(texts(&*outbox, &[], 9).await, ["3"]);
    let refused = outbox.refused(9).await.expect("it reads");
    assert_eq!(refused.len(), 1);
    let trail = refused[0].trail.as_ref().map(TrailName::as_str);
    assert_eq!(
        (refused[0].position, trail, &*refused[0].reason),
        (waiting[1].position, Some("b"), "für immer")
    );
    let standing = outbox.standing().await.expect("it counts");
    assert_eq!((standing.waiting, standing.refused), (1, 1));
    assert_eq!(standing.waiting_since, waiting[2].queued_at);
}

/// A drain meets a row whose two columns are swapped: nothing of it is shown.
pub async fn what_stands_in_the_wrong_column_is_not_shown(database: &dyn Database) {
    let outbox = outbox(database).await;
    let swapped = "{\"password\":\"hunter2\"}";
    outbox.insert(&[(swapped, "a")], End::Commit).await;
    let rows = Arc::new(MemoryStore::new());
    let engine = engine(&rows, &Arc::new(StateInMemory::new())).await;
    let mut drain = Drain::new(engine, outbox.clone());
    assert_eq!(drain.pass().await.expect("a pass").refused, 1);
    let refused = outbox.refused(9).await.expect("it reads");
    assert_eq!((refused.len(), &refused[0].trail), (1, &None));
    assert!(!format!("{refused:?}").contains("hunter2"), "{refused:?}");
}

/// A second drain settles what a first one did.
pub async fn settling_again_changes_nothing(database: &dyn Database) {
    let outbox = outbox(database).await;
    outbox
        .insert(&[("a", "1"), ("a", "2"), ("a", "3")], End::Commit)
        .await;
    let rows = outbox.waiting(&[], 9).await.expect("it reads");
    let settlement = |reason: &str| Settlement {
        moved: vec![rows[0].position],
        refused: vec![(rows[1].position, reason.to_owned())],
    };
    outbox
        .settle(&settlement("first"))
        .await
        .expect("it settles");
    outbox
        .settle(&settlement("second"))
        .await
        .expect("it settles");
    outbox
        .settle(&Settlement::default())
        .await
        .expect("it settles");
    assert_eq!(texts(&*outbox, &[], 9).await, ["3"]);
    assert_eq!(
        outbox.refused(9).await.expect("it reads")[0].reason,
        "first"
    );
}

/// Other programs write here: nothing they write keeps the rest from being read.
pub async fn any_text_can_be_read(database: &dyn Database) {
    let outbox = outbox(database).await;
    let rows = [
        ("", ""),
        ("'; DROP", "{\"a\": [1, "),
        ("ä\u{2028}", "\u{feff}\t\n"),
        ("a", "x"),
    ];
    outbox.insert(&rows, End::Commit).await;
    let there = outbox.waiting(&[], 9).await.expect("it reads");
    let there: Vec<_> = there
        .iter()
        .map(|row| (&*row.trail, row.event.as_deref()))
        .collect();
    assert_eq!(
        there,
        rows.map(|(trail, event)| (trail, Some(event.as_bytes())))
    );
}

/// One huge row does not come into memory.
pub async fn an_event_that_is_too_long_is_answered_without_its_text(database: &dyn Database) {
    let outbox = outbox(database).await;
    // Two bytes a letter: it is bytes that are counted.
    let longest = "ä".repeat(EVENT_BYTES_MAX / 2);
    let longer = format!("{longest}x");
    outbox
        .insert(&[("a", &longest), ("a", &longer)], End::Commit)
        .await;
    let there = outbox.waiting(&[], 9).await.expect("it reads");
    assert_eq!(there[0].event.as_deref(), Some(longest.as_bytes()));
    assert_eq!(there[1].event, None);
}

/// Many long rows, or one with a huge name, do not come into memory.
pub async fn a_read_is_cut_at_its_bytes_and_a_name_at_its_own(database: &dyn Database) {
    let outbox = outbox(database).await;
    let name = "ä".repeat(100_000);
    outbox.insert(&[(&name, "1")], End::Commit).await;
    let long = "x".repeat(EVENT_BYTES_MAX);
    let rows = [("a", &*long); 12];
    outbox.insert(&rows, End::Commit).await;
    let read = outbox.waiting(&[], 100).await.expect("it reads");
    assert_eq!(read[0].trail, "ä".repeat(NAME_CHARS_MAX));
    let bytes: usize = read
        .iter()
        .filter_map(|row| row.event.as_ref())
        .map(Vec::len)
        .sum();
    let bounds = READ_BYTES_MAX - EVENT_BYTES_MAX..=READ_BYTES_MAX + EVENT_BYTES_MAX;
    assert!(bounds.contains(&bytes), "{bytes} bytes");
    let settlement = Settlement {
        moved: Vec::new(),
        refused: vec![(read[0].position, "no trail".to_owned())],
    };
    outbox.settle(&settlement).await.expect("it settles");
    let rest = outbox.waiting(&[], 1).await.expect("it reads");
    assert_eq!(rest[0].position, read[1].position);
}

/// The whole way, with transactions that interleave with rolled back ones.
pub async fn a_drain_moves_committed_rows_once_and_in_order(database: &dyn Database) {
    let outbox = outbox(database).await;
    fill(&*outbox).await;
    let engine = engine(
        &Arc::new(MemoryStore::new()),
        &Arc::new(StateInMemory::new()),
    )
    .await;
    let mut drain = Drain::new(engine.clone(), outbox.clone());
    let moved = drain.pass().await.expect("a pass");
    assert_eq!(
        (moved.recorded, moved.duplicates, moved.refused),
        (MANY, 0, 1)
    );
    expect_moved(&engine, &*outbox).await;
}

/// Two engines, as of two processes, on one trail.
pub async fn drains_of_two_handles_move_each_row_once_and_in_order(database: &dyn Database) {
    let outbox = outbox(database).await;
    fill(&*outbox).await;
    let (store, state) = (Arc::new(MemoryStore::new()), Arc::new(StateInMemory::new()));
    let mut tasks = Vec::new();
    let engine = engine(&store, &state).await;
    for own in [engine.clone(), self::engine(&store, &state).await] {
        let second = database.outbox().await.expect("an outbox");
        let mut drain = Drain::new(own, second);
        tasks.push(tokio::spawn(
            async move { drain.pass().await.expect("a pass") },
        ));
    }
    let mut recorded = 0;
    for task in tasks {
        recorded += task.await.expect("the task ends").recorded;
    }
    assert_eq!(recorded, MANY, "each by one of the two");
    expect_moved(&engine, &*outbox).await;
}

/// Transactions of ten rows, every second one rolled back, and a row that is no event.
async fn fill(outbox: &dyn OutboxUnderTest) {
    outbox.insert(&[("default", "no event")], End::Commit).await;
    for transaction in 0..MANY / 10 {
        for end in [End::Rollback, End::Commit] {
            let event = |place: u64| {
                let number =
                    u128::from(transaction * 10 + place) * 2 + u128::from(end == End::Commit);
                AuditEvent::new(AuditAction::custom("moved"), "row")
                    .id(Uuid::from_u128(number + 1))
                    .resource_id(format!("{end:?} {transaction}/{place}"))
            };
            let texts: Vec<String> = (0..10)
                .map(|place| String::from_utf8(event(place).to_json()).expect("text"))
                .collect();
            let rows: Vec<_> = texts.iter().map(|text| ("default", &**text)).collect();
            outbox.insert(&rows, end).await;
        }
    }
}

async fn expect_moved(engine: &Engine, outbox: &dyn OutboxUnderTest) {
    let standing = outbox.standing().await.expect("it counts");
    assert_eq!((standing.waiting, standing.refused), (0, 1));
    let audit = engine.trail(TrailName::standard());
    let page = audit.query(Query::new().limit(1000)).await.expect("a page");
    assert_eq!(page.entries.len() as u64, MANY);
    let mut next: HashMap<String, u64> = HashMap::new();
    for entry in page.entries.into_iter().rev() {
        let resource = entry.resource_id.expect("a resource");
        let resource = resource
            .strip_prefix("Commit ")
            .expect("of a committed transaction");
        let (transaction, place) = resource.split_once('/').expect("two numbers");
        let next = next.entry(transaction.to_owned()).or_default();
        assert_eq!(place, next.to_string(), "transaction {transaction}");
        *next += 1;
    }
}

async fn engine(store: &Arc<MemoryStore>, state: &Arc<StateInMemory>) -> Engine {
    let ground = Ground {
        store: store.clone(),
        registry: store.clone(),
        state: state.clone(),
        installation: "test.example".to_owned(),
        clock: Arc::new(SystemClock::new()),
        entropy: Arc::new(Counted::default()),
        redactor: Arc::new(Redactor::default_mask()),
    };
    let options = Options {
        long_lived: false,
        ..Options::default()
    };
    Engine::open(ground, options).await.expect("it opens")
}

/// Bytes that differ at every call.
#[derive(Default)]
pub(super) struct Counted(std::sync::atomic::AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let next = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let mixed = next.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&mixed.to_be_bytes()[..chunk.len()]);
        }
    }
}
