//! Random operations on a store and on [`MemoryStore`](indelible_core::MemoryStore), every
//! observation compared. What differs is shrunk to the fewest and plainest steps.

mod step;
mod twin;
mod value;

use std::cell::RefCell;

use proptest::collection::vec;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use tokio::runtime;
use tokio::task::block_in_place;

use self::step::{Step, question, reopenings, steps};
use self::twin::Twin;
use self::value::draft;
use crate::database::Database;
use crate::handle::Handle;

/// How long the random tests go on, and where they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// How many random cases each test tries.
    pub cases: u32,
    /// What the cases follow from: the same cases for the same seed.
    pub seed: u64,
}

impl Effort {
    /// What every run of the tests can afford.
    pub const SHORT: Self = Self { cases: 32, seed: 1 };

    /// The effort that two texts, as of environment variables, ask for; where one is absent or no
    /// number, that of [`Effort::SHORT`].
    pub fn read(cases: Option<&str>, seed: Option<&str>) -> Self {
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let cases = cases
            .and_then(number)
            .and_then(|cases| u32::try_from(cases).ok());
        Self {
            cases: cases.unwrap_or(Self::SHORT.cases),
            seed: seed.and_then(number).unwrap_or(Self::SHORT.seed),
        }
    }

    fn check<S: Strategy>(
        self,
        strategy: &S,
        test: impl Fn(S::Value) -> Result<(), TestCaseError>,
    ) {
        let config = Config {
            cases: self.cases,
            failure_persistence: None,
            max_shrink_iters: 512,
            ..Config::default()
        };
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        if let Err(error) = TestRunner::new_with_rng(config, rng).run(strategy, test) {
            panic!("the store and the oracle differ ({self:?}): {error}");
        }
    }
}

/// Appends, erasures, trims, reads, questions and registry writes in any order show the same in the store and the
/// oracle, step by step and as a whole.
pub async fn random_operations_agree_with_the_oracle(database: &dyn Database, effort: Effort) {
    compare(database, effort, &vec(steps(), 1..40)).await;
}

/// The same with the store closed, or dropped, and opened again between the steps.
pub async fn random_operations_and_reopenings_agree_with_the_oracle(
    database: &dyn Database,
    effort: Effort,
) {
    compare(database, effort, &vec(reopenings(), 1..30)).await;
}

/// Every filter, alone and combined with any other, with any `below`, `from`, `skip` and `limit`,
/// finds the same in the store and the oracle, on a trail of several hundred varied entries.
pub async fn random_questions_agree_with_the_oracle(database: &dyn Database, effort: Effort) {
    let store = RefCell::new(Some(Handle::open(database).await));
    let corpora = (vec(draft(), 40..400), vec(question(), 20..60));
    let case = RefCell::new(0);
    effort.check(&corpora, |(drafts, questions)| {
        *case.borrow_mut() += 1;
        wait(async {
            let mut twin = Twin::new(database, &store, *case.borrow());
            for commit in drafts.chunks(50) {
                twin.apply(&Step::commit(0, commit.to_vec())).await?;
            }
            for question in questions {
                twin.apply(&question).await?;
            }
            Ok(())
        })
    });
}

async fn compare(
    database: &dyn Database,
    effort: Effort,
    strategy: &impl Strategy<Value = Vec<Step>>,
) {
    let store = RefCell::new(Some(Handle::open_to_erase(database).await));
    // Every case has trails of its own in one database, which is much faster than a new one each.
    let case = RefCell::new(0);
    effort.check(strategy, |steps| {
        *case.borrow_mut() += 1;
        wait(async {
            let mut twin = Twin::new(database, &store, *case.borrow());
            for step in &steps {
                twin.apply(step).await?;
            }
            twin.compare_whole().await
        })
    });
}

/// Waits for a future within the test runner, whose cases are plain functions.
fn wait<T>(future: impl Future<Output = T>) -> T {
    block_in_place(|| runtime::Handle::current().block_on(future))
}
