//! Ways of altering the database, as SQL, and what must be found.

mod entries;
mod index;
mod placement;
mod tree;

use indelible::core::verify::FindingKind;

use crate::place::Kind;

/// One way of altering the database.
#[derive(Clone, Copy)]
pub struct Case {
    pub name: &'static str,
    sqlite: Option<&'static str>,
    postgres: Option<&'static str>,
    /// Each of these must be among the findings.
    pub expected: &'static [FindingKind],
}

impl Case {
    /// The statements, run with guards away; see [`super::statement::expanded`]. Besides, `@old`
    /// is the path of an older copy, and `@key` a stranger's key under the trail's name.
    pub fn of(&self, kind: Kind) -> &'static str {
        let statements = match kind {
            Kind::Sqlite => self.sqlite,
            Kind::Postgres => self.postgres,
        };
        statements.expect("`named` answers those alone that there are")
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
        name,
        sqlite: Some(sqlite),
        postgres: Some(postgres),
        expected,
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
        postgres: Some(postgres),
        expected,
    }
}
