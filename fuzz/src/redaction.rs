//! Secrets in texts and values.

use indelible_core::json::parse;
use indelible_core::redact::{Mode, Redactor, Rules};
use indelible_core::scan::{Kind, Personal, Scanner};
use indelible_core::{AuditAction, AuditEvent, TrailName};

use crate::memory::door_with;

/// Redacting twice changes nothing that redacting once did not, and a scan by the same rules finds
/// no secret in what was redacted.
pub fn redaction(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let value = parse(input).ok().map(|read| read.value);
    for mode in [Mode::Mask, Mode::KeyedHash, Mode::Drop] {
        let redactor = Redactor::new(Rules::standard(), mode, [7; 32]);
        if let Some(once) = redactor.redact_text(&text) {
            let again = redactor.redact_text(&once.text);
            assert_eq!(again, None, "{mode}: redacted again: {:?}", once.text);
            assert!(!once.rules.is_empty());
        }
        if let Some(mut value) = value.clone() {
            let found = redactor.redact_value(&mut value);
            assert!(found.list.len() as u64 <= found.total);
            let once = value.clone();
            redactor.redact_value(&mut value);
            assert_eq!(value, once, "{mode}: redacted again");
        }
    }
    let mut event = AuditEvent::new(AuditAction::DATA_VIEWED, "statement")
        .resource_id(&*text)
        .user_agent(&*text);
    event.context = value.filter(serde_json::Value::is_object);
    let scanner = Scanner::new(Rules::standard(), Personal::All);
    let admitted = door_with(Mode::Off)
        .admit(event.clone())
        .expect("well-formed");
    scanner.scan(&admitted.new.entry).expect("readable");
    let admitted = door_with(Mode::Mask).admit(event).expect("well-formed");
    let findings = scanner.scan(&admitted.new.entry).expect("readable");
    // Of what is cut, the rest may look like a secret that the whole did not hold.
    let entry = admitted.new.entry.open(&TrailName::standard());
    let notes = entry.expect("readable").notes;
    let is_cut = notes.iter().any(|note| note.kind == "truncated");
    let secret = findings.iter().find(|finding| finding.kind == Kind::Secret);
    assert!(is_cut || secret.is_none(), "masked, and found: {secret:?}");
}
