//! Real events that are not part of this project, through the whole of the product: imported,
//! verified, asked about. They lie in `shared` beside the workspace, or where `INDELIBLE_SHARED`
//! says; without them these tests say so and pass, unless `INDELIBLE_REQUIRE_SHARED` is `1`.

use std::path::PathBuf;

use serde_json::Value;

use crate::desk::Desk;

fn folder(name: &str) -> Option<String> {
    let variable = |name: &str| {
        #[expect(
            clippy::disallowed_methods,
            reason = "the place of data outside the project"
        )]
        std::env::var_os(name)
    };
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = variable("INDELIBLE_SHARED").map_or_else(beside, PathBuf::from);
    let path = std::path::absolute(shared.join("data").join(name)).expect("a path");
    if path.is_dir() {
        return Some(path.to_str().expect("UTF-8").to_owned());
    }
    let required = variable("INDELIBLE_REQUIRE_SHARED").is_some_and(|value| value == "1");
    assert!(!required, "{} is not there", path.display());
    println!("not run: {} is not there", path.display());
    None
}

/// Recorded, duplicates and rejected of an import.
fn imported(desk: &Desk, folder: &str) -> [u64; 3] {
    let summary = desk.json(&["import", "cloudtrail", folder]);
    let count = |name: &str| summary[name].as_u64().expect("a count");
    let counts = [count("recorded"), count("duplicates"), count("rejected")];
    assert_eq!(counts.iter().sum::<u64>(), count("read"), "{summary}");
    counts
}

/// The entries that an export with these filters has.
fn asked(desk: &Desk, filters: &[&str]) -> Vec<Value> {
    desk.run(&[&["export"], filters].concat()).fine().lines()
}

#[test]
fn a_day_of_cloudtrail_is_imported_once_and_verified() {
    let Some(folder) = folder("cloudtrail-invictus") else {
        return;
    };
    let desk = Desk::new();
    assert_eq!(imported(&desk, &folder), [2202, 0, 0]);
    assert_eq!(imported(&desk, &folder), [0, 2202, 0]);
    let report = desk.json(&["verify"]);
    assert_eq!(
        (&report["ok"], &report["trails"][0]["entries_checked"]),
        (&true.into(), &2202.into())
    );
}

#[test]
fn other_collections_lose_nothing() {
    for (name, records) in [("cloudtrail-stratus", 214), ("otrf-misc", 103)] {
        let Some(folder) = folder(name) else { return };
        let desk = Desk::new();
        let [recorded, duplicates, rejected] = imported(&desk, &folder);
        assert_eq!((recorded + duplicates, rejected), (records, 0), "{name}");
        desk.run(&["verify"]).fine();
    }
}

/// What an investigator asks of that day. The expected counts were taken from the delivery files
/// themselves, by another program.
#[test]
fn an_investigators_questions_are_answered() {
    let Some(folder) = folder("cloudtrail-invictus") else {
        return;
    };
    let desk = Desk::new();
    desk.run(&["import", "cloudtrail", &folder]).fine();
    let stolen = "arn:aws:sts::123837392027:assumed-role/\
                  stratus-red-team-ec2-steal-credentials-role/i-0dbc91f429e48eeed";
    let questions: &[(&str, &[&str], usize)] = &[
        (
            "who tried to delete the trail",
            &["--action", "aws.cloudtrail.DeleteTrail"],
            3,
        ),
        (
            "and with success",
            &[
                "--action",
                "aws.cloudtrail.DeleteTrail",
                "--outcome",
                "succeeded",
            ],
            2,
        ),
        (
            "who tried to stop it",
            &["--action", "aws.cloudtrail.StopLogging"],
            3,
        ),
        ("what was denied", &["--outcome", "denied"], 58),
        (
            "whose passwords of machines were asked for and denied",
            &["--action", "aws.ec2.GetPasswordData", "--outcome", "denied"],
            29,
        ),
        (
            "what the instance's credentials were used for",
            &["--user-id", stolen],
            13,
        ),
        (
            "from an address outside",
            &["--user-id", stolen, "--ip-address", "3.225.16.109"],
            11,
        ),
        (
            "what came from the private network",
            &["--ip-address", "10.0.0.0/8"],
            202,
        ),
        (
            "which secrets were read from there",
            &[
                "--action",
                "aws.secretsmanager.GetSecretValue",
                "--ip-address",
                "192.168.10.20",
            ],
            56,
        ),
        (
            "who logged in to the console without a second factor",
            &[
                "--action",
                "aws.signin.ConsoleLogin",
                "--context",
                "additionalEventData.MFAUsed=No",
            ],
            1,
        ),
        (
            "which port was opened to the world",
            &[
                "--action",
                "aws.ec2.AuthorizeSecurityGroupIngress",
                "--context",
                "requestParameters.cidrIp=0.0.0.0/0",
                "--context",
                "requestParameters.toPort=22",
            ],
            1,
        ),
        (
            "what changed anything",
            &["--context", "readOnly=false"],
            471,
        ),
        (
            "what happened in five minutes",
            &[
                "--start-date",
                "2023-07-10T12:00:00Z",
                "--end-date",
                "2023-07-10T12:04:59.999999Z",
            ],
            181,
        ),
        (
            "and on the whole day",
            &["--start-date", "2023-07-10", "--end-date", "2023-07-10"],
            2202,
        ),
        ("and before it", &["--end-date", "2023-07-09"], 0),
    ];
    for (question, filters, count) in questions {
        assert_eq!(asked(&desk, filters).len(), *count, "{question}");
    }
    let left = asked(&desk, &["--action", "aws.organizations.LeaveOrganization"]);
    assert_eq!(left[0]["outcome"], "denied");
    let user = left[0]["user_id"].as_str().expect("a user");
    assert!(user.contains("stratus-red-team-leave-org-role"), "{user}");
}
