//! A real day, CloudTrail of one account, 2023-07-10 from 11:47:39 to 12:34:46, an attack among
//! normal work: five questions about what was done, where and when.
//!
//! The expected numbers were counted in the delivery files, without this product: the records of
//! all 34 put into one list, and picked from by the members of CloudTrail that each test names.

use serde_json::Value;

use super::shared::{BERT_JAN, DESK_ADDRESS, day};
use super::{ask, ask_all, column, counts, tally};
use crate::desk::{Desk, on_each_store};

on_each_store! {
    which_secrets_and_objects_were_read,
    what_came_from_one_address_or_block,
    what_happened_in_an_hour_a_minute_a_second,
    was_logging_switched_off,
    what_belongs_to_the_same_request,
}

fn which_secrets_and_objects_were_read(new: fn() -> Desk) {
    let Some(desk) = day(new) else { return };
    // GetSecretValue: 56 without `errorCode`, of 20 different `requestParameters.secretId`; 20 of
    // them, one for each secret, with the tool's own `userAgent`, the others set the scene.
    let reads = ask(
        &desk,
        &[
            "--action",
            "aws.secretsmanager.GetSecretValue",
            "--outcome",
            "succeeded",
            "--resource-type",
            "aws.secretsmanager.secret",
        ],
    );
    assert_eq!((reads.len(), tally(&reads, "resource_id").len()), (56, 20));
    assert_eq!(tally(&reads, "user_id"), counts([(BERT_JAN, 56)]));
    let thefts: Vec<Value> = reads
        .into_iter()
        .filter(|entry| {
            entry["user_agent"]
                .as_str()
                .is_some_and(|agent| agent.starts_with("stratus-red-team_"))
        })
        .collect();
    assert_eq!(
        (thefts.len(), tally(&thefts, "resource_id").len()),
        (20, 20)
    );
    // One secret: all 8 calls of bert-jan with its ARN in request or response, and the 4 of KMS
    // that name it in `requestParameters.encryptionContext.SecretARN`.
    let secret = "arn:aws:secretsmanager:us-east-1:123837392027:secret:\
                  stratus-red-team-retrieve-secret-6-fAVH0t";
    let calls = ask(&desk, &["--resource-id", secret, "--user-id", BERT_JAN]);
    assert_eq!(
        tally(&calls, "action"),
        counts([
            ("aws.secretsmanager.CreateSecret", 1),
            ("aws.secretsmanager.DescribeSecret", 1),
            ("aws.secretsmanager.GetResourcePolicy", 2),
            ("aws.secretsmanager.PutSecretValue", 1),
            ("aws.secretsmanager.GetSecretValue", 3),
        ])
    );
    let keys = format!("requestParameters.encryptionContext.SecretARN={secret}");
    let keys = ask(
        &desk,
        &["--context", &keys, "--resource-type", "aws.kms.key"],
    );
    assert_eq!(
        tally(&keys, "action"),
        counts([("aws.kms.Decrypt", 3), ("aws.kms.GenerateDataKey", 1)])
    );
    // Objects are not logged: `eventCategory` is Management in all 2,202.
    assert_eq!(
        ask(&desk, &["--resource-type", "aws.s3.object"]),
        [Value::Null; 0]
    );
    assert_eq!(
        ask_all(&desk, &["--context", "eventCategory=Management"]).len(),
        2202
    );
}

fn what_came_from_one_address_or_block(new: fn() -> Desk) {
    let Some(desk) = day(new) else { return };
    // By `sourceIPAddress`; 307 of the 2,202 are no addresses but names of services.
    for (address, count) in [
        (DESK_ADDRESS, 1676),
        ("192.168.0.0/16", 1676),
        ("10.8.8.10", 189),
        ("10.0.0.0/8", 202),
        ("10.248.0.0/16", 12),
        ("10.248.16.43/32", 12),
        ("3.225.16.109", 11),
        ("0.0.0.0/0", 1895),
        ("172.16.0.0/12", 0),
        ("AWS Internal", 152),
        ("secretsmanager.amazonaws.com", 109),
    ] {
        assert_eq!(
            ask_all(&desk, &["--ip-address", address]).len(),
            count,
            "{address}"
        );
    }
    let office = ask(&desk, &["--ip-address", "10.248.0.0/16"]);
    assert_eq!(
        tally(&office, "user_id"),
        counts([("arn:aws:iam::123837392027:user/benjamin", 12)])
    );
}

fn what_happened_in_an_hour_a_minute_a_second(new: fn() -> Desk) {
    let Some(desk) = day(new) else { return };
    // By `eventTime`, both ends inclusive.
    for (start, end, count) in [
        ("2023-07-10T12:00:00Z", "2023-07-10T12:59:59Z", 1505),
        (
            "2023-07-10T14:00:00+02:00",
            "2023-07-10T14:59:59+02:00",
            1505,
        ),
        ("2023-07-10T11:00:00Z", "2023-07-10T11:59:59.999999Z", 697),
        ("2023-07-10T12:25:00Z", "2023-07-10T12:25:59Z", 11),
        ("2023-07-10T12:08:04Z", "2023-07-10T12:08:04Z", 19),
        ("2023-07-10", "2023-07-10", 2202),
        ("2023-07-11", "2023-07-12", 0),
    ] {
        let found = ask_all(&desk, &["--start-date", start, "--end-date", end]);
        assert_eq!(found.len(), count, "{start} to {end}");
    }
    // The minute of the new password, in which bert-jan did everything.
    let minute = [
        "--start-date",
        "2023-07-10T12:25:00Z",
        "--end-date",
        "2023-07-10T12:25:59Z",
    ];
    assert_eq!(
        tally(&ask(&desk, &minute), "user_id"),
        counts([(BERT_JAN, 11)])
    );
}

fn was_logging_switched_off(new: fn() -> Desk) {
    let Some(desk) = day(new) else { return };
    let told = |flags: &[&str]| -> Vec<String> {
        let entries = ask(&desk, flags);
        let name = |entry: &Value| {
            let [time, outcome] = ["occurred_at", "outcome"].map(|f| entry[f].as_str());
            let (time, outcome) = (time.expect("a time"), outcome.expect("an outcome"));
            format!("{} {outcome}", &time[11..19])
        };
        entries.iter().map(name).collect()
    };
    // `eventName` of cloudtrail.amazonaws.com; a failure is TrailNotFoundException.
    assert_eq!(
        told(&["--action", "aws.cloudtrail.StopLogging"]),
        ["12:01:27 failed", "12:01:23 failed", "12:00:42 failed"]
    );
    assert_eq!(
        told(&["--action", "aws.cloudtrail.DeleteTrail"]),
        [
            "12:08:04 succeeded",
            "12:08:04 succeeded",
            "11:59:02 failed"
        ]
    );
    assert_eq!(
        told(&["--action", "aws.cloudtrail.PutEventSelectors"]),
        ["12:00:08 succeeded"]
    );
    assert_eq!(
        told(&["--action", "aws.ec2.DeleteFlowLogs"]),
        ["12:02:26 succeeded"]
    );
    // One log, from its making to its end: `requestParameters.name` or `.trailName`, or the only
    // one of `.trailNameList`.
    let one = ask(
        &desk,
        &[
            "--resource-type",
            "aws.cloudtrail.trail",
            "--resource-id",
            "stratus-red-team-ctes-trail-qyxyekjbtk",
        ],
    );
    let actions: Vec<_> = column(&one, "action").into_iter().rev().collect();
    let changes = [
        "CreateTrail",
        "StartLogging",
        "PutEventSelectors",
        "DeleteTrail",
    ];
    let changed = actions
        .iter()
        .filter_map(|action| action.strip_prefix("aws.cloudtrail."));
    let changed: Vec<_> = changed.filter(|action| changes.contains(action)).collect();
    assert_eq!(changed, changes);
    assert_eq!(one.len(), 9);
}

fn what_belongs_to_the_same_request(new: fn() -> Desk) {
    let Some(desk) = day(new) else { return };
    // Three records share this `requestID`: an instance started, and its role handed to it, twice.
    let of = ["--correlation-id", "95b435ce-68af-4a4b-b89c-f653d8946ebc"];
    let together = ask(&desk, &of);
    assert_eq!(
        column(&together, "action"),
        [
            "aws.sts.AssumeRole",
            "aws.sts.AssumeRole",
            "aws.ec2.RunInstances"
        ]
    );
    assert_eq!(
        column(&together, "user_id"),
        ["ec2.amazonaws.com", "ec2.amazonaws.com", BERT_JAN]
    );
    assert_eq!(
        column(&together[2..], "resource_id"),
        ["i-0dbc91f429e48eeed"]
    );
    assert_eq!(
        column(&together[..1], "resource_id"),
        ["arn:aws:iam::123837392027:role/stratus-red-team-ec2-steal-credentials-role"]
    );
}
