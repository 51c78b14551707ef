use super::*;

struct Case {
    db: Connection,
    wal: Arc<Wal>,
    folder: tempfile::TempDir,
}

impl Case {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.db");
        let mut db = Connection::open(&path).unwrap();
        db.pragma_update(None, "journal_mode", "WAL").unwrap();
        db.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, v BLOB)")
            .unwrap();
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .unwrap();
        let wal = Wal::of(&path);
        wal.follow(&mut db).unwrap();
        Self { db, wal, folder }
    }

    fn put(&self, id: i64, bytes: i64) {
        self.db
            .execute(
                "INSERT OR REPLACE INTO t VALUES (?1, zeroblob(?2))",
                [id, bytes],
            )
            .unwrap();
    }
}

const FRAME: u64 = 4096 + 24;

#[test]
fn a_page_counts_with_each_commit_and_once_when_it_is_copied() {
    let case = Case::new();
    for _ in 0..10 {
        case.put(1, 100);
    }
    assert_eq!(case.wal.pages(), 10, "one page each");
    assert_eq!(case.wal.take_written(), 10 * FRAME);
    assert_eq!(case.wal.take_written(), 0);
    assert_eq!(case.wal.copy(&case.db, "PASSIVE").unwrap(), Some((10, 10)));
    assert_eq!(case.wal.take_written(), 4096);
    assert_eq!(case.wal.copy(&case.db, "PASSIVE").unwrap(), Some((10, 10)));
    assert_eq!(case.wal.take_written(), 0, "it was copied before");
}

#[test]
fn what_was_copied_and_written_again_is_copied_again() {
    let case = Case::new();
    let reader = Connection::open(case.folder.path().join("some.db")).unwrap();
    case.put(1, 100);
    reader
        .execute_batch("BEGIN; SELECT * FROM sqlite_schema")
        .unwrap();
    case.put(1, 100);
    case.put(1, 100);
    case.wal.take_written();
    // Only what the reader's moment has.
    assert_eq!(case.wal.copy(&case.db, "PASSIVE").unwrap(), Some((3, 1)));
    assert_eq!(case.wal.take_written(), 4096);
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(case.wal.copy(&case.db, "PASSIVE").unwrap(), Some((3, 3)));
    assert_eq!(case.wal.take_written(), 4096);
}

#[test]
fn a_log_that_is_begun_anew_counts_from_its_beginning() {
    let case = Case::new();
    case.put(1, 1 << 20);
    let first = u64::from(case.wal.pages());
    assert!(first > 256, "{first}");
    case.wal.copy(&case.db, "PASSIVE").unwrap();
    assert_eq!(case.wal.take_written(), first * (FRAME + 4096));
    case.put(1, 100);
    let second = u64::from(case.wal.pages());
    assert!(second < first, "it was not begun anew");
    case.wal.copy(&case.db, "PASSIVE").unwrap();
    assert_eq!(case.wal.take_written(), second * (FRAME + 4096));
}

#[test]
fn what_is_cut_back_at_once_counts_too() {
    let case = Case::new();
    for _ in 0..3 {
        case.put(1, 100);
        case.wal.take_written();
        assert!(case.wal.empty(&case.db).unwrap());
        assert_eq!(case.wal.take_written(), 4096);
    }
    let log = case.folder.path().join("some.db-wal");
    assert_eq!(std::fs::metadata(log).unwrap().len(), 0);
}

#[test]
fn a_log_that_cannot_be_read_is_copied_and_not_counted() {
    let mut case = Case::new();
    case.wal = Wal::of(&case.folder.path().join("elsewhere.db"));
    case.wal.follow(&mut case.db).unwrap();
    case.put(1, 100);
    assert_eq!(case.wal.take_written(), FRAME);
    assert_eq!(case.wal.copy(&case.db, "PASSIVE").unwrap(), Some((1, 1)));
    assert_eq!(case.wal.take_written(), 0);
}

#[test]
fn a_refused_cut_is_told_and_what_it_copied_counts_once() {
    let case = Case::new();
    case.db.busy_timeout(std::time::Duration::ZERO).unwrap();
    let reader = Connection::open(case.folder.path().join("some.db")).unwrap();
    case.put(1, 100);
    reader
        .execute_batch("BEGIN; SELECT * FROM sqlite_schema")
        .unwrap();
    case.wal.take_written();
    for bytes in [4096, 0] {
        assert!(!case.wal.empty(&case.db).unwrap(), "a reader is in it");
        assert_eq!(case.wal.take_written(), bytes);
        assert_eq!(case.wal.pages(), 1, "it is there as before");
    }
    reader.execute_batch("COMMIT").unwrap();
    assert!(case.wal.empty(&case.db).unwrap());
    assert_eq!((case.wal.take_written(), case.wal.pages()), (0, 0));
}
