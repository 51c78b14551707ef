//! AWS CloudTrail, in all its forms.

use indelible_core::Outcome;
use serde_json::{Value, json};

use crate::fixture::{note, one, read_files, read_text};

#[test]
fn every_form_gives_the_same_events() {
    let delivery = read_files("cloudtrail", &["cloudtrail-delivery.json"]).all();
    assert_eq!(delivery.len(), 8);
    for name in [
        "cloudtrail-delivery.json.gz",
        "cloudtrail-array.json",
        "cloudtrail.ndjson",
        "cloudtrail-lookup.json",
    ] {
        assert_eq!(read_files("cloudtrail", &[name]).all(), delivery, "{name}");
    }
}

#[test]
fn fields_are_where_an_investigator_looks_for_them() {
    let events = read_files("cloudtrail", &["cloudtrail-delivery.json"]).all();
    let shown: Vec<_> = events
        .iter()
        .map(|event| {
            let id = event.resource_id.as_deref().unwrap_or("-");
            (
                event.action.as_str(),
                event.outcome,
                event.resource_type.as_str(),
                id,
            )
        })
        .collect();
    let (done, failed) = (Some(Outcome::Succeeded), Some(Outcome::Failed));
    let expected = [
        ("aws.iam.CreateUser", done, "aws.iam.user", "mallory"),
        ("aws.iam.AttachUserPolicy", done, "aws.iam.user", "mallory"),
        (
            "aws.s3.GetObject",
            done,
            "aws.s3.object",
            "arn:aws:s3:::ledger/2026/a b.csv",
        ),
        (
            "aws.ec2.RunInstances",
            Some(Outcome::Denied),
            "aws.ec2",
            "-",
        ),
        (
            "aws.ec2.DescribeInstances",
            failed,
            "aws.ec2.instance",
            "i-0aa",
        ),
        (
            "aws.kms.Decrypt",
            done,
            "aws.kms.key",
            "arn:aws:kms:eu-central-1:111122223333:key/0f",
        ),
        (
            "aws.signin.ConsoleLogin",
            failed,
            "aws.iam.user",
            "arn:aws:iam::111122223333:root",
        ),
        (
            "aws.sts.AssumeRole",
            done,
            "aws.iam.role",
            "arn:aws:iam::111122223333:role/audit",
        ),
    ];
    assert_eq!(shown, expected);
    let first = &events[0];
    assert_eq!(
        first.id.unwrap().to_string(),
        "5b1d3c2e-0000-4000-8000-000000000001"
    );
    assert_eq!(
        first.occurred_at.unwrap().to_string(),
        "2026-02-03T09:01:00.000000Z"
    );
    assert_eq!(
        first.user_id.as_deref(),
        Some("arn:aws:iam::111122223333:user/anna")
    );
    assert_eq!(first.ip_address.as_deref(), Some("203.0.113.9"));
    assert_eq!(first.user_agent.as_deref(), Some("aws-cli/2.30"));
    assert_eq!(first.correlation_id.as_deref(), Some("req-1"));
    assert_eq!((first.on_behalf_of.as_ref(), first.tags.len()), (None, 0));
    assert_eq!(events[5].user_id.as_deref(), Some("rds.amazonaws.com"));
    assert_eq!(events[6].tags, ["actor.privileged"]);
    let role = events[7].user_id.as_deref();
    assert_eq!(
        role,
        Some("arn:aws:sts::111122223333:assumed-role/deploy/s1")
    );
    assert!(events.iter().all(|event| event.notes.is_empty()));
}

#[test]
fn the_context_is_the_whole_record() {
    let record = json!({"eventID": "not-a-uuid", "eventName": "X", "eventSource": "iam.amazonaws.com",
        "eventTime": "2026-02-03T09:00:00Z", "deep": {"er": [1, null]}});
    let event = one("cloudtrail", record.to_string());
    assert_eq!(event.context, Some(record));
}

#[test]
fn what_is_missing_or_odd_is_noted_and_nothing_is_lost() {
    let event = one(
        "cloudtrail",
        r#"{"eventName":"Put Thing*","eventSource":"s3.amazonaws.com"}"#,
    );
    assert_eq!(event.action, "aws.s3.Put_Thing_");
    assert_eq!(event.occurred_at, None);
    assert_eq!(
        note(&event, "action", "characters_replaced").unwrap()["was"],
        "aws.s3.Put Thing*"
    );
    assert!(note(&event, "occurred_at", "missing").is_some());
    assert_eq!(note(&event, "id", "derived").unwrap()["from"], "record");
    let id = one(
        "cloudtrail",
        r#"{ "eventSource":"s3.amazonaws.com", "eventName":"Put Thing*" }"#,
    )
    .id;
    assert_eq!(id, event.id, "the spelling of the record does not count");

    let event = one(
        "cloudtrail",
        r#"{"eventID":17,"eventTime":"yesterday","userIdentity":[]}"#,
    );
    assert_eq!(event.action, "aws.unknown.unknown");
    assert_eq!(event.resource_type, "aws.unknown");
    assert_eq!(
        note(&event, "occurred_at", "unreadable").unwrap()["value"],
        "yesterday"
    );
    assert_eq!(note(&event, "id", "derived").unwrap()["was"], "17");
    assert_eq!(event.id.unwrap().get_version_num(), 8);
}

#[test]
fn wrong_types_are_mapped_away() {
    let record = json!({"eventName": ["a"], "eventSource": "ec2.amazonaws.com", "userAgent": 17,
        "eventID": "5b1d3c2e-0000-4000-8000-000000000001", "sourceIPAddress": {"v4": "10.0.0.1"},
        "eventTime": 1_770_109_260, "requestParameters": "text", "resources": {}, "errorCode": false});
    let event = one("cloudtrail", record.to_string());
    assert_eq!(event.action, "aws.ec2.unknown");
    assert_eq!(event.user_agent.as_deref(), Some("17"));
    assert_eq!(event.ip_address, None);
    let noted = json!({"field": "ip_address", "kind": "wrong_type", "path": "/sourceIPAddress",
        "value": "{\"v4\":\"10.0.0.1\"}"});
    assert_eq!(note(&event, "ip_address", "wrong_type"), Some(noted));
    assert_eq!(
        event.occurred_at.unwrap().to_string(),
        "2026-02-03T09:01:00.000000Z"
    );
    assert_eq!(event.outcome, Some(Outcome::Failed));
}

#[test]
fn actors_without_a_type_and_addresses_that_are_none_are_kept_as_given() {
    let record = r#"{"eventID":"5b1d3c2e-0000-4000-8000-000000000001","eventName":"RotateSecret",
        "userIdentity":{"accountId":"111122223333","invokedBy":"secretsmanager.amazonaws.com"},
        "eventSource":"secretsmanager.amazonaws.com","sourceIPAddress":"secretsmanager.amazonaws.com",
        "eventTime":"2026-02-03T09:00:00Z","responseElements":null,
        "additionalEventData":{"SecretId":"arn:aws:secretsmanager:x:1:secret:y"}}"#;
    let event = one("cloudtrail", record);
    assert_eq!(
        event.user_id.as_deref(),
        Some("secretsmanager.amazonaws.com")
    );
    assert_eq!(
        event.ip_address.as_deref(),
        Some("secretsmanager.amazonaws.com")
    );
    assert_eq!(event.resource_type, "aws.secretsmanager.secret");
    assert!(event.notes.is_empty(), "{:?}", event.notes);
}

#[test]
fn a_secret_whose_versions_are_deleted_is_named_by_its_arn() {
    let arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:shop-Ab1234";
    for name in ["StartSecretVersionDelete", "EndSecretVersionDelete"] {
        let record = json!({"eventID": "5b1d3c2e-0000-4000-8000-000000000001", "eventName": name,
            "eventSource": "secretsmanager.amazonaws.com", "eventType": "AwsServiceEvent",
            "eventTime": "2026-02-03T09:00:00Z", "requestParameters": null,
            "userIdentity": {"invokedBy": "secretsmanager.amazonaws.com"},
            "additionalEventData": {"ARN": arn, "Name": "shop"}});
        let event = one("cloudtrail", record.to_string());
        assert_eq!(event.resource_type, "aws.secretsmanager.secret");
        assert_eq!(event.resource_id.as_deref(), Some(arn), "{name}");
    }
}

#[test]
fn denied_means_for_want_of_a_permission() {
    for (code, outcome) in [
        (json!("AccessDenied"), Outcome::Denied),
        (json!("Client.UnauthorizedOperation"), Outcome::Denied),
        (json!("Server.AccessDeniedException"), Outcome::Denied),
        (json!("ThrottlingException"), Outcome::Failed),
        (json!("NoSuchEntityException"), Outcome::Failed),
        (json!(""), Outcome::Succeeded),
        (Value::Null, Outcome::Succeeded),
    ] {
        let event = one(
            "cloudtrail",
            json!({"eventName": "X", "errorCode": code}).to_string(),
        );
        assert_eq!(event.outcome, Some(outcome), "{code}");
    }
}

#[test]
fn rows_of_a_table_have_names_in_lower_case() {
    let row = r#"{"eventid":"abc-123","eventname":"CreateIPSet","eventsource":"guardduty.amazonaws.com",
        "eventtime":"2022-07-17 04:50:23","useridentity":{"type":"IAMUser","arn":"arn:aws:iam::1:user/a"},
        "sourceipaddress":"10.0.0.1","useragent":"x","errorcode":"AccessDenied","requestid":"r"}"#
        .replace('\n', " ");
    let event = one("cloudtrail", row);
    assert_eq!(event.action, "aws.guardduty.CreateIPSet");
    assert_eq!(
        event.occurred_at.unwrap().to_string(),
        "2022-07-17T04:50:23.000000Z"
    );
    assert_eq!(event.user_id.as_deref(), Some("arn:aws:iam::1:user/a"));
    assert_eq!(
        (event.ip_address.as_deref(), event.user_agent.as_deref()),
        (Some("10.0.0.1"), Some("x"))
    );
    assert_eq!(
        (event.outcome, event.correlation_id.as_deref()),
        (Some(Outcome::Denied), Some("r"))
    );
}

#[test]
fn the_same_id_with_other_content_has_a_way_out() {
    let record = |n: u32| {
        format!("{{\"eventID\":\"5b1d3c2e-0000-4000-8000-000000000001\",\"eventName\":\"N{n}\"}}\n")
    };
    let read = read_text("cloudtrail", record(1) + &record(2) + &record(1));
    let ids = read.ids();
    assert!(ids[0] == ids[1] && ids[1] == ids[2]);
    let fallback: Vec<_> = read
        .records
        .iter()
        .map(|record| record.fallback_id)
        .collect();
    assert_ne!(fallback[0], fallback[1]);
    assert_eq!(fallback[0], fallback[2]);
    let event = read.records[1].under_fallback_id();
    assert_eq!(event.id, Some(fallback[1]));
    let noted = json!({"field": "id", "kind": "derived", "from": "key_and_record", "was": ids[1]});
    assert_eq!(
        event.notes.last().map(indelible_core::Note::to_value),
        Some(noted)
    );
}

#[test]
fn what_is_no_record_is_rejected_with_its_place() {
    let text = "{\"Records\":[{\"eventName\":\"A\"},7,{\"digestStartTime\":\"x\"},null,\n[],{\"eventName\":\"B\"}]}";
    let read = read_text("cloudtrail", text);
    assert_eq!(read.records.len(), 2);
    assert_eq!(
        (read.records[1].origin.line, read.records[1].origin.record),
        (2, 6)
    );
    let reasons: Vec<String> = read
        .rejected
        .iter()
        .map(|(origin, reason)| format!("{origin}: {reason}"))
        .collect();
    let expected = [
        "text, line 1, record 2: a record is a JSON object, this is a number",
        "text, line 1, record 3: this is no record of AWS CloudTrail: it has none of \
         `/eventName`, `/eventSource`, `/eventID`, `/eventname`, `/eventsource`, `/eventid`",
        "text, line 1, record 4: a record is a JSON object, this is null",
        "text, line 2, record 5: a record is a JSON object, this is an array",
    ];
    assert_eq!(reasons, expected);
}
