//! Public card numbers and real events, used from the folder of shared material and never copied
//! here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use indelible_core::redact::Redactor;
use serde_json::Value;

/// A folder of shared material. `None` when it is not at hand, which `INDELIBLE_REQUIRE_SHARED`
/// forbids.
#[expect(
    clippy::disallowed_methods,
    reason = "the place of shared material is a setting of the run"
)]
fn shared(folder: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("INDELIBLE_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = shared.join(folder);
    if folder.is_dir() {
        return Some(folder);
    }
    let required = std::env::var_os("INDELIBLE_REQUIRE_SHARED").is_some_and(|set| set == "1");
    assert!(!required, "nothing shared at {}", folder.display());
    println!("left out: nothing shared at {}", folder.display());
    None
}

#[test]
fn public_card_numbers_are_told_from_near_misses() {
    let Some(folder) = shared("vectors/pan") else {
        return;
    };
    let text = fs::read_to_string(folder.join("pan_cases.json")).expect("the cases");
    let cases: Value = serde_json::from_str(&text).expect("JSON");
    let list = |name: &str| cases[name].as_array().expect(name).clone();
    let redactor = Redactor::default_mask();
    for case in list("valid") {
        let number = case.as_str().expect("a text");
        for text in [
            number.to_owned(),
            format!("my credit card number is {number}."),
        ] {
            let redacted = redactor
                .redact_text(&text)
                .unwrap_or_else(|| panic!("{text} passed"));
            assert_eq!(
                redacted.rules.iter().map(|it| &**it).collect::<Vec<_>>(),
                ["card"]
            );
            let digits = redacted.text.bytes().filter(u8::is_ascii_digit).count();
            assert_eq!(digits, 10, "{}", redacted.text);
        }
        if let Ok(number) = number.parse::<u64>() {
            let mut value = Value::from(number);
            assert_eq!(redactor.redact_value(&mut value).total, 1, "{number}");
        }
    }
    for case in list("invalid")
        .into_iter()
        .chain(list("not_pan_but_digits"))
    {
        let text = case.as_str().expect("a text");
        assert_eq!(redactor.redact_text(text), None, "{text}");
    }
}

#[test]
fn real_events_keep_their_evidence() {
    let Some(data) = shared("data") else { return };
    let mut events = 0;
    for (folder, suffix) in [
        ("cloudtrail-invictus", "json"),
        ("cloudtrail-stratus", "json"),
        ("otrf-misc", "json"),
    ] {
        for entry in fs::read_dir(data.join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|it| it == suffix) {
                events += check_file(&path);
            }
        }
    }
    assert!(events > 2_500, "{events} events");
}

fn check_file(path: &Path) -> usize {
    let text = fs::read_to_string(path).expect("a file");
    let events = match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(mut file)) => match file.remove("Records") {
            Some(Value::Array(records)) => records,
            _ => vec![Value::Object(file)],
        },
        Ok(Value::Array(events)) => events,
        _ => text
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line of JSON"))
            .collect(),
    };
    for event in &events {
        let mut redacted = event.clone();
        Redactor::default_mask().redact_value(&mut redacted);
        assert_eq!(evidence(&redacted), evidence(event), "{}", path.display());
        let name = event["eventID"].as_str();
        assert_eq!(redacted["eventID"].as_str(), name);
    }
    events.len()
}

/// What an investigation rests on, with how often it stands in the event.
fn evidence(event: &Value) -> BTreeMap<(String, String), usize> {
    const NAMES: [&str; 12] = [
        "eventid",
        "requestid",
        "accesskeyid",
        "arn",
        "accountid",
        "principalid",
        "username",
        "sourceipaddress",
        "secretid",
        "nexttoken",
        "eventtime",
        "recipientaccountid",
    ];
    let mut found = BTreeMap::new();
    let mut open = vec![event];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(elements) => open.extend(elements),
            Value::Object(members) => {
                for (name, member) in members {
                    let name = name.to_lowercase();
                    if NAMES.contains(&name.as_str()) && !member.is_object() {
                        *found.entry((name, member.to_string())).or_insert(0) += 1;
                    }
                    open.push(member);
                }
            }
            _ => {}
        }
    }
    found
}
