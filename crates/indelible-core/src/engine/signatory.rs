//! Who takes part in what takes two people, and whether two of them are one person.

use serde_json::{Value, json};

use super::retention::check_by;
use crate::query::QueryError;

/// The member of a context that says what the holder of a key is called.
const NAME: &str = "key_name";

/// How the ids of keys begin.
const KEY: &str = "key:";
/// The longest name of a key, in bytes: 100 characters, as long as they can be, and some room.
const NAME_BYTES_MAX: usize = 1_024;

/// Who asks, approves or rejects.
#[derive(Debug, Clone, Copy)]
pub struct Signatory<'a> {
    /// The name, or the id of an API key.
    pub by: &'a str,
    /// What its holder is called, where it is the id of a key.
    pub name: Option<&'a str>,
}

/// Somebody who goes by a name alone.
impl<'a> From<&'a str> for Signatory<'a> {
    fn from(by: &'a str) -> Self {
        Self { by, name: None }
    }
}

impl<'a> Signatory<'a> {
    /// Whom an entry names in this member. Those of earlier builds have the id of a key alone.
    pub(super) fn of(said: &'a Value, member: &str) -> Option<Self> {
        let by = said[member].as_str()?;
        let name = said[NAME].as_str();
        Some(Self { by, name })
    }

    /// Names them in this member of what an entry says.
    pub(super) fn put(&self, said: &mut Value, member: &str) {
        said[member] = json!(self.by);
        if let Some(name) = self.name {
            said[NAME] = json!(name);
        }
    }

    /// Whether it is told whose hand it was. The id of a key alone is another one after each rotation.
    pub(super) fn is_told(&self) -> bool {
        self.name.is_some() || !self.by.starts_with(KEY)
    }

    /// Refuses a name that an entry would not keep whole, and nobody.
    pub(super) fn check(&self) -> Result<(), QueryError> {
        check_by(self.by)?;
        match self.name {
            Some(name) if name.len() > NAME_BYTES_MAX => {
                let problem = format!("it has up to {NAME_BYTES_MAX} bytes");
                Err(QueryError::new("name", problem))
            }
            _ => Ok(()),
        }
    }

    /// Whether both are one person. A key that was rotated has another id and the same name, so
    /// that one name or id in common is enough.
    pub(super) fn is_same_person(&self, other: &Signatory<'_>) -> bool {
        let others: Vec<_> = other.names().collect();
        self.names().any(|name| others.contains(&name))
    }

    /// Names that differ in nothing but case and spaces are one person's.
    fn names(&self) -> impl Iterator<Item = String> {
        let names = [Some(self.by), self.name].into_iter().flatten();
        let names = names.map(|name| name.trim().to_lowercase());
        names.filter(|name| !name.is_empty())
    }
}
