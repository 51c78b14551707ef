//! An index that is damaged, old, another one's or gone changes no answer, and is made anew.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indelible_core::entry::{Erasure, StoredEntry};
use indelible_core::filter::{AddressFilter, Filter, UserFilter};
use indelible_core::part::PartKind;
use indelible_core::store::{Find, Projected, ProjectionKind};
use indelible_core::{Store, Timestamp};
use indelible_sqlite::SqliteStore;
use serde_json::json;

use crate::fixture::{Author, Draft, Folder, draft, trail};

const ENTRIES: u64 = 400;

fn beside(path: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", path.display()))
}

fn made(number: u64) -> Draft {
    let mut made = draft(number);
    made.action = format!("action_{}", number % 5);
    made.tags = (0..3)
        .filter(|tag| number.is_multiple_of(tag + 2))
        .map(|tag| format!("tag.{tag}"))
        .collect();
    made.actor["ip_address"] = json!(format!("10.0.{}.{}", number % 7, number % 200));
    made
}

async fn record(store: &SqliteStore, numbers: std::ops::Range<u64>) {
    let mut author = Author::resume(store, "default").await;
    let verdict = author.record(store, numbers.map(made)).await;
    verdict.expect("it is written");
}

async fn settle(store: &SqliteStore) {
    let (name, kind) = (trail("default"), ProjectionKind::Term);
    store
        .projection(&name, kind, None, 1)
        .await
        .expect("it settles");
}

/// A folder with entries of which some were erased, indexed and closed.
async fn filled() -> Folder {
    let folder = Folder::new();
    let store = folder.store_of_runs();
    for first in (0..ENTRIES).step_by(80) {
        record(&store, first..first + 80).await;
        settle(&store).await;
    }
    erase(&store, 40..45).await;
    store.close().await.expect("it closes");
    folder
}

async fn erase(store: &SqliteStore, seqs: std::ops::Range<u64>) {
    let erasure = Erasure {
        first: seqs.start,
        last: seqs.end - 1,
        parts: PartKind::ALL.to_vec(),
    };
    let removal = store.removal().expect("it writes");
    let erased = removal.erase(&trail("default"), &[erasure]).await;
    assert!(erased.expect("it erases") > 0);
}

fn finds() -> Vec<Find> {
    let of = |set: &dyn Fn(&mut Filter)| {
        let mut filter = Filter::default();
        set(&mut filter);
        filter
    };
    let users = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Some(UserFilter::AnyOf(names))
    };
    let block = |last: [u8; 4]| {
        let address = |octets: [u8; 4]| std::net::Ipv4Addr::from(octets).to_ipv6_mapped();
        Some(AddressFilter::Block {
            first: address([10, 0, 3, 0]),
            last: address(last),
        })
    };
    let time = |number: u64| Some(Timestamp::from_micros(draft(number).micros));
    let filters = [
        of(&|_| {}),
        of(&|f| f.user = users(&["u3"])),
        of(&|f| f.user = users(&["u1", "u4", "nobody"])),
        of(&|f| f.user = users(&["nobody"])),
        of(&|f| f.user = Some(UserFilter::None)),
        of(&|f| f.actions = Some(vec!["action_2".to_owned()])),
        of(&|f| f.addresses = block([10, 0, 3, 255])),
        of(&|f| f.addresses = block([10, 0, 5, 255])),
        of(&|f| f.tags = vec!["tag.0".to_owned(), "tag.1".to_owned()]),
        of(&|f| f.resource_ids = Some(vec!["r17".to_owned(), "r42".to_owned()])),
        of(&|f| {
            f.user = users(&["u3"]);
            (f.earliest, f.latest) = (time(100), time(300));
        }),
    ];
    let ways = |filter: Filter| {
        [
            (u64::MAX, None),
            (250, None),
            (u64::MAX, Some(0)),
            (u64::MAX, Some(130)),
        ]
        .map(|(below, from)| Find {
            filter: filter.clone(),
            below,
            from,
            skip: 3,
            limit: 60,
        })
    };
    filters.into_iter().flat_map(ways).collect()
}

async fn answers(store: &SqliteStore) -> Vec<Vec<u64>> {
    let mut answers = Vec::new();
    for find in finds() {
        let found = store.find(&trail("default"), &find).await;
        let found = found.unwrap_or_else(|error| panic!("{find:?}: {error:?}"));
        answers.push(seqs(&found));
    }
    answers
}

fn seqs(entries: &[StoredEntry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.seq).collect()
}

/// What the log alone says.
async fn plain(folder: &Folder) -> Vec<Vec<u64>> {
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(beside(&folder.index(), end));
    }
    let plain = answers(&folder.reading()).await;
    assert!(!folder.index().exists(), "reading makes no index");
    assert!(plain.iter().any(|found| found.len() == 60));
    plain
}

/// Keeps the files of an index, to be put back.
struct Kept(Vec<(PathBuf, Vec<u8>)>);

impl Kept {
    fn of(folder: &Folder) -> Self {
        let files = ["", "-wal", "-shm"].map(|end| beside(&folder.index(), end));
        let there = files.into_iter().filter(|file| file.exists());
        Self(
            there
                .map(|file| {
                    let bytes = std::fs::read(&file).expect("it reads");
                    (file, bytes)
                })
                .collect(),
        )
    }

    fn put(&self, folder: &Folder) {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(beside(&folder.index(), end));
        }
        for (file, bytes) in &self.0 {
            let name = file.file_name().expect("a name");
            std::fs::write(folder.file().with_file_name(name), bytes).expect("it is written");
        }
    }
}

/// Opens the store with whatever index is there, asks, lets the index be mended, and asks again.
async fn holds(folder: &Folder, plain: &[Vec<u64>], what: &str) {
    assert!(
        answers(&folder.reading()).await == plain,
        "{what}, read only"
    );
    let opened = folder.store_of_runs();
    assert!(answers(&opened).await == plain, "{what}, at once");
    settle_or_not(&opened).await;
    assert!(answers(&opened).await == plain, "{what}, later");
    opened.close().await.expect("it closes");
}

/// Damage may be told of by the pass that meets it; the one after meets none.
async fn settle_or_not(store: &SqliteStore) {
    let (name, kind) = (trail("default"), ProjectionKind::Term);
    let _ = store.projection(&name, kind, None, 10_000).await;
}

/// Every term that a store has, or derives from the log.
async fn terms(store: &SqliteStore) -> Vec<String> {
    let (name, kind) = (trail("default"), ProjectionKind::Term);
    let (mut all, mut after): (Vec<String>, Option<Projected>) = (Vec::new(), None);
    loop {
        let page = store.projection(&name, kind, after.as_ref(), 500).await;
        let page = page.expect("it reads");
        all.extend(page.iter().map(|row| format!("{row:?}")));
        if page.len() < 500 {
            all.sort();
            return all;
        }
        after = page.last().cloned();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how much is tried is set from outside"
)]
fn step() -> usize {
    match std::env::var_os("INDELIBLE_SOAK") {
        Some(_) => 1,
        None => 31,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_changes_no_answer() {
    let folder = filled().await;
    let kept = Kept::of(&folder);
    let plain = plain(&folder).await;
    kept.put(&folder);
    let path = folder.index();
    let bytes = std::fs::read(&path).expect("it reads");
    assert!(bytes.len() > 20_000, "{}", bytes.len());
    for place in (0..bytes.len()).step_by(step()) {
        let mut altered = bytes.clone();
        altered[place] ^= 1 << (place % 8);
        std::fs::write(&path, &altered).expect("it is written");
        let opened = folder.reading();
        // Other questions with every byte, so that all come up.
        for (find, plain) in finds().iter().zip(&plain).skip(place % 7).step_by(7) {
            let found = opened.find(&trail("default"), find).await;
            assert!(
                seqs(&found.expect("it finds")) == *plain,
                "byte {place}: {find:?}"
            );
        }
        // The mending too, of some.
        if place % 16 == 0 {
            holds(&folder, &plain, &format!("byte {place}")).await;
        }
        kept.put(&folder);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_cut_short_changes_no_answer() {
    let folder = filled().await;
    let kept = Kept::of(&folder);
    let plain = plain(&folder).await;
    kept.put(&folder);
    let bytes = std::fs::read(folder.index()).expect("it reads");
    let pages = (0..bytes.len()).step_by(4096);
    for length in pages.flat_map(|page| [page, page + 1, page + 100, page + 4000]) {
        kept.put(&folder);
        let length = length.min(bytes.len());
        std::fs::write(folder.index(), &bytes[..length]).expect("it is written");
        holds(&folder, &plain, &format!("{length} bytes")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_file_in_its_place_changes_no_answer() {
    let folder = filled().await;
    let own = Kept::of(&folder);
    let plain = plain(&folder).await;
    let other = Folder::new();
    let strange = other.store_of_runs();
    let mut author = Author::new("default");
    // As long, but others did something else.
    let drafts = (0..ENTRIES).map(|number| Draft {
        action: "action_2".to_owned(),
        ..made(number + 7)
    });
    author
        .record(&strange, drafts)
        .await
        .expect("it is written");
    settle(&strange).await;
    strange.close().await.expect("it closes");
    Kept::of(&other).put(&folder);
    holds(&folder, &plain, "the index of another database").await;
    for (rubbish, what) in [
        (vec![0; 40_000], "zeroes"),
        (b"rubbish".repeat(3_000), "rubbish"),
        (Vec::new(), "nothing"),
        (std::fs::read(folder.file()).expect("it reads"), "the log"),
    ] {
        own.put(&folder);
        std::fs::write(folder.index(), rubbish).expect("it is written");
        holds(&folder, &plain, what).await;
    }
    own.put(&folder);
    std::fs::remove_file(folder.index()).expect("it is there");
    std::fs::create_dir(folder.index()).expect("it is made");
    assert!(answers(&folder.store_of_runs()).await == plain, "a folder");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_of_itself_changes_no_answer() {
    let folder = Folder::new();
    let mut copies = Vec::new();
    for round in 0..5 {
        let opened = folder.store_of_runs();
        record(&opened, round * 80..round * 80 + 80).await;
        settle(&opened).await;
        opened.close().await.expect("it closes");
        copies.push(Kept::of(&folder));
        let opened = folder.store_of_runs();
        let first = round * 60 + 3;
        erase(&opened, first..first + 5).await;
        if round == 3 {
            let removal = opened.removal().expect("it writes");
            removal
                .purge(&trail("default"), &[])
                .await
                .expect("it purges");
        }
        opened.close().await.expect("it closes");
        copies.push(Kept::of(&folder));
    }
    let plain = plain(&folder).await;
    for (place, copy) in copies.iter().enumerate() {
        copy.put(&folder);
        holds(&folder, &plain, &format!("copy {place}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_log_beside_a_newer_index_is_answered_from_the_log() {
    let folder = Folder::new();
    let opened = folder.store_of_runs();
    record(&opened, 0..100).await;
    opened.close().await.expect("it closes");
    let log = std::fs::read(folder.file()).expect("it reads");
    let opened = folder.store_of_runs();
    record(&opened, 100..300).await;
    erase(&opened, 10..20).await;
    let removal = opened.removal().expect("it writes");
    let purged = removal.purge(&trail("default"), &[]).await;
    purged.expect("it purges");
    settle(&opened).await;
    opened.close().await.expect("it closes");
    let newer = Kept::of(&folder);
    std::fs::write(folder.file(), &log).expect("it is restored");
    let restored = plain(&folder).await;
    newer.put(&folder);
    holds(&folder, &restored, "restored").await;
    // It goes on otherwise, and becomes as long as the index was, and longer.
    std::fs::write(folder.file(), &log).expect("it is restored");
    newer.put(&folder);
    let opened = folder.store_of_runs();
    record(&opened, 1_000..1_200).await;
    erase(&opened, 60..64).await;
    opened.close().await.expect("it closes");
    let otherwise = plain(&folder).await;
    newer.put(&folder);
    holds(&folder, &otherwise, "gone on otherwise").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_to_it_while_it_is_open_changes_no_answer() {
    type Deed = fn(&Path);
    let deeds: [(&str, Deed); 6] = [
        ("deleted", |path| {
            std::fs::remove_file(path).expect("it is there");
        }),
        ("all deleted", |path| {
            for end in ["", "-wal", "-shm"] {
                std::fs::remove_file(beside(path, end)).expect("it is there");
            }
        }),
        ("its write-ahead log deleted", |path| {
            std::fs::remove_file(beside(path, "-wal")).expect("it is there");
        }),
        ("its write-ahead log emptied", |path| {
            truncated(&beside(path, "-wal"), 0);
        }),
        ("its write-ahead log cut", |path| {
            truncated(&beside(path, "-wal"), 9_000);
        }),
        ("overwritten", |path| {
            let length = std::fs::metadata(path).expect("it is there").len();
            // Not by `write`, which would cut it and give its locks up.
            let file = OpenOptions::new().write(true).open(path).expect("it opens");
            for page in 1..length / 4096 {
                file.write_all_at(&[0x5a; 900], page * 4096 + 500)
                    .expect("it is written");
            }
            std::mem::forget(file);
        }),
    ];
    for (what, deed) in deeds {
        let folder = filled().await;
        let plain = plain(&folder).await;
        let opened = Arc::new(folder.store_of_runs());
        settle(&opened).await;
        // Every connection that reads has the index open.
        let all = (0..8).map(|_| {
            let opened = Arc::clone(&opened);
            tokio::spawn(async move { answers(&opened).await })
        });
        for task in all.collect::<Vec<_>>() {
            assert!(task.await.expect("it ends") == plain, "{what}, before");
        }
        deed(&folder.index());
        assert!(answers(&opened).await == plain, "{what}, at once");
        settle_or_not(&opened).await;
        assert!(answers(&opened).await == plain, "{what}, later");
        record(&opened, 2_000..2_040).await;
        // What it is by now is a whole index, which the terms of a pass are read from.
        settle_or_not(&opened).await;
        let with_index = (answers(&opened).await, terms(&opened).await);
        assert!(folder.index().exists(), "{what}: it is made anew");
        opened.close().await.expect("it closes");
        drop(opened);
        let covered = covered(&folder);
        assert!(covered, "{what}: nothing is covered by what was made");
        let plain = self::plain(&folder).await;
        let without = (plain, terms(&folder.reading()).await);
        assert!(with_index == without, "{what}, in the end");
    }
}

fn truncated(path: &Path, length: u64) {
    let file = OpenOptions::new().write(true).open(path).expect("it opens");
    file.set_len(length).expect("it is cut");
    std::mem::forget(file);
}

/// Whether the index has runs of a trail.
fn covered(folder: &Folder) -> bool {
    let db = rusqlite::Connection::open(folder.index()).expect("it opens");
    let rows = db.query_row("SELECT count(*) FROM trail, block", [], |row| {
        row.get::<_, i64>(0)
    });
    rows.is_ok_and(|rows| rows > 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_index_is_made_anew_beside_those_who_idle() {
    let folder = filled().await;
    let opened = Arc::new(folder.store_of_runs());
    settle(&opened).await;
    let expected = answers(&opened).await;
    let all = (0..8).map(|_| {
        let opened = Arc::clone(&opened);
        tokio::spawn(async move { answers(&opened).await })
    });
    for task in all.collect::<Vec<_>>() {
        assert!(task.await.expect("it ends") == expected);
    }
    std::fs::remove_file(folder.index()).expect("it is there");
    // One asker after another, so that only one of the connections is ever used again.
    for _ in 0..3 {
        assert!(answers(&opened).await == expected);
        settle_or_not(&opened).await;
    }
    assert!(folder.index().exists(), "it is made anew");
    assert!(covered(&folder), "and covers what it did");
}
