//! Processes that are killed, and several that write at once: what was acknowledged is there.

use std::collections::BTreeSet;

use indelible::core::Store;
use indelible_sqlite::{Options, SqliteStore};

use crate::place::{Kind, on_both};
use crate::searching::{Plain, indexed};
use crate::site::{Site, standard, verify};
use crate::writing::{Writing, expect_all};

on_both! {
    t60_sys_40_a_killed_writer_loses_nothing_that_it_acknowledged,
    t22_t43_sys_27_sixty_four_writers_in_four_processes_keep_one_order,
}

/// Searches that are compared after each round.
const FILTERS: usize = 40;

/// Rounds of killing: a few in every test run, many in the long form.
fn rounds() -> usize {
    if is_long_form() { 200 } else { 10 }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the long form is asked for by the environment"
)]
pub fn is_long_form() -> bool {
    std::env::var_os("INDELIBLE_SOAK").is_some()
}

async fn t60_sys_40_a_killed_writer_loses_nothing_that_it_acknowledged(kind: Kind) {
    let site = Site::new(kind);
    let mut acknowledged = Vec::new();
    for round in 0..rounds() {
        let mut writing = Writing::start(site.writer(16, 100_000));
        let (mut receipts, mut refusals) = writing.lines(50 + 37 * (round % 8));
        writing.child.kill().expect("killed");
        // What it printed between the last line read and its end was acknowledged too.
        let (rest, refused) = writing.lines(usize::MAX);
        assert!(!writing.ended(), "it was killed at work");
        receipts.extend(rest);
        refusals.extend(refused);
        assert!(refusals.is_empty(), "{refusals:?}");
        assert!(!receipts.is_empty());
        expect_all(&site, &receipts).await;
        acknowledged.extend(receipts);
    }
    expect_all(&site, &acknowledged).await;
    let seqs: BTreeSet<u64> = acknowledged.iter().map(|receipt| receipt.seq).collect();
    assert_eq!(seqs.len(), acknowledged.len(), "no seq is given twice");
}

/// The index that a killed process leaves behind, whatever it was doing with it, changes no answer:
/// as it lies there, and once the next process has gone on with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_while_it_indexes_leaves_searches_as_they_are() {
    let site = Site::new(Kind::Sqlite);
    let mut most_runs = 0;
    for round in 0..rounds() {
        let mut writing = Writing::start(site.writer(8, 100_000));
        let (mut receipts, _) = writing.lines(120 + 61 * (round % 9));
        writing.child.kill().expect("killed");
        receipts.extend(writing.lines(usize::MAX).0);
        assert!(!writing.ended(), "it was killed at work");

        let options = Options {
            read_only: true,
            ..Options::default()
        };
        let file = site.place.file();
        let store = SqliteStore::open_with(file, &options).expect("opens");
        let plain = Plain::of(&store).await;
        plain.compare(&store, round, FILTERS).await;
        store.close().await.expect("closes");
        most_runs = most_runs.max(indexed(file).len());

        expect_all(&site, &receipts).await;
        let database = site.open().await;
        let store = &*database.engine().ground().store;
        plain.compare(store, round, FILTERS).await;
        assert!(verify(&standard(&database)).await.ok);
        database.close().await.expect("closes");
    }
    assert!(most_runs > 1, "it was killed among several runs");
}

async fn t22_t43_sys_27_sixty_four_writers_in_four_processes_keep_one_order(kind: Kind) {
    let site = Site::new(kind);
    // The first one makes the database; the others come to it.
    assert!(Writing::start(site.writer(1, 1)).ended());
    let mut writers: Vec<_> = (0..4)
        .map(|_| Writing::start(site.writer(16, 25)))
        .collect();
    let mut acknowledged = Vec::new();
    for writing in &mut writers {
        let (receipts, refusals) = writing.lines(usize::MAX);
        assert!(refusals.is_empty(), "{refusals:?}");
        assert!(writing.ended());
        acknowledged.extend(receipts);
    }
    let mut seqs: Vec<u64> = acknowledged.iter().map(|receipt| receipt.seq).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=4 * 16 * 25).collect::<Vec<u64>>());
    expect_all(&site, &acknowledged).await;
}
