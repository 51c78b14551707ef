//! Secrets within texts.

use std::ops::Range;
use std::sync::Arc;

use super::filter::Look;
use super::rules::{ASSIGNMENT, Compiled, Form};
use super::{Mode, Redacted, Redactor, assignment, card, marker, proof};

/// After so many rounds a text that still shows secrets is replaced whole.
const ROUNDS_MAX: usize = 8;

/// Where a secret stands in a text.
pub(super) struct Finding {
    pub(super) range: Range<usize>,
    pub(super) rule: Arc<str>,
    pub(super) is_card: bool,
}

impl Finding {
    pub(super) fn new(range: Range<usize>, rule: &Arc<str>) -> Self {
        Self {
            range,
            rule: Arc::clone(rule),
            is_card: false,
        }
    }
}

/// The text without its secrets; `None` when there are none.
///
/// What is left is searched again, since taking something out can bring the ends of something
/// else together: the answer has no secrets by the same rules.
pub(super) fn redact(redactor: &Redactor, text: &str) -> Option<Redacted> {
    let rules = redactor.rules.compiled();
    let look = rules.filter.look(text.as_bytes());
    if look.is_clean() {
        return None;
    }
    let mut findings = find(rules, text, look);
    if findings.is_empty() {
        return None;
    }
    let mut redacted = Redacted {
        text: text.to_owned(),
        rules: Vec::new(),
    };
    for _ in 0..ROUNDS_MAX {
        for finding in &findings {
            if !redacted.rules.contains(&finding.rule) {
                redacted.rules.push(Arc::clone(&finding.rule));
            }
        }
        redacted.text = replaced(redactor, &redacted.text, &findings);
        findings = find(
            rules,
            &redacted.text,
            rules.filter.look(redacted.text.as_bytes()),
        );
        if findings.is_empty() {
            return Some(redacted);
        }
    }
    redacted.text = match redactor.mode {
        Mode::KeyedHash => redactor.keyed_hash(text),
        Mode::Drop => String::new(),
        Mode::Mask | Mode::Off => marker::mask(&redacted.rules[0]),
    };
    Some(redacted)
}

fn replaced(redactor: &Redactor, text: &str, findings: &[Finding]) -> String {
    let mut left = String::with_capacity(text.len());
    let mut at = 0;
    for finding in findings {
        left.push_str(&text[at..finding.range.start]);
        let secret = &text[finding.range.clone()];
        match redactor.mode {
            Mode::Mask | Mode::Off if finding.is_card && !redactor.is_census => {
                left.push_str(&card::mask(secret));
            }
            Mode::Mask | Mode::Off => left.push_str(&marker::mask(&finding.rule)),
            Mode::KeyedHash if finding.is_card => {
                left.push_str(&redactor.keyed_hash(&card::digits(secret)));
            }
            Mode::KeyedHash => left.push_str(&redactor.keyed_hash(secret)),
            Mode::Drop => {}
        }
        at = finding.range.end;
    }
    left.push_str(&text[at..]);
    left
}

/// Every secret, in order, none touching another.
#[cold]
fn find(rules: &Compiled, text: &str, look: Look) -> Vec<Finding> {
    let mut findings = Vec::new();
    if look.digits >= card::DIGITS_MIN
        && let Some(rule) = &rules.card
    {
        let cards = card::find(text).into_iter();
        findings.extend(cards.map(|range| Finding {
            is_card: true,
            ..Finding::new(range, rule)
        }));
    }
    if look.suspects != 0 {
        let forms = rules
            .forms
            .iter()
            .filter(|form| look.suspects & form.bit != 0);
        forms.for_each(|form| find_form(form, text, &mut findings));
        if look.suspects & ASSIGNMENT != 0 && look.may_assign {
            assignment::find(&rules.names, text, &mut findings);
        }
    }
    if findings.is_empty() {
        return findings;
    }
    findings.retain(|finding| !rules.names.is_marker(&text[finding.range.clone()]));
    merged(findings)
}

fn find_form(form: &Form, text: &str, findings: &mut Vec<Finding>) {
    for captures in form.regex.captures_iter(text) {
        let Some(secret) = captures.get(form.secret_group) else {
            continue;
        };
        let proves = form.proof.is_none_or(|proof| proof.holds(secret.as_str()));
        let is_random = form.entropy == 0.0 || proof::entropy(secret.as_str()) >= form.entropy;
        if proves && is_random && !secret.is_empty() {
            findings.push(Finding::new(secret.range(), &form.id));
        }
    }
}

fn merged(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|finding| (finding.range.start, std::cmp::Reverse(finding.range.end)));
    let mut apart: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        match apart.last_mut() {
            Some(last) if finding.range.start < last.range.end => {
                if last.is_card && !finding.is_card {
                    last.rule = finding.rule;
                    last.is_card = false;
                }
                last.range.end = last.range.end.max(finding.range.end);
            }
            _ => apart.push(finding),
        }
    }
    apart
}
