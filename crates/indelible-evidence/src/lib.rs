//! What an auditor asks of a trail: reports on the controls of six frameworks, and daily reviews.
//!
//! A [`Report`] reads the entries of a [`Period`] once, in the order of the trail, and says of each
//! control of a [`Framework`] which of eight [`State`]s it is in, from the catalogue's own mapping
//! and what the operator's [`Scope`] declares. What cannot be told is no evidence and is counted.
//! It is rendered as JSON, Markdown, CSV or one HTML file that can be printed ([`Form`]).
//!
//! [`subject`] says what is known of a person, and what an erasure came to.
//!
//! A [`review::review`] reads what is new since the last sign-off and puts the operator's rules to it;
//! what was decided about it is read from the trail too. [`retention`] is what is answered of
//! policies and legal holds.
//!
//! Nothing here reads a clock or the environment, and the same inputs give the same bytes. Why it
//! is as it is: `docs/decisions/0014-reports.md`.

mod condition;
mod contradiction;
mod controls;
mod custom;
mod design;
mod framework;
mod gather;
mod handed;
mod lint;
mod pack;
mod period;
mod recorder;
mod render;
mod report;
pub mod retention;
pub mod review;
mod scope;
mod state;
pub mod subject;
mod system;

pub use condition::{
    Condition, ConditionError, Contents, Facts, Reason, Setting, Term, TermError, Truth,
};
pub use controls::{Control, Controls, Row, Strength};
pub use design::is_design;
pub use framework::{ControlId, ControlIdError, Framework, FrameworkError};
pub use gather::{
    JournalEntry, Listed, LogAccess, Progress, Quality, ReportRequest, SAMPLE_MAX, SAMPLE_STANDARD,
    Sampled, Sampling, Silence, Unresolved, Verified, WorkflowCount, rank, report,
};
pub use handed::{accesses_sheet, findings_sheet, reviews_sheet};
pub use lint::{Finding, FindingKind, LintError, lint};
pub use pack::{Folder, HandedFile, HandedOver, PackAsked, PackError, PackProgress, hand_over};
pub use period::{Day, Period};
pub use recorder::Recorder;
pub use render::{Form, FormError, RenderError, render};
pub use report::{
    ActionCount, ActionEvidence, AttemptsReport, Completeness, ControlReport, Declared, Drawn,
    FORMAT, FrameworkFacts, Liveness, LogAccessReport, Made, Presupposed, Report, StateCount,
    TermCount, generated,
};
pub use scope::{Area, Declaration, NotApplicable, Presence, Scope, ScopeError};
pub use state::{Standing, State};
pub use system::{
    Answer, Answered, ApiKeys, Backlog, By, Count, Installation, Newest, Requirement, Reviews,
    StateKept, StoreFacts, Surroundings, SystemReport, TrailFacts, answer, measure, page,
    render_system, requirements,
};
