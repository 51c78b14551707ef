//! What searches cost, in rows touched and partitions opened, as the server counts them: time and
//! load do not blur them. The tables are never analysed: no search may rest on statistics.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use indelible_core::filter::{AddressFilter, ContextFilter, Filter, UserFilter};
use indelible_core::{Outcome, Timestamp};
use serde_json::Value;
use testbed::{Cluster, TestDatabase};
use tokio_postgres::types::{FromSql, Type, accepts};

use super::*;
use crate::open::Options;
use crate::projection;
use indelible_core::store::{Projected, ProjectionKind};

/// Entries of the trail that is searched, a quarter of them in each of four months.
const SIZE: u64 = 100_000;
/// 2026-01-01T00:00:00Z, when the first was recorded; each comes 90 seconds after the one before
/// of its month.
const BEGIN: i64 = 1_767_225_600;

thread_local! {
    static ASKED: RefCell<Vec<Statement>> = const { RefCell::new(Vec::new()) };
}

/// Keeps a statement that a search of this thread asks.
pub(super) fn note(statement: &Statement) {
    ASKED.with_borrow_mut(|asked| asked.push(statement.clone()));
}

/// Months of 25,000 entries: 1,000 users, one who was there in the first month alone and one in
/// the last; 7 actions, 100 entries denied, 5,000 addresses; a tag on one in 1,000. Written as
/// rows, without hashes: none is looked at.
async fn filled() -> (TestDatabase, PostgresStore) {
    let database = Cluster::shared().database();
    let address = database.superuser_url().parse().expect("a URL");
    // Partitions made by hand have no guards, and are read alone.
    let options = Options {
        read_only: true,
        ..Options::default()
    };
    PostgresStore::migrate(&address, &options)
        .await
        .expect("it migrates");
    let months = (1..=4).map(|month| {
        let next = month + 1;
        format!(
            "CREATE TABLE IF NOT EXISTS indelible.entry_y2026m0{month}
                PARTITION OF indelible.entry
                FOR VALUES FROM ('2026-0{month}-01 00:00+00') TO ('2026-0{next}-01 00:00+00');
            INSERT INTO indelible.placement
                VALUES ('default', ({month} - 1) * {SIZE} / 4, '2026-0{month}-01');"
        )
    });
    let months: String = months.collect();
    database.execute(&format!(
        "{months}
        INSERT INTO indelible.head VALUES ('default', {SIZE}, decode(repeat('00', 32), 'hex'),
            '', 'key', 1, 0, decode(repeat('00', 32), 'hex'));
        CREATE TEMP TABLE n AS SELECT i, make_timestamptz(2026, 1 + (i * 4 / {SIZE})::int, 1,
            0, 0, 0, 'UTC') + (i % ({SIZE} / 4)) * interval '90 seconds' AS at
            FROM generate_series(0::bigint, {SIZE} - 1) AS i;
        INSERT INTO indelible.entry (trail_id, seq, id, occurred_at, created_at, action, outcome,
            resource_type, tags, leaf_hash, user_id, resource_id, ip_address, correlation_id,
            details_salt, details)
        SELECT 'default', i, gen_random_uuid(), at, at, 'a' || i % 7,
            CASE i % 1000 WHEN 1 THEN 'denied' ELSE 'succeeded' END, 'document',
            CASE i % 1000 WHEN 5 THEN 'data.chd' ELSE '' END, decode(repeat('00', 32), 'hex'),
            CASE WHEN i % 500 = 3 THEN NULL WHEN i = 7 THEN 'early' WHEN i < 99000 THEN 'u' || i % 1000
                ELSE 'late' END,
            'r' || i % 20000,
            CASE WHEN i % 20 = 0 THEN '\\x00000000000000000000ffff0a00'::bytea
                || decode(lpad(to_hex(i / 20 % 5000), 4, '0'), 'hex') END,
            CASE WHEN i % 10 = 0 THEN 'c' || i / 10 END,
            decode(repeat('00', 16), 'hex'), '{{}}'
        FROM n;
        INSERT INTO indelible.tag SELECT 'default', 'data.chd', i FROM n WHERE i % 1000 = 5;
        INSERT INTO indelible.span SELECT 'default', height, i >> height, min(at), max(at)
            FROM n, unnest(ARRAY[8, 16]) AS height GROUP BY height, i >> height
            HAVING count(*) = 1 << height;"
    ));
    let store = PostgresStore::open_with(&address, &options)
        .await
        .expect("it opens");
    (database, store)
}

/// What statements did, by the server's own account.
#[derive(Debug, Default)]
struct Cost {
    statements: usize,
    /// Rows that scans read, those included that they threw away.
    rows: u64,
    /// Tables of entries that any plan names, those included that nothing was read from.
    partitions: BTreeSet<String>,
    indexes: BTreeSet<String>,
    /// Kinds of plan nodes.
    nodes: BTreeSet<String>,
}

struct Json(Value);

impl<'a> FromSql<'a> for Json {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(serde_json::from_slice(raw)?))
    }

    accepts!(JSON);
}

impl Cost {
    async fn of(lent: &Lent, statements: Vec<Statement>) -> Self {
        let mut cost = Self::default();
        for statement in statements {
            let sql = format!(
                "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, BUFFERS OFF, SUMMARY OFF, FORMAT JSON) {}",
                statement.sql
            );
            let rows = read::by_index(lent, &sql, &statement.params()).await;
            let rows = rows.unwrap_or_else(|error| panic!("{error:?} in {sql}"));
            let Json(plan) = rows[0].get(0);
            cost.add(&plan[0]["Plan"]);
            cost.statements += 1;
        }
        cost
    }

    fn add(&mut self, node: &Value) {
        let number = |name: &str| node[name].as_f64().unwrap_or(0.0);
        let text = |name: &str| node[name].as_str().map(str::to_owned);
        if let Some(relation) = text("Relation Name") {
            let rows = number("Actual Rows")
                + number("Rows Removed by Filter")
                + number("Rows Removed by Index Recheck");
            self.rows += (rows * number("Actual Loops")).ceil() as u64;
            if relation.starts_with("entry") {
                self.partitions.insert(relation);
            }
        }
        self.indexes.extend(text("Index Name"));
        self.nodes.extend(text("Node Type"));
        for child in node["Plans"].as_array().into_iter().flatten() {
            self.add(child);
        }
    }
}

struct Case {
    name: &'static str,
    filter: Filter,
    skip: u64,
    /// How many entries are found of a page of 100.
    found: u64,
    /// Rows touched at most.
    rows: u64,
    /// Partitions opened at most.
    partitions: u64,
    /// What the index that leads is named after; nothing where it is the primary key.
    index: &'static str,
}

async fn run(store: &PostgresStore, filter: Filter, skip: u64) -> (u64, Cost) {
    let wanted = Find {
        filter,
        below: u64::MAX,
        skip,
        limit: 100,
    };
    ASKED.with_borrow_mut(Vec::clear);
    let found = find(store, &TrailName::standard(), &wanted)
        .await
        .expect("it finds");
    let lent = store.connections.lend().await.expect("a connection");
    let cost = Cost::of(&lent, ASKED.take()).await;
    (found.len() as u64, cost)
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
fn single() -> Vec<Case> {
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
            [0, 100, 100, 3],
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
            [0, 100, 200, 1],
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
fn together() -> Vec<Case> {
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
            [0, 14, 6000, 4],
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
            [0, 14, 6000, 4],
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
        case("before all", |f| f.latest = at(-1), [0, 0, 0, 0], ""),
        case(
            "after all",
            |f| f.earliest = at(4 * 29_000),
            [0, 0, 200, 1],
            "",
        ),
        case("long ago", within, [0, 50, 600, 2], ""),
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

async fn check(store: &PostgresStore, cases: Vec<Case>) -> Vec<String> {
    let mut slow = Vec::new();
    for case in cases {
        let (found, cost) = run(store, case.filter, case.skip).await;
        assert_eq!(found, case.found, "{}: {cost:#?}", case.name);
        let led = cost.indexes.iter().any(|index| index.contains(case.index));
        if cost.rows > case.rows
            || cost.partitions.len() as u64 > case.partitions
            || !(led || case.index.is_empty())
            || cost
                .nodes
                .iter()
                .any(|node| node.contains("Seq Scan") || node.contains("Bitmap"))
        {
            slow.push(format!("{}: {found} found: {cost:?}", case.name));
        }
    }
    slow
}

#[tokio::test]
async fn what_cannot_match_is_not_looked_at() {
    // T32
    let (database, store) = filled().await;
    // Placements are read once and then known.
    run(&store, Filter::default(), 0).await;
    for statistics in ["SELECT 1", "ANALYZE", "DELETE FROM pg_statistic"] {
        database.execute(statistics);
        let mut slow = check(&store, single()).await;
        slow.extend(check(&store, together()).await);
        assert!(slow.is_empty(), "after {statistics}: {slow:#?}");
    }
}

#[tokio::test]
async fn a_search_that_nobody_waits_for_leaves_its_connection_fit_for_use() {
    let (_database, store) = filled().await;
    let wanted = Find {
        filter: Filter {
            context: vec![ContextFilter {
                path: vec!["x".to_owned()],
                values: vec![],
            }],
            ..Filter::default()
        },
        below: SIZE,
        skip: 0,
        limit: 9,
    };
    let trail = TrailName::standard();
    // Polled ever longer and given up: each ends at another place.
    for polls in 0..40 {
        let mut search = Box::pin(find(&store, &trail, &wanted));
        let mut left = polls;
        std::future::poll_fn(|context| {
            if left == 0 {
                return std::task::Poll::Ready(());
            }
            left -= 1;
            match search.as_mut().poll(context) {
                std::task::Poll::Ready(done) => {
                    assert!(done.expect("it ends").is_empty());
                    std::task::Poll::Ready(())
                }
                std::task::Poll::Pending => std::task::Poll::Pending,
            }
        })
        .await;
        drop(search);
        let (found, _) = run(&store, Filter::default(), 0).await;
        assert_eq!(found, 100);
    }
}

#[tokio::test]
async fn every_page_of_index_rows_is_read_where_it_begins() {
    let (_database, store) = filled().await;
    let trail = TrailName::standard();
    let mut after: Option<Projected> = None;
    let (mut terms, mut pages) = (0, 0);
    loop {
        let kind = ProjectionKind::Term;
        let page = projection::page(&store, &trail, kind, after.as_ref(), 4096).await;
        let page = page.expect("it reads");
        terms += page.len() as u64;
        pages += 1;
        after = page.last().cloned().or(after);
        if page.len() < 4096 {
            break;
        }
    }
    // User, action, type, outcome and resource of each; addresses, correlations and tags.
    assert_eq!(terms, SIZE * 5 + SIZE / 20 + SIZE / 10 + SIZE / 1000);
    assert_eq!(pages, terms / 4096 + 1);
}
