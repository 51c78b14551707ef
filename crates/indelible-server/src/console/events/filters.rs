//! The filters of a question as a form, and as chips that take one away.

use std::collections::BTreeSet;

use indelible_core::QueryError;

use super::super::href;

/// One field of the form.
pub struct Field {
    /// The parameter.
    pub name: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// What stands in it.
    pub value: String,
    /// An example.
    pub example: &'static str,
    /// What is wrong with it.
    pub trouble: Option<String>,
}

/// A filter that is set.
pub struct Chip {
    /// What it is called.
    pub label: &'static str,
    /// What it is set to.
    pub value: String,
    /// The same question without it.
    pub without: String,
}

/// The names of the filters, what they are called, and an example of each; the first ones are
/// asked for most.
const FIELDS: [(&str, &str, &str); 11] = [
    ("user_id", "User", "u-17, or none"),
    ("action", "Action", "user_login_*"),
    ("start_date", "From", "24h, 2026-03-09"),
    ("end_date", "To", "2026-03-10"),
    ("outcome", "Outcome", ""),
    ("resource_type", "Resource type", "account"),
    ("resource_id", "Resource", "acct-9"),
    ("ip_address", "Address", "10.0.0.0/8"),
    ("correlation_id", "Correlation", "req-4711"),
    ("tag", "Tag", "data.chd"),
    ("context", "Context", "method=GET"),
];

/// How many of the fields are always in sight.
pub const FIRST_FIELDS: usize = 5;

/// What is asked: filters by name, in order, without empty ones and without what is of one page.
pub struct Filters {
    pairs: Vec<(String, String)>,
}

impl Filters {
    /// The filters among the parameters of a URL.
    pub fn of(pairs: &[(String, String)]) -> Self {
        let is_filter = |(name, _): &&(String, String)| FIELDS.iter().any(|field| field.0 == name);
        Self {
            pairs: pairs.iter().filter(is_filter).cloned().collect(),
        }
    }

    /// What is wrong with a filter, under the name that its field has in the form.
    pub fn told(error: &QueryError) -> String {
        let field = FIELDS.iter().find(|field| field.0 == error.field());
        field.map_or_else(
            || error.to_string(),
            |(_, label, _)| format!("{label}: {}", error.problem()),
        )
    }

    /// The pairs.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// The same filters with others in the place of those of the same names.
    pub fn with(&self, others: &[(&str, &str)]) -> Vec<(String, String)> {
        let names: Vec<_> = others.iter().map(|(name, _)| *name).collect();
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let kept = self.without(&names).cloned();
        kept.chain(others.iter().map(own)).collect()
    }

    /// The same filters without those of some names.
    pub fn without<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a (String, String)> {
        let pairs = self.pairs.iter();
        pairs.filter(|(name, _)| !names.contains(&name.as_str()))
    }

    /// The form. A filter that is set again and again has a field for each, and one more.
    pub fn fields(&self, trouble: Option<(&str, &str)>) -> Vec<Field> {
        let mut fields = Vec::new();
        for (name, label, example) in FIELDS {
            let given = self.pairs.iter().filter(|(given, _)| given == name);
            let mut values: Vec<_> = given.map(|(_, value)| value.clone()).collect();
            if values.is_empty() || matches!(name, "tag" | "context") {
                values.push(String::new());
            }
            let trouble = trouble.filter(|(field, _)| *field == name);
            for (at, value) in values.into_iter().enumerate() {
                let trouble = trouble.filter(|_| at == 0);
                fields.push(Field {
                    name,
                    label,
                    value,
                    example,
                    trouble: trouble.map(|(_, problem)| problem.to_owned()),
                });
            }
        }
        fields
    }

    /// Whether one of the fields that are out of sight is set.
    pub fn has_further(&self) -> bool {
        let first: BTreeSet<_> = FIELDS[..FIRST_FIELDS].iter().map(|field| field.0).collect();
        self.pairs
            .iter()
            .any(|(name, _)| !first.contains(name.as_str()))
    }

    /// The filters that are set.
    pub fn chips(&self, path: &str) -> Vec<Chip> {
        let chip = |(at, (name, value)): (usize, &(String, String))| {
            let others = self.pairs.iter().enumerate();
            let others = others.filter(|(other, _)| *other != at);
            let label = FIELDS.iter().find(|field| field.0 == name);
            Chip {
                label: label.map_or("", |field| field.1),
                value: value.clone(),
                without: href::with(path, others.map(|(_, (name, value))| (name, value))),
            }
        };
        self.pairs.iter().enumerate().map(chip).collect()
    }
}
