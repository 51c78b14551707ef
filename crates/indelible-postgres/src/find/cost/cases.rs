//! The searches whose cost is looked at.

use std::net::Ipv4Addr;

use indelible_core::filter::{AddressFilter, ContextFilter, Filter, UserFilter};
use indelible_core::{Outcome, Timestamp};

/// 2026-01-01T00:00:00Z, when the first entry was recorded; each comes 90 seconds after the one
/// before of its month.
const BEGIN: i64 = 1_767_225_600;

/// A search for a page of 100.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) filter: Filter,
    pub(super) skip: u64,
    /// How many entries are found.
    pub(super) found: u64,
    /// Rows touched at most.
    pub(super) rows: u64,
    /// Partitions opened at most.
    pub(super) partitions: u64,
    /// What the index that leads is named after; nothing where it is the primary key.
    pub(super) index: &'static str,
}

fn user(name: &str) -> Option<UserFilter> {
    Some(UserFilter::AnyOf(vec![name.to_owned()]))
}

fn any(values: &[&str]) -> Option<Vec<String>> {
    Some(values.iter().map(|value| (*value).to_owned()).collect())
}

/// The time of an entry of the first month, less than the 25,000th.
fn at(number: i64) -> Option<Timestamp> {
    Some(Timestamp::from_micros((BEGIN + number * 90) * 1_000_000))
}

fn block(first: [u8; 4], last: [u8; 4]) -> Option<AddressFilter> {
    Some(AddressFilter::Block {
        first: Ipv4Addr::from_octets(first).to_ipv6_mapped(),
        last: Ipv4Addr::from_octets(last).to_ipv6_mapped(),
    })
}

/// Searches for values that no entry has, and the rows that each may touch, however many there
/// are: a condition that all meet is tried for a while before the other one tells.
pub(super) fn absent() -> Vec<(&'static str, Filter, u64)> {
    let user_and_action = Filter {
        user: user("nobody"),
        actions: any(&["a3"]),
        ..Filter::default()
    };
    let of = |set: fn(&mut Filter)| {
        let mut filter = Filter::default();
        set(&mut filter);
        filter
    };
    vec![
        ("user", of(|f| f.user = user("nobody")), 0),
        ("resource", of(|f| f.resource_ids = any(&["nothing"])), 0),
        ("action", of(|f| f.actions = any(&["never"])), 0),
        ("correlation", of(|f| f.correlation_ids = any(&["none"])), 0),
        ("tag", of(|f| f.tags = vec!["data.none".to_owned()]), 0),
        (
            "address",
            of(|f| f.addresses = block([192, 0, 2, 1], [192, 0, 2, 1])),
            0,
        ),
        ("user and action", user_and_action, 2000),
    ]
}

/// Searches that all entries of a trail match in which all are alike, and the pages that each may
/// touch.
pub(super) fn alike() -> Vec<(&'static str, Filter, u64)> {
    let few = |name, set: fn(&mut Filter)| {
        let mut filter = Filter::default();
        set(&mut filter);
        (name, filter, 25)
    };
    let one_of_two = |f: &mut Filter| {
        f.user = Some(UserFilter::AnyOf(vec!["u".to_owned(), "v".to_owned()]));
    };
    let address = |f: &mut Filter| f.addresses = block([10, 0, 0, 1], [10, 0, 0, 1]);
    // Each entry is looked up by itself.
    let tagged = Filter {
        tags: tag("data.chd"),
        ..Filter::default()
    };
    vec![
        few("anything", |_| {}),
        few("user", |f| f.user = user("u")),
        few("one of two users", one_of_two),
        few("action", |f| f.actions = any(&["a"])),
        few("outcome", |f| f.outcome = Some(Outcome::Denied)),
        few("type", |f| f.resource_type = Some("t".to_owned())),
        few("resource", |f| f.resource_ids = any(&["r"])),
        few("address", address),
        few("correlation", |f| f.correlation_ids = any(&["c"])),
        ("tag", tagged, 450),
    ]
}

fn case(
    name: &'static str,
    filter: impl FnOnce(&mut Filter),
    [skip, found, rows, partitions]: [u64; 4],
    index: &'static str,
) -> Case {
    let mut case = Case {
        name,
        filter: Filter::default(),
        skip,
        found,
        rows,
        partitions,
        index,
    };
    filter(&mut case.filter);
    case
}

/// Each filter alone.
pub(super) fn single() -> Vec<Case> {
    let no_user = "entry_y2026m04_trail_id_seq_idx";
    let (few, many) = ([10, 0, 0, 99], [10, 0, 255, 255]);
    vec![
        case("no condition", |_| {}, [0, 100, 100, 1], ""),
        case(
            "nobody",
            |f| f.user = user("nobody"),
            [0, 0, 0, 4],
            "user_id",
        ),
        case(
            "the last user",
            |f| f.user = user("late"),
            [0, 100, 100, 1],
            "user_id",
        ),
        case(
            "the first user",
            |f| f.user = user("early"),
            [0, 1, 1, 4],
            "user_id",
        ),
        case(
            "a user all along",
            |f| f.user = user("u4"),
            [0, 99, 99, 4],
            "user_id",
        ),
        case(
            "no user",
            |f| f.user = Some(UserFilter::None),
            [0, 100, 102, 3],
            no_user,
        ),
        case(
            "an action",
            |f| f.actions = any(&["a3"]),
            [0, 100, 100, 1],
            "action",
        ),
        case(
            "actions",
            |f| f.actions = any(&["a3", "a4", "x"]),
            [0, 100, 203, 1],
            "action",
        ),
        case(
            "an outcome",
            |f| f.outcome = Some(Outcome::Denied),
            [0, 100, 100, 4],
            "outcome",
        ),
        case(
            "a type",
            |f| f.resource_type = document(),
            [0, 100, 100, 1],
            "resource_type",
        ),
        case(
            "a resource",
            |f| f.resource_ids = any(&["r7"]),
            [0, 5, 5, 4],
            "resource_id",
        ),
        case(
            "a request",
            |f| f.correlation_ids = any(&["c700"]),
            [0, 1, 1, 4],
            "correlation",
        ),
        case(
            "a tag",
            |f| f.tags = tag("data.chd"),
            [0, 100, 200, 4],
            "tag_pkey",
        ),
        case(
            "no such tag",
            |f| f.tags = tag("nothing"),
            [0, 0, 0, 4],
            "tag_pkey",
        ),
        case(
            "an address",
            |f| f.addresses = block([10, 0, 0, 9], [10, 0, 0, 9]),
            [0, 1, 1, 4],
            "ip",
        ),
        case(
            "few addresses",
            |f| f.addresses = block([10, 0, 0, 0], few),
            [0, 100, 400, 4],
            "ip",
        ),
        case(
            "no address",
            |f| f.addresses = block([11, 0, 0, 0], [12; 4]),
            [0, 0, 0, 4],
            "ip",
        ),
        case(
            "many addresses",
            |f| f.addresses = block([10, 0, 0, 0], many),
            [0, 100, 4000, 1],
            "ip",
        ),
    ]
}

/// Conditions together, in time, and far down. The blocks at the end of the trail are not complete
/// yet, so that the last few entries are always looked at.
pub(super) fn together() -> Vec<Case> {
    let a3 = |f: &mut Filter| f.actions = any(&["a3"]);
    let denied = |f: &mut Filter| f.outcome = Some(Outcome::Denied);
    let within = |f: &mut Filter| (f.earliest, f.latest) = (at(500), at(549));
    let common = |f: &mut Filter| {
        a3(f);
        (f.resource_type, f.outcome) = (document(), Some(Outcome::Succeeded));
    };
    let member = || ContextFilter {
        path: vec!["x".to_owned()],
        values: Vec::new(),
    };
    vec![
        case(
            "a user and an action",
            |f| (f.user = user("u2"), a3(f)).1,
            [0, 14, 3000, 4],
            "user_id",
        ),
        case(
            "what u2 never did",
            |f| (f.user = user("u2"), denied(f)).1,
            [0, 0, 1500, 4],
            "entry",
        ),
        case(
            "rare and common",
            |f| (a3(f), denied(f)).1,
            [0, 14, 3000, 4],
            "outcome",
        ),
        case(
            "a tag and a type",
            |f| (f.tags = tag("data.chd"), common(f)).1,
            [0, 14, 6000, 4],
            "tag",
        ),
        case(
            "nobody",
            |f| (f.user = user("nobody"), common(f)).1,
            [0, 0, 12_000, 4],
            "user_id",
        ),
        case("before all", |f| f.latest = at(-1), [0, 0, 200, 1], ""),
        case(
            "after all",
            |f| f.earliest = at(4 * 29_000),
            [0, 0, 200, 1],
            "",
        ),
        case("long ago", within, [0, 50, 700, 2], ""),
        case(
            "an action then",
            |f| (a3(f), within(f)).1,
            [0, 8, 400, 2],
            "action",
        ),
        case(
            "a user then",
            |f| (f.user = user("u510"), within(f)).1,
            [0, 1, 10, 2],
            "user_id",
        ),
        case("far down", |_| {}, [99_000, 100, 100, 1], ""),
        case(
            "far down in time",
            |f| f.earliest = at(0),
            [50_000, 100, 51_000, 4],
            "",
        ),
        case(
            "far down one action",
            a3,
            [10_000, 100, 10_300, 3],
            "action",
        ),
        case(
            "a member",
            |f| (f.user = user("u4"), f.context.push(member())).1,
            [0, 0, 300, 4],
            "user",
        ),
    ]
}

fn document() -> Option<String> {
    Some("document".to_owned())
}

fn tag(name: &str) -> Vec<String> {
    vec![name.to_owned()]
}
