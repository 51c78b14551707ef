//! The rules file and what it compiles to.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use regex::Regex;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::filter::{Filter, Suspects};
use super::key::{Group, Names};
use super::proof::Proof;

/// The rules that ship, version 1.
const STANDARD: &str = include_str!("../../rules/redaction-v1.toml");

/// The rule of the card detector, which is code; `disable` knows it as the others.
pub(super) const CARD: &str = "card";

/// The suspicion that a text assigns a value to a secret's name.
pub(super) const ASSIGNMENT: Suspects = 1;

/// What is a secret: names and forms, compiled once.
#[derive(Clone)]
pub struct Rules(Arc<Compiled>);

pub(super) struct Compiled {
    version: u32,
    name: String,
    pub(super) names: Names,
    pub(super) forms: Vec<Form>,
    pub(super) card: Option<Arc<str>>,
    /// Over texts: forms by their bit, and the names' beginnings as [`ASSIGNMENT`].
    pub(super) filter: Filter,
}

/// A form that secrets have in any text.
pub(super) struct Form {
    pub(super) id: Arc<str>,
    pub(super) bit: Suspects,
    pub(super) regex: Regex,
    pub(super) secret_group: usize,
    pub(super) entropy: f64,
    pub(super) proof: Option<Proof>,
}

impl Rules {
    /// The rules that ship.
    pub fn standard() -> Self {
        static RULES: LazyLock<Rules> = LazyLock::new(|| {
            let file = toml::from_str(STANDARD).expect("the tests parse the shipped rules");
            compiled(file, "standard").expect("the tests compile the shipped rules")
        });
        RULES.clone()
    }

    /// Reads the text of a rules file (TOML; the shipped one explains its form). It replaces the
    /// standard rules, or adds to them where it says `extends = "standard"`.
    ///
    /// # Errors
    /// [`RulesError`] when the text is no TOML, has unknown members, an expression that does not
    /// compile, a keyword under three characters, a name twice that contradicts itself.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        let file: File = toml::from_str(text).map_err(|e| RulesError::Form(e.to_string()))?;
        let digest = Sha256::digest(text.as_bytes());
        let name = format!(
            "custom-{:08x}",
            u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3],])
        );
        match file.extends.as_deref() {
            None => compiled(file, &name),
            Some("standard") => {
                let standard = toml::from_str(STANDARD).expect("the tests parse the shipped rules");
                compiled(file.over(standard), &name)
            }
            Some(other) => Err(RulesError::Extends(other.to_owned())),
        }
    }

    /// The version that the file gives itself.
    pub fn version(&self) -> u32 {
        self.0.version
    }

    /// Names the rules by their content: `standard/1`, or `custom-<digest>/<version>`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub(super) fn compiled(&self) -> &Compiled {
        &self.0
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rules").field(&self.0.name).finish()
    }
}

/// Why a text is no rules file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RulesError {
    /// It is no TOML of the known form.
    #[error("the redaction rules: {0}")]
    Form(String),
    /// It extends rules that do not exist.
    #[error("the redaction rules extend {0:?}; only \"standard\" exists")]
    Extends(String),
    /// One of its rules cannot be used.
    #[error("the redaction rule {id}: {problem}")]
    Rule {
        /// The rule.
        id: String,
        /// What is wrong with it.
        problem: String,
    },
}

fn refuse(id: &str, problem: impl fmt::Display) -> RulesError {
    RulesError::Rule {
        id: id.to_owned(),
        problem: problem.to_string(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    version: u32,
    extends: Option<String>,
    #[serde(default)]
    disable: Vec<String>,
    #[serde(default)]
    pub(super) markers: Vec<String>,
    #[serde(default)]
    pub(super) harmless: Vec<Harmless>,
    #[serde(default)]
    pub(super) words: Words,
    #[serde(default)]
    pub(super) pairs: Pairs,
    #[serde(default)]
    pub(super) assignments: Assignments,
    #[serde(default)]
    pub(super) names: Vec<NameGroup>,
    #[serde(default)]
    rules: Vec<Rule>,
}

/// Values that are no secrets, under some names or all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Harmless {
    /// For the reader of the file.
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(default)]
    pub(super) names: Vec<String>,
    pub(super) value: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    #[serde(default)]
    pub(super) descriptive: Vec<String>,
    #[serde(default)]
    pub(super) neutral: Vec<String>,
    #[serde(default)]
    pub(super) states: Vec<String>,
    #[serde(default)]
    pub(super) prose: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Pairs {
    #[serde(default)]
    pub(super) names: Vec<String>,
    #[serde(default)]
    pub(super) values: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Assignments {
    #[serde(default)]
    pub(super) names: Vec<String>,
    #[serde(default)]
    pub(super) schemes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NameGroup {
    pub(super) id: String,
    pub(super) phrases: Vec<String>,
    #[serde(default)]
    pub(super) endings: Vec<String>,
    pub(super) r#where: Where,
    #[serde(default)]
    pub(super) deep: bool,
    #[serde(default)]
    pub(super) values: Values,
    #[serde(default)]
    pub(super) states: bool,
    #[serde(default)]
    pub(super) line: bool,
    #[serde(default)]
    pub(super) tight: bool,
}

#[derive(Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Where {
    Anywhere,
    End,
}

#[derive(Deserialize, Debug, Clone, Copy, PartialEq, Eq, Default)]
#[serde(rename_all = "snake_case")]
pub(super) enum Values {
    #[default]
    Any,
    Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    id: String,
    /// For the reader of the file.
    #[serde(rename = "description")]
    _description: Option<String>,
    regex: String,
    keywords: Vec<String>,
    #[serde(default, rename = "secretGroup")]
    secret_group: usize,
    #[serde(default)]
    entropy: f64,
    proof: Option<Proof>,
}

impl File {
    /// These rules on top of others.
    fn over(self, mut under: Self) -> Self {
        under
            .names
            .retain(|group| !self.names.iter().any(|own| own.id == group.id));
        under
            .rules
            .retain(|rule| !self.rules.iter().any(|own| own.id == rule.id));
        under.version = self.version;
        under.disable = self.disable;
        under.markers.extend(self.markers);
        under.harmless.extend(self.harmless);
        under.words.descriptive.extend(self.words.descriptive);
        under.words.neutral.extend(self.words.neutral);
        under.words.states.extend(self.words.states);
        under.words.prose.extend(self.words.prose);
        under.pairs.names.extend(self.pairs.names);
        under.pairs.values.extend(self.pairs.values);
        under.assignments.names.extend(self.assignments.names);
        under.assignments.schemes.extend(self.assignments.schemes);
        under.names.extend(self.names);
        under.rules.extend(self.rules);
        under
    }
}

fn compiled(mut file: File, name: &str) -> Result<Rules, RulesError> {
    let disabled = |id: &str, file: &File| file.disable.iter().any(|it| it == id);
    let card = (!disabled(CARD, &file)).then(|| Arc::from(CARD));
    let mut ids: HashMap<String, Arc<str>> = HashMap::new();
    let mut filter = Filter::new();
    let mut forms = Vec::new();
    for rule in std::mem::take(&mut file.rules) {
        if disabled(&rule.id, &file) {
            continue;
        }
        let Some(bit) = (ASSIGNMENT << 1)
            .checked_shl(forms.len() as u32)
            .filter(|bit| *bit != 0)
        else {
            return Err(refuse(&rule.id, "there are more than 127 rules"));
        };
        let id = shared(&mut ids, &rule.id)?;
        forms.push(form(rule, id, bit, &mut filter)?);
    }
    let mut groups = Vec::new();
    for group in std::mem::take(&mut file.names) {
        if disabled(&group.id, &file) {
            continue;
        }
        let id = shared(&mut ids, &group.id)?;
        groups.push(Group::new(id, group)?);
    }
    let version = file.version;
    let names = Names::new(groups, file)?;
    names.teach(&mut filter, ASSIGNMENT);
    let name = format!("{name}/{version}");
    Ok(Rules(Arc::new(Compiled {
        version,
        name,
        names,
        forms,
        card,
        filter,
    })))
}

/// One allocation for each id; what stands in a marker has to be readable there.
fn shared(ids: &mut HashMap<String, Arc<str>>, id: &str) -> Result<Arc<str>, RulesError> {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b);
    if id.is_empty() || id.len() > 64 || !id.bytes().all(is_plain) {
        return Err(refuse(id, "an id is 1 to 64 of [a-z0-9_.-]"));
    }
    Ok(Arc::clone(
        ids.entry(id.to_owned()).or_insert_with(|| Arc::from(id)),
    ))
}

fn form(rule: Rule, id: Arc<str>, bit: Suspects, filter: &mut Filter) -> Result<Form, RulesError> {
    if rule.keywords.is_empty() {
        return Err(refuse(&rule.id, "it has no keywords"));
    }
    for keyword in &rule.keywords {
        if keyword.len() < 3 {
            return Err(refuse(
                &rule.id,
                format!("the keyword {keyword:?} is too short"),
            ));
        }
        filter.add(keyword, bit);
    }
    let regex = Regex::new(&rule.regex).map_err(|e| refuse(&rule.id, e))?;
    if rule.secret_group >= regex.captures_len() {
        return Err(refuse(&rule.id, "the expression has no such secretGroup"));
    }
    if regex.is_match("") {
        return Err(refuse(&rule.id, "the expression matches the empty text"));
    }
    let Rule {
        secret_group,
        entropy,
        proof,
        ..
    } = rule;
    Ok(Form {
        id,
        bit,
        regex,
        secret_group,
        entropy,
        proof,
    })
}
