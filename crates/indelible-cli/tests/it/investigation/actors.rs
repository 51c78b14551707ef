//! A real day, CloudTrail of one account, 2023-07-10 from 11:47:39 to 12:34:46, an attack among
//! normal work: five questions about who acted.
//!
//! The expected numbers were counted in the delivery files, without this product: the records of
//! all 34 put into one list, and picked from by the members of CloudTrail that each test names.

use serde_json::Value;

use super::shared::{BERT_JAN, DESK_ADDRESS, day};
use super::{ask, ask_all, column, counts, tally};
use crate::desk::{Desk, on_each_store};

on_each_store! {
    who_created_roles_users_and_keys_and_gave_them_rights,
    what_the_principal_did_from_where_and_with_what,
    what_was_refused_and_to_whom,
    who_logged_in_to_the_console_and_was_it_root,
    were_the_credentials_of_a_machine_used_elsewhere,
}

const ROLES: &str = "arn:aws:sts::123837392027:assumed-role/";

fn who_created_roles_users_and_keys_and_gave_them_rights(new: fn() -> Desk) {
    let Some(desk) = day(new) else { return };
    // `eventName` CreateRole: 8, each with `userIdentity.arn` bert-jan; `requestParameters.roleName`
    // sorted by `eventTime`.
    let roles = ask(&desk, &["--action", "aws.iam.CreateRole"]);
    assert_eq!(tally(&roles, "user_id"), counts([(BERT_JAN, 8)]));
    let created = [
        "backdoor-r",
        "ec2lui-role-wuzemnoeqa",
        "ec2lui-role-pcccexdthk",
        "get-usr-data",
        "remove-flow-logs",
        "leave-org",
        "ec2-steal-credentials",
        "ec2-get-password-data",
    ];
    for (role, name) in column(&roles, "resource_id").iter().zip(created) {
        assert!(
            role.starts_with(&format!("stratus-red-team-{name}")),
            "{role}"
        );
    }
    // The records of that day hold none of these: their absence is an answer too.
    for action in [
        "CreateUser",
        "CreateAccessKey",
        "AttachUserPolicy",
        "PutUserPolicy",
    ] {
        let none = ask(&desk, &["--action", &format!("aws.iam.{action}")]);
        assert_eq!(none, [Value::Null; 0], "{action}");
    }
    // The only CreateLoginProfile: a password for a user who had none.
    let password = ask(
        &desk,
        &[
            "--resource-id",
            "stratus-red-team-login-profile-user",
            "--action",
            "aws.iam.CreateLoginProfile",
        ],
    );
    assert_eq!(
        column(&password, "occurred_at"),
        ["2023-07-10T12:25:04.000000Z"]
    );
    // AttachRolePolicy: 5, of which 3 with this `requestParameters.policyArn`.
    let policy = "requestParameters.policyArn=arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
    let attached = ask(
        &desk,
        &["--action", "aws.iam.AttachRolePolicy", "--context", policy],
    );
    assert_eq!(
        column(&attached, "resource_id"),
        [
            "stratus-red-team-usr-data-role",
            "stratus-red-team-ec2-enumerate-role",
            "stratus-red-team-ec2-steal-credentials-role",
        ]
    );
}

fn what_the_principal_did_from_where_and_with_what(new: fn() -> Desk) {
    let Some(desk) = day(new) else { return };
    // `userIdentity.arn` bert-jan, counted by `sourceIPAddress` and `userAgent`.
    let acts = ask_all(&desk, &["--user-id", BERT_JAN]);
    assert_eq!(acts.len(), 2050);
    assert_eq!(
        tally(&acts, "ip_address"),
        counts([
            (DESK_ADDRESS, 1627),
            ("10.8.8.10", 189),
            ("AWS Internal", 152),
            ("secretsmanager.amazonaws.com", 71),
            ("health.amazonaws.com", 10),
            ("10.107.159.90", 1),
        ])
    );
    let agents = tally(&acts, "user_agent");
    assert_eq!(agents.len(), 113);
    let tool: usize = agents
        .iter()
        .filter(|(name, _)| name.contains("stratus-red-team_"))
        .map(|(_, n)| n)
        .sum();
    assert_eq!(tool, 888);
}

fn what_was_refused_and_to_whom(new: fn() -> Desk) {
    let Some(desk) = day(new) else { return };
    // `errorCode` AccessDenied (14) and Client.UnauthorizedOperation (44) are refusals, any other
    // (175) a failure, none (1,969) a success.
    let all = ask_all(&desk, &[]);
    let expected = counts([("succeeded", 1969), ("failed", 175), ("denied", 58)]);
    assert_eq!(tally(&all, "outcome"), expected);
    for (outcome, count) in expected {
        assert_eq!(
            ask_all(&desk, &["--outcome", &outcome]).len(),
            count,
            "{outcome}"
        );
    }
    // Refused to bert-jan himself: 13 of the 58; the rest to roles that he had assumed.
    let own = ask(&desk, &["--outcome", "denied", "--user-id", BERT_JAN]);
    assert_eq!(
        tally(&own, "action"),
        counts([
            ("aws.sts.AssumeRole", 11),
            ("aws.ce.GetCostForecast", 1),
            ("aws.ce.GetCostAndUsage", 1),
        ])
    );
    let refused = ask(&desk, &["--outcome", "denied"]);
    let roles: Vec<Value> = refused
        .into_iter()
        .filter(|e| e["user_id"] != BERT_JAN)
        .collect();
    assert!(
        column(&roles, "user_id")
            .iter()
            .all(|user| user.starts_with(ROLES))
    );
    assert_eq!(
        tally(&roles, "action"),
        counts([
            ("aws.ec2.GetPasswordData", 29),
            ("aws.ec2.DescribeInstanceAttribute", 15),
            ("aws.organizations.LeaveOrganization", 1),
        ])
    );
}

fn who_logged_in_to_the_console_and_was_it_root(new: fn() -> Desk) {
    let Some(desk) = day(new) else { return };
    // The only record of signin.amazonaws.com: `additionalEventData.MFAUsed` is No, and the user
    // is one that the attack had made.
    let user = "arn:aws:iam::123837392027:user/stratus-red-team-nmfalu-gfjyeaypjt";
    let logins = ask(&desk, &["--action", "aws.signin.ConsoleLogin"]);
    assert_eq!(column(&logins, "user_id"), [user]);
    assert_eq!(
        column(&logins, "occurred_at"),
        ["2023-07-10T12:23:15.000000Z"]
    );
    assert_eq!(column(&logins, "outcome"), ["succeeded"]);
    assert_eq!(
        ask(&desk, &["--context", "additionalEventData.MFAUsed=No"]),
        logins
    );
    assert_eq!(ask(&desk, &["--user-id", user]), logins);
    for none in [
        &["--action", "aws.signin.ConsoleLogin", "--outcome", "failed"][..],
        // `userIdentity.type` is Root in no record of that day.
        &["--tag", "actor.privileged"],
        &["--context", "userIdentity.type=Root"],
        // Every record names somebody, a service at least.
        &["--user-id", "none"],
    ] {
        assert_eq!(ask(&desk, none), [Value::Null; 0], "{none:?}");
    }
}

fn were_the_credentials_of_a_machine_used_elsewhere(new: fn() -> Desk) {
    let Some(desk) = day(new) else { return };
    // 13 records with this `userIdentity.sessionContext.sessionIssuer.arn`: 11 from the machine's
    // own address, 2 from where the attack was run, six seconds after its first.
    let issuer = "userIdentity.sessionContext.sessionIssuer.arn=\
                  arn:aws:iam::123837392027:role/stratus-red-team-ec2-steal-credentials-role";
    let used = ask(&desk, &["--context", issuer]);
    assert_eq!(
        tally(&used, "ip_address"),
        counts([("3.225.16.109", 11), (DESK_ADDRESS, 2)])
    );
    let session = format!("{ROLES}stratus-red-team-ec2-steal-credentials-role/i-0dbc91f429e48eeed");
    let stolen = ask(
        &desk,
        &["--user-id", &session, "--ip-address", "192.168.0.0/16"],
    );
    assert_eq!(
        tally(&stolen, "action"),
        counts([
            ("aws.ec2.DescribeInstances", 1),
            ("aws.sts.GetCallerIdentity", 1)
        ])
    );
    assert_eq!(
        tally(&stolen, "occurred_at"),
        counts([("2023-07-10T11:57:22.000000Z", 2)])
    );
    let pointer = "/userIdentity/sessionContext/sessionIssuer/userName=\
                   stratus-red-team-ec2-steal-credentials-role";
    assert_eq!(ask(&desk, &["--context", pointer]), used);
}
