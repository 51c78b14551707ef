//! Files of rules, as reviewers keep them.

use super::{guessed, ids};
use crate::desk::Desk;

#[test]
fn rules_are_printed_and_looked_at() {
    let desk = Desk::new();
    let shipped = desk.run(&["review", "rules"]).fine().out;
    assert_eq!(shipped, indelible_evidence::review::STANDARD);
    desk.file("reviews.toml", &shipped);
    let listed = desk.json(&["review", "rules", "reviews.toml"]);
    assert_eq!(listed["version"], "2");
    assert_eq!(listed["rules"][0]["name"], "failures_then_login");
    desk.fed(&["review", "rules", "-"], "name = \"n\"\n")
        .fails(2, "-, line 1: missing field `version`");
    // Rules of one's own are used, and named by the sign-off.
    guessed(&desk);
    let own = "name = \"own\"\nversion = \"7\"\n[[rule]]\nname = \"looks\"\nseverity = \"low\"\n\
        why = \"w\"\nmatch = [{ action = \"data_viewed\" }]\n";
    desk.file("own.toml", own);
    let shown = desk.json(&["review", "show", "--rules", "own.toml"]);
    assert_eq!(ids(&shown), ["looks-6"]);
    let signed = desk.json(&[
        "review", "sign", "--as-of", "7", "--by", "q", "--rules", "own.toml",
    ]);
    assert_eq!(signed["said"]["rule_set"], "own");
    assert_eq!(signed["said"]["rule_set_digest"], shown["rules"]["sha256"]);
    let wrong = own.replace("action = \"data_viewed\"", "ip_address = \"10.0.0.0/99\"");
    desk.file("wrong.toml", wrong);
    desk.run(&["review", "show", "--rules", "wrong.toml"])
        .fails(2, "wrong.toml, line 7: rule `looks`: `ip_address`");
}
