//! Events, from JSON through the door into a trail that verifies.

use indelible_core::door::Sameness;
use indelible_core::entry::Columns;
use indelible_core::json::{canonical, parse};
use indelible_core::part::PartKind;
use indelible_core::redact::Rules;
use indelible_core::scan::{Personal, Scanner};
use indelible_core::sealing::{Base, seal};
use indelible_core::store::Verdict;
use indelible_core::verify::{Request, verify};
use indelible_core::{AuditEvent, MemoryStore, Store, Timestamp, TrailName};
use indelible_merkle::SigningKey;

use crate::memory::{door, wait};

/// The largest skeleton, in bytes.
const SKELETON_BYTES_MAX: usize = 65_535;

/// An event that is read and well-formed is taken, is the same event when it comes again, and
/// verifies; of another the door says what the check said.
pub fn event(input: &[u8]) {
    let Ok(event) = AuditEvent::from_json(input) else {
        return;
    };
    printed_is_read(&event);
    match event.check() {
        Ok(()) => taken_verifies(event),
        Err(problem) => assert_eq!(door().admit(event).err(), Some(problem)),
    }
}

fn printed_is_read(event: &AuditEvent) {
    let again = AuditEvent::from_json(&event.to_json()).expect("what was printed");
    assert_eq!(&again, event, "printed, it is another event");
}

/// Takes a well-formed event and holds the entry to all promises.
fn taken_verifies(event: AuditEvent) {
    let door = door();
    let admitted = door.admit(event.clone()).expect("the check has passed it");
    let entry = &admitted.new.entry;
    for part in PartKind::ALL {
        if let Some(part) = entry.parts.get(part) {
            let body = parse(&part.body).expect("a body is JSON");
            assert!(body.repairs.is_empty());
            assert_eq!(canonical::to_vec(&body.value), part.body, "not canonical");
        }
    }
    assert_eq!(
        Columns::derive(entry).expect("readable"),
        admitted.new.columns
    );
    let twin = door.admit(event.clone()).expect("the same event");
    let sameness = door.compare(&twin, entry).expect("readable");
    assert_eq!(
        sameness,
        Sameness::Equal,
        "the same event again is another one"
    );
    let prepared = door.prepare(event).expect("the same event");
    printed_is_read(&prepared);
    let scanner = Scanner::new(Rules::standard(), Personal::All);
    scanner.scan(entry).expect("readable");

    let trail = TrailName::standard();
    assert!(entry.skeleton(&trail).len() < SKELETON_BYTES_MAX);
    let key = SigningKey::from_seed("fuzz.example/default", [7; 32]).expect("an origin");
    let base = Base::begin(trail.clone(), key.verifier_key());
    let commit = seal(&base, vec![admitted.new], Timestamp::from_micros(0));
    let store = MemoryStore::new();
    let verdicts = wait(store.append(&[commit])).expect("memory");
    assert!(matches!(verdicts[..], [Verdict::Committed]), "{verdicts:?}");
    let request = Request {
        trusted: vec![key.verifier_key()],
        digest_key: [7; 16],
        ..Request::default()
    };
    let report = wait(verify(&store, &trail, &request, &mut |_| {})).expect("memory");
    assert!(report.ok && report.entries_checked == 1, "{report:?}");
}
