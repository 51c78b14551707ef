//! `erase` and `purge`: content that goes, and all that stays. (T90)

use indelible_core::entry::{Erasure, StoredEntry};
use indelible_core::filter::{ContextFilter, Filter, UserFilter};
use indelible_core::part::PartKind;
use indelible_core::store::Verdict;
use serde_json::json;

use crate::database::Database;
use crate::derivation::{check_terms, check_trail};
use crate::fixture::{Author, Draft, draft, id, trail};
use crate::handle::Handle;
use crate::observation::Observation;

use PartKind::{Actor, Details, Target};

/// What is named is gone, its hashes stay, and of all else nothing changes.
pub async fn t90_erasing_takes_what_is_named_and_nothing_else(database: &dyn Database) {
    let (store, author) = recorded(database, 300).await;
    let before = Observation::of(&store, author.trail()).await;
    let erasures = [erasure(7, 7, &[Actor]), erasure(20, 24, &[Details, Target])];
    assert_eq!(store.erase(author.trail(), &erasures).await, 11);
    let mut expected = before.entries.clone();
    expected[7].parts.actor = None;
    for entry in &mut expected[20..25] {
        entry.parts.details = None;
        entry.parts.target = None;
    }
    let after = Observation::of(&store, author.trail()).await;
    assert_eq!(after.entries, expected);
    assert!(after.found.iter().eq(expected.iter().rev()));
    assert_eq!(after.entries[7].erased(), [Actor]);
    assert_eq!(after.entries[22].erased(), [Details, Target]);
    let unchanged = Observation {
        entries: before.entries.clone(),
        found: before.found.clone(),
        ..after
    };
    assert_eq!(unchanged, before);
    check_trail(&store, author.trail(), database.index_lags()).await;
}

/// "The same call again changes nothing and answers 0."
pub async fn erasing_again_changes_nothing(database: &dyn Database) {
    let (store, author) = recorded(database, 40).await;
    let erasures = [erasure(3, 9, &[Actor, Target])];
    assert_eq!(store.erase(author.trail(), &erasures).await, 14);
    let before = Observation::of(&store, author.trail()).await;
    for _ in 0..2 {
        assert_eq!(store.erase(author.trail(), &erasures).await, 0);
        assert_eq!(Observation::of(&store, author.trail()).await, before);
    }
    let more = [erasure(3, 9, &[Actor, Details, Target])];
    assert_eq!(store.erase(author.trail(), &more).await, 7);
    check_trail(&store, author.trail(), database.index_lags()).await;
}

/// Each of the three parts goes without the others.
pub async fn each_part_can_be_erased_alone(database: &dyn Database) {
    let (store, author) = recorded(database, 6).await;
    for (seq, part) in (0..).zip(PartKind::ALL) {
        let one = [erasure(seq, seq, &[part])];
        assert_eq!(store.erase(author.trail(), &one).await, 1, "{part}");
    }
    let entries = store.entries(author.trail(), 0..6).await;
    for (seq, part) in PartKind::ALL.into_iter().enumerate() {
        assert_eq!(entries[seq].erased(), [part]);
        assert!(entries[seq + 3].erased().is_empty());
    }
    check_trail(&store, author.trail(), database.index_lags()).await;
}

/// Parts that several erasures of one call name go once and count once.
pub async fn erasures_that_overlap_take_each_part_once(database: &dyn Database) {
    let (store, author) = recorded(database, 30).await;
    let erasures = [
        erasure(10, 19, &[Actor]),
        erasure(5, 12, &[Actor, Target]),
        erasure(19, 19, &[Actor]),
    ];
    // 15 actors and 8 targets.
    assert_eq!(store.erase(author.trail(), &erasures).await, 23);
    check_trail(&store, author.trail(), database.index_lags()).await;
}

/// "Ranges may end beyond the trail; what is recorded there later stays."
pub async fn an_erasure_ends_at_the_end_of_the_trail(database: &dyn Database) {
    let (store, mut author) = recorded(database, 10).await;
    let erasures = [
        erasure(8, u64::MAX, &[Actor]),
        erasure(10, 12, &[Target]),
        erasure(u64::MAX, u64::MAX, &[Details]),
    ];
    assert_eq!(store.erase(author.trail(), &erasures).await, 2);
    author.record(&store, (10..20).map(full)).await;
    let later = store.entries(author.trail(), 10..20).await;
    assert!(later.iter().all(|entry| entry.erased().is_empty()));
    check_trail(&store, author.trail(), database.index_lags()).await;
}

/// Entries of other trails at the same seqs stay as they are.
pub async fn erasing_stays_in_its_trail(database: &dyn Database) {
    let store = Handle::open_to_erase(database).await;
    let (mut one, mut other) = (Author::new("a_b"), Author::new("axb"));
    one.record(&store, (0..20).map(full)).await;
    other.record(&store, (0..20).map(full)).await;
    let before = Observation::of(&store, other.trail()).await;
    let all = [erasure(0, 19, &PartKind::ALL)];
    assert_eq!(store.erase(one.trail(), &all).await, 60);
    assert_eq!(Observation::of(&store, other.trail()).await, before);
    check_terms(&store, other.trail(), database.index_lags()).await;
}

/// A trail that is not there answers 0, and is not there afterwards.
pub async fn an_unknown_trail_has_nothing_to_erase(database: &dyn Database) {
    let store = Handle::open_to_erase(database).await;
    let all = [erasure(0, u64::MAX, &PartKind::ALL)];
    assert_eq!(store.erase(&trail("unknown"), &all).await, 0);
    store.purge(&trail("unknown"), &all).await;
    assert!(store.heads().await.is_empty());
}

/// No erasures, and erasures that name no part, take nothing.
pub async fn an_erasure_without_parts_takes_nothing(database: &dyn Database) {
    let (store, author) = recorded(database, 5).await;
    let before = Observation::of(&store, author.trail()).await;
    assert_eq!(store.erase(author.trail(), &[]).await, 0);
    let none = [erasure(0, 4, &[])];
    assert_eq!(store.erase(author.trail(), &none).await, 0);
    assert_eq!(Observation::of(&store, author.trail()).await, before);
}

/// A range that takes many steps is erased to its last entry.
pub async fn many_entries_are_erased_in_one_call(database: &dyn Database) {
    let (store, author) = recorded(database, 1500).await;
    let most = [erasure(1, 1498, &PartKind::ALL)];
    assert_eq!(store.erase(author.trail(), &most).await, 3 * 1498);
    let entries = store.entries(author.trail(), 0..1500).await;
    let whole = |entry: &&StoredEntry| entry.erased().is_empty();
    let seqs: Vec<_> = entries.iter().filter(whole).map(|e| e.seq).collect();
    assert_eq!(seqs, [0, 1499]);
    check_trail(&store, author.trail(), database.index_lags()).await;
}

/// Many ranges of one entry each, as a person's entries lie, in any order.
pub async fn entries_far_apart_are_erased_in_one_call(database: &dyn Database) {
    let (store, author) = recorded(database, 1500).await;
    let mut every_third: Vec<_> = (0..1500)
        .step_by(3)
        .map(|seq| erasure(seq, seq, &[Target]))
        .collect();
    every_third.reverse();
    assert_eq!(store.erase(author.trail(), &every_third).await, 500);
    let entries = store.entries(author.trail(), 0..1500).await;
    for entry in entries {
        assert_eq!(entry.parts.target.is_none(), entry.seq % 3 == 0);
    }
    check_trail(&store, author.trail(), database.index_lags()).await;
}

/// No question finds an entry by what was erased of it, and every other question still does.
pub async fn erased_entries_are_found_by_what_is_left(database: &dyn Database) {
    let (store, author) = recorded(database, 8).await;
    let erasures = [
        erasure(2, 2, &[Actor]),
        erasure(4, 4, &[Target]),
        erasure(6, 6, &[Details]),
    ];
    store.erase(author.trail(), &erasures).await;
    let matching = async |filter| store.matching(author.trail(), filter).await;
    let of = |seq: u64| {
        let text = |name: &str| format!("{name}{seq}");
        let context = ContextFilter {
            path: vec!["name".to_owned()],
            values: vec![text("n")],
        };
        let user = Filter {
            user: Some(UserFilter::AnyOf(vec![text("u")])),
            ..Filter::default()
        };
        let resource = Filter {
            resource_ids: Some(vec![text("r")]),
            ..Filter::default()
        };
        let correlation = Filter {
            correlation_ids: Some(vec![text("c")]),
            ..Filter::default()
        };
        let context = Filter {
            context: vec![context],
            ..Filter::default()
        };
        (user, resource, correlation, context)
    };
    for seq in 0..8 {
        let (user, resource, correlation, context) = of(seq);
        let unless = |erased: u64| if seq == erased { vec![] } else { vec![seq] };
        assert_eq!(matching(user).await, unless(2));
        assert_eq!(matching(resource).await, unless(4));
        assert_eq!(matching(correlation).await, unless(6));
        assert_eq!(matching(context).await, unless(6));
    }
    let nobody = Filter {
        user: Some(UserFilter::None),
        ..Filter::default()
    };
    assert_eq!(matching(nobody).await, [2]);
    let address = indelible_core::entry::address("192.0.2.7").expect("an address");
    let block = indelible_core::filter::AddressFilter::Block {
        first: address,
        last: address,
    };
    let from = Filter {
        addresses: Some(block),
        ..Filter::default()
    };
    assert_eq!(matching(from).await, [7, 6, 5, 4, 3, 1, 0]);
    let tagged = Filter {
        tags: vec!["t".to_owned()],
        actions: Some(vec!["document_read".to_owned()]),
        resource_type: Some("document".to_owned()),
        ..Filter::default()
    };
    assert_eq!(matching(tagged).await, [7, 6, 5, 4, 3, 2, 1, 0]);
}

/// The index rows are those that the entries give as they are then: "every column and every index
/// row that was derived of them".
pub async fn index_rows_go_with_their_part(database: &dyn Database) {
    let store = Handle::open_to_erase(database).await;
    let mut author = Author::new("t");
    let drafts = [
        full(0),
        draft(1),
        draft(2).user("u").on("r"),
        draft(3).agent("a").correlation("c"),
        draft(4).user("u").on("r").correlation("u").from("unknown"),
    ];
    author.record(&store, drafts).await;
    let all = [erasure(0, 4, &PartKind::ALL)];
    // What never had content is not counted.
    assert_eq!(store.erase(author.trail(), &all).await, 3 + 2 + 2 + 3);
    check_terms(&store, author.trail(), database.index_lags()).await;
    let left = store.matching(author.trail(), Filter::default()).await;
    assert_eq!(left, [4, 3, 2, 1, 0]);
    let nobody = Filter {
        user: Some(UserFilter::None),
        ..Filter::default()
    };
    assert_eq!(store.matching(author.trail(), nobody).await, left);
}

/// Commits build on the head of before: erasing does not move it.
pub async fn a_trail_goes_on_after_an_erasure(database: &dyn Database) {
    let (store, mut author) = recorded(database, 250).await;
    store
        .erase(author.trail(), &[erasure(0, 249, &PartKind::ALL)])
        .await;
    author.record(&store, (250..600).map(full)).await;
    store
        .erase(author.trail(), &[erasure(255, 256, &[Actor])])
        .await;
    check_trail(&store, author.trail(), database.index_lags()).await;
}

/// The id of an erased entry is taken.
pub async fn erased_ids_are_still_known(database: &dyn Database) {
    let (store, author) = recorded(database, 10).await;
    store
        .erase(author.trail(), &[erasure(0, 9, &PartKind::ALL)])
        .await;
    let seqs = store.seqs(author.trail(), &[id(4), id(11)]).await;
    assert_eq!(seqs, [Some(4), None]);
    let again = author.seal([full(4)]);
    assert_eq!(
        store.append_one(&again).await,
        Verdict::Duplicate(vec![(id(4), 4)])
    );
}

/// A purge changes no answer, neither once nor twice, nor where nothing was erased.
pub async fn purging_changes_no_answer(database: &dyn Database) {
    let (store, mut author) = recorded(database, 300).await;
    let erasures = [erasure(3, 280, &[Actor]), erasure(5, 5, &PartKind::ALL)];
    store.purge(author.trail(), &erasures).await;
    store.erase(author.trail(), &erasures).await;
    let before = Observation::of(&store, author.trail()).await;
    for _ in 0..2 {
        store.purge(author.trail(), &erasures).await;
        assert_eq!(Observation::of(&store, author.trail()).await, before);
    }
    let beyond = [erasure(250, u64::MAX, &[Target])];
    store.purge(author.trail(), &beyond).await;
    assert_eq!(Observation::of(&store, author.trail()).await, before);
    author.record(&store, (300..310).map(full)).await;
    check_trail(&store, author.trail(), database.index_lags()).await;
}

/// Where what was derived of a part cannot be told, none of its entry's parts goes, or all that
/// was asked.
pub async fn a_body_that_is_no_json_is_named_and_nothing_is_erased(database: &dyn Database) {
    let store = Handle::open_to_erase(database).await;
    let mut author = Author::new("t");
    let mut commit = author.seal([full(0), full(1)]);
    let actor = &mut commit.entries[1].entry.parts.actor;
    if let Some(part) = actor {
        part.body = b"not JSON".to_vec();
    }
    assert_eq!(store.append_one(&commit).await, Verdict::Committed);
    author.took(&commit);
    let both = [erasure(0, 1, &PartKind::ALL)];
    match store.try_erase(author.trail(), &both).await {
        Ok(gone) => assert_eq!(gone, 6),
        Err(indelible_core::StoreError::Corrupt { seq, .. }) => {
            assert_eq!(seq, Some(1));
            let entries = store.entries(author.trail(), 1..2).await;
            assert!(entries[0].erased().is_empty());
        }
        Err(error) => panic!("{error}"),
    }
}

pub(super) fn erasure(first: u64, last: u64, parts: &[PartKind]) -> Erasure {
    let parts = parts.to_vec();
    Erasure { first, last, parts }
}

/// A draft with content in every part.
fn full(n: u64) -> Draft {
    draft(n)
        .user(&format!("u{n}"))
        .on_behalf_of("somebody else")
        .from("192.0.2.7")
        .on(&format!("r{n}"))
        .correlation(&format!("c{n}"))
        .context(json!({"name": format!("n{n}")}))
        .tags(["t"])
}

/// A trail of full entries, by somebody who may erase.
pub(super) async fn recorded(database: &dyn Database, size: u64) -> (Handle, Author) {
    let store = Handle::open_to_erase(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..size).map(full)).await;
    (store, author)
}
