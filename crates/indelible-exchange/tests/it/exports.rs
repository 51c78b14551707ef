//! What other systems read of the trail.

use indelible_core::engine::Proved;
use indelible_core::{Entry, Outcome, catalogue};
use indelible_exchange::{EntryWriter, ExportFormat};
use indelible_merkle::Hash;
use serde_json::{Value, json};

/// Every attribute that an entry can have, or as few as there can be.
fn entry(action: &str, outcome: Outcome, is_full: bool) -> Entry {
    let text = |text: &str| is_full.then(|| text.to_owned());
    Entry {
        trail: "default".parse().expect("a name"),
        seq: 7,
        id: uuid::Uuid::from_u128(0x018f_4f2e_7b1c_7c3a_9d2b_6a1f_3e5b_7a11),
        action: action.to_owned(),
        outcome,
        resource_type: "account".to_owned(),
        resource_id: text("acc-1"),
        user_id: text("u-17"),
        on_behalf_of: text("u-18"),
        ip_address: text("203.0.113.9"),
        user_agent: text("Mozilla/5.0"),
        context: is_full.then(|| json!({"reason": "refused", "nothing": null, "role": "clerk"})),
        correlation_id: text("c-1"),
        tags: if is_full {
            vec!["data.personal".to_owned()]
        } else {
            Vec::new()
        },
        occurred_at: "2026-11-25T10:00:00.123456Z".parse().expect("a time"),
        created_at: "2026-11-25T10:00:01Z".parse().expect("a time"),
        leaf_hash: Hash::from_hex(&"07".repeat(32)).expect("a hash"),
        notes: Vec::new(),
        erased: Vec::new(),
    }
}

pub fn written(format: ExportFormat, entries: &[Entry], proof: Option<&Proved>) -> String {
    let mut writer = EntryWriter::begin(Vec::new(), format).expect("it begins");
    for entry in entries {
        writer.write(entry, proof).expect("it is written");
    }
    String::from_utf8(writer.finish().expect("it ends")).expect("UTF-8")
}

/// Each action of the catalogue and one that is not in it, with each outcome, full and empty.
pub fn of_every_kind() -> Vec<Entry> {
    let actions = catalogue::all().iter().map(|action| action.value);
    let actions: Vec<_> = actions.chain(["invoice.sent", "user_login"]).collect();
    let mut entries = Vec::new();
    for action in actions {
        for outcome in Outcome::ALL {
            for is_full in [true, false] {
                entries.push(entry(action, outcome, is_full));
                let mut odd = entry(action, outcome, is_full);
                "user".clone_into(&mut odd.resource_type);
                odd.ip_address = Some("not an address".to_owned());
                entries.push(odd);
                let mut v6 = entry(action, outcome, true);
                v6.ip_address = Some("2001:db8::1".to_owned());
                entries.push(v6);
            }
        }
    }
    entries
}

fn nulls(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Null => found.push(path.to_owned()),
        Value::Object(members) => {
            for (name, value) in members {
                nulls(value, &format!("{path}.{name}"), found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| nulls(item, path, found)),
        _ => {}
    }
}

#[test]
fn an_ocsf_event_says_what_the_entry_says() {
    let proof = Proved {
        text: "c2sp.org/tlog-proof@v1\n…".to_owned(),
        seq: 7,
        tree_size: 9,
    };
    let entries = [entry("user_login_failed", Outcome::Failed, true)];
    let event: Value =
        serde_json::from_str(&written(ExportFormat::Ocsf, &entries, Some(&proof))).expect("JSON");
    for (path, wanted) in [
        ("/class_uid", json!(3002)),
        ("/activity_id", json!(1)),
        ("/type_uid", json!(300_201)),
        ("/status_id", json!(2)),
        ("/status_detail", json!("refused")),
        ("/time", json!(1_795_600_800_123_i64)),
        ("/metadata/version", json!("1.5.0")),
        (
            "/metadata/uid",
            json!("018f4f2e-7b1c-7c3a-9d2b-6a1f3e5b7a11"),
        ),
        ("/metadata/sequence", json!(7)),
        ("/metadata/labels/0", json!("data.personal")),
        ("/user/uid", json!("u-17")),
        ("/src_endpoint/ip", json!("203.0.113.9")),
        ("/http_request/user_agent", json!("Mozilla/5.0")),
        ("/unmapped/context/role", json!("clerk")),
        ("/enrichments/0/type", json!("integrity")),
        ("/enrichments/0/data/leaf_hash", json!("07".repeat(32))),
        ("/enrichments/0/data/tree_size", json!(9)),
        (
            "/enrichments/0/data/proof",
            json!("c2sp.org/tlog-proof@v1\n…"),
        ),
    ] {
        assert_eq!(event.pointer(path), Some(&wanted), "{path} of {event:#}");
    }
}

#[test]
fn ocsf_loses_nothing_in_any_class() {
    for mut entry in of_every_kind() {
        let given = [
            &mut entry.user_id,
            &mut entry.on_behalf_of,
            &mut entry.resource_id,
            &mut entry.ip_address,
            &mut entry.user_agent,
            &mut entry.correlation_id,
        ];
        for (at, field) in given.into_iter().enumerate() {
            *field = Some(format!("kept-{at}"));
        }
        entry.context = Some(json!({"a": "kept-6"}));
        entry.tags = vec!["kept-7".to_owned()];
        let line = written(ExportFormat::Ocsf, &[entry], None);
        for at in 0..8 {
            assert!(line.contains(&format!("\"kept-{at}\"")), "{at}: {line}");
        }
    }
}

#[test]
fn ocsf_leaves_out_what_is_absent() {
    let entries = of_every_kind();
    let text = written(ExportFormat::Ocsf, &entries, None);
    assert_eq!(text.lines().count(), entries.len());
    for line in text.lines() {
        let mut event: Value = serde_json::from_str(line).expect("JSON");
        if let Some(unmapped) = event["unmapped"].as_object_mut() {
            unmapped.remove("context");
        }
        let mut found = Vec::new();
        nulls(&event, "", &mut found);
        assert!(found.is_empty(), "{found:?} in {line}");
        let (class, activity) = (&event["class_uid"], &event["activity_id"]);
        let type_uid = class
            .as_u64()
            .zip(activity.as_u64())
            .map(|(c, a)| c * 100 + a);
        assert_eq!(event["type_uid"].as_u64(), type_uid);
    }
}

/// Texts that a reader of lines, of CEF or of syslog could take for something else.
const HOSTILE: [&str; 14] = [
    "ends with|",
    "ends with \\",
    "a|b\\c=d",
    "line\nfeed\r\nand more",
    "] end [fake@1 a=\"b\"]",
    "\"quoted\\",
    "tab\tvertical\u{b}form\u{c}",
    "next\u{85}line\u{2028}separator\u{2029}",
    "<13>1 - - - - - forged",
    "CEF:0|x|y|1|2|3|4|act=x",
    "\u{1b}[31mred",
    "\u{feff}mark",
    "ünïcode 😀",
    "src=1.2.3.4 dst=5.6.7.8",
];

#[test]
fn a_hostile_text_is_one_line_in_every_format() {
    for format in [ExportFormat::Ocsf, ExportFormat::Cef, ExportFormat::Syslog] {
        for text in HOSTILE {
            let mut entry = entry("data_viewed", Outcome::Completed, true);
            for field in [
                &mut entry.user_id,
                &mut entry.resource_id,
                &mut entry.user_agent,
                &mut entry.ip_address,
                &mut entry.correlation_id,
                &mut entry.on_behalf_of,
            ] {
                *field = Some(text.to_owned());
            }
            entry.context = Some(json!({ text: text, "reason": text }));
            let line = written(format, std::slice::from_ref(&entry), None);
            assert!(line.ends_with('\n'));
            let line = line.trim_end_matches('\n');
            // A reader of JSON lines ends them at U+000A alone.
            let ends: &[char] = match format {
                ExportFormat::Ocsf => &['\n', '\r'],
                _ => &[
                    '\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}', '\u{1b}',
                ],
            };
            assert!(!line.contains(ends), "{format:?}: {line:?}");
        }
    }
}

type Members = Vec<(String, String)>;

/// The header's fields and the members of a CEF line, read strictly.
fn cef(line: &str) -> Option<(Vec<String>, Members)> {
    let mut rest = line.strip_prefix("CEF:")?.chars();
    let mut header = vec![String::new()];
    while header.len() < 8 {
        match rest.next()? {
            '|' => header.push(String::new()),
            '\\' => match rest.next()? {
                letter @ ('\\' | '|') => header.last_mut()?.push(letter),
                _ => return None,
            },
            letter => header.last_mut()?.push(letter),
        }
    }
    header.pop();
    let mut members = Members::new();
    let mut word = String::new();
    let mut text = String::new();
    let mut letters = rest;
    // A key is the word before an equals sign that nothing escapes.
    while let Some(letter) = letters.next() {
        match letter {
            '=' => {
                if let Some((_, value)) = members.last_mut() {
                    value.push_str(text.strip_suffix(' ').unwrap_or(&text));
                    text.clear();
                }
                members.push((std::mem::take(&mut word), String::new()));
                continue;
            }
            '\\' => {
                word.push(match letters.next()? {
                    letter @ ('\\' | '=') => letter,
                    'n' => '\n',
                    'r' => '\r',
                    _ => return None,
                });
                continue;
            }
            ' ' => {
                text.push_str(&word);
                text.push(' ');
                word.clear();
                continue;
            }
            _ => {}
        }
        word.push(letter);
    }
    text.push_str(&word);
    members.last_mut()?.1.push_str(&text);
    Some((header, members))
}

#[test]
fn cef_is_read_back_exactly() {
    for text in HOSTILE {
        let mut entry = entry("data_viewed", Outcome::Denied, true);
        entry.resource_id = Some(text.to_owned());
        entry.user_id = Some(text.to_owned());
        entry.user_agent = Some(text.to_owned());
        let line = written(ExportFormat::Cef, &[entry], None);
        let (header, members) = cef(line.trim_end_matches('\n')).expect(&line);
        assert_eq!(header[0], "0");
        assert_eq!(header[4], "data_viewed");
        assert_eq!(header[6], "7");
        let member = |key: &str| {
            let found = members.iter().find(|(name, _)| name == key);
            found.map(|(_, value)| value.as_str())
        };
        let spaced: String = text
            .chars()
            .map(|c| match c {
                '\n' | '\r' => c,
                '\u{2028}' | '\u{2029}' => ' ',
                c if c.is_control() => ' ',
                c => c,
            })
            .collect();
        assert_eq!(member("cs2"), Some(&*spaced), "{line}");
        assert_eq!(member("suid"), Some(&*spaced), "{line}");
        assert_eq!(member("requestClientApplication"), Some(&*spaced));
        assert_eq!(member("cs2Label"), Some("resourceId"));
        assert_eq!(member("src"), Some("203.0.113.9"));
        assert_eq!(member("rt"), Some("1795600801000"));
        assert_eq!(member("cn1"), Some("7"));
    }
}

#[test]
fn a_cef_text_is_no_longer_than_the_format_allows() {
    let mut entry = entry("data_viewed", Outcome::Completed, true);
    entry.context = Some(json!({ "text": "é".repeat(9000) }));
    entry.user_agent = Some("=".repeat(3000));
    let line = written(ExportFormat::Cef, &[entry], None);
    let (_, members) = cef(line.trim_end_matches('\n')).expect("it reads");
    for (key, value) in members {
        let max = if key.starts_with("cs") { 4000 } else { 1023 };
        assert!(value.chars().count() <= max, "{key}");
    }
}

#[test]
fn a_syslog_message_holds_the_whole_entry() {
    for text in HOSTILE {
        let mut entry = entry(&"a".repeat(100), Outcome::Failed, true);
        entry.user_agent = Some(text.to_owned());
        entry.resource_id = Some(text.to_owned());
        let wanted = serde_json::to_value(&entry).expect("JSON");
        let line = written(ExportFormat::Syslog, &[entry], None);
        let start = "<109>1 2026-11-25T10:00:00.123456Z - indelible - ";
        let rest = line.strip_prefix(start).expect(&line);
        let (msgid, rest) = rest.split_once(' ').expect("a MSGID");
        assert_eq!(msgid.len(), 32);
        assert!(
            rest.starts_with("[entry@32473 trail=\"default\" seq=\"7\""),
            "{rest}"
        );
        let json = rest
            .find("\"] {")
            .map(|at| &rest[at + 3..])
            .expect("a message");
        assert!(json.is_ascii());
        assert_eq!(serde_json::from_str::<Value>(json).expect("JSON"), wanted);
    }
}
