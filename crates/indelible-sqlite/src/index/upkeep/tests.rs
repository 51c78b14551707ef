//! What stays in the file, and what becomes of it beside another process.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use indelible_core::store::Projected;

use super::*;
use crate::made::Log;
use crate::store::SqliteStore;

/// Entries of a run.
const RUN: u32 = 50;

/// What a process does for the index of a log.
pub(in crate::index) fn upkeep(log: &Log) -> Upkeep {
    let options = Options {
        index_entries: RUN,
        ..Options::default()
    };
    let (log, path) = (log.path(), files::beside(&log.path(), files::INDEX));
    let log_files = Files::of(&log);
    let files = Files::of(&path);
    let wal = Wal::of(&log);
    let shared = Arc::default();
    Upkeep::new((log, log_files), (wal, shared), (path, files), &options)
}

fn covers(work: &mut Upkeep) {
    while work.flush(1).expect("it covers") {}
    assert_eq!(work.lag(), 0);
}

#[test]
fn that_something_removed_may_stand_in_free_pages_outlives_whoever_freed_them() {
    let log = Log::of(600);
    assert!(upkeep(&log).flush(1).expect("it covers"));
    // More than what is covered: nothing of that is of the log any more.
    log.trim(60);
    let mut work = upkeep(&log);
    assert!(work.flush(1).expect("it covers"));
    assert!(work.is_unswept());
    drop(work);
    let mut work = upkeep(&log);
    covers(&mut work);
    assert!(work.is_unswept(), "the runs that nobody believed");
    work.purge().expect("nothing is left");
    assert!(!work.is_unswept());
    drop(work);
    let mut work = upkeep(&log);
    covers(&mut work);
    assert!(!work.is_unswept(), "it was swept");
    drop(work);

    log.trim(90);
    let mut work = upkeep(&log);
    work.empty().expect("it is emptied");
    drop(work);
    let mut work = upkeep(&log);
    covers(&mut work);
    assert!(work.is_unswept(), "what was there before it was emptied");
}

#[test]
fn what_another_process_frees_amid_a_sweep_is_told_after_it() {
    let log = Log::of(200);
    let (mut one, mut other) = (upkeep(&log), upkeep(&log));
    covers(&mut one);
    let frees: [fn(&mut Upkeep) -> bool; 2] =
        [|it| it.rewrites(1).is_ok(), |it| it.empty().is_ok()];
    for frees in frees {
        // As a sweep does it.
        let freed = one.takes_away().expect("nothing is left");
        assert!(frees(&mut other));
        let file = one.file().expect("it is open");
        assert!(!file.mark_swept(freed).expect("it is kept"));
    }
    drop((one, other));
    let mut work = upkeep(&log);
    covers(&mut work);
    assert!(work.is_unswept());
    work.purge().expect("nothing is left");
    assert!(!work.is_unswept());
}

#[test]
fn a_merge_that_another_process_begins_amid_a_sweep_is_given_up() {
    let log = Log::of(450);
    let (mut one, mut other) = (upkeep(&log), upkeep(&log));
    covers(&mut one);
    covers(&mut other);
    log.erase(10..20);
    // As a sweep does it, with the beginning of the merge after that of the sweep.
    one.gives_up_merge(None).expect("none is under way");
    let runs = other.trails[&1]
        .covered
        .clone()
        .expect("it is covered")
        .runs;
    assert!(runs.len() > 8 && other.begins(1, (0, runs)).expect("it begins"));
    one.look().expect("it looks");
    one.rewrites(1).expect("it is written anew");
    let meta = one.file().expect("it is open").meta().expect("it reads");
    assert_eq!(meta.merging, None);
    let before = files::id_now(&one.path).expect("it is there");
    other.step(u64::MAX).expect("it is no damage");
    assert_eq!(files::id_now(&one.path).expect("it is there"), before);
    one.purge().expect("nothing is left");
}

#[test]
fn a_merge_of_runs_that_are_not_believed_any_more_is_given_up() {
    let log = Log::of(450);
    let (mut one, mut other) = (upkeep(&log), upkeep(&log));
    while one.trails.is_empty() || one.lag() > RUN.into() {
        assert!(one.flush(1).expect("it covers"));
    }
    other.look().expect("it looks");
    let runs = other.trails[&1]
        .covered
        .clone()
        .expect("it is covered")
        .runs;
    assert!(runs.len() == 8 && other.begins(1, (0, runs)).expect("it begins"));
    log.trim(410);
    covers(&mut one);
    other.step(u64::MAX).expect("it is no damage");
}

#[test]
fn a_purge_that_cannot_take_a_damaged_index_away_says_so() {
    let log = Log::of(10);
    let mut work = upkeep(&log);
    std::fs::write(&work.path, "rubbish".repeat(1_000)).expect("it is written");
    std::fs::create_dir(files::beside(&work.path, "-shm")).expect("it is made");
    for time in ["at first", "again"] {
        let purged = work.purge();
        assert!(
            matches!(purged, Err(StoreError::Unavailable { .. })),
            "{time}: {purged:?}"
        );
    }
    std::fs::remove_dir(files::beside(&work.path, "-shm")).expect("it goes");
    work.purge().expect("nothing is left");
}

#[tokio::test]
async fn a_purge_whose_thread_is_gone_says_so() {
    let log = Log::of(10);
    let store = SqliteStore::open(log.path()).expect("it opens");
    store.index.purge().await.expect("nothing is left");
    store.index.close().await;
    let purged = store.index.purge().await;
    assert!(
        matches!(purged, Err(StoreError::Unavailable { .. })),
        "{purged:?}"
    );
}

#[test]
fn whoever_opens_it_meets_one_file_while_it_is_made_anew() {
    let log = Log::of(60);
    let options = Options {
        read_only: true,
        ..Options::default()
    };
    let index = crate::index::Index::of(&log.path(), &Files::of(&log.path()), &options);
    let index = index.expect("it opens");
    let mut work = upkeep(&log);
    let (opened, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                let mut readers = VecDeque::new();
                while !is_over.load(Ordering::Relaxed) {
                    readers.extend(index.reading().ok().flatten());
                    // Some stay open until others are, as those of other searches do.
                    for (file, _) in &readers {
                        opened.fetch_add(u64::from(file.meta().is_ok()), Ordering::Relaxed);
                    }
                    if readers.len() > 4 {
                        readers.pop_front();
                    }
                }
            });
        }
        let made = (0..1_000).filter(|_| {
            let is_made = matches!(work.flush(1), Ok(true));
            work.discard().is_ok() && is_made
        });
        assert!(made.count() > 100, "it was hardly ever made");
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(opened.into_inner() > 100, "hardly anybody read it");
}

#[test]
fn bytes_of_the_index_are_counted_beside_the_entries_that_they_are_of() {
    let log = Log::of(600);
    let bytes =
        || std::fs::metadata(files::beside(&log.path(), files::INDEX)).map_or(0, |f| f.len());
    // What the next process reads.
    let written = |mut work: Upkeep| {
        covers(&mut work);
        work.merge_all().expect("it merges");
        work.close();
        let mut work = upkeep(&log);
        work.file()
            .expect("it opens")
            .meta()
            .expect("it reads")
            .written
    };
    let first = written(upkeep(&log)).index;
    // Each page at least to the log and to the file.
    assert_eq!(first.entries, 600);
    assert!(first.bytes > 2 * bytes(), "{first:?} of {}", bytes());
    assert!(first.bytes < 40 * bytes(), "{first:?} of {}", bytes());

    let mut work = upkeep(&log);
    work.empty().expect("it is emptied");
    let second = written(work);
    assert_eq!(second.index.entries, 1_200);
    let bytes = first.bytes + 2 * bytes();
    assert!(second.index.bytes > bytes, "{second:?}");
    // Nothing was recorded by this process.
    assert_eq!(second.log.entries, 0);
}

#[test]
fn a_gap_in_the_log_keeps_nothing_that_was_erased() {
    let log = Log::of(120);
    let mut work = upkeep(&log);
    covers(&mut work);
    log.erase(10..20);
    let gap = crate::row::place(1, 15);
    for table in ["part", "entry"] {
        let sql = format!("DROP TRIGGER {table}_delete");
        log.db.execute_batch(&sql).expect("it goes");
    }
    for sql in [crate::sql::PARTS_DELETE, crate::sql::ENTRIES_DELETE] {
        log.db.execute(sql, [gap, gap]).expect("it is lost");
    }
    work.purge().expect("nothing is left");
    let file = work.file().expect("it is open");
    assert_eq!(file.covered(1).expect("it reads"), None);
    let blocks = "SELECT count(*) FROM block";
    let blocks: u64 = file
        .db
        .query_row(blocks, [], |row| row.get(0))
        .expect("it reads");
    assert_eq!(blocks, 0);
    // Up to the gap, and no further.
    while matches!(work.flush(1), Ok(true)) {}
    let covered = work.trails[&1].covered.clone().expect("it is covered");
    assert_eq!(covered.end(), 15);
}

#[test]
fn making_it_waits_for_others_that_write_it() {
    let log = Log::of(2_000);
    let (mut work, mut other) = (upkeep(&log), upkeep(&log));
    assert!(work.flush(1).expect("it covers"));
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for turn in 0..200 {
                let first = (1 << 50) + turn * 200;
                let bodies = || (first..first + 200).map(|id| (id, vec![0; 2_000]));
                let file = other.file().expect("it opens");
                // What is met busy is left out.
                let _ = file.change(|| file.put(bodies().collect()));
            }
        });
        while work.lag() > 0 {
            assert!(work.advance(STEADY).expect("it waits"));
        }
        work.merge_all().expect("it waits");
    });
    assert!(
        work.trails[&1]
            .covered
            .as_ref()
            .expect("all of it")
            .runs
            .len()
            < FAN_IN
    );
}

#[test]
fn those_that_record_a_little_and_end_leave_few_runs() {
    let log = Log::of(1);
    for _ in 0..60 {
        log.grow(CLOSE_ENTRIES);
        upkeep(&log).close();
    }
    let mut work = upkeep(&log);
    work.look().expect("it looks");
    let covered = work.trails[&1].covered.clone().expect("it is covered");
    assert!(covered.end() > 2_500, "{}", covered.end());
    assert!(covered.runs.len() < 2 * FAN_IN, "{}", covered.runs.len());
}

#[test]
fn a_merge_of_a_killed_process_is_done_by_those_that_end() {
    let log = Log::of(450);
    let mut killed = upkeep(&log);
    covers(&mut killed);
    let runs = |work: &Upkeep| work.trails[&1].covered.clone().expect("it is covered").runs;
    let due = runs(&killed);
    assert!(killed.begins(1, (0, due.clone())).expect("it begins"));
    drop(killed);
    let looks = || {
        let mut work = upkeep(&log);
        work.look().expect("it looks");
        work
    };
    for _ in 0..STANDS_STILL_MAX {
        looks().close();
    }
    assert_eq!(runs(&looks()), due, "it may be slow");
    looks().close();
    assert_eq!(runs(&looks()).len(), 1);
}

#[test]
fn a_pass_that_nobody_goes_on_with_keeps_nothing_from_being_swept() {
    let log = Log::of(120);
    let mut work = upkeep(&log);
    covers(&mut work);
    let options = Options {
        read_only: true,
        ..Options::default()
    };
    let index = crate::index::Index::of(&log.path(), &Files::of(&log.path()), &options);
    let index = index.expect("it opens");
    let trail = indelible_core::TrailName::standard();
    let page = |after: Option<&Projected>| {
        let after = after.and_then(|row| match row {
            Projected::Term(term) => Some(term.clone()),
            _ => None,
        });
        let asked = (after.as_ref(), 10);
        index.scans().page(&index, &log.db, &trail, asked)
    };
    let first = page(None).expect("it begins");
    log.erase(10..20);
    let mut sweeps = || work.sweep(Duration::ZERO).is_ok();
    assert!(!sweeps(), "somebody reads");
    index.scans().end_idle();
    let second = page(first.last()).expect("it goes on");
    index.scans().end_idle();
    assert!(!sweeps(), "somebody reads");
    index.scans().end_idle();
    assert!(sweeps());
    page(second.last()).expect_err("it must begin anew");
}
