//! What is asked of the audit system itself, SYS-01 to SYS-48, answered for one installation.
//!
//! [`measure`] looks at an open installation, [`SystemReport::of`] says of each [`Requirement`]
//! whether it is met there, with the fact that was measured. What the product brings to each, and
//! the tests that show it, is data: `requirements.toml`, from which `docs/requirements.md` is made.
//! Nothing is written, and no entry is hashed but those of reviews: that is what verification does.

mod answer;
mod installation;
mod measure;
mod page;
mod render;
mod requirement;

use indelible_core::{Timestamp, catalogue};
use serde::Serialize;

pub use answer::{Answer, answer};
pub use installation::{
    ApiKeys, Backlog, Installation, Newest, Reviews, StateKept, StoreFacts, Surroundings,
    TrailFacts,
};
pub use measure::measure;
pub use page::page;
pub use render::render_system;
pub use requirement::{By, Requirement, requirements};

/// The name of the form in JSON.
const SYSTEM_FORMAT: &str = "indelible-system/1";

/// The answers for one installation.
#[derive(Debug, Clone, Serialize)]
pub struct SystemReport {
    /// `indelible-system/1`.
    pub format: &'static str,
    /// The program that answers.
    pub software: String,
    /// When it was measured.
    pub measured_at: Timestamp,
    /// The version of the catalogue.
    pub catalogue_version: &'static str,
    /// How many requirements have each answer.
    pub counts: Vec<Count>,
    /// The requirements, by number.
    pub requirements: Vec<Answered>,
    /// All that was measured.
    pub installation: Installation,
}

/// How many requirements have an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The answer.
    pub answer: Answer,
    /// How many.
    pub requirements: usize,
}

/// A requirement with its answer.
#[derive(Debug, Clone, Serialize)]
pub struct Answered {
    /// What is asked.
    #[serde(flatten)]
    pub requirement: &'static Requirement,
    /// Whether it is met here.
    pub answer: Answer,
    /// What was measured.
    pub fact: String,
}

impl SystemReport {
    /// The answers that follow from what was measured.
    pub fn of(installation: Installation, software: &str) -> Self {
        let answered = requirements()
            .iter()
            .enumerate()
            .map(|(place, requirement)| {
                let (answer, fact) = answer(place + 1, &installation);
                Answered {
                    requirement,
                    answer,
                    fact,
                }
            });
        let requirements: Vec<_> = answered.collect();
        let counts = Answer::ALL.map(|answer| Count {
            answer,
            requirements: requirements.iter().filter(|it| it.answer == answer).count(),
        });
        Self {
            format: SYSTEM_FORMAT,
            software: software.to_owned(),
            measured_at: installation.measured_at,
            catalogue_version: catalogue::VERSION,
            counts: counts.to_vec(),
            requirements,
            installation,
        }
    }
}
