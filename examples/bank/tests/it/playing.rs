//! The eleven situations over HTTP, against each bank on each store. The eleventh is a test of an
//! application by itself: `deletion.rs`.

use std::path::Path;

use indelible::Entry;

use crate::app::{App, Ended, Running};
use crate::place::{Place, Store};
use crate::play::{Play, SECRETS, UNRECORDED};
use crate::{record, reporting};

macro_rules! plays {
    ($($name:ident: $app:expr, $store:expr;)+) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                play($app, $store).await;
            }
        )+
    };
}

plays! {
    axum_on_sqlite: App::Axum, Store::Sqlite;
    axum_on_postgres: App::Axum, Store::Postgres;
    fastapi_on_sqlite: App::FastApi, Store::Sqlite;
    fastapi_on_postgres: App::FastApi, Store::Postgres;
}

async fn play(app: App, store: Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place::new(store, folder.path());
    let bank = Running::start(app, &place, folder.path());
    let mut play = Play::new(&bank.url);

    let tokens = play.people_come();
    let (alice, carol) = (tokens.alice.as_str(), tokens.carol.as_str());
    play.bodies_are_refused(alice, carol);
    play.nothing_is_there(alice);
    play.a_customer_is_shown(alice);
    play.providers_are_connected(alice);
    play.a_job_backs_up(alice);
    play.alice_looks_at_herself(alice);
    play.carol_looks_for_failed_logins(alice, carol);
    play.carol_turns_pages(alice, carol);
    play.a_password_is_changed(alice);
    play.accounts_are_deleted(alice);
    play.an_account_is_deleted_unrecorded(alice, &place).await;

    let ended = bank.stop();
    assert_eq!(ended.status, Some(0), "{}", ended.logged);
    check_log(&ended);
    check_trail(&play, &place, folder.path()).await;
    check_secrets(&play, &ended, &place, folder.path());
}

/// What could not be recorded is told to the operator, with action and account.
fn check_log(ended: &Ended) {
    let failed = ended
        .logged
        .lines()
        .filter(|line| line.contains("audit failed"));
    let failed: Vec<_> = failed.collect();
    let tells =
        |line: &&&str| line.contains("data_deletion_attempted") && line.contains(UNRECORDED);
    assert_eq!(failed.iter().filter(tells).count(), 1, "{}", ended.logged);
}

/// Every entry is there, as it should be and provable, and the trail is whole.
async fn check_trail(play: &Play, place: &Place, folder: &Path) {
    let database = record::open(place, folder).await;
    let audit = database.trail(indelible::TrailName::standard());
    let entries = record::entries(&audit).await;
    // Records that were given up may have come after all, each at most once.
    let id_of = |entry: &Entry| entry.correlation_id.clone().unwrap_or_default();
    let is_late = |entry: &&Entry| id_of(entry).starts_with("late-");
    let (late, sure): (Vec<_>, Vec<_>) = entries.iter().partition(is_late);
    record::check_entries(&sure, &play.expected);
    let mut open: Vec<_> = play
        .late
        .iter()
        .map(|(id, action)| (id.as_str(), *action))
        .collect();
    for entry in &late {
        let id = id_of(entry);
        let place = open
            .iter()
            .position(|of| *of == (id.as_str(), entry.action.as_str()));
        open.remove(place.unwrap_or_else(|| panic!("{} of {id} again", entry.action)));
    }
    let is_deletion = |entry: &&&Entry| entry.resource_id.as_deref() == Some(UNRECORDED);
    let deletion = late.iter().filter(is_deletion);
    let deletion: Vec<_> = deletion.map(|entry| entry.action.as_str()).collect();
    assert!(
        deletion.is_sorted_by_key(|action| *action == "data_deleted"),
        "{deletion:?}"
    );
    println!(
        "{} entries, of which {} came late",
        entries.len(),
        late.len()
    );
    record::check_proofs(&database, &entries).await;
    reporting::check_reports(&audit, &entries).await;
    database.close().await.expect("closed");
}

/// No password and no access token is in an answer, in the store, in the state or in a log; no
/// session's token is anywhere but in the answer to its login.
fn check_secrets(play: &Play, ended: &Ended, place: &Place, folder: &Path) {
    let stored = place.bytes();
    let mut kept = Vec::new();
    read_all(&folder.join("state"), &mut kept);
    assert!(!stored.is_empty() && !kept.is_empty());
    let output = format!("{}{}", ended.said, ended.logged);
    let answered = play.client.heard.as_bytes();
    for secret in SECRETS {
        assert!(!holds(answered, secret), "{secret} was answered");
    }
    let tokens = play.tokens.iter().map(String::as_str);
    for secret in SECRETS.iter().copied().chain(tokens) {
        assert!(!holds(&stored, secret), "{secret} is in the store");
        assert!(!holds(&kept, secret), "{secret} is in the state");
        assert!(!holds(output.as_bytes(), secret), "{secret} is in the log");
    }
    // What is looked for so would be found.
    assert!(holds(&stored, "fraud review"));
    assert!(holds(answered, "[REDACTED:token]"));
}

/// Whether the text is there, as it is or in hexadecimal digits.
fn holds(bytes: &[u8], text: &str) -> bool {
    let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let is_in = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    is_in(text.as_bytes()) || is_in(digits.as_bytes())
}

fn read_all(folder: &Path, bytes: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read_all(&path, bytes);
        } else {
            bytes.extend(std::fs::read(&path).expect("readable"));
        }
    }
}
