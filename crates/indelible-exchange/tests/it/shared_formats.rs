//! Exports and lines of text against the public schemas and vectors, which are not part of this
//! project; as `shared` has it.

use std::collections::{HashMap, HashSet};

use indelible_core::AuditEvent;
use indelible_exchange::ExportFormat;
use jsonschema::Validator;
use serde_json::Value;

use crate::exports::{of_every_kind, written};
use crate::fixture::{note, read_text};
use crate::shared::shared;

#[test]
fn every_action_is_valid_ocsf() {
    let Some(folder) = shared("vectors", "ocsf-schema") else {
        return;
    };
    let mut classes: HashMap<u64, Validator> = HashMap::new();
    for file in std::fs::read_dir(folder.join("1.5.0")).expect("a folder") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("it reads");
        let schema: Value = serde_json::from_str(&text).expect("JSON");
        let class = schema["properties"]["class_uid"]["const"].as_u64();
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        classes.insert(class.expect("a class"), validator);
    }
    let mut seen: HashMap<u64, u32> = HashMap::new();
    for line in written(ExportFormat::Ocsf, &of_every_kind(), None).lines() {
        let event: Value = serde_json::from_str(line).expect("JSON");
        let class = event["class_uid"].as_u64().expect("a class");
        let errors: Vec<_> = classes[&class]
            .iter_errors(&event)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?} in {event:#}");
        *seen.entry(class).or_default() += 1;
    }
    for class in [3001, 3002, 3004, 3005, 6002, 6003] {
        assert!(seen.contains_key(&class), "no action is of class {class}");
    }
}

/// The cases of a file, each an object.
fn cases(kind: &str, file: &str) -> Option<Value> {
    let text = std::fs::read(shared("vectors", kind)?.join(file)).expect("it reads");
    Some(serde_json::from_slice(&text).expect("JSON"))
}

/// The messages of a file of syslog, each with whether it is one.
fn messages(file: &str) -> Option<Vec<(String, bool)>> {
    let cases = cases("syslog", file)?;
    let message = |case: &Value| {
        let text = case["input"].as_str().expect("a text").to_owned();
        let valid = match case["valid"].as_str() {
            Some("true") => true,
            Some("false") => false,
            other => panic!("a verdict of a new kind: {other:?}"),
        };
        (text, valid)
    };
    let messages: Vec<_> = cases
        .as_array()
        .expect("cases")
        .iter()
        .map(message)
        .collect();
    assert!(!messages.is_empty());
    Some(messages)
}

/// Whether the line was read and keeps to its grammar.
fn conforms(event: &AuditEvent) -> bool {
    ["unparsed", "nonconforming"]
        .iter()
        .all(|kind| note(event, "context", kind).is_none())
}

#[test]
fn every_message_of_rfc_5424_has_its_verdict() {
    let Some(messages) = messages("rfc5424_cases.json") else {
        return;
    };
    for (message, valid) in messages {
        let events = read_text("syslog", &message).all();
        assert_eq!(events.len(), message.lines().count(), "{message:?}");
        // In a file a line break ends the message, also within a text that may hold one.
        let read = match valid {
            true => events.first().is_some_and(conforms),
            false => !events.is_empty() && events.iter().all(conforms),
        };
        assert_eq!(read, valid, "{message:?}");
    }
}

#[test]
fn every_message_of_rfc_3164_is_read() {
    let Some(messages) = messages("rfc3164_cases.json") else {
        return;
    };
    for (message, valid) in messages {
        let events = read_text("syslog", &message).all();
        assert_eq!(events.len(), 1, "{message:?}");
        assert_eq!(conforms(&events[0]), valid, "{message:?}");
        let context = events[0].context.as_ref().expect("the record");
        let words: Vec<&str> = message.split_whitespace().collect();
        assert_eq!(context["host"], words[3], "{message:?}");
    }
}

#[test]
fn every_line_of_cef_is_read() {
    let Some(cases) = cases("cef", "cef_cases.json") else {
        return;
    };
    let listed = cases["parcefone"].as_array().expect("cases").iter();
    let named = cases["metron"].as_object().expect("cases").values();
    let lines: Vec<&str> = listed
        .map(|case| &case["line"])
        .chain(named)
        .map(|line| line.as_str().expect("a line"))
        .collect();
    assert!(!lines.is_empty());
    for line in lines {
        let events = read_text("cef", line).all();
        assert_eq!(events.len(), 1, "{line}");
        let event = &events[0];
        assert!(note(event, "context", "unparsed").is_none(), "{line}");
        let context = event.context.as_ref().expect("the record");
        assert_eq!(context["version"], "0", "{line}");
        assert_eq!(
            context.get("priority").is_some(),
            line.starts_with('<'),
            "{line}"
        );
        for (word, name) in line
            .split(' ')
            .filter_map(|word| Some((word, word.split_once('=')?.0)))
        {
            let is_key = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if is_key && !name.is_empty() {
                assert!(context["extension"][name].is_string(), "{word} of {line}");
            }
        }
        // A date in English, with a zone that means one offset.
        if line.contains("rt=Feb 09 2015 00:27:43 UTC") {
            let time = event.occurred_at.expect("a time").to_string();
            assert_eq!(time, "2015-02-09T00:27:43.000000Z");
        }
        if line.contains("rt=juil.") || line.contains("rt=Wrong") {
            assert!(note(event, "occurred_at", "unreadable").is_some(), "{line}");
        }
    }
}

#[test]
fn records_of_auditd_are_joined_by_their_stamp() {
    let Some(folder) = shared("data", "auditd-go-libaudit") else {
        return;
    };
    let text = |name: &str| std::fs::read(folder.join(name)).expect("it reads");
    for name in [
        "audit-rhel6.log",
        "audit-rhel7.log",
        "audit-ubuntu14.log",
        "normal.log",
        "out_of_order.log",
        "test2.log",
    ] {
        let text = text(name);
        let lossy = String::from_utf8_lossy(&text);
        let stamp = |line: &str| {
            let (stamp, _) = line.split_once("msg=audit(")?.1.split_once(')')?;
            stamp.contains(':').then(|| stamp.to_owned())
        };
        let stamps: HashSet<String> = lossy.lines().filter_map(stamp).collect();
        let events = read_text("auditd", &text).all();
        let is_parsed = |event: &&_| note(event, "context", "unparsed").is_none();
        assert_eq!(
            events.iter().filter(is_parsed).count(),
            stamps.len(),
            "{name}"
        );
        for event in events.iter().filter(is_parsed) {
            assert!(
                event.occurred_at.is_some() && event.check().is_ok(),
                "{event:?}"
            );
        }
    }
    let ids = |name: &str| -> HashSet<String> {
        read_text("auditd", text(name)).ids().into_iter().collect()
    };
    assert_eq!(ids("normal.log"), ids("out_of_order.log"));
}
