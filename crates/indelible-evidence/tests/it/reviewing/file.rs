//! Files of rules, and what is wrong with them.

use indelible_evidence::review::{ReviewError, ReviewRequest, RuleSet, STANDARD, review};
use sha2::{Digest, Sha256};

use crate::desk::Desk;

#[test]
fn the_rules_that_ship_can_be_read() {
    let standard = RuleSet::standard();
    let digest = Sha256::digest(STANDARD.as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((standard.sha256, standard.version.as_str()), (digest, "2"));
    assert!(standard.rules.len() >= 14);
}

#[test]
fn the_file_of_the_guide_can_be_read() {
    let guide = include_str!("../../../../../docs/guide/reviews.md");
    let (_, rest) = guide.split_once("```toml\n").expect("a file");
    let (text, _) = rest.split_once("```").expect("its end");
    let rules = RuleSet::parse(text).expect("rules");
    assert_eq!((rules.name.as_str(), rules.rules.len()), ("shop", 1));
}

const HEAD: &str = "name = \"n\"\nversion = \"1\"\n";
const RULE: &str = "[[rule]]\nname = \"r\"\nseverity = \"low\"\nwhy = \"w\"\n";
const MATCH: &str = "match = [{ action = \"data_viewed\" }]\n";

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let rule = format!("{HEAD}{RULE}");
    let whole = format!("{rule}{MATCH}");
    let hours = format!("{whole}[rule.outside]\nzone = \"UTC\"\n");
    for (text, line, said) in [
        ("version = \"1\"\n".to_owned(), 1, "missing field `name`"),
        (format!("{HEAD}extra = 1\n"), 3, "unknown field `extra`"),
        (
            "name = \" \"\nversion = \"1\"\n".to_owned(),
            1,
            "`name` is empty",
        ),
        (
            format!("{HEAD}[schedule]\nzone = \"CET\"\n"),
            4,
            "`zone`: `CET`",
        ),
        (
            format!("{HEAD}[schedule]\ndue = \"soon\"\n"),
            4,
            "`due`: `soon`",
        ),
        (
            format!("{HEAD}[declared]\nby = \"\"\non = \"2026-01-01\"\nwhy = \"w\"\n"),
            3,
            "`by` is empty",
        ),
        (
            format!("{HEAD}[declared]\nby = \"m\"\non = \"soon\"\nwhy = \"w\"\n"),
            3,
            "`on`: `soon` is no day",
        ),
        (
            format!("{HEAD}[declared]\nby = \"m\"\non = \"2026-01-01\"\n"),
            3,
            "missing field `why`",
        ),
        (rule.clone(), 3, "missing field `match`"),
        (format!("{rule}match = []\n"), 7, "`match` is empty"),
        (format!("{rule}match = [{{}}]\n"), 7, "fits every entry"),
        (
            format!("{rule}match = [\n{{ outcome = \"done\" }}]\n"),
            8,
            "an outcome is one of",
        ),
        (
            format!("{rule}match = [{{ action = \"x*\" }}]\n"),
            7,
            "stands for no action",
        ),
        (
            format!("{rule}match = [{{ user = \"u\" }}]\n"),
            7,
            "unknown field `user`",
        ),
        (
            format!("{whole}group_by = [\"user\"]\n"),
            8,
            "`group_by`: `user` is none of",
        ),
        (
            format!("{whole}group_by = [\"user_id\", \"user_id\"]\n"),
            8,
            "twice",
        ),
        (
            format!("{whole}at_least = 3\n"),
            8,
            "`at_least` asks for `within`",
        ),
        (
            format!("{whole}within = \"3m\"\n"),
            8,
            "`within` asks for `at_least`",
        ),
        (format!("{whole}sum = \"bytes\"\n"), 8, "`sum` asks for"),
        (
            format!("{whole}followed_by = [{{ action = \"a\" }}]\n"),
            3,
            "`followed_by` asks",
        ),
        (
            format!("{whole}at_least = 0\nwithin = \"3m\"\n"),
            8,
            "`at_least`: a count is 1",
        ),
        (
            format!("{whole}at_least = -1\nwithin = \"3m\"\n"),
            8,
            "invalid value",
        ),
        (
            format!("{whole}at_least = 10_001\nwithin = \"3m\"\n"),
            8,
            "`at_least`: a count is 1",
        ),
        (
            format!("{whole}at_least = 3\nwithin = \"32d\"\n"),
            9,
            "31d at most",
        ),
        (format!("{whole}{RULE}{MATCH}"), 9, "two rules `r`"),
        (
            whole.replace("\"low\"", "\"urgent\""),
            5,
            "`severity`: `urgent` is none of",
        ),
        (whole.replace("\"r\"", "\"R 1\""), 4, "`name`: `R 1` is not"),
        (
            format!("{hours}days = [\"mo\"]\nfrom = \"07:00\"\nto = \"19:00\"\n"),
            10,
            "`mo`",
        ),
        (
            format!("{hours}days = []\nfrom = \"7\"\nto = \"19:00\"\n"),
            11,
            "`from`: `7`",
        ),
        (
            format!("{hours}days = []\nfrom = \"20:00\"\nto = \"06:00\"\n"),
            12,
            "end before",
        ),
    ] {
        let error = RuleSet::parse(&text).expect_err(&text);
        assert_eq!(error.line, line, "{error}\n{text}");
        assert!(error.problem.contains(said), "{error}\n{text}");
    }
    RuleSet::parse(&whole).expect("a rule");
}

#[test]
fn a_file_that_looks_for_nothing_or_never_is_refused() {
    let error = RuleSet::parse(HEAD).expect_err("no rule");
    assert_eq!(error.line, 1);
    assert!(
        error.problem.contains("nothing would be looked for"),
        "{error}"
    );
    for (line, said) in [
        ("due = \"32d\"", "`due`: 31d at most"),
        ("every = \"36h\"", "whole days"),
        ("every = \"367d\"", "1 to 366"),
        ("every = \"0s\"", "whole days"),
    ] {
        let text = format!("{HEAD}[schedule]\n{line}\n{RULE}{MATCH}");
        let error = RuleSet::parse(&text).expect_err(line);
        assert_eq!(error.line, 4, "{error}");
        assert!(error.problem.contains(said), "{error}");
    }
}

#[tokio::test]
async fn a_filter_that_cannot_be_asked_is_named_with_its_line() {
    let desk = Desk::new().await;
    desk.record(crate::desk::event("data_viewed", "2026-03-02T10:00:00Z"))
        .await;
    let text = format!("{HEAD}{RULE}match = [\n{MATCH_ADDRESS}]\n");
    let rules = RuleSet::parse(&text).expect("rules");
    let request = ReviewRequest {
        rules: &rules,
        from: 0,
        as_of: None,
        bounds: Default::default(),
    };
    let error = review(&desk.audit, &request, &mut |_| {})
        .await
        .expect_err("no block");
    let ReviewError::Rules(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error.line, 8);
    assert!(error.problem.contains("rule `r`: `ip_address`"), "{error}");
}

const MATCH_ADDRESS: &str = "{ ip_address = \"10.0.0.0/33\" }\n";
