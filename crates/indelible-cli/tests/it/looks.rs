//! What people see, kept as it was agreed.

use crate::desk::Desk;

/// The text with digests, installation names and times of recording made the same in every run,
/// at their length.
fn settled(text: &str) -> String {
    let mut settled = String::with_capacity(text.len());
    let mut word = String::new();
    let end = |word: &mut String, settled: &mut String| {
        let is_digest = word.len() >= 12 && word.chars().all(|c| c.is_ascii_hexdigit());
        let is_now = word.starts_with("20") && word.contains('T') && !word.starts_with("2026-03");
        match (is_digest, is_now) {
            (false, false) => settled.push_str(word),
            (true, _) => settled.push_str(&"f".repeat(word.len())),
            (_, true) => settled.push_str(&"0".repeat(word.len())),
        }
        word.clear();
    };
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || "-:.".contains(character) {
            word.push(character);
        } else {
            end(&mut word, &mut settled);
            settled.push(character);
        }
    }
    end(&mut word, &mut settled);
    settled
}

/// A desk with two entries of fixed ids and times.
fn desk() -> Desk {
    let desk = Desk::new();
    let context = "{\"request\": {\"method\": \"GET\"}, \"n\": 7}";
    desk.run(&[
        "record",
        "user_login_failed",
        "session",
        "--user-id",
        "u-17",
        "--ip-address",
        "203.0.113.9",
        "--id",
        "018f4f2e-7b1c-7c3a-9d2b-6a1f3e5b7a11",
        "--occurred-at",
        "2026-03-01T09:30:00.25Z",
    ])
    .fine();
    desk.run(&[
        "record",
        "aws.iam.CreateUser",
        "iam_user",
        "--resource-id",
        "arn:aws:iam::123456789012:user/a-name-that-is-longer-than-others/mallory",
        "--user-id",
        "arn:aws:iam::123456789012:user/eve",
        "--user-agent",
        "aws-cli/2 \x1b[31m=x",
        "--context",
        context,
        "--tag",
        "actor.privileged",
        "--id",
        "018f4f2e-7b1c-7c3a-9d2b-6a1f3e5b7a12",
        "--occurred-at",
        "2026-03-01T09:31:00Z",
        "--correlation-id",
        "req-1",
    ])
    .fine();
    desk
}

#[test]
fn answers_look_as_agreed() {
    let desk = desk();
    let mut seen = String::new();
    for call in [
        &["query"][..],
        &["query", "--limit", "1"],
        &["query", "--output", "json", "--limit", "1"],
        &["query", "--output", "csv"],
        &["query", "--user-id", "nobody"],
        &["show", "1"],
        &["show", "0", "--output", "ndjson"],
        &[
            "record",
            "user_login_failed",
            "session",
            "--user-id",
            "u-17",
            "--id",
            "018f4f2e-7b1c-7c3a-9d2b-6a1f3e5b7a11",
        ],
        &["verify"],
        &["verify", "--output", "json"],
        &["trail", "list"],
        &["migrate", "status"],
        &["export", "-o", "all.ndjson"],
    ] {
        let answered = desk.run(call).fine();
        assert_eq!(answered.err, "", "{call:?}");
        // The cursor holds a digest of the question, the same in every run.
        seen.push_str(&format!(
            "$ indelible {}\n{}\n",
            call.join(" "),
            settled(&answered.out)
        ));
    }
    insta::assert_snapshot!(seen);
}

#[test]
fn errors_look_as_agreed() {
    let desk = desk();
    let mut seen = String::new();
    for call in [
        &["show", "7"][..],
        &["show", "seven"],
        &["record", "no spaces", "t"],
        &["record", "a", "t", "--context", "{\"a\": 1, \"a\": 2}"],
        &["record", "a", "t", "--no-such-flag"],
        &["query", "--start-date", "yesterday"],
        &["query", "--limit", "0"],
        &["query", "--database", "http://u:p@host/db"],
        &["query", "--database", "sqlite:missing.db"],
        &["import", "no-such-format", "x"],
        &["verify-proof", "x"],
        &["query", "--all"],
    ] {
        let answered = desk.run(call);
        assert_eq!(answered.out, "", "{call:?}");
        let Some(status) = std::num::NonZero::new(answered.status) else {
            panic!("{call:?}")
        };
        let call = call.join(" ");
        seen.push_str(&format!(
            "$ indelible {call}\n{}(exit status {status})\n\n",
            answered.err
        ));
    }
    insta::assert_snapshot!(seen);
}

#[test]
fn colours_come_only_where_they_are_wanted() {
    let desk = Desk::new();
    let said = |variables: &[(&str, &str)]| {
        let mut command = desk.call(&["show", "0"]);
        command.envs(variables.iter().copied());
        String::from_utf8(command.output().expect("runs").stderr).expect("UTF-8")
    };
    assert!(!said(&[]).contains('\x1b'));
    assert!(said(&[("CLICOLOR_FORCE", "1")]).contains('\x1b'));
    assert!(!said(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).contains('\x1b'));
}
