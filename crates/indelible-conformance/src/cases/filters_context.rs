//! `find`: members of the context, by path and spelling.

use indelible_core::StoreError;
use indelible_core::filter::{ContextFilter, Filter};
use indelible_core::store::Verdict;
use serde_json::{Value, json};

use super::filters::recorded;
use super::filters_text::HOSTILE;
use crate::database::Database;
use crate::fixture::{Author, draft};
use crate::handle::{NO_SEQS, all};

/// "The names that lead to the member, outermost first; digits also index a list."
pub async fn a_path_leads_through_objects_and_lists(database: &dyn Database) {
    check(
        database,
        &[
            json!({"request": {"method": "GET", "hops": ["a", {"via": "b"}]}}),
            json!({"request.method": "GET"}),
            json!({"request": {"method": "get"}}),
            json!({"request": "GET"}),
            json!({"request": {"hops": {"0": "a", "1": {"via": "b"}}}}),
            json!({"method": "GET"}),
        ],
        &[
            (&["request", "method"], "GET", &[0]),
            (&["request.method"], "GET", &[1]),
            (&["request"], "GET", &[3]),
            (&["request", "hops", "0"], "a", &[4, 0]),
            (&["request", "hops", "1", "via"], "b", &[4, 0]),
            (&["request", "hops", "2"], "a", &[]),
            (&["request", "hops", "-1"], "a", &[]),
            (&["request", "hops"], "a", &[]),
            (&["method", "x"], "GET", &[]),
            (&["Request", "method"], "GET", &[]),
            (&["0"], "a", &[]),
        ],
    )
    .await;
}

/// "The member's text, or the JSON spelling of a number, boolean or null."
pub async fn a_member_is_compared_by_its_spelling(database: &dyn Database) {
    check(
        database,
        &[
            json!({"v": "1"}),
            json!({"v": 1}),
            json!({"v": true}),
            json!({"v": "true"}),
            json!({"v": null}),
            json!({"v": "null"}),
            json!({"v": 9007199254740993_u64}),
            json!({"v": u64::MAX}),
            json!({"v": i64::MIN}),
            json!({"v": 2.5}),
            json!({"v": 1e21}),
            json!({"v": {}}),
            json!({"v": []}),
            json!({"v": ["1"]}),
            json!({"v": 9007199254740992_u64}),
            json!({"v": ""}),
            json!({}),
        ],
        &[
            (&["v"], "1", &[1, 0]),
            (&["v"], "true", &[3, 2]),
            (&["v"], "null", &[5, 4]),
            (&["v"], "9007199254740993", &[6]),
            (&["v"], "9007199254740992", &[14]),
            (&["v"], "18446744073709551615", &[7]),
            (&["v"], "-9223372036854775808", &[8]),
            (&["v"], "2.5", &[9]),
            (&["v"], "2.50", &[]),
            (&["v"], "1e+21", &[10]),
            (&["v"], "1e21", &[]),
            (&["v"], "1.0", &[]),
            (&["v"], "{}", &[]),
            (&["v"], "[]", &[]),
            (&["v"], "", &[15]),
            (&["v"], "\"1\"", &[]),
            (&["w"], "null", &[]),
        ],
    )
    .await;
}

/// Names of members are literal, whatever a database's paths would make of them. (T37)
pub async fn hostile_names_are_literal(database: &dyn Database) {
    let names = HOSTILE.into_iter().chain([
        "$",
        "$.a",
        "a.b",
        "a[0]",
        "[0]",
        "\"a\".\"b\"",
        "a'b",
        "__proto__",
        "*",
        "**",
        "@",
        "#",
        "a/b",
        "~0",
        "~1",
        "/",
        "{a,b}",
        "a\" OR \"1",
        "a||b",
        "-1",
        "context",
    ]);
    let names: Vec<&str> = names.collect();
    let contexts: Vec<Value> = names.iter().map(|name| json!({*name: "hit"})).collect();
    let drafts = (0..)
        .zip(&contexts)
        .map(|(n, context)| draft(n).context(context.clone()));
    let nested = contexts
        .iter()
        .map(|context| json!({"a": context.clone(), "b": "miss"}));
    let first = contexts.len() as u64;
    let drafts = drafts.chain(
        (first..)
            .zip(nested)
            .map(|(n, context)| draft(n).context(context)),
    );
    let (store, author) = recorded(database, drafts).await;
    for (seq, name) in (0..).zip(&names) {
        let find = async |path: &[&str]| store.matching(author.trail(), member(path, "hit")).await;
        assert_eq!(find(&[name]).await, [seq], "{name:?}");
        assert_eq!(find(&["a", name]).await, [first + seq], "{name:?} within a");
    }
}

/// Values are literal and compared whole. (T36)
pub async fn hostile_values_are_literal(database: &dyn Database) {
    let drafts = (0..)
        .zip(HOSTILE)
        .map(|(n, value)| draft(n).context(json!({"k": value})));
    let (store, author) = recorded(database, drafts).await;
    for (seq, value) in (0..).zip(HOSTILE) {
        let found = store.matching(author.trail(), member(&["k"], value)).await;
        assert_eq!(found, [seq], "{value:?}");
    }
}

/// "All of these members of the context", each with any of its values.
pub async fn all_members_must_match_each_by_any_value(database: &dyn Database) {
    let drafts = (0..12).map(|n| draft(n).context(json!({"x": n % 2, "y": n % 3})));
    let (store, author) = recorded(database, drafts).await;
    let member = |name: &str, values: &[&str]| ContextFilter {
        path: vec![name.to_owned()],
        values: values.iter().map(|&value| value.to_owned()).collect(),
    };
    let find = async |context| {
        store
            .matching(
                author.trail(),
                Filter {
                    context,
                    ..Filter::default()
                },
            )
            .await
    };
    assert_eq!(
        find(vec![member("x", &["1"]), member("y", &["2"])]).await,
        [11, 5]
    );
    assert_eq!(
        find(vec![member("x", &["1"]), member("y", &["2", "0"])]).await,
        [11, 9, 5, 3]
    );
    assert_eq!(
        find(vec![member("x", &["1"]), member("x", &["0"])]).await,
        NO_SEQS
    );
    assert_eq!(
        find(vec![member("x", &["1"]), member("z", &["1"])]).await,
        NO_SEQS
    );
    assert_eq!(find(vec![member("x", &[])]).await, NO_SEQS);
}

/// An entry without a context, or with one that is erased, has no members.
pub async fn an_entry_without_context_has_no_members(database: &dyn Database) {
    let details = indelible_core::part::PartKind::Details;
    let drafts = [
        draft(0),
        draft(1).correlation("c"),
        draft(2).context(json!({"k": "v"})).erased(details),
        draft(3).context(json!({"k": "v"})),
        draft(4).user("k"),
    ];
    let (store, author) = recorded(database, drafts).await;
    assert_eq!(
        store.matching(author.trail(), member(&["k"], "v")).await,
        [3]
    );
    assert_eq!(
        store
            .matching(author.trail(), member(&["correlation_id"], "c"))
            .await,
        NO_SEQS
    );
}

/// "A row that is there cannot be read as what it should be": the entry is named, not passed over.
pub async fn a_body_that_is_no_json_is_named_as_corrupt(database: &dyn Database) {
    let store = database.open().await;
    let author = Author::new("t");
    let mut commit = author.seal((0..3).map(|n| draft(n).context(json!({"k": "v"}))));
    let details = commit.entries[1]
        .entry
        .parts
        .details
        .as_mut()
        .expect("it has a context");
    details.body.truncate(5);
    let verdicts = store.append(&[commit]).await.expect("append answers");
    assert_eq!(verdicts, [Verdict::Committed]);
    match store.find(author.trail(), &all(member(&["k"], "v"))).await {
        Err(StoreError::Corrupt { seq: Some(1), .. }) => {}
        other => panic!("{other:?}"),
    }
    let found = store.find(author.trail(), &all(Filter::default())).await;
    assert_eq!(
        found.expect("find without conditions reads no JSON").len(),
        3
    );
}

type Expected<'a> = (&'a [&'a str], &'a str, &'a [u64]);

async fn check(database: &dyn Database, contexts: &[Value], expected: &[Expected<'_>]) {
    let drafts = (0..)
        .zip(contexts)
        .map(|(n, context)| draft(n).context(context.clone()));
    let (store, author) = recorded(database, drafts).await;
    for (path, value, seqs) in expected {
        let found = store.matching(author.trail(), member(path, value)).await;
        assert_eq!(found, *seqs, "{path:?} = {value:?}");
    }
}

fn member(path: &[&str], value: &str) -> Filter {
    let path = path.iter().map(|&name| name.to_owned()).collect();
    let context = vec![ContextFilter {
        path,
        values: vec![value.to_owned()],
    }];
    Filter {
        context,
        ..Filter::default()
    }
}
