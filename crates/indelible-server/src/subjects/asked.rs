//! What is said of persons in bodies and forms. What is wrong with it is told without repeating it.

use indelible_core::door::TEXT_BYTES_MAX;
use indelible_core::engine::Subjects;
use indelible_core::part::PartKind;
use indelible_core::{AuditError, StoreError};

use crate::fields::Fields;
use crate::limits::SUBJECTS_MAX;
use crate::problem::{Kind, Problem};

/// Who is to be shown.
#[derive(Debug)]
pub struct Showing {
    /// The person's id.
    pub id: String,
    /// Further places, each `PATH=VALUE`.
    pub also: Vec<String>,
    /// Whether others who acted are shown by name.
    pub names: bool,
    /// Only entries before this one, where it is given.
    pub before: Option<u64>,
}

/// Who is to be erased, and why.
#[derive(Debug, Default)]
pub struct Erasing {
    /// The persons.
    pub subjects: Subjects,
    /// Why.
    pub reason: String,
    /// The legal basis or authority.
    pub legal_basis: Option<String>,
    /// The number of the request that it answers.
    pub request_id: Option<String>,
}

impl Showing {
    /// Reads what a body says.
    ///
    /// # Errors
    /// A field that is missing or ill-formed.
    pub fn read(fields: &mut Fields) -> Result<Self, Problem> {
        let read = Self {
            id: fields.needed("id")?,
            also: some(fields, "also")?,
            names: fields.truth("names")?.unwrap_or(false),
            before: fields.count("before")?,
        };
        read.checked()
    }

    /// The same where it can be looked for.
    ///
    /// # Errors
    /// An id that is none, too many places.
    pub fn checked(self) -> Result<Self, Problem> {
        check_id(&self.id, "id")?;
        check_many(1 + self.also.len(), "also")?;
        Ok(self)
    }

    /// The person.
    pub fn subjects(&self) -> Subjects {
        Subjects {
            ids: vec![self.id.clone()],
            also: self.also.clone(),
            widen: Vec::new(),
        }
    }
}

impl Erasing {
    /// Reads what a body says.
    ///
    /// # Errors
    /// A field that is missing or ill-formed; too many persons.
    pub fn read(fields: &mut Fields) -> Result<Self, Problem> {
        let parts = fields.texts("parts")?.unwrap_or_default();
        let read = Self {
            subjects: Subjects {
                ids: some(fields, "ids")?,
                also: some(fields, "also")?,
                widen: parts_of(parts.iter().map(String::as_str))?,
            },
            reason: fields.needed("reason")?,
            legal_basis: fields.text("legal_basis")?,
            request_id: fields.text("request_id")?,
        };
        read.checked()
    }

    /// The same where it can be asked for.
    ///
    /// # Errors
    /// An id that is none, too many persons or none.
    pub fn checked(self) -> Result<Self, Problem> {
        let subjects = &self.subjects;
        check_many(subjects.ids.len() + subjects.also.len(), "ids")?;
        subjects.ids.iter().try_for_each(|id| check_id(id, "ids"))?;
        Ok(self)
    }
}

/// A list that holds something, where there is one.
fn some(fields: &mut Fields, name: &str) -> Result<Vec<String>, Problem> {
    match fields.texts(name)? {
        Some(list) if list.is_empty() => Err(wrong(name, "it names nobody")),
        list => Ok(list.unwrap_or_default()),
    }
}

/// The parts of these names.
///
/// # Errors
/// A name that is none.
pub fn parts_of<'p>(names: impl Iterator<Item = &'p str>) -> Result<Vec<PartKind>, Problem> {
    let part = |name: &str| {
        let unknown = |_| wrong("parts", "a part is actor, target or details");
        name.parse().map_err(unknown)
    };
    names.map(part).collect()
}

fn check_id(id: &str, field: &str) -> Result<(), Problem> {
    match id.len() {
        0 => Err(wrong(field, "an empty id is nobody's")),
        1..=TEXT_BYTES_MAX => Ok(()),
        _ => {
            let detail = format!("no entry holds an id of more than {TEXT_BYTES_MAX} bytes");
            Err(wrong(field, &detail))
        }
    }
}

fn check_many(count: usize, field: &str) -> Result<(), Problem> {
    match count {
        1..=SUBJECTS_MAX => Ok(()),
        _ => {
            let detail = format!("name 1 to {SUBJECTS_MAX} persons and places at once");
            Err(wrong(field, &detail))
        }
    }
}

fn wrong(field: &str, detail: &str) -> Problem {
    Problem::new(Kind::InvalidBody, format!("`{field}`: {detail}")).at(field)
}

const PLACE: &str = "a place is PATH=VALUE, such as context.email=a@b.example, ip_address=…, \
                     user_agent=… or correlation_id=…, with a value that is neither empty, null nor \
                     longer than what is stored";

/// Why persons cannot be shown or erased, without their ids.
pub fn of_erasing(error: AuditError) -> Problem {
    match &error {
        AuditError::Query(query) => match query.field() {
            "also" => wrong("also", PLACE),
            "id" => wrong("ids", "an id is a text of 1 to 255 bytes"),
            field => Problem::new(Kind::InvalidBody, query).at(field),
        },
        AuditError::Store(store) if matches!(**store, StoreError::Unsupported(_)) => {
            let detail = "the server's role in the database may not erase; whoever runs the \
                          server can grant it that, or erase with `indelible subject erase`";
            Problem::new(Kind::WritesRefused, detail).because(&error)
        }
        _ => error.into(),
    }
}
