//! The actions that shipped mappings give.

use indelible_core::Outcome;
use indelible_exchange::Mapping;

use crate::fixture::{note, one};

/// Every text within a value.
fn texts<'v>(value: &'v toml::Value, found: &mut Vec<&'v str>) {
    match value {
        toml::Value::Array(list) => list.iter().for_each(|value| texts(value, found)),
        toml::Value::Table(table) => {
            for (name, value) in table {
                match name.as_str() {
                    "map" | "value" | "apply" => texts(value, found),
                    // Keys of a map are the source's own words, their values ours.
                    _ if value.is_str()
                        && !["from", "template", "default"].contains(&name.as_str()) =>
                    {
                        texts(value, found);
                    }
                    _ => {}
                }
            }
        }
        toml::Value::String(text) => found.push(text),
        _ => {}
    }
}

#[test]
fn actions_are_of_the_catalogue_or_behind_the_name_of_their_source() {
    let mut known_in_all = 0;
    for name in Mapping::shipped_names() {
        let text = Mapping::shipped_text(name).expect("it is shipped");
        let mapping: toml::Value = toml::from_str(text).expect("TOML");
        let mut actions = Vec::new();
        texts(&mapping["event"]["action"], &mut actions);
        let is_text = |action: &&&str| action.starts_with(|c: char| c.is_ascii_lowercase());
        for action in actions
            .iter()
            .filter(is_text)
            .filter(|action| action.contains('_'))
        {
            let known = indelible_core::catalogue::find(action).is_some();
            known_in_all += u32::from(known);
            let own = action.contains('.') || *action == "event_recorded";
            assert!(known || own, "{name}: {action}");
        }
    }
    assert!(known_in_all > 150, "{known_in_all}");
}

#[test]
fn a_time_that_cannot_be_read_hides_none_that_can() {
    let event = one(
        "cloudtrail",
        r#"{"eventName":"X","eventTime":"garbage","@timestamp":"2026-03-01T08:00:00Z"}"#,
    );
    let time = event.occurred_at.map(|time| time.to_string());
    assert_eq!(time.as_deref(), Some("2026-03-01T08:00:00.000000Z"));
    let unreadable = note(&event, "occurred_at", "unreadable").expect("it is noted");
    assert_eq!(unreadable["value"], "garbage");
}

#[test]
fn an_action_of_the_catalogue_says_what_the_outcome_says() {
    let read = |mapping: &str, record: &str| {
        let event = one(mapping, record);
        format!(
            "{} {}",
            event.action,
            event.outcome.map_or("-", Outcome::as_str)
        )
    };
    for (mapping, record, action) in [
        (
            "okta",
            r#"{"eventType":"user.account.privilege.grant","outcome":{"result":"FAILURE"}}"#,
            "role_assignment_failed failed",
        ),
        (
            "okta",
            r#"{"eventType":"user.account.lock","outcome":{"result":"FAILURE"}}"#,
            "user_account_locked completed",
        ),
        (
            "gcp",
            r#"{"protoPayload":{"serviceName":"iam.googleapis.com","methodName":"google.iam.admin.v1.CreateServiceAccountKey","status":{"code":7}}}"#,
            "gcp.iam.google.iam.admin.v1.CreateServiceAccountKey denied",
        ),
        (
            "gcp",
            r#"{"protoPayload":{"serviceName":"x.googleapis.com","methodName":"m","status":{},"authorizationInfo":[{"granted":false},{"granted":true}]}}"#,
            "gcp.x.m succeeded",
        ),
        (
            "gcp",
            r#"{"protoPayload":{"serviceName":"x.googleapis.com","methodName":"m","authorizationInfo":[{"granted":false}]}}"#,
            "gcp.x.m denied",
        ),
        (
            "azure",
            r#"{"operationName":{"value":"Microsoft.A/b/write"},"status":{"value":"Failed"},"subStatus":{"value":"Forbidden"}}"#,
            "azure.microsoft.a/b/write denied",
        ),
        (
            "windows",
            r#"{"EventID":4720,"EventType":"AUDIT_FAILURE"}"#,
            "admin_user_creation_failed failed",
        ),
        (
            "gcp",
            r#"{"protoPayload":{"methodName":"google.login.LoginService.loginFailure"}}"#,
            "user_login_failed failed",
        ),
        (
            "gcp",
            r#"{"protoPayload":{"serviceName":"login.googleapis.com","methodName":"google.login.LoginService.loginFailure","status":{"code":0}}}"#,
            "gcp.login.google.login.LoginService.loginFailure succeeded",
        ),
    ] {
        assert_eq!(read(mapping, record), action);
    }
}

#[test]
fn what_failed_is_no_success_in_any_form_of_its_source() {
    for (mapping, outcome, records) in [
        (
            "cloudtrail",
            Outcome::Failed,
            &[
                r#"{"eventname":"ConsoleLogin","errormessage":"Failed authentication"}"#,
                r#"{"eventname":"GetObject","errorcode":"NoSuchKey"}"#,
                r#"{"eventname":"ConsoleLogin","responseelements":{"ConsoleLogin":"Failure"}}"#,
                r#"{"eventname":"ConsoleLogin","responseelements":"{\"ConsoleLogin\": \"Failure\"}"}"#,
                r#"{"eventname":"SwitchRole","responseelements":{"switchrole":"Failure"}}"#,
            ][..],
        ),
        (
            "windows",
            Outcome::Failed,
            &[
                r#"{"event_id":4625}"#,
                r#"{"winlog":{"event_id":"4625"}}"#,
                r#"{"Event":{"System":{"EventID":4771}}}"#,
                r#"{"event_id":4776,"keywords":["Audit Failure"]}"#,
                r#"{"winlog":{"event_id":4776,"keywords":"Audit Failure"}}"#,
                r#"{"winlog":{"event_id":4776},"event":{"outcome":"failure"}}"#,
                r#"{"Event":{"System":{"EventID":4776,"Keywords":"0x8010000000000000"}}}"#,
                r#"{"EventID":4776,"Keywords":-9218868437227405312}"#,
                r#"{"EventID":4776,"Keywords":9227875636482146304}"#,
                r#"{"EventID":4776,"Keywords":"9227875636482146304"}"#,
            ],
        ),
        (
            "windows",
            Outcome::Denied,
            &[r#"{"winlog":{"event_id":5157}}"#],
        ),
        (
            "gcp",
            Outcome::Failed,
            &[r#"{"insertid":"1","protopayload":{"status":{"code":5}}}"#],
        ),
        (
            "gcp",
            Outcome::Denied,
            &[r#"{"insertid":"1","protopayload":{"status":{"code":7}}}"#],
        ),
    ] {
        for record in records {
            assert_eq!(one(mapping, record).outcome, Some(outcome), "{record}");
        }
    }
}
