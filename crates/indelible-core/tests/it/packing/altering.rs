//! Whatever is altered in a pack is refused, by both verifiers and for the same reason.

mod bytes;
mod entries;
mod heads;
mod parts;

use indelible_core::Query;
use indelible_core::pack::{Coverage, PackRequest, Reason};

use super::building::{Plan, erased, packed, request};
use super::second::judged_by_both;
use super::text::Text;

/// The packs that are altered, of one trail of 60 entries.
pub struct Packs {
    /// Entries 10 to 49, all of them, those opened whose action is `document_read`.
    pub complete: Text,
    /// The same question, and only its entries.
    pub selection: Text,
    /// Entries of one user from addresses of one block, on one resource, with a context.
    pub person: Text,
    /// The first pack of another trail of the same house.
    pub other_trail: Text,
    /// The first pack, signed with another key.
    pub other_key: Text,
    /// As the second pack, of entries 10 to 54.
    pub later: Text,
    /// As the second pack, of another question.
    pub logins: Text,
}

impl Packs {
    async fn make() -> Self {
        let plan = Plan {
            event: erased,
            ..Plan::of(60)
        };
        let audit = plan.made().await;
        let other_trail = Plan {
            trail: "other",
            ..plan
        };
        let other_key = Plan {
            seed: [8; 32],
            ..plan
        };
        let asked = |query: Query, coverage, size| PackRequest {
            first: 10,
            ..request(query.as_of(size), coverage)
        };
        let read = || Query::new().action("document_read");
        let complete = || asked(read(), Coverage::Complete, 50);
        let person = Query::new()
            .user_id("user-2")
            .ip_address("10.0.0.0/16")
            .resource_id("doc-4")
            .correlation_id("job-3")
            .context("n=37");
        let pack = async |request| Text::of(&packed(&audit, request).await);
        let packs = Self {
            complete: pack(complete()).await,
            selection: pack(asked(read(), Coverage::Selection, 50)).await,
            person: pack(asked(person, Coverage::Selection, 50)).await,
            other_trail: Text::of(&packed(&other_trail.made().await, complete()).await),
            other_key: Text::of(&packed(&other_key.made().await, complete()).await),
            later: pack(asked(read(), Coverage::Selection, 55)).await,
            logins: pack(asked(
                Query::new().action("user_login"),
                Coverage::Selection,
                50,
            ))
            .await,
        };
        assert_eq!(packs.person.lines.len(), 6, "one entry");
        packs
    }
}

/// An alteration: what it is called, the altered file, and why it is refused.
pub type Case = (&'static str, Vec<u8>, Reason);

/// The alterations of a list, each of a pack of its own.
pub struct Cases<'a> {
    pub packs: &'a Packs,
    pub all: Vec<Case>,
}

impl Cases<'_> {
    /// Alters a pack and leaves counts and digest.
    pub fn raw(
        &mut self,
        what: &'static str,
        pack: fn(&Packs) -> &Text,
        reason: Reason,
        change: impl FnOnce(&mut Text),
    ) {
        let mut text = pack(self.packs).clone();
        change(&mut text);
        self.all.push((what, text.bytes(), reason));
    }

    /// Alters a pack and makes counts and digest anew.
    pub fn sealed(
        &mut self,
        what: &'static str,
        pack: fn(&Packs) -> &Text,
        reason: Reason,
        change: impl FnOnce(&mut Text),
    ) {
        self.raw(what, pack, reason, |text| {
            change(text);
            text.seal();
        });
    }

    /// A file that is not even lines any more.
    pub fn file(&mut self, what: &'static str, bytes: Vec<u8>, reason: Reason) {
        self.all.push((what, bytes, reason));
    }
}

pub fn complete(packs: &Packs) -> &Text {
    &packs.complete
}

pub fn selection(packs: &Packs) -> &Text {
    &packs.selection
}

pub fn person(packs: &Packs) -> &Text {
    &packs.person
}

#[tokio::test]
async fn whatever_is_altered_is_refused_by_both_for_the_same_reason() {
    let packs = Packs::make().await;
    let mut cases = Cases {
        packs: &packs,
        all: Vec::new(),
    };
    bytes::add(&mut cases);
    heads::add(&mut cases);
    entries::add(&mut cases);
    parts::add(&mut cases);
    let key = Plan::of(0).key().verifier_key();
    let whole = [&packs.complete, &packs.selection, &packs.person];
    let whole = whole.map(|text| ("whole.pack".to_owned(), text.bytes()));
    super::second::proved_by_both(&whole, &key);
    let files = cases.all.iter();
    let files = files.map(|(what, bytes, _)| (format!("{what}.pack"), bytes.clone()));
    let files: Vec<_> = files.collect();
    assert!(files.len() >= 50, "{} alterations", files.len());
    let verdicts = judged_by_both(&files, &key);
    let mut wrong = Vec::new();
    for ((what, _, reason), (ours, theirs)) in cases.all.iter().zip(&verdicts) {
        let expected = reason.as_str();
        let is_one = ours["line"] == theirs["line"];
        if ours["reason"] != expected || theirs["reason"] != expected || !is_one {
            wrong.push(format!(
                "{what}, {expected} expected:\n  {ours}\n  {theirs}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
