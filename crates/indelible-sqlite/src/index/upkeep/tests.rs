//! What stays in the file, and what becomes of it beside another process.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;
use crate::made::Log;
use crate::store::SqliteStore;

/// Entries of a run.
const RUN: u32 = 50;

/// What a process does for the index of a log.
fn upkeep(log: &Log) -> Upkeep {
    let options = Options {
        index_entries: RUN,
        ..Options::default()
    };
    let (log, path) = (log.path(), files::beside(&log.path(), "-index"));
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
    let bytes = || std::fs::metadata(files::beside(&log.path(), "-index")).map_or(0, |f| f.len());
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
