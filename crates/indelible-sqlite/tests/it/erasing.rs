//! What erasure leaves in the files, and whom it waits for.

use indelible_core::entry::Erasure;
use indelible_core::part::PartKind;
use indelible_core::store::Verdict;
use indelible_core::{Store, StoreError};
use indelible_sqlite::{Options, SqliteStore};
use serde_json::json;

use crate::fixture::{Author, Draft, Folder, draft, trail};

/// The person, in every field that can be erased; each text is long enough to be nobody else's.
const PERSON: [&str; 6] = [
    "zwiebel.zacharias.of.the.user",
    "zwiebel.zacharias.behalf",
    "zwiebel.zacharias.agent",
    "zwiebel.zacharias.resource",
    "zwiebel.zacharias.correlation",
    "zwiebel.zacharias.context",
];
const OTHER: &str = "somebody.else.altogether";

/// Of ten entries one is the person's.
fn of_person(number: u64) -> Draft {
    let [user, behalf, agent, resource, correlation, context] = match number % 10 {
        3 => PERSON,
        _ => [OTHER; 6],
    };
    Draft {
        actor: json!({"ip_address": "192.0.2.7", "on_behalf_of": behalf, "user_agent": agent,
            "user_id": user}),
        target: json!({"resource_id": resource}),
        details: json!({"context": {"name": context.repeat(300)}, "correlation_id": correlation}),
        ..draft(number)
    }
}

fn erasures() -> Vec<Erasure> {
    let seqs = (3..600).step_by(10);
    seqs.map(|seq| Erasure {
        first: seq,
        last: seq,
        parts: PartKind::ALL.to_vec(),
    })
    .collect()
}

async fn fill(store: &SqliteStore) {
    let mut author = Author::new("default");
    for numbers in [0..250, 250..600] {
        let verdict = author.record(store, numbers.map(of_person)).await;
        assert_eq!(verdict.expect("it is written"), Verdict::Committed);
    }
}

/// The files of the database that hold a text.
fn holding(folder: &Folder, text: &str) -> Vec<String> {
    let file = folder.file();
    let all = std::fs::read_dir(file.parent().expect("a folder")).expect("a folder");
    let all = all.map(|file| file.expect("a file").path());
    all.filter(|path| {
        let bytes = std::fs::read(path).expect("it reads");
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    })
    .map(|path| path.display().to_string())
    .collect()
}

#[tokio::test]
async fn what_was_erased_stands_in_no_file() {
    let folder = Folder::new();
    let store = folder.store();
    fill(&store).await;
    for text in PERSON.iter().chain([&OTHER]) {
        assert!(!holding(&folder, text).is_empty(), "{text} before");
    }
    let (removal, name) = (store.removal().expect("it writes"), trail("default"));
    let gone = removal.erase(&name, &erasures()).await.expect("it erases");
    assert_eq!(gone, 180);
    assert!(
        !holding(&folder, PERSON[0]).is_empty(),
        "the log still has it"
    );
    removal.purge(&name, &erasures()).await.expect("it purges");
    // While the store is open, and its log with it.
    for text in PERSON {
        assert_eq!(holding(&folder, text), [""; 0], "{text}");
    }
    assert!(!holding(&folder, OTHER).is_empty(), "the others stay");
    let condition = store.condition().await.expect("it answers");
    assert_eq!(condition.missing_guards, [""; 0]);
    assert_eq!(condition.weak_settings, [""; 0]);
    let mut author = Author::resume(&store, "default").await;
    let verdict = author.record(&store, [of_person(1003)]).await;
    assert_eq!(verdict.expect("it is written"), Verdict::Committed);
}

#[tokio::test]
async fn a_purge_waits_for_those_who_see_what_was_erased_and_says_so() {
    let folder = Folder::new();
    drop(folder.store());
    let options = Options {
        busy_timeout: std::time::Duration::from_millis(50),
        ..Options::default()
    };
    let store = SqliteStore::open_with(folder.file(), &options).expect("it opens");
    fill(&store).await;
    let reader = folder.foreign();
    reader
        .execute_batch("BEGIN; SELECT * FROM entry LIMIT 1")
        .expect("it reads");
    let (removal, name) = (store.removal().expect("it writes"), trail("default"));
    removal.erase(&name, &erasures()).await.expect("it erases");
    let refused = removal.purge(&name, &erasures()).await;
    let Err(StoreError::Unavailable { source }) = refused else {
        panic!("{refused:?}")
    };
    assert!(source.to_string().contains("still reads"), "{source}");
    // Writers go on meanwhile.
    let mut author = Author::resume(&store, "default").await;
    let verdict = author.record(&store, [of_person(1004)]).await;
    assert_eq!(verdict.expect("it is written"), Verdict::Committed);
    reader.execute_batch("COMMIT").expect("it ends");
    removal.purge(&name, &erasures()).await.expect("it purges");
    assert_eq!(holding(&folder, PERSON[0]), [""; 0]);
}

#[tokio::test]
async fn a_database_that_is_only_read_erases_nothing() {
    let folder = Folder::new();
    drop(folder.store());
    let options = Options {
        read_only: true,
        ..Options::default()
    };
    let reading = SqliteStore::open_with(folder.file(), &options).expect("it opens");
    assert!(reading.removal().is_none());
}
