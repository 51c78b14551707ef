//! Names that secrets stand under.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use regex::Regex;

use super::filter::{Filter, Suspects};
use super::marker;
use super::rules::{File, NameGroup, RulesError, Values, Where};
use super::words::Words;

/// The most words of a phrase.
const PHRASE_WORDS_MAX: usize = 4;
/// The longest text that is read as a name where a pair gives one, in bytes.
const PAIR_NAME_BYTES_MAX: usize = 64;
/// How much of a longer name is read at each of its ends, in bytes.
const NAME_END_BYTES: usize = 256;
/// What counts the things that a plural names is smaller: `tokens: 4096`, `tokens: "4096"`.
const COUNT_END: f64 = 1e9;

/// Phrases that mean the same kind of secret.
pub(super) struct Group {
    pub(super) id: Arc<str>,
    pub(super) deep: bool,
    /// Whether an unquoted value in a text goes on to the end of the line, as a header's does.
    pub(super) line: bool,
    /// Whether `name:value` in a text assigns without a space.
    pub(super) tight: bool,
    place: Where,
    values: Values,
    states: bool,
    assignment_only: bool,
    phrases: Vec<String>,
    endings: Vec<String>,
}

impl Group {
    pub(super) fn new(id: Arc<str>, group: NameGroup) -> Result<Self, RulesError> {
        let phrases = group.phrases;
        let is_short = |phrase: &String| phrase.split(' ').count() <= PHRASE_WORDS_MAX;
        if let Some(phrase) = phrases
            .iter()
            .find(|it| it.trim().is_empty() || !is_short(it))
        {
            return Err(RulesError::Rule {
                id: id.to_string(),
                problem: format!("the phrase {phrase:?} has not 1 to {PHRASE_WORDS_MAX} words"),
            });
        }
        Ok(Self {
            id,
            deep: group.deep,
            line: group.line,
            tight: group.tight,
            place: group.r#where,
            values: group.values,
            states: group.states,
            assignment_only: false,
            phrases,
            endings: group.endings,
        })
    }

    fn of_assignments(phrases: Vec<String>) -> Self {
        Self {
            id: Arc::from("signature"),
            deep: false,
            line: false,
            tight: false,
            place: Where::End,
            values: Values::Any,
            states: false,
            assignment_only: true,
            phrases,
            endings: Vec::new(),
        }
    }
}

/// A name under which a secret stands.
#[derive(Clone)]
pub(super) struct Hit<'r> {
    pub(super) group: &'r Group,
    /// Whether the name is the phrase and nothing else.
    exact: bool,
    plural: bool,
    harmless: Vec<&'r Regex>,
}

impl Hit<'_> {
    /// The same secret, further down.
    pub(super) fn inherited(&self) -> Self {
        Self {
            exact: false,
            ..self.clone()
        }
    }

    /// Whether a boolean can be the secret.
    pub(super) fn takes_booleans(&self) -> bool {
        self.exact && self.group.values == Values::Any && !self.group.states
    }
}

/// Every name that the rules know.
pub(super) struct Names {
    groups: Vec<Group>,
    phrases: HashMap<String, usize>,
    endings: Vec<(String, usize)>,
    harmless: Vec<Regex>,
    harmless_phrases: HashMap<String, Vec<usize>>,
    harmless_anywhere: Vec<usize>,
    descriptive: HashSet<String>,
    neutral: HashSet<String>,
    states: HashSet<String>,
    prose: HashSet<String>,
    schemes: HashSet<String>,
    markers: HashSet<String>,
    /// By length: every member of every object is looked up.
    pair_names: Vec<Vec<String>>,
    pair_values: Vec<String>,
    filter: Filter,
}

impl Names {
    pub(super) fn new(mut groups: Vec<Group>, file: File) -> Result<Self, RulesError> {
        groups.push(Group::of_assignments(file.assignments.names));
        let mut phrases = HashMap::new();
        let mut endings = Vec::new();
        for (at, group) in groups.iter().enumerate() {
            phrases.extend(
                group
                    .phrases
                    .iter()
                    .map(|phrase| (phrase.replace(' ', ""), at)),
            );
            endings.extend(group.endings.iter().map(|ending| (ending.clone(), at)));
        }
        let mut harmless = Vec::new();
        let mut harmless_phrases: HashMap<String, Vec<usize>> = HashMap::new();
        let mut harmless_anywhere = Vec::new();
        for rule in file.harmless {
            let at = harmless.len();
            let regex = Regex::new(&rule.value).map_err(|e| RulesError::Rule {
                id: "harmless".to_owned(),
                problem: e.to_string(),
            })?;
            harmless.push(regex);
            if rule.names.is_empty() {
                harmless_anywhere.push(at);
            }
            for phrase in rule.names {
                harmless_phrases
                    .entry(phrase.replace(' ', ""))
                    .or_default()
                    .push(at);
            }
        }
        let set = |words: Vec<String>| words.into_iter().collect::<HashSet<_>>();
        let mut names = Self {
            groups,
            phrases,
            endings,
            harmless,
            harmless_phrases,
            harmless_anywhere,
            descriptive: set(file.words.descriptive),
            neutral: set(file.words.neutral),
            states: set(file.words.states),
            prose: set(file.words.prose),
            schemes: set(file.assignments.schemes),
            markers: set(file.markers),
            pair_names: by_length(file.pairs.names),
            pair_values: file.pairs.values,
            filter: Filter::new(),
        };
        let mut filter = Filter::new();
        names.teach(&mut filter, 1);
        names.filter = filter;
        Ok(names)
    }

    /// Makes texts that hold a phrase suspects of `rules`.
    pub(super) fn teach(&self, filter: &mut Filter, rules: Suspects) {
        for group in &self.groups {
            for phrase in group.phrases.iter().chain(&group.endings) {
                // Shorter and other phrases are looked up without the filter.
                filter.add_phrase(phrase, rules);
            }
        }
    }

    /// What a member's name says of its value.
    pub(super) fn of_member(&self, name: &str) -> Option<Hit<'_>> {
        let may_match = name.len() < 3 || !name.is_ascii() || self.filter.touches(name.as_bytes());
        if may_match {
            self.classify(name, false)
        } else {
            None
        }
    }

    /// What a name in a text says of the value assigned to it.
    pub(super) fn of_assignment(&self, name: &str) -> Option<Hit<'_>> {
        self.classify(name, true)
    }

    /// What the text in a pair's name member says of its value members.
    pub(super) fn of_pair(&self, name: &str) -> Option<Hit<'_>> {
        let is_name = name.len() <= PAIR_NAME_BYTES_MAX && name.split_whitespace().count() <= 3;
        if is_name { self.of_member(name) } else { None }
    }

    pub(super) fn is_pair_name(&self, name: &str) -> bool {
        let names = self.pair_names.get(name.len());
        names.is_some_and(|names| names.iter().any(|it| it.eq_ignore_ascii_case(name)))
    }

    pub(super) fn is_pair_value(&self, name: &str) -> bool {
        self.pair_values
            .iter()
            .any(|it| it.eq_ignore_ascii_case(name))
    }

    /// Whether a name below a secret one describes the secret.
    pub(super) fn describes(&self, name: &str) -> bool {
        let words = Words::of(name);
        (0..words.len())
            .rev()
            .map(|at| words.run(at..at + 1))
            .find(|word| !self.neutral.contains(*word))
            .is_some_and(|word| self.descriptive.contains(word))
    }

    /// Whether a sentence goes on with this word.
    pub(super) fn is_prose(&self, word: &str) -> bool {
        let word = word.trim_end_matches(['.', '!', '?', ':']);
        self.prose.contains(&word.to_ascii_lowercase())
    }

    /// Whether the text states something about a secret.
    pub(super) fn is_state(&self, text: &str) -> bool {
        self.states
            .contains(&text.trim_end_matches(['.', '!']).to_lowercase())
    }

    pub(super) fn is_scheme(&self, word: &str) -> bool {
        self.schemes.contains(&word.to_ascii_lowercase())
    }

    /// Whether something was redacted here before.
    pub(super) fn is_marker(&self, text: &str) -> bool {
        let text = text.trim();
        marker::own_prefix(text) == Some(text.len())
            || (text.len() >= 3 && text.bytes().all(|byte| byte == b'*'))
            || self.markers.contains(text)
    }

    /// Whether the text under a secret's name is the secret.
    pub(super) fn is_secret(&self, hit: &Hit<'_>, text: &str) -> bool {
        let text = text.trim();
        if text.is_empty() || self.is_marker(text) {
            return false;
        }
        let is_count = text.bytes().all(|byte| byte.is_ascii_digit())
            && text.parse::<f64>().is_ok_and(|number| number < COUNT_END);
        let states = !hit.exact || hit.group.states;
        if (hit.plural && is_count) || (states && self.is_state(text)) {
            return false;
        }
        let anywhere = self.harmless_anywhere.iter().map(|at| &self.harmless[*at]);
        !anywhere
            .chain(hit.harmless.iter().copied())
            .any(|regex| regex.is_match(text))
    }

    /// Whether the number under a secret's name is the secret: not a small one under a plural,
    /// which counts.
    pub(super) fn is_secret_number(&self, hit: &Hit<'_>, number: f64, spelled: &str) -> bool {
        let is_count = hit.plural && number.abs() < COUNT_END;
        !is_count && hit.group.values == Values::Any && self.is_secret(hit, spelled)
    }

    fn classify(&self, name: &str, in_text: bool) -> Option<Hit<'_>> {
        let head = name.floor_char_boundary(name.len().min(NAME_END_BYTES));
        let tail = name.ceil_char_boundary(name.len().saturating_sub(NAME_END_BYTES));
        let words = if head < tail {
            Words::of(&marker::strip_own(&format!(
                "{} {}",
                &name[..head],
                &name[tail..]
            )))
        } else if name.contains('[') {
            Words::of(&marker::strip_own(name))
        } else {
            Words::of(name)
        };
        let mut best: Option<(Range<usize>, usize, bool)> = None;
        let mut spared: Vec<(Range<usize>, &[usize])> = Vec::new();
        for start in 0..words.len() {
            for end in start + 1..=words.len().min(start + PHRASE_WORDS_MAX) {
                let run = words.run(start..end);
                if let Some(harmless) = self.singular(&self.harmless_phrases, run) {
                    spared.push((start..end, harmless.0));
                }
                let Some((at, plural)) = self.phrase(run, end - start == 1) else {
                    continue;
                };
                let group = &self.groups[at];
                let is_longer = best.as_ref().is_none_or(|(it, ..)| it.len() <= end - start);
                if is_longer
                    && (in_text || !group.assignment_only)
                    && self.stands(group, &words, end)
                {
                    best = Some((start..end, at, plural));
                }
            }
        }
        let (run, at, plural) = best?;
        let harmless = spared
            .iter()
            .filter(|(range, _)| range.start <= run.start && run.end <= range.end)
            .flat_map(|(_, all)| all.iter().map(|at| &self.harmless[*at]))
            .collect();
        let exact = run.start == 0 && self.last(&words, run.end) == run.end;
        Some(Hit {
            group: &self.groups[at],
            exact,
            plural,
            harmless,
        })
    }

    fn phrase(&self, run: &str, is_word: bool) -> Option<(usize, bool)> {
        if let Some((at, plural)) = self.singular(&self.phrases, run) {
            return Some((*at, plural));
        }
        let (_, at) = self
            .endings
            .iter()
            .find(|(ending, _)| is_word && run.trim_end_matches('s').ends_with(ending.as_str()))?;
        Some((*at, run.ends_with('s')))
    }

    fn singular<'m, T>(&self, map: &'m HashMap<String, T>, run: &str) -> Option<(&'m T, bool)> {
        let found = map.get(run).map(|found| (found, false));
        found.or_else(|| map.get(run.strip_suffix('s')?).map(|found| (found, true)))
    }

    /// Whether a phrase that ends before the word `end` makes the name a secret's.
    fn stands(&self, group: &Group, words: &Words, end: usize) -> bool {
        let last = self.last(words, end);
        last == end
            || (group.place == Where::Anywhere
                && !self.descriptive.contains(words.run(last - 1..last)))
    }

    /// The number of words up to the last that says anything, at least `end`.
    fn last(&self, words: &Words, end: usize) -> usize {
        let says = |at: &usize| !self.neutral.contains(words.run(*at..*at + 1));
        (end..words.len()).rev().find(says).map_or(end, |at| at + 1)
    }
}

fn by_length(words: Vec<String>) -> Vec<Vec<String>> {
    let longest = words.iter().map(String::len).max().unwrap_or(0);
    let mut lists = vec![Vec::new(); longest + 1];
    for word in words {
        lists[word.len()].push(word);
    }
    lists
}
