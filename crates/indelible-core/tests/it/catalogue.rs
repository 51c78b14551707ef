//! The catalogue: its tables, the names that mean its actions, the integrity of its files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use indelible_core::action::{ACTION_BYTES_MAX, ActionError};
use indelible_core::catalogue::{self, AliasRule};
use indelible_core::{AuditAction, Outcome};

#[test]
fn sys_02_all_actions_are_there() {
    assert_eq!(catalogue::all().len(), 175);
    assert_eq!(catalogue::workflows().len(), 34);
    assert_eq!(catalogue::aliases().len(), 23);
    let mut values = BTreeSet::new();
    for action in catalogue::all() {
        assert_eq!(action.name.to_lowercase(), action.value);
        assert_eq!(catalogue::find(action.value), Some(action));
        assert_eq!(AuditAction::new(action.name).unwrap(), action.value);
        assert_eq!(AuditAction::new(action.value).unwrap(), action.value);
        assert_eq!(AuditAction::custom(action.name), action.value);
        assert!(values.insert(action.value), "{} stands twice", action.value);
    }
}

#[test]
fn an_action_says_what_it_is() {
    let action = catalogue::find("user_login_failed").unwrap();
    assert_eq!(action.name, "USER_LOGIN_FAILED");
    assert_eq!(action.category, "authentication");
    assert_eq!(action.stage, Outcome::Failed);
    assert_eq!(action.workflow, Some("user_login"));
    assert_eq!(action.resource_type, "session");
    assert_eq!(action.recommended_context, ["reason", "attempts", "email"]);
    assert_eq!(catalogue::find("USER_LOGIN_FAILED"), None);
    assert_eq!(catalogue::find("user_login"), None);
    assert_eq!(
        catalogue::find("data_modified").unwrap().secret_risk_keys,
        ["old_values", "new_values"]
    );
}

#[test]
fn constants_are_their_values() {
    assert_eq!(AuditAction::USER_LOGIN_FAILED, "user_login_failed");
    assert_eq!(AuditAction::AUDIT_ID_CONFLICT, "audit_id_conflict");
    assert_eq!(AuditAction::USER_LOGIN, "user_login");
    assert_eq!(AuditAction::TOKEN_ROTATED, "token_rotated");
}

#[test]
fn only_a_whole_constant_is_translated() {
    for (given, stored) in [
        ("USER_LOGIN", "user_login"),
        ("SYNC_COMPLETED", "sync_completed"),
        ("User_Login_Failed", "User_Login_Failed"),
        ("USER_LOGIN_FAILED.V2", "USER_LOGIN_FAILED.V2"),
        ("CACHE_CLEARED", "CACHE_CLEARED"),
        ("s3:GetObject", "s3:GetObject"),
        (
            "Microsoft.Compute/disks/delete",
            "Microsoft.Compute/disks/delete",
        ),
        ("0", "0"),
    ] {
        assert_eq!(AuditAction::new(given).unwrap(), stored);
    }
}

#[test]
fn ill_formed_names_are_refused() {
    assert_eq!(AuditAction::new(""), Err(ActionError::Empty));
    assert_eq!(
        AuditAction::new("admin_*"),
        Err(ActionError::Character { at: 6 })
    );
    assert_eq!(
        AuditAction::new("a b"),
        Err(ActionError::Character { at: 1 })
    );
    assert_eq!(
        AuditAction::new("naïve"),
        Err(ActionError::Character { at: 2 })
    );
    assert_eq!(
        AuditAction::new("a\0"),
        Err(ActionError::Character { at: 1 })
    );
    assert!(AuditAction::new("x".repeat(ACTION_BYTES_MAX)).is_ok());
    let long = AuditAction::new("x".repeat(ACTION_BYTES_MAX + 1));
    assert_eq!(long, Err(ActionError::TooLong { bytes: 101 }));
}

#[test]
fn an_action_is_a_string_in_json() {
    let json = serde_json::to_string(&AuditAction::DATA_EXPORTED).unwrap();
    assert_eq!(json, "\"data_exported\"");
    let read: AuditAction = serde_json::from_str("\"DATA_EXPORTED\"").unwrap();
    assert_eq!(read, AuditAction::DATA_EXPORTED);
    assert!(serde_json::from_str::<AuditAction>("\"no spaces\"").is_err());
    assert!(serde_json::from_str::<AuditAction>("7").is_err());
}

#[test]
fn an_action_is_found_by_its_text_in_a_map() {
    let counts = HashMap::from([(AuditAction::DATA_VIEWED, 3)]);
    assert_eq!(counts.get("data_viewed"), Some(&3));
}

#[test]
fn sys_04_the_stage_is_the_outcome() {
    for (value, outcome) in [
        ("user_login_attempted", Outcome::Attempted),
        ("user_login_success", Outcome::Succeeded),
        ("user_login", Outcome::Succeeded),
        ("admin_action_denied", Outcome::Denied),
        ("data_access_attempted", Outcome::Attempted),
        ("data_viewed", Outcome::Completed),
        ("something_else", Outcome::Completed),
        ("", Outcome::Completed),
    ] {
        assert_eq!(catalogue::outcome_of(value), outcome, "{value}");
    }
    assert_eq!(AuditAction::ACCESS_DENIED.outcome(), Outcome::Denied);
}

#[test]
fn synonyms_are_the_same_from_every_side() {
    let login = ["user_login_success", "user_login"];
    assert_eq!(catalogue::synonyms("user_login"), login);
    assert_eq!(catalogue::synonyms("user_login_success"), login);
    assert_eq!(
        catalogue::synonyms("admin_backup_created"),
        ["admin_backup_created", "backup_completed", "backup_created"]
    );
    assert_eq!(catalogue::synonyms("data_viewed"), ["data_viewed"]);
    assert!(catalogue::synonyms("admin_action_attempted").is_empty());
    assert!(catalogue::synonyms("cache_cleared").is_empty());
}

#[test]
fn the_wildcard_covers_every_spelling() {
    let meant = catalogue::expand_wildcard("admin_*");
    let is_admin = |value: &&str| value.starts_with("admin_");
    let actions = catalogue::all()
        .iter()
        .map(|action| action.value)
        .filter(is_admin);
    let expected: BTreeSet<_> = actions
        .chain([
            "admin_action_attempted",
            "admin_action_completed",
            "admin_action_denied",
        ])
        .chain(["backup_completed", "backup_created"])
        .collect();
    assert_eq!(meant, expected.into_iter().collect::<Vec<_>>());
    assert!(meant.contains(&"admin_user_deleted"));
    for pattern in ["*", "", "admin_", "*_denied", "ad*n_*", "nothing_of_it_*"] {
        assert!(catalogue::expand_wildcard(pattern).is_empty(), "{pattern}");
    }
}

#[test]
fn every_alias_leads_to_an_action() {
    for alias in catalogue::aliases() {
        match alias.rule {
            AliasRule::Alias | AliasRule::Same | AliasRule::Add => {
                let canonical = alias.canonical.expect("a canonical action");
                assert!(catalogue::find(canonical).is_some(), "{}", alias.name);
                assert_eq!(catalogue::resolve(alias.value).unwrap().value, canonical);
            }
            _ => assert_eq!(alias.canonical, None, "{}", alias.name),
        }
    }
}

#[test]
fn a_workflow_joins_actions_of_its_own() {
    for workflow in catalogue::workflows() {
        let closers = [workflow.succeeded, workflow.failed, workflow.denied];
        let stages = [Outcome::Succeeded, Outcome::Failed, Outcome::Denied];
        let attempt = catalogue::find(workflow.attempted).expect("an action");
        assert_eq!(attempt.stage, Outcome::Attempted);
        assert_eq!(attempt.workflow, Some(workflow.name));
        assert!(workflow.succeeded.is_some() && workflow.resolve_seconds > 0);
        for (closer, stage) in closers.into_iter().zip(stages) {
            let Some(closer) = closer else { continue };
            let action = catalogue::find(closer).expect("an action");
            assert_eq!(action.stage, stage, "{closer}");
        }
        if let Some(second) = workflow.also_accepted_failure {
            assert_eq!(
                catalogue::find(second).expect("an action").stage,
                Outcome::Failed
            );
        }
    }
}

#[test]
fn the_mapping_speaks_of_actions_and_controls_that_exist() {
    let mapping = rows("action_controls.csv");
    let controls: BTreeSet<_> = rows("controls.csv")
        .iter()
        .map(|row| (row["framework"].clone(), row["control_id"].clone()))
        .collect();
    let names: BTreeSet<_> = catalogue::all().iter().map(|action| action.name).collect();
    let mut seen = BTreeSet::new();
    let mut mapped = BTreeSet::new();
    for row in &mapping {
        let (action, framework, id) = (&row["action"], &row["framework"], &row["control_id"]);
        assert!(
            action == "*" || names.contains(action.as_str()),
            "no action {action}"
        );
        assert!(
            controls.contains(&(framework.clone(), id.clone())),
            "no {framework} {id}"
        );
        assert!(
            seen.insert((action, framework, id)),
            "{action} {framework} {id} stands twice"
        );
        assert!(
            matches!(row["strength"].as_str(), "direct" | "supporting"),
            "{row:?}"
        );
        assert!(is_condition(&row["condition"]), "{row:?}");
        mapped.insert(action.as_str());
    }
    assert_eq!(mapping.len(), 1056);
    assert_eq!(controls.len(), 277);
    let unmapped: Vec<_> = names
        .iter()
        .filter(|name| !mapped.contains(*name))
        .collect();
    assert!(unmapped.is_empty(), "{unmapped:?}");
}

#[test]
fn a_control_names_its_version() {
    let versions: BTreeSet<_> = rows("controls.csv")
        .into_iter()
        .map(|mut row| row.remove("framework").unwrap())
        .collect();
    let expected = [
        "GDPR-2016/679",
        "HIPAA-45CFR164",
        "ISO27001-2022",
        "NIST-800-53r5",
        "PCI-DSS-4.0.1",
        "SOC2-TSC-2017-POF-2022",
    ];
    assert_eq!(
        versions.iter().map(String::as_str).collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn the_other_files_are_whole() {
    assert_eq!(rows("pci_legacy_map.csv").len(), 29);
    let requirements = rows("system_requirements.csv");
    let ids: Vec<_> = requirements
        .iter()
        .map(|row| row["req_id"].clone())
        .collect();
    let expected: Vec<_> = (1..=48).map(|number| format!("SYS-{number:02}")).collect();
    assert_eq!(ids, expected);
    assert_eq!(catalogue::VERSION.len(), "1-0123456789abcdef".len());
}

fn is_condition(text: &str) -> bool {
    let is_term = |term: &str| {
        let mut halves = term.splitn(2, '=');
        let is_word = |half: &str| {
            !half.is_empty()
                && half
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b"_.".contains(&b))
        };
        halves.all(is_word)
    };
    let joins = [" and ", " or "]
        .into_iter()
        .filter(|join| text.contains(join))
        .count();
    joins < 2
        && text
            .split(" and ")
            .flat_map(|part| part.split(" or "))
            .all(is_term)
}

/// The rows of a file of the catalogue by column. Quoted cells hold no line breaks.
fn rows(file: &str) -> Vec<BTreeMap<String, String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("catalogue")
        .join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{file}: {e}"));
    let mut lines = text.lines().map(cells);
    let header = lines.next().expect("a header");
    lines
        .map(|cells| {
            assert_eq!(cells.len(), header.len(), "{file}: {cells:?}");
            header.iter().cloned().zip(cells).collect()
        })
        .collect()
}

fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        let cell = cells.last_mut().expect("there is always a cell");
        match c {
            '"' if is_quoted && rest.peek() == Some(&'"') => {
                rest.next();
                cell.push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            other => cell.push(other),
        }
    }
    cells
}
