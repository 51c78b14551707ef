//! Each term of the condition language, in each of its values.

use indelible_evidence::{Condition, Contents, Controls, Facts, Framework, Scope, Term, Truth};
use serde_json::{Value, json};

use Truth::{False, True, Unknown};

/// A record: its tags, its kind of resource and its context.
struct Record {
    tags: Vec<String>,
    tags_dropped: bool,
    resource_type: &'static str,
    contents: Contents,
}

fn record(context: Value) -> Record {
    let contents = match context {
        Value::Object(context) => Contents::Open(context),
        _ => Contents::None,
    };
    Record {
        tags: Vec::new(),
        tags_dropped: false,
        resource_type: "account",
        contents,
    }
}

impl Record {
    fn tagged(tag: &str) -> Self {
        Self {
            tags: vec![tag.to_owned()],
            ..record(json!({}))
        }
    }

    fn on(resource_type: &'static str) -> Self {
        Self {
            resource_type,
            ..record(json!({}))
        }
    }
}

#[track_caller]
fn holds_with(text: &str, record: &Record, scope: &Scope) -> Truth {
    let condition: Condition = text.parse().expect(text);
    let facts = Facts {
        tags: &record.tags,
        tags_dropped: record.tags_dropped,
        resource_type: record.resource_type,
        contents: &record.contents,
    };
    condition.holds(&facts, scope)
}

#[track_caller]
fn holds(text: &str, record: &Record) -> Truth {
    holds_with(text, record, &Scope::default())
}

fn scope(text: &str) -> Scope {
    let declared = "[declared]\nby = \"m\"\non = \"2026-01-01\"\nwhy = \"a test\"\n";
    Scope::parse(&format!("{declared}{text}")).expect("a scope")
}

#[test]
fn sys_10_sys_11_a_tag_says_yes_its_denial_no_and_nothing_nothing() {
    for tag in [
        "account.in_scope",
        "actor.privileged",
        "actor.service_interactive",
        "actor.user",
        "consent.basis",
        "data.chd",
        "data.ephi",
        "data.personal",
        "privilege.elevated",
        "target.privileged",
    ] {
        assert_eq!(holds(tag, &Record::tagged(tag)), True, "{tag}");
        assert_eq!(
            holds(tag, &Record::tagged(&format!("{tag}:no"))),
            False,
            "{tag}"
        );
        assert_eq!(holds(tag, &Record::tagged("another")), Unknown, "{tag}");
        // Another tag with the same beginning is another tag.
        assert_eq!(
            holds(tag, &Record::tagged(&format!("{tag}.x"))),
            Unknown,
            "{tag}"
        );
        let complete = scope(&format!("[tags]\ncomplete = [\"{tag}\"]\n"));
        assert_eq!(
            holds_with(tag, &Record::tagged("another"), &complete),
            False,
            "{tag}"
        );
        assert_eq!(
            holds_with(tag, &Record::tagged(tag), &complete),
            True,
            "{tag}"
        );
    }
}

#[test]
fn data_that_is_declared_not_to_be_there_is_not() {
    for (tag, area) in [
        ("data.chd", "chd"),
        ("data.ephi", "ephi"),
        ("data.personal", "personal"),
    ] {
        let absent = scope(&format!("[scope.{area}]\npresent = false\n"));
        let present = scope(&format!("[scope.{area}]\npresent = true\n"));
        let bare = record(json!({}));
        assert_eq!(holds_with(tag, &bare, &absent), False);
        assert_eq!(holds_with(tag, &bare, &present), Unknown);
        // What was written with the record is stronger than what is declared of all.
        assert_eq!(holds_with(tag, &Record::tagged(tag), &absent), True);
    }
}

#[test]
fn the_cardholder_environment_is_what_the_scope_declares() {
    let on = Record::on("payment");
    assert_eq!(holds("scope.cde", &on), Unknown);
    let all = scope("[scope.cde]\npresent = true\n");
    assert_eq!(holds_with("scope.cde", &on, &all), True);
    let none = scope("[scope.cde]\npresent = false\n");
    assert_eq!(holds_with("scope.cde", &on, &none), False);
    let some = scope("[scope.cde]\npresent = true\nresource_types = [\"payment\"]\n");
    assert_eq!(holds_with("scope.cde", &on, &some), True);
    assert_eq!(
        holds_with("scope.cde", &Record::on("session"), &some),
        False
    );
}

#[test]
fn sys_16_system_objects_are_known_by_their_type() {
    let term = "resource.system_object";
    for (kind, truth) in [
        ("table", True),
        ("bucket", True),
        ("account", False),
        ("AWS::S3::Bucket", Unknown),
    ] {
        assert_eq!(holds(term, &Record::on(kind)), truth, "{kind}");
    }
    let declared = scope("[resources]\nsystem_objects = [\"AWS::S3::Bucket\"]\n");
    assert_eq!(
        holds_with(term, &Record::on("AWS::S3::Bucket"), &declared),
        True
    );
    assert_eq!(holds_with(term, &Record::on("table"), &declared), False);
}

#[test]
fn sys_26_settings_are_known_by_their_key() {
    for (key, audit, time) in [
        ("audit.level", True, False),
        ("Log-Level", True, False),
        ("ntp_servers", False, True),
        ("ntp.pool", False, True),
        ("session_timeout", False, False),
        ("login_page", False, False),
        // A word alone is a guess.
        ("logRetentionDays", Unknown, False),
        ("logIn", Unknown, False),
        ("auditors.allowed", False, False),
        ("audit.", Unknown, False),
        ("system.clock.source", False, Unknown),
        ("session_time_limit", False, Unknown),
    ] {
        let record = record(json!({ "config_key": key }));
        assert_eq!(holds("config.audit", &record), audit, "{key}");
        assert_eq!(holds("config.time", &record), time, "{key}");
    }
    assert_eq!(holds("config.audit", &record(json!({}))), Unknown);
    let declared = scope("[settings]\naudit = [\"siem.on\", \"x\"]\ntime = [\"y\"]\n");
    let x = record(json!({"config_key": "x"}));
    assert_eq!(holds_with("config.audit", &x, &declared), True);
    assert_eq!(holds_with("config.time", &x, &declared), False);
}

#[test]
fn endpoints_of_login_are_declared_or_said() {
    let term = "endpoint.login";
    let limited = record(json!({"endpoint": "/v1/login"}));
    assert_eq!(holds(term, &limited), Unknown);
    let declared = scope("[endpoints]\nlogin = [\"/v1/login\"]\n");
    assert_eq!(holds_with(term, &limited, &declared), True);
    let other = record(json!({"endpoint": "/v1/search"}));
    assert_eq!(holds_with(term, &other, &declared), False);
    assert_eq!(holds_with(term, &record(json!({})), &declared), Unknown);
    assert_eq!(holds(term, &record(json!({"endpoint_login": true}))), True);
}

#[test]
fn reasons_are_of_classes() {
    for reason in [
        "invalid_password",
        "wrong_current_password",
        "wrong_password",
        "invalid_code",
        "invalid_token",
        "token_invalid",
        "token_revoked",
        "token_version_rejected",
        "insufficient_privileges",
        "no_permission",
        "insufficient_permission",
        "permission_denied",
        "not_owner",
        "security_check_failed",
    ] {
        let record = record(json!({ "reason": reason }));
        assert_eq!(holds("reason.access_violation", &record), True, "{reason}");
    }
    for (term, yes, no) in [
        (
            "reason.access_violation",
            "no_permission",
            "duplicate_email",
        ),
        ("reason.security", "security_incident", "user request"),
        ("reason.security", "Security incident", "user request"),
        ("reason.security", "security.phishing", "user request"),
        ("reason.timeout", "session_timeout", "logout"),
        ("reason.inactivity", "inactivity", "terminated"),
    ] {
        assert_eq!(
            holds(term, &record(json!({ "reason": yes }))),
            True,
            "{term}"
        );
        assert_eq!(
            holds(term, &record(json!({ "reason": no }))),
            False,
            "{term}"
        );
        assert_eq!(
            holds(term, &record(json!({ "reason": 7 }))),
            Unknown,
            "{term}"
        );
        assert_eq!(holds(term, &record(json!({}))), Unknown, "{term}");
    }
}

#[test]
fn a_word_alone_is_no_reason() {
    for (term, guess) in [
        ("reason.security", "not suspicious"),
        ("reason.security", "no security concern"),
        ("reason.timeout", "no timeout"),
        ("reason.inactivity", "inactive for 90 days"),
    ] {
        let record = record(json!({ "reason": guess }));
        assert_eq!(holds(term, &record), Unknown, "{term} {guess}");
    }
}

#[test]
fn tags_that_contradict_or_were_dropped_say_nothing() {
    for (tag, area) in [("data.chd", "chd"), ("data.personal", "personal")] {
        let mut both = Record::tagged(tag);
        both.tags.push(format!("{tag}:no"));
        let complete = scope(&format!("[tags]\ncomplete = [\"{tag}\"]\n"));
        let absent = scope(&format!("[scope.{area}]\npresent = false\n"));
        for scope in [&Scope::default(), &complete, &absent] {
            assert_eq!(holds_with(tag, &both, scope), Unknown, "{tag}");
        }
        // Where a tag was left out, it may have been this one.
        let mut dropped = Record::tagged("another");
        dropped.tags_dropped = true;
        for scope in [&complete, &absent] {
            assert_eq!(holds_with(tag, &dropped, scope), Unknown, "{tag}");
            dropped.tags_dropped = false;
            assert_eq!(holds_with(tag, &dropped, scope), False, "{tag}");
            dropped.tags_dropped = true;
        }
    }
}

#[test]
fn members_of_the_context_are_true_or_are_a_text() {
    for term in [
        "backup.includes_audit",
        "context.mfa",
        "credential.stored",
        "incident.breach",
        "recipient.third_party",
        "subject.request",
        "subject.terminated",
    ] {
        let name = term
            .strip_prefix("context.")
            .unwrap_or(term)
            .replace('.', "_");
        let with = |value: Value| record(json!({ name.clone(): value }));
        for (value, truth) in [
            (json!(true), True),
            (json!("yes"), True),
            (json!(false), False),
            (json!("false"), False),
            (json!(null), False),
            (json!(7), Unknown),
            (json!("[REDACTED:rule]"), Unknown),
        ] {
            assert_eq!(holds(term, &with(value.clone())), truth, "{term} {value}");
        }
        assert_eq!(holds(term, &record(json!({}))), Unknown, "{term}");
    }
    // The kind of a request says that there was one; of others a text says nothing.
    let access = record(json!({"subject": {"request": "access"}}));
    assert_eq!(holds("subject.request", &access), True);
    assert_eq!(holds("subject.request=access", &access), True);
    assert_eq!(holds("subject.request=portability", &access), False);
    assert_eq!(
        holds("context.mfa", &record(json!({"mfa": "totp"}))),
        Unknown
    );
    let asked = record(json!({"subject": {"request": true}}));
    assert_eq!(holds("subject.request=access", &asked), Unknown);
    let timeout = "context.logout_method=timeout";
    for (value, truth) in [
        (json!("timeout"), True),
        (json!("button"), False),
        (json!(null), False),
        (json!(3), Unknown),
    ] {
        assert_eq!(
            holds(timeout, &record(json!({"logout_method": value}))),
            truth
        );
    }
    assert_eq!(holds(timeout, &record(json!({}))), Unknown);
}

#[test]
fn what_was_erased_or_cut_cannot_be_told() {
    for contents in [Contents::Erased, Contents::Cut, Contents::None] {
        let record = Record {
            contents,
            ..record(json!({}))
        };
        for framework in Framework::ALL {
            for row in Controls::of(framework).rows() {
                for term in row.condition.terms().iter().filter(|it| it.asks_context()) {
                    let text = term.to_string();
                    assert_eq!(holds(&text, &record), Unknown, "{text}");
                }
            }
        }
        assert_eq!(holds("always", &record), True);
    }
}

#[test]
fn every_term_of_the_catalogue_is_the_text_it_was_read_from() {
    for framework in Framework::ALL {
        for row in Controls::of(framework).rows() {
            let text = row.condition.to_string();
            assert_eq!(text.parse(), Ok(row.condition.clone()));
            for term in row.condition.terms() {
                assert_eq!(term.to_string().parse::<Term>(), Ok(term.clone()));
            }
        }
    }
}
