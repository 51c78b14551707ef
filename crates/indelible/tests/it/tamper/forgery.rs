//! Rows that fit every other row, by somebody without the key.

use indelible::core::entry::{Columns, Erasure};
use indelible::core::part::PartKind;
use indelible::core::sealing::{Base, OpenSpans, seal, unsealed};
use indelible::core::store::{NO_USER, NewEntry, Term, TermField, Verdict};
use indelible::core::verify::FindingKind::*;
use indelible::{AuditAction, AuditEvent, AuditProtocol, Database, TrailName};

use super::{ENTRIES, Scene, fill, kinds, row};
use crate::place::{Kind, Place, on_both};
use crate::site::{Site, standard};

on_both! {
    an_entry_appended_after_the_mark_without_the_key_is_found,
    an_erasure_with_a_forged_entry_that_says_so_is_found,
    the_database_of_another_installation_is_not_this_one,
}

/// Appends an entry with all that belongs to it, as the engine would, but for the head's code.
async fn forge(place: &Place, erases: Vec<Erasure>) {
    let trail = TrailName::standard();
    let store = place.store().await;
    let head = store.head(&trail).await.expect("readable").expect("there");
    let last = store.entries(&trail, head.size - 1..head.size).await;
    let mut entry = last.expect("readable").remove(0);
    let created_at = entry.created_at;
    entry.id = "0197a5e0-0000-7000-8000-000000000001"
        .parse()
        .expect("an id");
    entry.erases = erases;
    let columns = Columns::derive(&entry).expect("readable");
    // The entry completes no block: no times of one are needed.
    let open = OpenSpans::default();
    let base = Base {
        head,
        open,
        succeeds: None,
    };
    let entries: Vec<NewEntry> = vec![unsealed(entry, columns)];
    let commit = seal(&base, entries, created_at);
    assert!(commit.nodes.is_empty() && commit.spans.is_empty());
    let verdicts = store.append(&[commit]).await.expect("written");
    assert_eq!(verdicts, [Verdict::Committed]);
    store.close().await.expect("closes");
}

async fn an_entry_appended_after_the_mark_without_the_key_is_found(kind: Kind) {
    let scene = Scene::make(kind).await;
    let place = scene.copy();
    forge(&place, Vec::new()).await;
    let report = scene.verified(&place).await.expect("opens");
    println!("{}", row("an entry appended with all its rows", &report));
    assert_eq!(
        (report.size, report.entries_checked),
        (ENTRIES + 1, ENTRIES + 1)
    );
    // Nothing else gives it away.
    assert_eq!(kinds(&report), [HeadAltered].into());
    assert!(!report.ok);
}

async fn an_erasure_with_a_forged_entry_that_says_so_is_found(kind: Kind) {
    let scene = Scene::make(kind).await;
    let place = scene.copy();
    place.beneath(match kind {
        Kind::Sqlite => {
            "UPDATE part SET actor = NULL, actor_salt = NULL
                 WHERE place = (SELECT trail << 40 | 300 FROM head WHERE name = 'default')"
        }
        Kind::Postgres => {
            "UPDATE entry SET actor = NULL, actor_salt = NULL, user_id = NULL, ip_address = NULL
                 WHERE trail_id = 'default' AND seq = 300"
        }
    });
    if kind == Kind::Sqlite {
        place.forge_index(|terms| {
            let is_gone = |term: &Term| {
                let field = term.field;
                term.seq == 300 && matches!(field, TermField::UserId | TermField::IpAddress)
            };
            terms.retain(|term| !is_gone(term));
            let (field, value) = (TermField::UserId, NO_USER.to_vec());
            terms.push(Term {
                field,
                value,
                seq: 300,
            });
        });
    }
    let parts = vec![PartKind::Actor];
    forge(
        &place,
        vec![Erasure {
            first: 300,
            last: 300,
            parts,
        }],
    )
    .await;
    let report = scene.verified(&place).await.expect("opens");
    println!(
        "{}",
        row("a part erased, with a forged entry that says so", &report)
    );
    assert_eq!(report.erased, 1, "the erasure itself fits");
    assert_eq!(kinds(&report), [HeadAltered].into());
    assert!(!report.ok);
}

async fn the_database_of_another_installation_is_not_this_one(kind: Kind) {
    let scene = Scene::make(kind).await;
    let stranger = Site::new(kind);
    fill(&stranger, 0..ENTRIES, "foreign").await;
    let refused = scene.verified(&stranger.place).await;
    let refused = refused.expect_err("another name");
    assert!(refused.to_string().contains("installation"), "{refused}");
    // The same with the name copied, which is no secret.
    let database = scene.site.open().await;
    let head = standard(&database).head().await.expect("readable");
    let origin = head.expect("there").key.name().to_owned();
    database.close().await.expect("closes");
    let namesake = Site::new(kind);
    let mut settings = namesake.settings();
    settings.installation = origin.split('/').next().map(str::to_owned);
    let database = Database::open(&namesake.url(), settings).await;
    let database = database.expect("opens");
    let event = AuditEvent::new(AuditAction::DATA_VIEWED, "customer_record");
    standard(&database).record(event).await.expect("recorded");
    database.close().await.expect("closes");
    let report = scene.verified(&namesake.place).await.expect("opens");
    println!(
        "{}",
        row("the database of another installation of that name", &report)
    );
    assert!(
        kinds(&report).contains(&HeadAltered),
        "{:?}",
        report.findings
    );
    assert!(!report.ok);
}

/// What is not as it was written is made anew, and no search believes it: nothing was tampered
/// with that counts.
#[tokio::test(flavor = "multi_thread")]
async fn an_index_of_other_bytes_is_no_finding() {
    let scene = Scene::make(Kind::Sqlite).await;
    let length = std::fs::metadata(scene.copy().index())
        .expect("there")
        .len();
    for page in 0..length / 4096 {
        let place = scene.copy();
        let mut bytes = std::fs::read(place.index()).expect("readable");
        let middle = page as usize * 4096 + 2000;
        bytes[middle..middle + 200].fill(b'x');
        std::fs::write(place.index(), bytes).expect("written");
        let report = scene.verified(&place).await.expect("opens");
        assert!(report.ok, "page {page}: {:?}", report.findings);
        assert_eq!(report.findings, [], "page {page}");
    }
}
