//! Reviews of real events. They are not part of this project: as `investigation::shared` has it.

use serde_json::Value;

use crate::desk::Desk;
use crate::investigation::shared::{BERT_JAN, day, place};

/// What a reviewer of AWS accounts looks for.
const AWS: &str = "name = \"aws\"\nversion = \"1\"\n\
    [[rule]]\nname = \"denials\"\nseverity = \"medium\"\nwhy = \"refused again and again\"\n\
    match = [{ outcome = \"denied\" }, { outcome = \"failed\" }]\ngroup_by = [\"user_id\"]\n\
    at_least = 10\nwithin = \"10m\"\n\
    [[rule]]\nname = \"secrets\"\nseverity = \"high\"\nwhy = \"secrets were read\"\n\
    match = [{ action = \"aws.secretsmanager.GetSecretValue\" }]\ngroup_by = [\"user_id\"]\n\
    [[rule]]\nname = \"logging\"\nseverity = \"critical\"\nwhy = \"the log was stopped\"\n\
    match = [{ action = \"aws.cloudtrail.StopLogging\" }, \
    { action = \"aws.cloudtrail.DeleteTrail\" }]\n";

fn findings<'v>(shown: &'v Value, rule: &str) -> Vec<&'v Value> {
    let all = shown["findings"].as_array().expect("a list");
    all.iter().filter(|it| it["rule"] == rule).collect()
}

fn count(desk: &Desk, words: &[&str]) -> usize {
    let mut cursor: Option<String> = None;
    let mut count = 0;
    loop {
        let mut call = [&["query", "--limit", "1000"], words].concat();
        call.extend(
            cursor
                .iter()
                .flat_map(|cursor| ["--cursor", cursor.as_str()]),
        );
        let page = desk.json(&call);
        count += page["entries"].as_array().expect("a list").len();
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return count,
        }
    }
}

#[test]
fn the_real_day_is_reviewed() {
    let Some(desk) = day(Desk::new) else { return };
    desk.file("aws.toml", AWS);
    let shown = desk.json(&["review", "show", "--rules", "aws.toml"]);
    assert_eq!(shown["entries"], 2202);
    let read = count(&desk, &["--action", "aws.secretsmanager.GetSecretValue"]);
    let secrets = findings(&shown, "secrets");
    let flagged: u64 = secrets.iter().filter_map(|it| it["entries"].as_u64()).sum();
    assert_eq!(flagged, read as u64);
    let thief = secrets.iter().find(|it| it["group"]["user_id"] == BERT_JAN);
    assert!(thief.is_some(), "{secrets:?}");
    let denials = findings(&shown, "denials");
    assert!(!denials.is_empty());
    for denial in denials {
        let of = denial["group"]["user_id"].as_str().expect("a user");
        let most = count(&desk, &["--user-id", of, "--outcome", "denied"])
            + count(&desk, &["--user-id", of, "--outcome", "failed"]);
        let entries = denial["entries"].as_u64().expect("a count");
        assert!((10..=most as u64).contains(&entries), "{denial}");
    }
    let counts = shown["counts"].as_array().expect("a list");
    let logging = counts
        .iter()
        .find(|it| it["rule"] == "logging")
        .expect("there");
    let stopped = count(&desk, &["--action", "aws.cloudtrail.StopLogging"])
        + count(&desk, &["--action", "aws.cloudtrail.DeleteTrail"]);
    assert_eq!(logging["matched"], stopped);
}

#[test]
fn real_windows_logs_are_reviewed_by_the_rules_that_ship() {
    let files = [
        "auditpol_system_user_auditpolicy_modification",
        "metasploit_comsvcs_lsass_memory_dump",
        "psh_cmstp_execution_bypassuac",
    ];
    let path = |file| place(&format!("windows-security-otrf/{file}.ndjson.gz"));
    let Some(paths) = files.map(path).into_iter().collect::<Option<Vec<_>>>() else {
        return;
    };
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let desk = Desk::new();
    let imported = desk.json(&[&["import", "windows"], &paths[..]].concat());
    let shown = desk.json(&["review", "show"]);
    assert_eq!(shown["entries"], imported["recorded"]);
    let counts = shown["counts"].as_array().expect("a list");
    let matched = |rule: &str| {
        let count = counts.iter().find(|it| it["rule"] == rule).expect(rule);
        count["matched"].as_u64().expect("a count") as usize
    };
    let failed = count(&desk, &["--action", "user_login_failed"]);
    assert_eq!(matched("brute_force_user"), failed);
    let privileges = [
        "permission_changed",
        "role_assigned",
        "role_revoked",
        "role_definition_changed",
        "admin_user_created",
        "admin_user_reactivated",
        "admin_impersonation_started",
        "break_glass_access_used",
    ];
    let by_action = privileges
        .iter()
        .map(|action| count(&desk, &["--action", action]));
    let tagged = count(&desk, &["--tag", "privilege.elevated"]);
    let by_action: usize = by_action.sum();
    assert!(by_action > 0);
    assert!((by_action..=by_action + tagged).contains(&matched("privilege_change")));
    let flagged = findings(&shown, "privilege_change");
    let entries: u64 = flagged.iter().filter_map(|it| it["entries"].as_u64()).sum();
    assert_eq!(entries as usize, matched("privilege_change"));
    // Somebody turns the audit policy off, and a log is cleared.
    let turned = count(&desk, &["--action", "audit_config_changed"]);
    let cleared = count(&desk, &["--action", "windows.audit_log_cleared"]);
    assert!(turned > 60 && cleared > 0, "{turned} {cleared}");
    assert_eq!(matched("log_of_the_log"), turned + cleared);
}
