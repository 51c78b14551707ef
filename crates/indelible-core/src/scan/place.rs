//! Where in a value something was found, spelled so that nothing is told of it.

use super::{personal, pointer};
use crate::redact::Redactor;

/// The longest path that is spelled, in bytes.
const PATH_BYTES_MAX: usize = 1024;

/// What stands for the rest of a longer one.
const CUT: &str = "/…";

/// Where a walk is; spelled only when something is found there.
pub(super) struct Place<'a> {
    above: Option<&'a Place<'a>>,
    step: Step<'a>,
}

enum Step<'a> {
    Root,
    Member(&'a str),
    Element(usize),
}

impl<'a> Place<'a> {
    pub(super) const ROOT: Self = Self {
        above: None,
        step: Step::Root,
    };

    pub(super) fn member(&'a self, name: &'a str) -> Self {
        Self {
            above: Some(self),
            step: Step::Member(name),
        }
    }

    pub(super) fn element(&'a self, at: usize) -> Self {
        Self {
            above: Some(self),
            step: Step::Element(at),
        }
    }

    pub(super) fn pointer(&self) -> String {
        let mut spelled = self.above.map_or_else(String::new, Self::pointer);
        match self.step {
            Step::Root => {}
            Step::Member(name) => pointer::push(&mut spelled, name),
            Step::Element(at) => pointer::push(&mut spelled, &at.to_string()),
        }
        spelled
    }

    /// The name of the member of the whole value that this stands in.
    pub(super) fn first_member(&self) -> Option<&'a str> {
        match (self.above, &self.step) {
            (Some(above), _) if above.above.is_some() => above.first_member(),
            (_, Step::Member(name)) => Some(name),
            _ => None,
        }
    }
}

/// Whether a pointer is not spelled to its end.
pub(super) fn is_cut(pointer: &str) -> bool {
    pointer.ends_with(CUT)
}

/// A pointer below another with what is found in it masked, token by token and then as a whole: a
/// name and what follows it may read as a secret that is assigned.
pub(super) fn pointer_shown(redactor: &Redactor, above: &str, pointer: &str) -> String {
    let mut spelled = above.to_owned();
    for token in pointer.split('/').skip(1) {
        // Whole names only: of a secret that is cut, the rest has no form to be known by.
        if spelled.len() + token.len() > PATH_BYTES_MAX {
            spelled.push_str(CUT);
            break;
        }
        let name = token.replace("~1", "/").replace("~0", "~");
        pointer::push(&mut spelled, &shown(redactor, &name));
    }
    let whole = redactor.redact_text(&spelled);
    whole.map_or(spelled, |whole| whole.text)
}

/// A name with what is found in it masked.
pub(super) fn shown(redactor: &Redactor, name: &str) -> String {
    let redacted = redactor.redact_text(name);
    let name = redacted.map_or_else(|| name.to_owned(), |redacted| redacted.text);
    match personal::rules_in(&name).first() {
        // Of a name nothing is told where a person is in it.
        Some(rule) => format!("[REDACTED:{rule}]"),
        None => name,
    }
}
