use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;

/// Bytes of a block that takes a page.
const BLOCK: usize = 3_000;

fn begins(db: &Connection) {
    db.execute_batch("BEGIN; SELECT body FROM meta")
        .expect("it reads");
}

fn ends(db: &Connection) {
    db.execute_batch("COMMIT").expect("it ends");
}

#[test]
fn its_write_ahead_log_starts_over_beside_one_search_after_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.db-index");
    let wal = Wal::of(&path);
    let file = IndexFile::writing(&path, 1, &wal).expect("it is made");
    let readers = [(); 2].map(|()| Connection::open(&path).expect("it opens"));
    let (is_over, commits) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|threads| {
        let (is_over, commits) = (&is_over, &commits);
        threads.spawn(move || {
            begins(&readers[0]);
            for turn in 0.. {
                begins(&readers[(turn + 1) % 2]);
                // Past a commit, unless that one waits for this.
                let before = commits.load(Ordering::Relaxed);
                let goes_on = |_: &u32| commits.load(Ordering::Relaxed) == before;
                (0..40_000)
                    .take_while(goes_on)
                    .for_each(|_| std::hint::spin_loop());
                ends(&readers[turn % 2]);
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        let mut next = 0;
        let mut put = |blocks: u64| {
            let bodies = (next..next + blocks).map(|id| (id, vec![0; BLOCK]));
            next += blocks;
            let written = file.change(|| file.put(bodies.collect()));
            commits.fetch_add(1, Ordering::Relaxed);
            written.expect("it is written");
        };
        while wal.pages() < LONG_PAGES {
            put(100);
        }
        let starts_over = (0..300).any(|_| {
            file.next_at.set(LONG_PAGES);
            put(1);
            wal.pages() < LONG_PAGES
        });
        is_over.store(true, Ordering::Relaxed);
        assert!(starts_over, "{} pages", wal.pages());
    });
}
