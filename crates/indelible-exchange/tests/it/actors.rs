//! Who is taken for the actor: never whom it was done to, never whom an attacker names.

use crate::fixture::{note, one, read_text};

fn actor(mapping: &str, text: &str) -> String {
    let event = one(mapping, text);
    let or = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let outcome = event.outcome.expect("an outcome");
    format!("{} {} {outcome}", or(event.user_id), or(event.ip_address))
}

#[test]
fn the_name_in_a_login_chooses_no_address() {
    let failed = |app: &str, name: &str| {
        let line = format!(
            "<38>1 2026-03-01T08:00:00Z web-1 {app} 42 - - Failed password for invalid user {name} \
             from 203.0.113.6 port 22 ssh2"
        );
        actor("syslog", &line)
    };
    assert_eq!(failed("sshd", "bob"), "bob 203.0.113.6 failed");
    assert_eq!(
        failed("sshd-session", "bob from 10.0.0.1"),
        "bob from 10.0.0.1 203.0.113.6 failed"
    );
}

#[test]
fn t26_the_user_of_auditd_is_who_acts() {
    let line = |kind: &str, fields: &str| format!("type={kind} msg=audit(1.0:1): {fields}");
    for (kind, fields, expected) in [
        (
            "ADD_USER",
            "pid=1 uid=0 auid=1000 msg='op=adding-user acct=\"newuser\" res=success'",
            "1000 - succeeded",
        ),
        (
            "ADD_USER",
            "pid=1 uid=0 auid=4294967295 msg='op=adding-user acct=\"newuser\" res=success'",
            "- - succeeded",
        ),
        (
            "USER_LOGIN",
            "uid=0 auid=4294967295 msg='op=login acct=\"(unknown)\" addr=203.0.113.9 res=failed'",
            "- 203.0.113.9 failed",
        ),
        (
            "USER_LOGIN",
            "uid=0 auid=4294967295 msg='op=login acct=\"eve\" addr=203.0.113.9 res=failed'",
            "eve 203.0.113.9 failed",
        ),
        (
            "AVC",
            "apparmor=\"DENIED\" operation=\"open\" profile=\"p\" name=\"/etc/shadow\"",
            "- - denied",
        ),
    ] {
        assert_eq!(actor("auditd", &line(kind, fields)), expected, "{fields}");
    }
}

#[test]
fn at_a_logon_of_windows_the_target_acts_in_every_form() {
    let data = r#"{"SubjectUserName":"HOST$","SubjectDomainName":"WG","TargetUserName":"anna","TargetDomainName":"WG"}"#;
    for record in [
        format!(r#"{{"winlog":{{"event_id":4624,"event_data":{data}}}}}"#),
        format!(r#"{{"Event":{{"System":{{"EventID":4624}},"EventData":{data}}}}}"#),
        format!(r#"{{"EventID":4624,{}"#, &data[1..]),
    ] {
        assert_eq!(
            actor("windows", &record),
            "WG\\anna - succeeded",
            "{record}"
        );
    }
}

#[test]
fn the_target_in_cef_is_no_actor() {
    assert_eq!(
        actor("cef", "CEF:0|v|p|1|i|n|5|duser=victim"),
        "- - completed"
    );
    assert_eq!(
        actor("cef", "CEF:0|v|p|1|i|n|5|duser=victim suser=eve"),
        "eve - completed"
    );
}

#[test]
fn a_decoded_secret_stands_in_no_raw_line() {
    let secret = format!("--password={}", "Zq7".repeat(8));
    let hex: String = secret.bytes().map(|byte| format!("{byte:02X}")).collect();
    let audit = format!("type=PROCTITLE msg=audit(1.0:1): proctitle={hex}");
    let cef = format!("CEF:0|v|p|1|i|n|5|msg=token\\={}", "Zq7".repeat(8));
    for (mapping, text, member) in [("auditd", &audit, "lines"), ("cef", &cef, "line")] {
        let event = one(mapping, text);
        let context = event.context.as_ref().expect("the record");
        assert_eq!(context.get(member), None, "{context}");
        let found = note(&event, "context", "redacted").expect("it is noted");
        assert_eq!(found["path"], format!("/{member}"));
    }
    let harmless = one("cef", "CEF:0|v|p|1|i|n|5|msg=a\\=b");
    let context = harmless.context.as_ref().expect("the record");
    assert!(context["line"].is_string(), "{context}");
}

#[test]
fn a_reason_shows_no_secret() {
    let secret = format!("ghp_{}", "a1B2".repeat(9));
    let text = format!("{{\"action\":\"a\",\"resource_type\":\"t\",\"{secret}\":1}}");
    let read = read_text("ndjson", text);
    let [(_, reason)] = &read.rejected[..] else {
        panic!("one rejection: {read:?}");
    };
    assert!(!reason.contains(&secret), "{reason}");
    assert!(reason.contains("is no field of an event"), "{reason}");
}
