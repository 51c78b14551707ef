//! The daily review of a trail: what is new since the last sign-off, what rules flag in it, and
//! what was decided about it.
//!
//! [`review`] reads the new entries and puts the [`RuleSet`] of the operator to them. Whatever is
//! decided is an entry of the trail itself: a finding raised, given an owner, closed, a review
//! signed off, a day missed. [`ledger`] reads how things stand from these entries, and [`days`]
//! says which days were signed off. Why it is as it is: `docs/decisions/0016-reviews.md`.

mod answer;
mod asked;
mod days;
mod decide;
mod entries;
mod flag;
mod hours;
mod ledger;
mod matching;
mod pass;
mod reading;
mod rules;
mod window;

pub use answer::{
    DayLines, Done, DoneLine, FindingLine, FindingLines, RuleChange, Shown, Signed, Standing,
};
pub use asked::{DaysAsked, DaysSeen, begun, read_first_day};
pub use days::{DAYS_MAX, DayLine, DayState, days, first_day};
pub use decide::{ByHand, Reviewed, Undecided};
pub use entries::{SignRequest, assigned, closed, missed, raised_by_hand, signed, started};
pub use flag::Flag;
pub use hours::{WorkingHours, Zone};
pub use ledger::{
    ASSIGNED, Closure, Disposition, FindingState, InvalidSignOff, Ledger, MissedDay, ReviewStart,
    STARTED, SignOff, UNCHECKED, ledger, ledger_at,
};
pub use matching::ReviewError;
pub use pass::{Bounds, RuleCount};
pub use reading::{Review, ReviewRequest, RulesUsed, review};
pub use rules::{GroupField, Match, Rule, RuleSet, RulesError, STANDARD, Schedule, Severity};
pub use window::{Hit, Threshold};
