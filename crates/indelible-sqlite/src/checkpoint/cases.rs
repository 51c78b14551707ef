use rusqlite::Connection;

use super::*;
use crate::files::beside;

const TIMEOUT: Duration = Duration::from_secs(5);
/// A row of so many bytes takes about 256 pages of the log.
const ROW: i64 = 1 << 20;

/// A database, its writing connection, and what copies its log.
struct Case {
    db: Connection,
    open: Option<Open>,
    files: Arc<Files>,
    checkpoints: Checkpoints,
    folder: tempfile::TempDir,
}

impl Case {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let plain = Connection::open(&path).unwrap();
        plain.pragma_update(None, "journal_mode", "WAL").unwrap();
        plain.execute_batch("CREATE TABLE t (v BLOB)").unwrap();
        drop(plain);
        let files = Files::of(&path);
        let open = files.open().unwrap();
        let mut db = connection::writing(&path, TIMEOUT).unwrap();
        db.query_row("PRAGMA schema_version", [], |_| Ok(()))
            .unwrap();
        files.remember().unwrap();
        let wal = Wal::of(&path);
        wal.follow(&mut db).unwrap();
        let checkpoints = Checkpoints::start(path, (Arc::clone(&files), wal), TIMEOUT).unwrap();
        Self {
            db,
            open: Some(open),
            files,
            checkpoints,
            folder,
        }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("log.db")
    }

    fn commit(&mut self, bytes: i64) {
        self.db
            .execute("INSERT INTO t VALUES (zeroblob(?1))", [bytes])
            .unwrap();
        self.checkpoints.after_commit(&self.db);
    }

    fn pages(&self) -> u32 {
        self.checkpoints.wal.pages()
    }

    fn state(&self) -> State {
        *self.checkpoints.shared.lock()
    }

    /// Commits until the thread is told to copy, and waits until it has.
    fn fill(&mut self) -> State {
        while self.state() == State::Idle {
            self.commit(ROW);
        }
        let shared = &self.checkpoints.shared;
        let state = shared.lock();
        let copied = shared
            .moved
            .wait_while(state, |state| *state == State::Copying)
            .unwrap();
        *copied
    }
}

#[test]
fn the_log_starts_over_after_what_the_thread_has_copied() {
    let mut case = Case::new();
    for _ in 0..3 {
        let State::Copied(copied) = case.fill() else {
            panic!("nothing was copied");
        };
        assert!(copied >= PAGES, "{copied}");
        assert!(copied <= case.pages());
        // The writer copies the rest, and the commit after that begins the log anew.
        case.commit(1);
        assert!(case.state() == State::Idle);
        case.commit(1);
        assert!(case.pages() < 16, "{}", case.pages());
        // And what was copied is whole.
        let whole: String = case
            .db
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(whole, "ok");
    }
}

#[test]
fn what_a_reader_needs_stays_and_is_copied_when_more_has_come() {
    let mut case = Case::new();
    let reader = Connection::open(case.path()).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let last = |db: &Connection| -> i64 {
        db.query_row("SELECT max(rowid) FROM t", [], |row| row.get(0))
            .unwrap()
    };
    case.commit(1);
    assert_eq!(last(&reader), 1);
    let State::Copied(copied) = case.fill() else {
        panic!("the thread gave no answer");
    };
    assert!(copied < 16, "{copied}");
    let before = case.pages();
    case.commit(1);
    assert!(case.pages() > before, "the log began anew under a reader");
    assert_eq!(last(&reader), 1);
    // Nobody tries with every commit.
    assert!(case.state() == State::Idle);
    assert!(case.checkpoints.next_at >= before + RETRY_PAGES);
    reader.execute_batch("COMMIT").unwrap();
    let State::Copied(copied) = case.fill() else {
        panic!("the thread gave no answer");
    };
    assert!(copied >= before + RETRY_PAGES, "{copied}");
    case.commit(1);
    case.commit(1);
    assert!(case.pages() < 16, "{}", case.pages());
}

#[test]
fn the_log_starts_over_between_commits_that_are_large() {
    let mut case = Case::new();
    for _ in 0..6 {
        case.commit(ROW);
    }
    // As where the thread has copied what was before, while this one was under way.
    case.checkpoints.shared.tell(State::Copied(case.pages()));
    case.commit(4 * ROW);
    assert!(case.state() == State::Idle);
    case.commit(1);
    assert!(case.pages() < 16, "{}", case.pages());
}

#[test]
fn a_reader_that_stays_is_waited_for_ever_more_rarely() {
    let mut case = Case::new();
    let reader = Connection::open(case.path()).unwrap();
    reader
        .execute_batch("BEGIN; SELECT * FROM sqlite_schema")
        .unwrap();
    while case.pages() < LONG_PAGES {
        case.fill();
        case.commit(1);
    }
    let pages = case.pages();
    assert!(case.checkpoints.next_at >= pages + pages / 3);
    reader.execute_batch("COMMIT").unwrap();
    case.fill();
    case.commit(1);
    case.commit(1);
    assert!(case.pages() < 16, "{}", case.pages());
}

#[test]
fn what_the_thread_cannot_copy_the_writer_does() {
    let mut case = Case::new();
    case.checkpoints.let_go();
    let (jobs, _) = channel();
    // The queue is gone, as after a thread that has ended.
    case.checkpoints.jobs = jobs;
    while case.state() == State::Idle {
        case.commit(ROW);
    }
    assert!(case.state() == State::Failed);
    case.commit(1);
    case.commit(1);
    assert!(case.pages() < 16, "{}", case.pages());
}

#[test]
fn a_log_that_is_not_the_databases_is_not_copied() {
    let mut case = Case::new();
    let path = case.path();
    std::fs::rename(beside(&path, "-wal"), beside(&path, "-elsewhere")).unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(case.fill() == State::Failed);
    assert!(
        std::fs::read(&path).unwrap() == before,
        "something was copied"
    );
    assert!(!case.files.are_there().unwrap());
}

#[test]
fn who_has_let_go_is_not_waited_for_when_other_files_are_there() {
    let mut case = Case::new();
    case.fill();
    let path = case.path();
    std::fs::rename(beside(&path, "-wal"), beside(&path, "-elsewhere")).unwrap();
    assert!(!case.files.are_there().unwrap());
    case.open = None;
    assert!(case.files.open().is_err(), "it still has the old ones");
    case.checkpoints.let_go();
    assert!(case.files.open().is_ok());
}
