//! Several drains of several engines on one outbox, over a store that fails at random, while
//! transactions come into sight in another order than that of their positions.

use std::collections::HashMap;
use std::sync::Arc;

use indelible_core::engine::{Engine, Options};
use indelible_core::outbox::Drain;
use indelible_core::{AuditProtocol, Query, TrailName};
use uuid::Uuid;

use super::table::Table;
use super::text;
use crate::ground::{Fault, event, faulty};

/// Rounds of one run.
const ROUNDS: usize = 40;
/// Transactions of one run.
const TRANSACTIONS: usize = 30;

/// A generator by Vigna (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn drains_that_race_and_fail_keep_once_and_order() {
    for seed in 0..proptest::test_runner::Config::default().cases.div_ceil(64) {
        println!("seed {seed}");
        race(&mut Dice(u64::from(seed))).await;
    }
}

type Hidden = Vec<(i64, &'static str, String)>;

/// Transactions whose positions interleave, some rolled back.
fn transactions(dice: &mut Dice, table: &Table) -> (Vec<Hidden>, usize) {
    let mut open: Vec<Hidden> = vec![Vec::new(); TRANSACTIONS];
    let rolled_back = TRANSACTIONS / 5;
    for _ in 0..TRANSACTIONS * 6 {
        let transaction = dice.below(TRANSACTIONS as u64) as usize;
        let [position] = table.positions_for(1)[..] else {
            unreachable!("one position was asked for")
        };
        let place = open[transaction].len();
        let event = event("moved")
            .id(Uuid::from_u128(position.unsigned_abs().into()))
            .resource_id(format!("{transaction}/{place}"));
        open[transaction].push((position, "default", text(event)));
    }
    open.truncate(TRANSACTIONS - rolled_back);
    let rows = open.iter().map(Vec::len).sum();
    (open, rows)
}

async fn race(dice: &mut Dice) {
    let (site, store) = faulty();
    let table = Arc::new(Table::default());
    let (mut hidden, rows) = transactions(dice, &table);
    let mut drains = Vec::new();
    for _ in 0..3 {
        let options = Options {
            long_lived: false,
            // Small, so that a fault falls between the events of one transaction.
            commit_events_max: 3,
            ..Options::default()
        };
        let engine = Engine::open(site.ground(), options).await.expect("opens");
        drains.push(Drain::new(engine, table.clone()));
    }
    for _ in 0..ROUNDS {
        for _ in 0..dice.below(3) {
            if !hidden.is_empty() {
                let at = dice.below(hidden.len() as u64) as usize;
                table.show(hidden.swap_remove(at));
            }
        }
        let faults = (0..dice.below(12)).map(|_| match dice.below(8) {
            0 => Some(Fault::Refused),
            1 => Some(Fault::LostBefore),
            2 => Some(Fault::LostAfter),
            _ => None,
        });
        store.plan(faults.collect());
        table.fail_settles(dice.below(2));
        let passes = drains.iter_mut().map(|drain| async move {
            // A failed pass is the next one's to do again.
            let _ = drain.pass().await;
        });
        join_all(passes.collect()).await;
        site.clock.pass(std::time::Duration::from_secs(60));
    }
    for transaction in hidden.drain(..) {
        table.show(transaction);
    }
    store.plan(Vec::new());
    table.fail_settles(0);
    drains[0].pass().await.expect("a last pass");
    assert!(table.positions().is_empty(), "all were taken out");
    let audit = drains[0].engine().trail(TrailName::standard());
    let page = audit.query(Query::new().limit(1000)).await.expect("a page");
    assert_eq!(
        page.entries.len(),
        rows,
        "each once, and none that was rolled back"
    );
    let mut next: HashMap<String, usize> = HashMap::new();
    for entry in page.into_iter().collect::<Vec<_>>().into_iter().rev() {
        let resource = entry.resource_id.expect("a resource");
        let (transaction, place) = resource.split_once('/').expect("two numbers");
        let next = next.entry(transaction.to_owned()).or_default();
        assert_eq!(
            place,
            next.to_string(),
            "in order within transaction {transaction}"
        );
        *next += 1;
    }
}

/// Drives all futures at once.
async fn join_all(passes: Vec<impl Future<Output = ()>>) {
    let mut passes: Vec<_> = passes.into_iter().map(Box::pin).collect();
    std::future::poll_fn(|context| {
        passes.retain_mut(|pass| pass.as_mut().poll(context).is_pending());
        match passes.is_empty() {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
}
