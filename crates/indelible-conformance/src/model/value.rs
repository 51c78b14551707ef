//! Random entries and filters, drawn from few values, so that they meet.

use indelible_core::filter::{AddressFilter, ContextFilter, Filter, UserFilter};
use indelible_core::part::PartKind;
use indelible_core::{Outcome, Timestamp};
use proptest::collection::{btree_set, vec};
use proptest::option::weighted;
use proptest::prelude::any;
use proptest::sample::select;
use proptest::strategy::{Just, Strategy};
use proptest::{bool, prop_oneof};
use serde_json::{Value, json};

use crate::fixture::{self, Draft};

const TEXTS: &[&str] = &[
    "alice",
    "Alice",
    "bob",
    "",
    "none",
    "a%_",
    "o'brien\\",
    "\"",
    "caf\u{e9}",
    "cafe\u{301}",
    "\u{1f512}",
    "bob ",
    "1",
];
const ACTIONS: &[&str] = &[
    "user_login",
    "user_login_failed",
    "document_read",
    "a.b",
    "User_login",
];
const KINDS: &[&str] = &["document", "session", "Document"];
const TAGS: &[&str] = &["a", "b", "data.chd", "actor.privileged"];
const ADDRESSES: &[&str] = &[
    "10.0.0.1",
    "10.0.0.200",
    "10.1.0.1",
    "2001:db8::1",
    "2001:db8::ffff",
    "::ffff:10.0.0.1",
    "unknown",
    "",
    "1.2.3.4:80",
];
const NAMES: &[&str] = &["k", "a.b", "0", "1", "list", "\"", "K"];
const VALUES: &[&str] = &[
    "v",
    "1",
    "true",
    "null",
    "2.5",
    "9007199254740993",
    "",
    "{}",
];
const OUTCOMES: &[Outcome] = &[
    Outcome::Attempted,
    Outcome::Succeeded,
    Outcome::Failed,
    Outcome::Denied,
    Outcome::Completed,
];

/// One entry, now and then under a number that another has too.
pub fn draft() -> impl Strategy<Value = Draft> {
    let number = prop_oneof![12 => 0..1_000_000_u64, 1 => 0..8_u64];
    let skeleton = (
        select(ACTIONS),
        select(OUTCOMES),
        select(KINDS),
        tags(),
        moment(),
    );
    let text = || weighted(0.6, select(TEXTS));
    let address = weighted(0.6, select(ADDRESSES));
    let parts = (
        text(),
        text(),
        address,
        text(),
        text(),
        weighted(0.6, context()),
    );
    let erased = weighted(0.1, select(&PartKind::ALL[..]));
    (number, skeleton, parts, erased).prop_map(|(number, skeleton, parts, erased)| {
        let (action, outcome, kind, tags, at) = skeleton;
        let (user, other, address, resource, correlation, context) = parts;
        let plain = fixture::draft(number)
            .action(action)
            .outcome(outcome)
            .resource_type(kind)
            .tags(tags)
            .at(at);
        let draft = given(plain, user, Draft::user);
        let draft = given(draft, other, Draft::on_behalf_of);
        let draft = given(draft, address, Draft::from);
        let draft = given(draft, resource, Draft::on);
        let draft = given(draft, correlation, Draft::correlation);
        let draft = given(draft, context, Draft::context);
        given(draft, erased, Draft::erased)
    })
}

/// Several hundred entries under numbers of their own, to fill whole blocks of the tree.
pub fn bulk() -> impl Strategy<Value = Vec<Draft>> {
    (200..300_u64, any::<u32>(), vec(draft(), 1..20)).prop_map(|(count, start, kinds)| {
        let first = 1_000_000_000 + u64::from(start) * 300;
        let kinds = kinds.into_iter().cycle();
        (first..first + count)
            .zip(kinds)
            .map(|(n, draft)| draft.renumbered(n))
            .collect()
    })
}

/// One filter: each condition is there in one case of five.
pub fn filter() -> impl Strategy<Value = Filter> {
    let any_of = |texts: &'static [&'static str]| vec(select(texts), 0..4).prop_map(owned);
    let user =
        prop_oneof![3 => any_of(TEXTS).prop_map(UserFilter::AnyOf), 1 => Just(UserFilter::None)];
    let some = 0.2;
    let skeleton = (
        weighted(some, any_of(ACTIONS)),
        weighted(some, select(OUTCOMES)),
        weighted(some, select(KINDS).prop_map(str::to_owned)),
        prop_oneof![4 => Just(Vec::new()), 1 => vec(select(TAGS), 1..3).prop_map(owned)],
        weighted(some, moment()),
        weighted(some, moment()),
    );
    let parts = (
        weighted(some, user),
        weighted(some, any_of(TEXTS)),
        weighted(some, addresses()),
        weighted(some, any_of(TEXTS)),
        prop_oneof![4 => Just(Vec::new()), 1 => vec(member(), 1..3)],
    );
    (skeleton, parts).prop_map(|(skeleton, parts)| {
        let (actions, outcome, resource_type, tags, earliest, latest) = skeleton;
        let (user, resource_ids, addresses, correlation_ids, context) = parts;
        Filter {
            user,
            actions,
            outcome,
            resource_type,
            resource_ids,
            addresses,
            correlation_ids,
            tags,
            context,
            earliest,
            latest,
        }
    })
}

/// An object of any shape.
pub fn context() -> impl Strategy<Value = Value> {
    vec((select(NAMES), json()), 0..4).prop_map(object)
}

/// A JSON value of any shape.
pub fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        select(VALUES).prop_map(Value::from),
        bool::ANY.prop_map(Value::from),
        Just(Value::Null),
        select(vec![
            json!(1),
            json!(2.5),
            json!(9007199254740993_u64),
            json!(-1)
        ]),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((select(NAMES), inner), 0..4).prop_map(object),
        ]
    })
}

fn member() -> impl Strategy<Value = ContextFilter> {
    let (path, values) = (vec(select(NAMES), 1..3), vec(select(VALUES), 0..4));
    (path, values).prop_map(|(path, values)| ContextFilter {
        path: owned(path),
        values: owned(values),
    })
}

fn addresses() -> impl Strategy<Value = AddressFilter> {
    let blocks = [
        ("::ffff:10.0.0.0", "::ffff:10.0.0.255"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ("::ffff:0.0.0.0", "::ffff:255.255.255.255"),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("::2", "::1"),
    ];
    let block = select(blocks.to_vec()).prop_map(|(first, last)| AddressFilter::Block {
        first: first.parse().expect("an address"),
        last: last.parse().expect("an address"),
    });
    prop_oneof![
        3 => block,
        1 => select(ADDRESSES).prop_map(|text| AddressFilter::Text(text.to_owned())),
    ]
}

/// A moment of few: around 1970, on one day of 2026 to the hour, or at an end of the calendar.
fn moment() -> impl Strategy<Value = Timestamp> {
    let hours = |first: i64| {
        move |(hour, micros)| Timestamp::from_micros((first + hour) * 3_600_000_000 + micros)
    };
    prop_oneof![
        6 => (0..12_i64, 0..3_i64).prop_map(hours(490_896)),
        2 => (-2..2_i64, 0..3_i64).prop_map(hours(0)),
        1 => select(&[Timestamp::MIN, Timestamp::MAX][..]),
    ]
}

fn tags() -> impl Strategy<Value = Vec<&'static str>> {
    btree_set(select(TAGS), 0..3).prop_map(|tags| tags.into_iter().collect())
}

fn given<T>(draft: Draft, value: Option<T>, set: impl FnOnce(Draft, T) -> Draft) -> Draft {
    match value {
        Some(value) => set(draft, value),
        None => draft,
    }
}

fn owned(texts: Vec<&'static str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

fn object(members: Vec<(&'static str, Value)>) -> Value {
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
