//! Ways of altering the database, as SQL and of an index in a file of its own, and what must be
//! found.

mod entries;
mod index;
mod placement;
mod tree;

use indelible::core::store::Term;
use indelible::core::verify::FindingKind;

use crate::place::Kind;

/// What is done to the database.
#[derive(Clone, Copy)]
pub enum Deed {
    /// Statements, run with guards away; see [`super::statement::expanded`]. Besides, `@old` is
    /// the path of an older copy, and `@key` a stranger's key under the trail's name.
    Sql(&'static str),
    /// The terms of the index are others, under right checksums.
    Index(fn(&mut Vec<Term>)),
}

/// One way of altering the database.
#[derive(Clone, Copy)]
pub struct Case {
    pub name: &'static str,
    sqlite: Option<Deed>,
    postgres: Option<Deed>,
    /// Each of these must be among the findings.
    pub expected: &'static [FindingKind],
}

impl Case {
    pub fn of(&self, kind: Kind) -> Deed {
        let deed = match kind {
            Kind::Sqlite => self.sqlite,
            Kind::Postgres => self.postgres,
        };
        deed.expect("`named` answers those alone that there are")
    }
}

/// The cases of a kind of store.
pub fn named(kind: Kind) -> impl Iterator<Item = Case> {
    let all = [entries::NAMED, tree::NAMED, index::NAMED, placement::NAMED];
    let all = all.into_iter().flatten().copied();
    all.filter(move |case| match kind {
        Kind::Sqlite => case.sqlite.is_some(),
        Kind::Postgres => case.postgres.is_some(),
    })
}

/// The same statements on both.
const fn same(
    name: &'static str,
    statements: &'static str,
    expected: &'static [FindingKind],
) -> Case {
    each(name, statements, statements, expected)
}

/// The same deed in other words.
const fn each(
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
    expected: &'static [FindingKind],
) -> Case {
    Case {
        sqlite: Some(Deed::Sql(sqlite)),
        ..on_a_server(name, postgres, expected)
    }
}

/// What is done to the index where it has a file of its own, and the same deed on a server.
const fn indexed(
    name: &'static str,
    index: fn(&mut Vec<Term>),
    postgres: &'static str,
    expected: &'static [FindingKind],
) -> Case {
    Case {
        sqlite: Some(Deed::Index(index)),
        ..on_a_server(name, postgres, expected)
    }
}

/// What can only be done on a server.
const fn on_a_server(
    name: &'static str,
    postgres: &'static str,
    expected: &'static [FindingKind],
) -> Case {
    Case {
        name,
        sqlite: None,
        postgres: Some(Deed::Sql(postgres)),
        expected,
    }
}
