//! A policy as a page says it, and as a form asks for it.

use indelible_core::engine::{RetentionClass, RetentionPolicy};
use indelible_evidence::retention::{class_text, read_class};

use crate::console::login::Form;
use crate::problem::{Kind, Problem};

/// A policy in sentences.
pub struct Policy {
    pub sentence: String,
    pub basis: String,
    pub classes: Vec<Class>,
}

/// What goes of some entries before they do.
pub struct Class {
    pub actions: String,
    pub parts: String,
    pub after_days: u32,
    pub basis: Option<String>,
}

/// What the fields of the form hold at first.
#[derive(Default)]
pub struct Fields {
    pub minimum_days: String,
    pub maximum_days: String,
    pub legal_basis: String,
    /// A class in each line.
    pub classes: String,
}

impl Policy {
    /// This policy.
    pub fn of(policy: &RetentionPolicy) -> Self {
        let stays = policy
            .minimum_days
            .map(|days| format!("Entries stay for at least {days} days. "));
        let goes = policy.maximum_days.map_or_else(
            || "They are never removed whole.".to_owned(),
            |days| format!("They go, whole, once they are older than {days} days."),
        );
        let sentence = match stays {
            Some(stays) => stays + &goes,
            None => goes.replacen("They", "Entries", 1),
        };
        Self {
            sentence,
            basis: policy.legal_basis.clone(),
            classes: policy.classes.iter().map(Class::of).collect(),
        }
    }
}

impl Class {
    fn of(class: &RetentionClass) -> Self {
        let parts: Vec<_> = class.parts.iter().map(|part| part.as_str()).collect();
        Self {
            actions: class.actions.join(", "),
            parts: parts.join(", "),
            after_days: class.after_days,
            basis: class.legal_basis.clone(),
        }
    }
}

impl Fields {
    /// The policy that is there.
    pub fn of(policy: Option<&RetentionPolicy>) -> Self {
        let Some(policy) = policy else {
            return Self::default();
        };
        let days = |days: Option<u32>| days.map(|days| days.to_string()).unwrap_or_default();
        let lines: Vec<_> = policy.classes.iter().map(class_text).collect();
        Self {
            minimum_days: days(policy.minimum_days),
            maximum_days: days(policy.maximum_days),
            legal_basis: policy.legal_basis.clone(),
            classes: lines.join("\n"),
        }
    }
}

/// The policy that a form says, which is checked where it is set.
///
/// # Errors
/// A field that is ill-formed.
pub fn read(form: &Form) -> Result<RetentionPolicy, Problem> {
    let lines = form.named("classes").unwrap_or_default().lines();
    let lines = lines.map(str::trim).filter(|line| !line.is_empty());
    let class = |line: &str| {
        let wrong = |error| wrong(&format!("{line:?}: {error}"), "classes");
        read_class(line).map_err(wrong)
    };
    Ok(RetentionPolicy {
        minimum_days: days(form, "minimum_days")?,
        maximum_days: days(form, "maximum_days")?,
        legal_basis: form.said("legal_basis").unwrap_or_default(),
        classes: lines.map(class).collect::<Result<_, _>>()?,
    })
}

fn days(form: &Form, name: &str) -> Result<Option<u32>, Problem> {
    let days = form.said(name).map(|text| text.parse()).transpose();
    days.map_err(|_| wrong(&format!("`{name}` is a whole number of days"), name))
}

fn wrong(detail: &str, name: &str) -> Problem {
    Problem::new(Kind::InvalidBody, detail).at(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_said_in_sentences() {
        let said = |minimum_days, maximum_days| {
            let policy = RetentionPolicy {
                minimum_days,
                maximum_days,
                ..RetentionPolicy::default()
            };
            Policy::of(&policy).sentence
        };
        for (minimum, maximum, sentence) in [
            (
                Some(365),
                Some(730),
                "Entries stay for at least 365 days. They go, whole, once they are older than 730 \
                 days.",
            ),
            (
                None,
                Some(30),
                "Entries go, whole, once they are older than 30 days.",
            ),
            (
                Some(1),
                None,
                "Entries stay for at least 1 days. They are never removed whole.",
            ),
            (None, None, "Entries are never removed whole."),
        ] {
            assert_eq!(said(minimum, maximum), sentence);
        }
    }
}
