//! Lines of text that lose events elsewhere.

use indelible_core::AuditEvent;
use serde_json::Value;

use crate::fixture::{note, one, read_text, sample};

const MAPPINGS: [(&str, &str); 4] = [
    ("auditd", "auditd.log"),
    ("cef", "cef.log"),
    ("generic-text", "syslog.log"),
    ("syslog", "syslog.log"),
];

/// The line of an event as it stands in its context; `None` where it is noted that it held a
/// secret.
fn kept(event: &AuditEvent) -> Option<String> {
    let context = event.context.as_ref().expect("the record is kept");
    let line = context["lines"].get(0).unwrap_or(&context["line"]);
    if line.is_null() {
        note(event, "context", "redacted").expect("a note says why");
        return None;
    }
    Some(line.as_str().expect("a line").to_owned())
}

#[test]
fn a_line_that_is_cut_anywhere_is_one_event_all_the_same() {
    for (mapping, file) in MAPPINGS {
        let text = std::fs::read(sample(file)).expect("it is there");
        for line in text.split(|byte| *byte == b'\n') {
            for end in 1..=line.len() {
                let cut = &line[..end];
                if cut.trim_ascii().is_empty() {
                    continue;
                }
                let event = one(mapping, cut);
                assert!(event.check().is_ok(), "{mapping}: {event:?}");
                let expected = String::from_utf8_lossy(cut);
                if let Some(kept) = kept(&event) {
                    assert_eq!(kept.trim_end(), expected.trim_end(), "{mapping}");
                }
            }
        }
    }
}

#[test]
fn a_line_with_any_byte_changed_is_one_event_all_the_same() {
    for (mapping, file) in MAPPINGS {
        let text = std::fs::read(sample(file)).expect("it is there");
        for line in text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            for place in 0..line.len() {
                for byte in *b"\0 =\"'\\|[]:<-\xC3\xFF" {
                    let mut changed = line.to_vec();
                    changed[place] = byte;
                    let read = read_text(mapping, &changed);
                    assert!(
                        read.rejected.is_empty() && read.errors.is_empty(),
                        "{read:?}"
                    );
                    assert_eq!(read.records.len(), 1, "{mapping}: {changed:?}");
                    assert!(read.records[0].event.check().is_ok());
                }
            }
        }
    }
}

#[test]
fn no_text_forges_a_second_record() {
    for (mapping, _) in MAPPINGS {
        for hostile in [
            "a\u{2028}type=X msg=audit(1.0:1): x",
            "<34>1 - - - - - - a\u{85}<34>1 - - - - - - b",
            "CEF:0|v|p|1|i|n|9|msg=a\\nCEF:0|v|p|1|j|n|9|",
            "\u{1b}[31mred\u{1b}[0m\rrest",
            "\u{202e}\u{feff}",
        ] {
            assert_eq!(
                read_text(mapping, format!("{hostile}\n")).all().len(),
                1,
                "{hostile:?}"
            );
        }
    }
}

#[test]
fn bytes_that_are_no_utf8_are_replaced_and_noted() {
    for (mapping, _) in MAPPINGS {
        let event = one(mapping, b"Mar  1 09:00:00 box app: \xFF\xC3");
        assert!(
            note(&event, "context", "invalid_utf8").is_some(),
            "{mapping}"
        );
        assert_eq!(
            kept(&event).as_deref(),
            Some("Mar  1 09:00:00 box app: \u{FFFD}\u{FFFD}")
        );
    }
}

#[test]
fn a_secret_in_a_line_does_not_pass_the_door_unseen() {
    use indelible_core::redact::Redactor;
    for (mapping, line) in [
        (
            "syslog",
            "Mar  1 09:00:00 box app: login --password=hunter2-hunter2 done",
        ),
        ("cef", "CEF:0|v|p|1|i|n|9|password=hunter2-hunter2 msg=x"),
        (
            "auditd",
            "type=X msg=audit(1.0:1): password=hunter2-hunter2",
        ),
        ("generic-text", "login --password=hunter2-hunter2"),
    ] {
        let mut context: Value = one(mapping, line).context.expect("the record");
        Redactor::default_mask().redact_value(&mut context);
        assert!(
            !context.to_string().contains("hunter2"),
            "{mapping}: {context}"
        );
    }
}
