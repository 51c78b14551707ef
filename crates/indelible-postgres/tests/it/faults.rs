//! Networks that fail at the worst moment: around the COMMIT, without a word, all at once.

use std::sync::Arc;
use std::time::Duration;

use indelible_core::engine::Engine;
use indelible_core::state::StateInMemory;
use indelible_core::store::StoreError;
use indelible_core::{AuditError, AuditProtocol, Delivery, Query, Receipt};
use indelible_postgres::{Options, PostgresStore};
use testbed::{Answer, Cluster, Proxy};
use tokio::task::JoinSet;

use crate::engine::{entry, event, expect_clean, expect_once, open, standard};
use crate::fixture::{Database, address};

/// No record takes longer than this, whatever happens: past all limits of `impatient`.
const AT_MOST: Duration = Duration::from_secs(60);

/// A database behind a proxy, and an engine on each side of it that are one installation.
struct Line {
    database: Database,
    proxy: Proxy,
    state: Arc<StateInMemory>,
}

impl Line {
    fn new() -> Self {
        Self {
            database: Database::new(),
            proxy: Proxy::start(Cluster::shared()),
            state: Arc::new(StateInMemory::new()),
        }
    }

    /// An engine behind the proxy.
    async fn engine(&self, options: &Options) -> Engine {
        let url = self.proxy.url(self.database.0.name(), "postgres");
        let store = PostgresStore::open_with(&address(&url), options).await;
        open(store.expect("it opens"), &self.state).await
    }

    /// An engine that is not cut off from anything.
    async fn beside(&self) -> Engine {
        open(self.database.store().await, &self.state).await
    }
}

fn impatient() -> Options {
    Options {
        connect_timeout: Duration::from_millis(500),
        statement_timeout: Duration::from_secs(1),
        lock_timeout: Duration::from_millis(500),
        idle_timeout: Duration::from_millis(250),
        ..Options::default()
    }
}

/// Options of one who waits long for locks, longer than any transaction may stand idle.
fn patient() -> Options {
    Options {
        lock_timeout: Duration::from_secs(20),
        statement_timeout: Duration::from_secs(30),
        idle_timeout: Duration::from_secs(40),
        ..Options::default()
    }
}

async fn record(engine: &Engine, number: u64) -> Result<Receipt, AuditError> {
    let recording = tokio::spawn({
        let audit = standard(engine);
        async move { audit.record(event(number)).await }
    });
    let answered = tokio::time::timeout(AT_MOST, recording).await;
    answered.expect("it answers in time").expect("it ends")
}

/// Whether whoever gets this error may take it that nothing was or will be stored.
fn says_nothing_is_stored(error: &AuditError) -> bool {
    !matches!(error, AuditError::Store(error) if matches!(**error, StoreError::Unknown { .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn t100_a_connection_cut_before_the_commit_arrives_is_settled_by_id() {
    for before in [0, 3] {
        let line = Line::new();
        let engine = line.engine(&impatient()).await;
        for number in 100..100 + before {
            record(&engine, number).await.expect("recorded");
        }
        line.proxy.cut_before_commit();
        let receipt = record(&engine, 1).await.expect("recorded");
        assert_eq!(line.proxy.counts().cut, 1);
        assert_eq!(receipt.delivery, Delivery::Recorded);
        assert_eq!(receipt.seq, Some(before), "nothing stayed of the first try");
        expect_once(&engine, 1, &receipt).await;
        expect_clean(&engine).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t100_a_connection_cut_after_the_commit_was_done_is_settled_by_id() {
    for before in [0, 3] {
        let line = Line::new();
        let engine = line.engine(&impatient()).await;
        for number in 100..100 + before {
            record(&engine, number).await.expect("recorded");
        }
        line.proxy.cut_after_commit();
        let receipt = record(&engine, 1).await.expect("recorded");
        assert_eq!(line.proxy.counts().cut, 1);
        assert_eq!(receipt.delivery, Delivery::Recorded);
        assert_eq!(receipt.seq, Some(before), "it was done at the first try");
        expect_once(&engine, 1, &receipt).await;
        let again = record(&engine, 1).await.expect("answered");
        assert_eq!(again.delivery, Delivery::Duplicate);
        assert_eq!(
            (again.seq, again.leaf_hash),
            (receipt.seq, receipt.leaf_hash)
        );
        expect_clean(&engine).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t100_a_late_commit_while_its_writer_settles_is_the_one_entry() {
    for before in [0, 3] {
        let line = Line::new();
        let engine = line.engine(&patient()).await;
        for number in 100..100 + before {
            record(&engine, number).await.expect("recorded");
        }
        line.proxy.hold_commit();
        let recording = tokio::spawn({
            let audit = standard(&engine);
            async move { audit.record(event(1)).await }
        });
        let mut counts = line.proxy.watch();
        counts
            .wait_for(|counts| counts.held == 1)
            .await
            .expect("held");
        // Somebody waits for whoever may still hold the head.
        let blocked = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() \
                       AND wait_event_type = 'Lock'";
        while line.database.0.query_text(blocked).is_empty() {
            assert!(!recording.is_finished(), "it did not wait: before {before}");
            tokio::task::yield_now().await;
        }
        assert_eq!(line.proxy.release(), Answer::Committed);
        let receipt = recording.await.expect("it ends").expect("recorded");
        assert_eq!(receipt.seq, Some(before));
        expect_once(&engine, 1, &receipt).await;
        expect_clean(&engine).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t61_a_commit_that_comes_after_its_transaction_was_given_up_is_lost() {
    for before in [0, 3] {
        let line = Line::new();
        let engine = line.engine(&impatient()).await;
        for number in 100..100 + before {
            record(&engine, number).await.expect("recorded");
        }
        line.proxy.hold_commit();
        // The server gives up the silent transaction; the writer, or the one after it, goes on.
        let first = record(&engine, 1).await;
        let receipt = match first {
            Ok(receipt) => receipt,
            Err(error) => {
                assert!(error.is_passing(), "{error}");
                record(&engine, 1).await.expect("recorded")
            }
        };
        let other = record(&line.beside().await, 2).await.expect("recorded");
        assert_eq!(line.proxy.release(), Answer::Lost, "before {before}");
        expect_once(&engine, 1, &receipt).await;
        expect_once(&engine, 2, &other).await;
        expect_clean(&engine).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t61_a_commit_that_may_still_come_is_never_called_undone() {
    expect_never_called_undone(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t61_the_first_commit_of_a_trail_that_may_still_come_is_never_called_undone() {
    expect_never_called_undone(0).await;
}

async fn expect_never_called_undone(before: u64) {
    let line = Line::new();
    // The writer gives up long before the server does.
    let options = Options {
        idle_timeout: Duration::from_secs(60),
        lock_timeout: Duration::from_millis(200),
        ..impatient()
    };
    let engine = line.engine(&options).await;
    for number in 100..100 + before {
        record(&engine, number).await.expect("recorded");
    }
    line.proxy.hold_commit();
    let error = record(&engine, 1).await.expect_err("it cannot know");
    assert!(entry(&line.beside().await, 1).await.is_none(), "not yet");
    assert_eq!(line.proxy.release(), Answer::Committed);
    let late = entry(&line.beside().await, 1).await;
    assert!(late.is_some(), "and there it is");
    assert!(
        !says_nothing_is_stored(&error),
        "it is stored, and the caller was told: {error}"
    );
    let receipt = record(&engine, 1).await.expect("answered");
    expect_once(&engine, 1, &receipt).await;
    record(&engine, 2).await.expect("recorded");
    expect_clean(&engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t100_batches_that_are_cut_at_their_commit_are_there_once() {
    let line = Line::new();
    let engine = line.engine(&impatient()).await;
    let audit = standard(&engine);
    for round in 0..4 {
        match round % 2 {
            0 => line.proxy.cut_before_commit(),
            _ => line.proxy.cut_after_commit(),
        }
        let numbers = round * 40..round * 40 + 40;
        let answers = audit.record_all(numbers.clone().map(event).collect()).await;
        for (number, answer) in numbers.zip(answers) {
            expect_once(&engine, number, &answer.expect("recorded")).await;
        }
    }
    assert_eq!(line.proxy.counts().cut, 4);
    let head = audit.head().await.expect("it reads").expect("there");
    assert_eq!(head.size, 160);
    expect_clean(&engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_swallows_everything_is_an_error_in_time() {
    let line = Line::new();
    let engine = line.engine(&impatient()).await;
    let audit = standard(&engine);
    record(&engine, 0).await.expect("recorded");
    for round in 1..3 {
        line.proxy.black_hole();
        let error = record(&engine, round).await.expect_err("nobody answers");
        assert!(error.is_passing(), "{error}");
        let query = tokio::time::timeout(AT_MOST, audit.query(Query::new())).await;
        assert!(query.expect("it answers in time").is_err());
        line.proxy.restore();
        let receipt = record(&engine, round).await;
        let receipt = receipt.expect("the next one goes through");
        expect_once(&engine, round, &receipt).await;
        let page = audit.query(Query::new()).await.expect("it answers");
        assert_eq!(page.entries.len() as u64, round + 1);
    }
    expect_clean(&engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_go_on_when_all_connections_are_cut_at_once() {
    let line = Line::new();
    let engine = line.engine(&Options::default()).await;
    record(&engine, 0).await.expect("recorded");
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let (audit, told) = (standard(&engine), told.clone());
        writers.spawn(async move {
            for n in 0..50 {
                let number = 1 + writer * 50 + n;
                let receipt = loop {
                    match audit.record(event(number)).await {
                        Ok(receipt) => break receipt,
                        Err(error) => assert!(error.is_passing(), "{error}"),
                    }
                };
                told.send((number, receipt)).expect("somebody listens");
            }
        });
    }
    drop(told);
    let mut receipts = Vec::new();
    while let Some(receipt) = heard.recv().await {
        receipts.push(receipt);
        if receipts.len() % 60 == 0 {
            line.proxy.cut_all();
        }
    }
    while let Some(ended) = writers.join_next().await {
        ended.expect("it ends");
    }
    assert_eq!(receipts.len(), 400);
    for (number, receipt) in &receipts {
        let found = entry(&engine, *number).await.expect("there");
        assert_eq!(
            (receipt.seq, receipt.leaf_hash),
            (Some(found.seq), Some(found.leaf_hash))
        );
    }
    let head = standard(&engine).head().await.expect("it reads");
    assert_eq!(head.expect("there").size, 401);
    expect_clean(&engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_reached_is_an_error_in_time() {
    let database = Database::new();
    let proxy = Proxy::start(Cluster::shared());
    let url = proxy.url(database.0.name(), "postgres");
    proxy.black_hole();
    let opening = tokio::spawn(async move {
        PostgresStore::open_with(&address(&url), &impatient())
            .await
            .err()
    });
    let opened = tokio::time::timeout(AT_MOST, opening).await;
    let error = opened.expect("it answers in time").expect("it ends");
    let error = error.expect("nobody answers");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
}
