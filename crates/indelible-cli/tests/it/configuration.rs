//! Settings: file, environment, flags.

use crate::desk::Desk;

#[test]
fn each_source_is_stronger_than_the_one_before() {
    let desk = Desk::new();
    desk.file(
        "indelible.toml",
        "[database]\nurl = \"sqlite:file.db\"\n[trail]\nname = \"file\"\n",
    );
    let trail = |mut command: assert_cmd::Command| {
        let output = command.output().expect("runs");
        assert!(output.status.success(), "{output:?}");
        let receipt: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        receipt["trail"].as_str().expect("a name").to_owned()
    };
    let record = ["record", "a", "t", "--output", "json"];
    assert_eq!(trail(desk.call(&record)), "file");
    assert!(desk.path("here/file.db").exists() && !desk.database().exists());
    let mut command = desk.call(&record);
    command
        .env("INDELIBLE__TRAIL__NAME", "variable")
        .env("DATABASE_URL", "sqlite:variable.db");
    assert_eq!(trail(command), "variable");
    assert!(desk.path("here/variable.db").exists());
    let mut command = desk.call(
        &[
            &record[..],
            &["--trail", "flag", "--database", "sqlite:flag.db"],
        ]
        .concat(),
    );
    command
        .env("INDELIBLE__TRAIL__NAME", "variable")
        .env("INDELIBLE_DATABASE_URL", "sqlite:no.db");
    assert_eq!(trail(command), "flag");
    assert!(desk.path("here/flag.db").exists() && !desk.path("here/no.db").exists());
}

#[test]
fn a_file_that_is_wrong_is_refused_with_line_and_column() {
    let desk = Desk::new();
    desk.file("indelible.toml", "[database]\nurll = \"sqlite:x.db\"\n");
    desk.run(&["query"])
        .fails(2, "indelible.toml, line 2, column 1: unknown field `urll`");
    desk.run(&["query", "--config", "missing.toml"])
        .fails(2, "missing.toml");
    desk.file("other.toml", "[installation]\nname = \"example.org\"\n");
    desk.run(&["record", "a", "t", "--config", "other.toml"])
        .fine();
    desk.file("indelible.toml", "");
    assert!(
        desk.run(&["vkey"])
            .fine()
            .out
            .starts_with("example.org/default+")
    );
    let other = ["record", "a", "t", "--config", "third.toml"];
    desk.file("third.toml", "[installation]\nname = \"example.com\"\n");
    desk.run(&other)
        .fails(1, "belongs to the installation `example.org`");
}

#[test]
fn databases_of_other_kinds_are_refused_without_their_password() {
    let desk = Desk::new();
    for url in [
        "http://u:hunter2@host/db",
        "mysql://u:hunter2@host/db",
        "indelible.db",
        "sqlite:",
    ] {
        let answered = desk
            .run(&["query", "--database", url])
            .fails(2, "sqlite:PATH");
        assert!(!answered.err.contains("hunter2"), "{answered:?}");
    }
    for url in [
        "postgres://u:hunter2@host",
        "postgres://u:hunter2@host/d?sslmode=often",
    ] {
        let answered = desk.run(&["query", "--database", url]).fails(2, "");
        assert!(!answered.err.contains("hunter2"), "{answered:?}");
    }
    desk.run(&["record", "a", "t", "--database", "memory:"])
        .fine();
}

#[test]
fn the_state_directory_and_the_key_may_come_from_elsewhere() {
    let desk = Desk::new();
    let elsewhere = desk.path("elsewhere");
    let flag = elsewhere.to_str().expect("UTF-8");
    desk.run(&["record", "a", "t", "--state-dir", flag]).fine();
    assert!(elsewhere.join("signing.key").exists() && !desk.path("state").exists());
    desk.run(&["verify", "--state-dir", flag]).fine();

    let desk = Desk::new();
    desk.file("key", "07".repeat(32) + "\n");
    let mut command = desk.call(&["record", "a", "t"]);
    command
        .env("INDELIBLE__IDENTITY__SIGNING_KEY_FILE", "key")
        .assert()
        .success();
    assert!(!desk.state().join("signing.key").exists());
    desk.run(&["record", "a", "t"]).fails(1, "signing key");
    let mut command = desk.call(&["record", "a", "t"]);
    let refused = command
        .env("INDELIBLE__IDENTITY__SIGNING_KEY", "0707")
        .assert()
        .code(2);
    assert!(!String::from_utf8_lossy(&refused.get_output().stderr).contains("0707"));
}

#[test]
fn redaction_is_as_the_settings_say() {
    let desk = Desk::new();
    let context = "{\"password\": \"swordfish-4711\"}";
    let stored = |desk: &Desk, mode: &str| {
        desk.file(
            "indelible.toml",
            format!("[redaction]\nmode = \"{mode}\"\n"),
        );
        let receipt = desk.json(&["record", "a", "t", "--context", context]);
        let entry = desk.json(&["show", receipt["id"].as_str().expect("an id")]);
        entry["context"]["password"].as_str().map(str::to_owned)
    };
    assert_eq!(stored(&desk, "off").as_deref(), Some("swordfish-4711"));
    assert_eq!(stored(&desk, "drop"), None);
    let masked = stored(&desk, "mask").expect("a marker");
    assert!(masked.contains("REDACTED"), "{masked}");
    let hashed = stored(&desk, "keyed_hash").expect("a marker");
    assert!(hashed.starts_with("[HMAC:") && stored(&desk, "keyed_hash") == Some(hashed.clone()));
    let other = Desk::new();
    assert_ne!(
        stored(&other, "keyed_hash"),
        Some(hashed),
        "keys are the installation's own"
    );
    desk.file("indelible.toml", "[redaction]\nrules = \"rules.toml\"\n");
    desk.file("rules.toml", "nonsense");
    desk.run(&["record", "a", "t"]).fails(2, "rules.toml");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_named() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let desk = Desk::new();
    let broken = OsStr::from_bytes(b"sqlite:\xff.db");
    for name in [
        "INDELIBLE_DATABASE_URL",
        "INDELIBLE__DATABASE__URL",
        "INDELIBLE__STATE__DIR",
        "INDELIBLE__REDACTION__MODE",
        "DATABASE_URL",
    ] {
        let mut command = desk.call(&["record", "a", "t"]);
        let output = command.env(name, broken).output().expect("runs");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(said, format!("indelible: {name} is no UTF-8 text\n"));
    }
    assert!(!desk.database().exists());
}
