//! The requirements, and what the product brings to each.

use std::sync::OnceLock;

use indelible_core::catalogue;
use serde::{Deserialize, Serialize};

const PRODUCT: &str = include_str!("../../requirements.toml");

/// A requirement on the audit system.
#[derive(Debug, Clone, Serialize)]
pub struct Requirement {
    /// `SYS-01` and on.
    pub id: String,
    /// The field of work.
    pub area: String,
    /// What is asked, in words of our own.
    pub asks: String,
    /// The controls that ask for it.
    pub sources: String,
    /// Who brings what it asks.
    pub by: By,
    /// What the product does for it, or why it does not.
    pub product: String,
    /// The tests that show it, as `path::name`.
    pub tests: Vec<String>,
}

/// Who brings what a requirement asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The product.
    Product,
    /// Whoever records or operates: nothing in a trail can bring it.
    Elsewhere,
    /// Nobody: the product does not have it.
    Nobody,
}

impl By {
    /// The same in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Product => "met",
            Self::Elsewhere => "needs evidence elsewhere",
            Self::Nobody => "not met",
        }
    }
}

#[derive(Deserialize)]
struct Line {
    req_id: String,
    area: String,
    requirement: String,
    sources: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Brought {
    by: By,
    product: String,
    #[serde(default)]
    tests: Vec<String>,
}

/// All of them, by number.
pub fn requirements() -> &'static [Requirement] {
    static ALL: OnceLock<Vec<Requirement>> = OnceLock::new();
    ALL.get_or_init(|| {
        let brought: std::collections::BTreeMap<String, Brought> =
            toml::from_str(PRODUCT).expect("the file ships with the crate, and a test reads it");
        let mut lines = csv::Reader::from_reader(catalogue::SYSTEM_REQUIREMENTS.as_bytes());
        let lines = lines.deserialize::<Line>().map(|line| {
            let line = line.expect("the catalogue ships with the core, whose tests read it");
            let brought = brought.get(&line.req_id);
            let brought = brought.expect("a test holds the two files together");
            Requirement {
                asks: line.requirement,
                id: line.req_id,
                area: line.area,
                sources: line.sources,
                by: brought.by,
                product: brought.product.clone(),
                tests: brought.tests.clone(),
            }
        });
        lines.collect()
    })
}
