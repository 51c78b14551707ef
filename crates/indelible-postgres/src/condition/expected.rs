//! The schema as it must be, read from the migrations themselves.
//!
//! They are written in one manner, a column to a line, so that a few words of each line tell all
//! that is compared. What PostgreSQL makes of a text (defaults, casts, brackets) differs between
//! its releases; fields of its catalog do not.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::migration::MIGRATIONS;

/// What the migrations make.
#[derive(Debug, Default)]
pub(super) struct Expected {
    pub(super) tables: Vec<Table>,
    pub(super) indexes: Vec<Index>,
    pub(super) triggers: Vec<Trigger>,
    pub(super) functions: Vec<Function>,
}

/// A table and what its columns are.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: Vec<Column>,
    pub(super) checks: Vec<String>,
    pub(super) key: Vec<&'static str>,
    pub(super) partition_of: Option<&'static str>,
}

/// A column, its type by the name that the catalog has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) not_null: bool,
    /// Ordered and compared by bytes.
    pub(super) by_bytes: bool,
}

/// An index that is no key.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) name: &'static str,
    pub(super) table: &'static str,
    pub(super) columns: Vec<&'static str>,
    pub(super) partial: bool,
}

/// A guard.
#[derive(Debug, Clone)]
pub(super) struct Trigger {
    pub(super) name: &'static str,
    pub(super) table: &'static str,
    /// `tgtype` of the catalog.
    pub(super) kind: i16,
    pub(super) function: &'static str,
}

/// A function.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) body: &'static str,
    pub(super) settings: BTreeSet<String>,
    /// Whether it runs as its owner.
    pub(super) as_owner: bool,
}

/// What all migrations together make.
pub(super) fn expected() -> &'static Expected {
    static EXPECTED: OnceLock<Expected> = OnceLock::new();
    EXPECTED.get_or_init(|| {
        let mut expected = Expected::default();
        for migration in &MIGRATIONS {
            expected.read(migration.sql);
        }
        expected
    })
}

impl Expected {
    fn read(&mut self, sql: &'static str) {
        let begins: Vec<usize> = sql
            .match_indices("\nCREATE ")
            .map(|(at, _)| at + 1)
            .collect();
        let ends = begins.iter().skip(1).copied().chain([sql.len()]);
        for statement in begins.iter().zip(ends).filter_map(|(&a, b)| sql.get(a..b)) {
            let words: Vec<&str> = statement.split_whitespace().take(4).collect();
            match words.as_slice() {
                ["CREATE", "TABLE", ..] => self.tables.extend(table(statement)),
                ["CREATE", "INDEX", ..] => self.indexes.extend(index(statement)),
                ["CREATE", "TRIGGER", ..] => self.triggers.extend(trigger(statement)),
                ["CREATE", "FUNCTION", ..] => self.functions.extend(function(statement)),
                ["CREATE", "OR", "REPLACE", "FUNCTION"] => self.replace(function(statement)),
                _ => {}
            }
        }
    }
}

impl Expected {
    /// Puts a function into the place of the one that an earlier step made.
    fn replace(&mut self, function: Option<Function>) {
        let Some(function) = function else { return };
        self.functions
            .retain(|earlier| earlier.name != function.name);
        self.functions.push(function);
    }
}

/// The name after `indelible.`, and what follows it.
fn named(text: &'static str) -> Option<(&'static str, &'static str)> {
    let (_, rest) = text.split_once("indelible.")?;
    let end = rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric())?;
    rest.split_at_checked(end)
}

fn listed(text: &'static str) -> Vec<&'static str> {
    let inside = text.split_once('(').map_or("", |(_, rest)| rest);
    let inside = inside.split(')').next().unwrap_or_default();
    inside.split(',').map(str::trim).collect()
}

fn table(statement: &'static str) -> Option<Table> {
    let (name, rest) = named(statement)?;
    let of = rest.strip_prefix(" PARTITION OF ");
    let mut table = Table {
        name,
        columns: Vec::new(),
        checks: Vec::new(),
        key: Vec::new(),
        partition_of: of.and_then(named).map(|(parent, _)| parent),
    };
    for line in rest.lines().take_while(|line| !line.starts_with(')')) {
        let line = line.trim();
        if line.starts_with("PRIMARY KEY") {
            table.key = listed(line);
            continue;
        }
        let mut words = line.split([' ', ',']);
        let (Some(column), Some(kind)) = (words.next(), words.next()) else {
            continue;
        };
        let kind = match kind {
            "bigint" => "int8",
            "integer" => "int4",
            "smallint" => "int2",
            "text" | "bytea" | "uuid" | "timestamptz" | "date" => kind,
            _ => continue,
        };
        let is_key = line.contains("PRIMARY KEY");
        if is_key {
            table.key = vec![column];
        }
        if line.contains("CHECK") {
            table.checks.push(format!("{name}_{column}_check"));
        }
        table.columns.push(Column {
            name: column.to_owned(),
            kind: kind.to_owned(),
            not_null: is_key || line.contains("NOT NULL"),
            by_bytes: line.contains("COLLATE \"C\""),
        });
    }
    Some(table)
}

fn index(statement: &'static str) -> Option<Index> {
    let (table, rest) = named(statement)?;
    let mut words = statement.split_whitespace().skip(2);
    Some(Index {
        name: words.find(|word| !matches!(*word, "IF" | "NOT" | "EXISTS"))?,
        table,
        columns: listed(rest),
        partial: rest.split(';').next()?.contains("WHERE"),
    })
}

fn trigger(statement: &'static str) -> Option<Trigger> {
    let (table, rest) = named(statement)?;
    let (function, _) = named(rest)?;
    // BEFORE is 2, each row 1; then what it stands before.
    let row = i16::from(rest.contains("FOR EACH ROW"));
    let event = match statement.split_whitespace().nth(4)? {
        "DELETE" => 8,
        "UPDATE" => 16,
        "TRUNCATE" => 32,
        _ => return None,
    };
    Some(Trigger {
        name: statement.split_whitespace().nth(2)?,
        table,
        kind: 2 + row + event,
        function,
    })
}

fn function(statement: &'static str) -> Option<Function> {
    let (name, rest) = named(statement)?;
    let (head, rest) = rest.split_once("$body$")?;
    let (body, _) = rest.split_once("$body$")?;
    let settings = head.split("SET ").skip(1).filter_map(|setting| {
        let setting = setting.split(['\n']).next()?;
        let setting = setting.split(" AS").next()?;
        let (name, value) = setting.split_once(" = ")?;
        let plain = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
        Some(format!("{}={}", plain(name), plain(value)))
    });
    Some(Function {
        name,
        body,
        settings: settings.collect(),
        as_owner: head.contains("SECURITY DEFINER"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_evidence_has_its_guards() {
        let expected = expected();
        let guarded = |name: &str| expected.triggers.iter().any(|t| t.table == name);
        let tables = expected.tables.iter().filter(|t| t.partition_of.is_none());
        let tables: Vec<_> = tables
            .map(|t| t.name)
            .filter(|name| guarded(name))
            .collect();
        let evidence = [
            "head",
            "entry",
            "placement",
            "event_id",
            "node",
            "tag",
            "span",
            "rollup",
            "kept",
        ];
        assert_eq!(tables, evidence);
        for table in evidence {
            let mut guards: Vec<_> = expected
                .triggers
                .iter()
                .filter(|trigger| trigger.table == table)
                .map(|trigger| (trigger.name, trigger.kind))
                .collect();
            guards.sort_unstable();
            let all = [
                ("guard_delete", 11),
                ("guard_truncate", 34),
                ("guard_update", 19),
            ];
            assert_eq!(guards, all, "{table}");
        }
        let of_default = expected
            .triggers
            .iter()
            .filter(|t| t.table == "entry_default");
        assert_eq!(of_default.count(), 1, "the others are those of entry");
    }

    #[test]
    fn nothing_of_the_migrations_is_overlooked() {
        let expected = expected();
        let made = |what: &str| {
            let line = format!("\nCREATE {what} ");
            let all = MIGRATIONS.iter().map(|m| m.sql.matches(&line).count());
            all.sum::<usize>()
        };
        assert_eq!(expected.tables.len(), made("TABLE"));
        assert_eq!(expected.indexes.len(), made("INDEX"));
        assert_eq!(expected.triggers.len(), made("TRIGGER"));
        assert_eq!(expected.functions.len(), made("FUNCTION"));
        let entry = expected.tables.iter().find(|table| table.name == "entry");
        let entry = entry.expect("the table of entries");
        assert_eq!(entry.columns.len(), 24);
        assert_eq!(entry.key, ["trail_id", "seq", "created_at"]);
        assert_eq!(entry.checks, ["entry_seq_check", "entry_created_at_check"]);
        for function in &expected.functions {
            assert!(
                function
                    .settings
                    .iter()
                    .any(|s| s == "search_path=pg_catalog, pg_temp")
            );
        }
    }
}
