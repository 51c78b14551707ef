//! What should not be there is found wherever it stands, and nothing of it is told.

use std::sync::Arc;

use indelible_core::door::Door;
use indelible_core::entry::StoredEntry;
use indelible_core::redact::{Mode, Redactor, Rules};
use indelible_core::scan::{Finding, Personal, Scanner, is_place};
use indelible_core::{AuditAction, AuditEvent, Note};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::ground::{CountedEntropy, HandClock};

fn stored_with(redactor: Redactor, event: AuditEvent) -> StoredEntry {
    let entropy = Arc::new(CountedEntropy::default());
    let door = Door::new(HandClock::new(), entropy, Arc::new(redactor));
    door.admit(event).expect("admitted").new.entry
}

fn let_in(event: AuditEvent) -> StoredEntry {
    stored_with(Redactor::new(Rules::standard(), Mode::Off, [0; 32]), event)
}

fn custom() -> AuditAction {
    AuditAction::new("thing_done").expect("an action")
}

fn event() -> AuditEvent {
    AuditEvent::new(custom(), "thing")
}

fn scanner() -> Scanner {
    Scanner::new(Rules::standard(), Personal::default())
}

fn found(scanner: &Scanner, entry: &StoredEntry) -> Vec<(String, String)> {
    let findings = scanner.scan(entry).expect("readable");
    findings
        .into_iter()
        .map(|it| (it.place(), it.rule))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(place, rule): &(&str, &str)| ((*place).to_owned(), (*rule).to_owned());
    expected.iter().map(owned).collect()
}

/// What nobody may find in an answer.
const TOKEN: &str = "ghp_a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8";
const CARD: &str = "4532015112830366";
const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLXZhbHVl";

#[test]
fn every_text_of_an_entry_is_searched() {
    let mut all = event()
        .user_id(CARD)
        .on_behalf_of(TOKEN)
        .ip_address("password=hunter2")
        .user_agent(format!("curl {JWT}"))
        .resource_id("mailbox of erika@example.com")
        .correlation_id("+4917012345678")
        .context(json!({"a": {"api_key": "hunter2"}, "b": ["DE89370400440532013000"]}));
    all.resource_type = format!("t/{TOKEN}");
    all.tags = vec![format!("card.{CARD}"), "plain".to_owned()];
    all.notes = vec![
        Note::new("user_id", "kept").with("was", "max@example.org"),
        Note::new("context", "kept").with("password", "hunter2"),
    ];
    assert_eq!(
        found(&scanner(), &let_in(all)),
        pairs(&[
            ("resource_type", "github-token"),
            ("tags/0", "card"),
            ("user_id", "card"),
            ("on_behalf_of", "github-token"),
            ("ip_address", "password"),
            ("user_agent", "jwt"),
            ("notes/0/was", "email"),
            ("resource_id", "email"),
            ("context/a/api_key", "api-key"),
            ("context/b/0", "iban"),
            ("correlation_id", "phone"),
            ("notes/1/password", "password"),
        ])
    );
}

#[test]
fn what_was_redacted_already_is_no_finding_in_any_mode() {
    let event = event().user_agent(format!("curl {JWT} {CARD}")).context(
        json!({"password": "hunter2", "url": format!("?token={TOKEN}"), CARD: CARD,
                        "shown": "e***@example.com", "other": "HIDDEN_DUE_TO_SECURITY_REASONS"}),
    );
    for mode in [Mode::Mask, Mode::KeyedHash, Mode::Drop] {
        let redactor = Redactor::new(Rules::standard(), mode, [3; 32]);
        let stored = stored_with(redactor, event.clone());
        assert_eq!(found(&scanner(), &stored), [], "{mode}");
    }
    assert_eq!(found(&scanner(), &let_in(event)).len(), 5);
}

#[test]
fn a_marker_that_was_cut_is_no_finding() {
    for filling in 210..255 {
        let text = format!("{} password=hunter2", "x".repeat(filling));
        let whole = format!("{} password=hunter2", "x".repeat(filling + 750));
        let event = event()
            .resource_id(text.clone())
            .correlation_id(text)
            .user_agent(whole.clone())
            .context(json!({"a": [whole], "z": "y".repeat(70_000)}));
        for mode in [Mode::Mask, Mode::KeyedHash] {
            let redactor = Redactor::new(Rules::standard(), mode, [3; 32]);
            let stored = stored_with(redactor, event.clone());
            assert_eq!(found(&scanner(), &stored), [], "{mode} {filling}");
        }
    }
    // What was let in is found before a cut.
    let event = event().resource_id(format!("password=hunter2 {}[", "x".repeat(300)));
    let stored = let_in(event);
    assert_eq!(
        found(&scanner(), &stored),
        pairs(&[("resource_id", "password")])
    );
}

#[test]
fn the_rules_that_let_something_in_are_named() {
    let lax = "version = 4\nextends = \"standard\"\ndisable = [\"password\"]\n";
    let lax = Rules::parse(lax).expect("rules");
    let name = format!("{} mask", lax.name());
    let event = event()
        .user_id(CARD)
        .context(json!({"password": "hunter2"}));
    let stored = stored_with(
        Redactor::new(lax.clone(), Mode::Mask, [0; 32]),
        event.clone(),
    );
    let findings = scanner().scan(&stored).expect("readable");
    assert_eq!(findings.len(), 1, "the card was masked by the older rules");
    assert_eq!(findings[0].stored_under, Some(name));
    assert_eq!(found(&Scanner::new(lax, Personal::All), &stored), []);
    let off = scanner().scan(&let_in(event)).expect("readable");
    let under = |finding: &Finding| finding.stored_under.as_deref() == Some("standard/1 off");
    assert!(off.len() == 2 && off.iter().all(under), "{off:?}");
    let masked = stored_with(
        Redactor::default_mask(),
        self::event().resource_id("a@example.com"),
    );
    let masked = scanner().scan(&masked).expect("readable");
    assert_eq!(masked[0].stored_under.as_deref(), Some("standard/1 mask"));
}

#[test]
fn a_name_of_rules_that_is_none_is_not_passed_on() {
    let mut stored = let_in(event().resource_id(CARD));
    let part = stored.parts.target.as_mut().expect("a target");
    let forged = json!({"redaction": format!("x={TOKEN}"), "resource_id": CARD});
    part.body = serde_json::to_vec(&forged).expect("JSON");
    let findings = scanner().scan(&stored).expect("readable");
    assert_eq!(findings[0].stored_under.as_deref(), Some("unknown"));
}

#[test]
fn sys_42_personal_data_is_no_finding_where_it_is_expected() {
    let context = json!({"email": "a@example.com", "to": {"email": "b@example.com", "n": 1}});
    let mut event = AuditEvent::new(AuditAction::USER_LOGIN_FAILED, "session")
        .user_id("c@example.com")
        .on_behalf_of("d@example.com")
        .resource_id("e@example.com")
        .context(context);
    let stored = let_in(event.clone());
    let places = |personal: Personal| {
        let found = found(&Scanner::new(Rules::standard(), personal), &stored);
        found
            .into_iter()
            .map(|(place, _)| place)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        places(Personal::default()),
        ["resource_id", "context/to/email"]
    );
    let expected = |places: &[&str]| {
        Personal::ExpectedElsewhere(places.iter().map(|it| (*it).to_owned()).collect())
    };
    assert_eq!(places(expected(&["resource_id"])), ["context/to/email"]);
    assert_eq!(places(expected(&["context/to", "resource_id"])), [""; 0]);
    assert_eq!(places(expected(&["context/t", "resource"])).len(), 2);
    assert_eq!(places(Personal::Ignored), [""; 0]);
    let all = [
        "user_id",
        "on_behalf_of",
        "resource_id",
        "context/email",
        "context/to/email",
    ];
    assert_eq!(places(Personal::All), all);
    // The catalogue speaks of its own actions, by any name they have.
    event.action = custom();
    assert_eq!(found(&scanner(), &let_in(event.clone())).len(), 3);
    // A secret is expected nowhere.
    event.context = Some(json!({"email": TOKEN}));
    let expected = expected(&["context/email", "resource_id"]);
    let scanner = Scanner::new(Rules::standard(), expected);
    assert_eq!(
        found(&scanner, &let_in(event)),
        pairs(&[("context/email", "github-token")])
    );
}

#[test]
fn places_are_fields_of_entries() {
    for place in [
        "user_agent",
        "context",
        "context/a/b",
        "tags/0",
        "notes",
        "correlation_id",
    ] {
        assert!(is_place(place), "{place}");
    }
    for place in [
        "",
        "/",
        "email",
        "user_agent/x",
        "contexts/a",
        "action",
        "/context",
    ] {
        assert!(!is_place(place), "{place}");
    }
}

#[test]
fn erased_parts_hold_nothing_and_unreadable_ones_are_an_error() {
    let mut stored = let_in(
        event()
            .user_id(CARD)
            .context(json!({"password": "hunter2"})),
    );
    stored.parts.details = None;
    assert_eq!(found(&scanner(), &stored), pairs(&[("user_id", "card")]));
    stored.parts.actor.as_mut().expect("an actor").body = b"{".to_vec();
    assert!(scanner().scan(&stored).is_err());
}

#[test]
fn an_entry_full_of_secrets_is_searched_to_its_end() {
    let secrets: Vec<_> = (0..3000).map(|n| format!("u{n}@example.com")).collect();
    let long = "k".repeat(900);
    let context = json!({ &long: { &long: secrets } });
    let findings = scanner()
        .scan(&let_in(event().context(context)))
        .expect("readable");
    assert_eq!(findings.len(), 3000);
    assert_eq!(
        findings[0].path.as_deref(),
        Some(format!("/{long}/…").as_str())
    );
    let tokens: Vec<_> = (0..1000).map(|_| json!({"password": "hunter2"})).collect();
    let entry = let_in(event().context(json!({ "all": tokens })));
    let findings = scanner().scan(&entry).expect("readable");
    assert_eq!(
        findings.last().map(Finding::place).as_deref(),
        Some("context/all/999/password")
    );
    assert_eq!(findings.len(), 1000);
}

/// Something that betrays itself by its form, with letters and digits as chance has it.
fn planted() -> impl Strategy<Value = String> {
    let luhn = |digits: String| {
        let sum = digits.bytes().rev().enumerate().map(|(at, digit)| {
            let digit = u32::from(digit - b'0') * if at % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        });
        let check = (10 - sum.sum::<u32>() % 10) % 10;
        format!("{digits}{check}")
    };
    prop_oneof![
        "[qxz]{8}[0-9]{3}@[qxz]{6}\\.example",
        "\\+49[1-9][0-9]{9}",
        "4[0-9]{14}".prop_map(luhn),
        "ghp_[qxzQXZ0-9]{36}",
        "password=[qxz]{6}[0-9]{6}",
        "https://u:[qxz]{6}[0-9]{6}@host\\.test/",
        Just("DE89370400440532013000".to_owned()),
        Just(JWT.to_owned()),
    ]
}

/// A text around it, a context with it as value or name, at some depth.
fn context(secrets: Vec<(String, u8)>) -> Value {
    let mut context = Map::new();
    for (at, (secret, way)) in secrets.into_iter().enumerate() {
        let around = format!("<{secret}> and more");
        let value = match way % 7 {
            0 => json!(secret),
            1 => json!({"deep": [1, {"er": around}]}),
            2 => json!({ secret: {"password": "qxzqxz123456"} }),
            3 => json!({ around: [true, "plain"] }),
            4 => json!(format!("{{\"token\": \"{secret}\"}}")),
            5 => json!({"name": "password", "value": secret}),
            _ => json!({ "api_key": { secret.clone(): secret } }),
        };
        context.insert(format!("m{at}"), value);
    }
    Value::Object(context)
}

proptest! {
    /// No six characters of what was planted stand in an answer.
    #[test]
    fn nothing_is_told_of_what_is_found(
        secrets in vec((planted(), any::<u8>()), 1..6),
        outside in planted(),
        tag in "ghp_[qxz0-9]{36}",
    ) {
        let mut event = event()
            .user_id(outside.clone())
            .user_agent(format!("x {outside}"))
            .resource_id(outside.clone())
            .correlation_id(outside.clone())
            .context(context(secrets.clone()));
        event.tags = vec![tag.clone()];
        event.resource_type = tag.clone();
        let scanner = Scanner::new(Rules::standard(), Personal::All);
        let findings = scanner.scan(&let_in(event)).expect("readable");
        let told = format!("{} {findings:?} {}", json!(findings), scanner.shown(&outside));
        let planted = secrets.iter().map(|(secret, _)| secret).chain([&outside, &tag]);
        for secret in planted {
            // What comes before the secret itself is the rule's name, not a part of it.
            let own = secret.trim_start_matches("password=").trim_start_matches("https://u:");
            let own = own.trim_end_matches("@host.test/");
            for start in 0..own.len().saturating_sub(5) {
                let part = &own[start..start + 6];
                prop_assert!(!told.contains(part), "{part} of {secret} in {told}");
            }
        }
        for place in ["resource_type", "tags/0", "user_id", "user_agent", "correlation_id"] {
            prop_assert!(findings.iter().any(|it| it.place() == place), "{place}: {findings:?}");
        }
        for at in 0..secrets.len() {
            let below = format!("context/m{at}");
            prop_assert!(findings.iter().any(|it| it.place().starts_with(&below)), "{below}");
        }
    }
}
