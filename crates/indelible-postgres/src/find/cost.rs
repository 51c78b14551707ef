//! What searches cost, in rows touched and partitions opened, as the server counts them: time and
//! load do not blur them. The tables are never analysed: no search may rest on statistics.

mod cases;

use std::cell::RefCell;
use std::collections::BTreeSet;

use indelible_core::filter::{ContextFilter, Filter};
use indelible_core::store::{Projected, ProjectionKind};
use serde_json::Value;
use testbed::{Cluster, TestDatabase};
use tokio_postgres::types::{FromSql, Type, accepts};

use super::*;
use cases::{Case, single, together};

use crate::open::Options;
use crate::projection;

/// Entries of the trail that is searched, a quarter of them in each of four months.
const SIZE: u64 = 100_000;

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
    filled_with(SIZE).await
}

/// As many entries as asked for, a multiple of 4, in the same four months.
async fn filled_with(size: u64) -> (TestDatabase, PostgresStore) {
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
                VALUES ('default', ({month} - 1) * {size} / 4, '2026-0{month}-01');"
        )
    });
    let months: String = months.collect();
    database.execute(&format!(
        "{months}
        INSERT INTO indelible.head VALUES ('default', {size}, decode(repeat('00', 32), 'hex'),
            '', 'key', 1, 0, decode(repeat('00', 32), 'hex'));
        CREATE TEMP TABLE n AS SELECT i, make_timestamptz(2026, 1 + (i * 4 / {size})::int, 1,
            0, 0, 0, 'UTC') + (i % ({size} / 4)) * (interval '2250000 seconds' / ({size} / 4)) AS at
            FROM generate_series(0::bigint, {size} - 1) AS i;
        INSERT INTO indelible.entry (trail_id, seq, id, occurred_at, created_at, action, outcome,
            resource_type, tags, leaf_hash, user_id, resource_id, ip_address, correlation_id,
            details_salt, details)
        SELECT 'default', i, gen_random_uuid(), at, at, 'a' || i % 7,
            CASE i % 1000 WHEN 1 THEN 'denied' ELSE 'succeeded' END, 'document',
            CASE i % 1000 WHEN 5 THEN 'data.chd' ELSE '' END, decode(repeat('00', 32), 'hex'),
            CASE WHEN i % 500 = 3 THEN NULL WHEN i = 7 THEN 'early' WHEN i < {size} - 1000 THEN 'u' || i % 1000
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
            HAVING (max(i) + 1) % (1 << height) = 0;"
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
    /// Pages touched, those of an index included whose rows it passed over by itself.
    pages: u64,
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
                "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, BUFFERS ON, SUMMARY OFF, FORMAT JSON) {}",
                statement.sql
            );
            let rows = read::by_index(lent, &sql, &statement.params()).await;
            let rows = rows.unwrap_or_else(|error| panic!("{error:?} in {sql}"));
            let Json(plan) = rows[0].get(0);
            let top = &plan[0]["Plan"];
            for kind in ["Shared Hit Blocks", "Shared Read Blocks"] {
                cost.pages += top[kind].as_u64().unwrap_or(0);
            }
            cost.add(top);
            cost.statements += 1;
        }
        cost
    }

    /// Whether nothing was scanned but along an index, one row after another.
    fn goes_by_index(&self) -> bool {
        let is_scan = |node: &String| node.contains("Seq Scan") || node.contains("Bitmap");
        !self.nodes.iter().any(is_scan)
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

fn page(filter: Filter, from: Option<u64>, skip: u64) -> Find {
    Find {
        filter,
        below: u64::MAX,
        from,
        skip,
        limit: 100,
    }
}

async fn run(store: &PostgresStore, wanted: &Find) -> (u64, Cost) {
    run_on(store, &TrailName::standard(), wanted).await
}

async fn run_on(store: &PostgresStore, trail: &TrailName, wanted: &Find) -> (u64, Cost) {
    ASKED.with_borrow_mut(Vec::clear);
    let found = find(store, trail, wanted).await.expect("it finds");
    let lent = store.connections.lend().await.expect("a connection");
    let cost = Cost::of(&lent, ASKED.take()).await;
    (found.len() as u64, cost)
}

/// Checks cases both ways. What lies at one end of the trail is found at once only from there: the
/// partitions count on the way down. Upwards a search begins in the first month.
async fn check(store: &PostgresStore, cases: Vec<Case>) -> Vec<String> {
    let mut slow = Vec::new();
    for case in cases {
        for (from, partitions) in [(None, case.partitions), (Some(0), 4)] {
            let wanted = page(case.filter.clone(), from, case.skip);
            let (found, cost) = run(store, &wanted).await;
            assert_eq!(found, case.found, "{} from {from:?}: {cost:#?}", case.name);
            let name = match from {
                None => case.index.to_owned(),
                Some(_) => case.index.replace("m04", "m01"),
            };
            let led = cost.indexes.iter().any(|index| index.contains(&name));
            if cost.rows > case.rows
                || cost.partitions.len() as u64 > partitions
                || !(led || case.index.is_empty())
                || !cost.goes_by_index()
            {
                slow.push(format!(
                    "{} from {from:?}: {found} found: {cost:?}",
                    case.name
                ));
            }
        }
    }
    slow
}

#[tokio::test]
async fn what_cannot_match_is_not_looked_at() {
    // T32
    let (database, store) = filled().await;
    // Placements are read once and then known.
    run(&store, &page(Filter::default(), None, 0)).await;
    for statistics in ["SELECT 1", "ANALYZE", "DELETE FROM pg_statistic"] {
        database.execute(statistics);
        let mut slow = check(&store, single()).await;
        slow.extend(check(&store, together()).await);
        assert!(slow.is_empty(), "after {statistics}: {slow:#?}");
    }
}

/// T32: "no rows" costs nothing, however many there are.
#[tokio::test]
async fn t32_who_was_never_there_touches_no_row() {
    let size = match is_soak() {
        true => 10_000_000,
        false => SIZE,
    };
    let (database, store) = filled_with(size).await;
    run(&store, &page(Filter::default(), None, 0)).await;
    for statistics in ["SELECT 1", "ANALYZE"] {
        database.execute(statistics);
        for (name, filter, rows) in cases::absent() {
            for from in [None, Some(0), Some(size / 2)] {
                let (found, cost) = run(&store, &page(filter.clone(), from, 0)).await;
                assert_eq!(found, 0, "{name}");
                assert!(cost.rows <= rows, "{name} from {from:?}: {cost:#?}");
            }
        }
    }
}

/// Entries of the trail in which all entries have the same values.
const CROWD: u64 = 40_000;

/// Trails `crowd` and, beside it in every index, `a-crowd`, of entries that are all alike.
async fn crowded() -> (TestDatabase, PostgresStore) {
    let (database, store) = filled_with(4).await;
    for trail in ["a-crowd", "crowd"] {
        database.execute(&format!(
            "INSERT INTO indelible.head VALUES ('{trail}', {CROWD},
                decode(repeat('00', 32), 'hex'), '', 'key', 1, 0, decode(repeat('00', 32), 'hex'));
            INSERT INTO indelible.placement VALUES ('{trail}', 0, '2026-01-01');
            INSERT INTO indelible.entry (trail_id, seq, id, occurred_at, created_at, action,
                outcome, resource_type, tags, leaf_hash, user_id, resource_id, ip_address,
                correlation_id)
            SELECT '{trail}', i, gen_random_uuid(), at, at, 'a', 'denied', 't', 'data.chd',
                decode(repeat('00', 32), 'hex'), 'u', 'r', '\\x00000000000000000000ffff0a000001',
                'c'
            FROM generate_series(0::bigint, {CROWD} - 1) AS i,
                make_timestamptz(2026, 1, 2, 0, 0, 0, 'UTC') AS at;
            INSERT INTO indelible.tag SELECT '{trail}', 'data.chd', i
                FROM generate_series(0::bigint, {CROWD} - 1) AS i;"
        ));
    }
    (database, store)
}

/// T32, and what it costs to go on in the middle: no entry before or behind the place is read, nor
/// passed over by an index.
#[tokio::test]
async fn a_place_amid_the_trail_is_gone_to_at_once() {
    let (database, store) = crowded().await;
    let trail: TrailName = "crowd".parse().expect("a name");
    let whole = page(Filter::default(), None, 0);
    run_on(&store, &trail, &whole).await;
    for statistics in ["SELECT 1", "ANALYZE"] {
        database.execute(statistics);
        let mut slow = Vec::new();
        for (name, filter, pages) in cases::alike() {
            let middle = CROWD / 2;
            let down = Find {
                below: middle,
                ..page(filter.clone(), None, 0)
            };
            let first = Find {
                limit: 1,
                ..page(filter.clone(), Some(0), 0)
            };
            let up = page(filter, Some(middle), 0);
            for wanted in [down, up, first] {
                let (found, cost) = run_on(&store, &trail, &wanted).await;
                assert_eq!(found, wanted.limit as u64, "{name}");
                if cost.pages > pages || !cost.goes_by_index() {
                    slow.push(format!("{name}: {cost:?} for {wanted:?}"));
                }
            }
        }
        assert!(slow.is_empty(), "after {statistics}: {slow:#?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "the switch of scripts/soak")]
fn is_soak() -> bool {
    std::env::var_os("INDELIBLE_SOAK").is_some()
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
        from: None,
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
        let (found, _) = run(&store, &page(Filter::default(), None, 0)).await;
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
