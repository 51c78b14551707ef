//! Ids under which a second import of the same record finds it again.

use std::collections::HashMap;

use hmac::{Hmac, KeyInit, Mac};
use indelible_core::AuditEvent;
use indelible_core::json::canonical;
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

/// Derives ids from what records say, under the trail's secret for ids, so that an id tells
/// nobody else what the record says.
///
/// Every derived id is a UUIDv8 of the first 16 bytes of
/// HMAC-SHA-256(secret, `"indelible/import/<purpose>/v1\n"` ‖ mapping's name ‖ `"\n"` ‖ what it
/// is made of), with the purpose `key`, `record` or `line`. What tells one import from another is
/// made in the same way, with the purpose `run`.
pub(crate) struct Identity {
    keyed: Hmac<Sha256>,
    source: String,
    /// How often each record without a key was met in this run.
    met: HashMap<[u8; 16], u64>,
}

/// The two ids that a record can go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ids {
    /// The key itself when it is a UUID, else made of the key; without a key made of the record
    /// and its occurrence number within the run.
    pub(crate) id: Uuid,
    /// Made of key, record and event, for a key that turns out not to be unique. What one record
    /// becomes in another year or by another mapping is another event, and has another id here.
    pub(crate) fallback: Uuid,
    /// Whether `id` is the key itself.
    pub(crate) verbatim: bool,
}

/// The id of an event whose natural key in `source` is `key`: the key itself when it is a
/// hyphenated UUID, else made of it.
pub fn id_of_key(secret: &[u8; 32], source: &str, key: &str) -> Uuid {
    Identity::new(secret, source).first(key).0
}

impl Identity {
    pub(crate) fn new(secret: &[u8; 32], source: &str) -> Self {
        let keyed = Hmac::new_from_slice(secret).expect("HMAC takes a key of any length");
        Self {
            keyed,
            source: source.to_owned(),
            met: HashMap::new(),
        }
    }

    /// The ids of a record with this natural key and these canonical bytes, and of the event that
    /// was made of it.
    pub(crate) fn of(&mut self, key: Option<&str>, record: &[u8], event: &AuditEvent) -> Ids {
        let given = given(record, event);
        let Some(key) = key else {
            return self.without_key(record, &given);
        };
        let length = (key.len() as u64).to_be_bytes();
        let fallback = uuid(self.digest("record", &[&length, key.as_bytes(), record, &given]));
        let (id, verbatim) = self.first(key);
        Ids {
            id,
            fallback,
            verbatim,
        }
    }

    /// The id of a key, and whether it is the key itself.
    fn first(&self, key: &str) -> (Uuid, bool) {
        // Other spellings than the hyphenated one are as likely the hash of something.
        let spelled = Uuid::try_parse(key).ok().filter(|_| key.len() == 36);
        let id = spelled.unwrap_or_else(|| uuid(self.digest("key", &[key.as_bytes()])));
        (id, spelled.is_some())
    }

    fn without_key(&mut self, record: &[u8], given: &[u8]) -> Ids {
        let same = self.digest("line", &[record]);
        let occurrence = self.met.entry(same).or_default();
        *occurrence += 1;
        let occurrence = occurrence.to_be_bytes();
        let id = uuid(self.digest("line", &[&occurrence, record]));
        let fallback = uuid(self.digest("record", &[&[0xFF; 8], &occurrence, record, given]));
        Ids {
            id,
            fallback,
            verbatim: false,
        }
    }

    pub(crate) fn digest(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 16] {
        let mut hmac = self.keyed.clone();
        hmac.update(format!("indelible/import/{purpose}/v1\n{}\n", self.source).as_bytes());
        for part in parts {
            hmac.update(part);
        }
        let digest = hmac.finalize().into_bytes();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        bytes
    }
}

/// What the door compares of an event, behind the length of the record; notes are none of it.
fn given(record: &[u8], event: &AuditEvent) -> Vec<u8> {
    let fields = json!([
        event.action.as_ref(),
        event.outcome,
        event.resource_type,
        event.tags,
        event.occurred_at,
        event.user_id,
        event.on_behalf_of,
        event.ip_address,
        event.user_agent,
        event.resource_id,
        event.correlation_id,
    ]);
    let mut given = (record.len() as u64).to_be_bytes().to_vec();
    given.extend(canonical::to_vec(&fields));
    given.extend(canonical::to_vec(
        event.context.as_ref().unwrap_or(&Value::Null),
    ));
    given
}

fn uuid(digest: [u8; 16]) -> Uuid {
    Uuid::new_v8(digest)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use indelible_core::AuditAction;

    use super::*;

    const UUID: &str = "0C3DC6A3-8B2F-4F51-9D2B-6A1F3E5B7A11";

    fn identity() -> Identity {
        Identity::new(&[7; 32], "test")
    }

    fn event(action: &'static str) -> AuditEvent {
        AuditEvent::new(AuditAction::custom(action), "thing")
    }

    #[test]
    fn a_uuid_is_its_own_id_and_anything_else_is_hashed() {
        let ids = identity().of(Some(UUID), b"{}", &event("a"));
        assert_eq!(ids.id.to_string(), UUID.to_lowercase());
        assert!(ids.verbatim);
        let simple = identity().of(Some(&UUID.replace('-', "")), b"{}", &event("a"));
        assert!(!simple.verbatim);
        assert_eq!(simple.id.get_version_num(), 8);
        assert_ne!(
            simple.id,
            identity().of(Some("other"), b"{}", &event("a")).id
        );
    }

    #[test]
    fn the_same_key_keeps_its_id_and_other_content_has_another_fallback() {
        let (one, two) = (
            identity().of(Some("k"), b"1", &event("a")),
            identity().of(Some("k"), b"2", &event("a")),
        );
        assert_eq!(one.id, two.id);
        assert_ne!(one.fallback, two.fallback);
        assert_ne!(one.fallback, one.id);
        assert_eq!(one, identity().of(Some("k"), b"1", &event("a")));
        assert_ne!(
            identity().of(Some("k1"), b"2", &event("a")).fallback,
            identity().of(Some("k"), b"12", &event("a")).fallback
        );
    }

    #[test]
    fn what_one_record_becomes_has_its_own_fallback_each_time() {
        let time = |text: &str| event("a").occurred_at(text.parse().expect("a time"));
        let events = [
            event("a"),
            event("b"),
            time("2022-01-01T00:00:00Z"),
            time("2023-01-01T00:00:00Z"),
            event("a").context(json!({"x": 1})),
            event("a").tag("t"),
        ];
        for key in [Some("k"), None] {
            let ids = |event: &AuditEvent| identity().of(key, b"{}", event);
            let all: Vec<Ids> = events.iter().map(ids).collect();
            assert!(all.iter().all(|ids| ids.id == all[0].id));
            let fallbacks: HashSet<Uuid> = all.iter().map(|ids| ids.fallback).collect();
            assert_eq!(fallbacks.len(), events.len());
            assert_eq!(all, events.iter().map(ids).collect::<Vec<_>>());
            let noted = event("a").note(indelible_core::Note::new("x", "y"));
            assert_eq!(ids(&noted), all[0], "notes are not compared");
        }
    }

    #[test]
    fn records_without_a_key_are_told_apart_by_their_occurrence() {
        let mut run = identity();
        let first: Vec<Ids> = (0..3).map(|_| run.of(None, b"same", &event("a"))).collect();
        let other = run.of(None, b"other", &event("a"));
        assert!(first[0].id != first[1].id && first[1].id != first[2].id);
        assert!(first.iter().all(|ids| ids.id != other.id));
        let mut again = identity();
        assert_eq!(
            first,
            (0..3)
                .map(|_| again.of(None, b"same", &event("a")))
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn secret_and_source_separate_ids() {
        let ids = identity().of(Some("k"), b"1", &event("a"));
        assert_ne!(
            Identity::new(&[8; 32], "test")
                .of(Some("k"), b"1", &event("a"))
                .id,
            ids.id
        );
        assert_ne!(
            Identity::new(&[7; 32], "other")
                .of(Some("k"), b"1", &event("a"))
                .id,
            ids.id
        );
    }
}
