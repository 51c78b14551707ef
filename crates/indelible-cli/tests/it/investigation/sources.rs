//! CloudTrail in the forms in which others keep it.

use serde_json::Value;

use super::shared::place;
use super::{ask, column, counts, import, tally};
use crate::desk::{Desk, on_each_store};

on_each_store! {
    a_day_is_imported_once_and_verifies,
    nothing_of_the_other_folders_is_rejected_for_its_content,
}

fn a_day_is_imported_once_and_verifies(new: fn() -> Desk) {
    let Some(folder) = place("cloudtrail-invictus") else {
        return;
    };
    let desk = new();
    assert_eq!(import(&desk, &["cloudtrail", &folder]), [2202, 2202, 0, 0]);
    let call = ["import", "cloudtrail", &folder, "--output", "json"];
    let again = desk.run(&call).fine().json();
    let counts = ["read", "recorded", "duplicates", "rejected", "files"].map(|name| &again[name]);
    assert_eq!(counts, [2202, 0, 2202, 0, 34]);
    let verified = desk.json(&["verify"]);
    assert_eq!(verified["ok"], true);
    let trail = &verified["trails"][0];
    assert_eq!([&trail["size"], &trail["entries_checked"]], [2202, 2202]);
    assert_eq!(trail["findings"], Value::Array(Vec::new()));
}

fn nothing_of_the_other_folders_is_rejected_for_its_content(new: fn() -> Desk) {
    let names = [
        "cloudtrail-stratus",
        "otrf-misc",
        "saas-panther/AWS.CloudTrail.ndjson",
    ];
    let Some(places) = names.map(place).into_iter().collect::<Option<Vec<_>>>() else {
        return;
    };
    let desk = new();
    assert_eq!(import(&desk, &["cloudtrail", &places[0]]), [214, 214, 0, 0]);
    assert_eq!(import(&desk, &["cloudtrail", &places[1]]), [103, 103, 0, 0]);
    // One of the 274 stands in the first folder too, word for word. Of the others many share an
    // `eventID` and none its content: there are only 81 different, and 25 records without one.
    assert_eq!(import(&desk, &["cloudtrail", &places[2]]), [274, 273, 1, 0]);
    assert_eq!(import(&desk, &["cloudtrail", &places[2]]), [274, 0, 274, 0]);
    assert_eq!(desk.json(&["verify"])["ok"], true);
    // `userIdentity.type` is Root in 8 records, all of the last file.
    let root = ask(&desk, &["--tag", "actor.privileged"]);
    assert_eq!(
        tally(&root, "action"),
        counts([
            ("aws.signin.ConsoleLogin", 4),
            ("aws.iam.CreateAccessKey", 2),
            ("aws.signin.PasswordUpdated", 2),
        ])
    );
    assert_eq!(column(&root, "/context/userIdentity/type"), ["Root"; 8]);
}
