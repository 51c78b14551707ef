//! What `indelible migrate` answers.

use serde::Serialize;

use crate::answer::{Answer, Layout, Sheet, cell, json_lines};

/// The schema's history.
#[derive(Serialize)]
pub struct Migrations {
    /// How many of them the database lacks.
    pub pending: usize,
    /// All that this program knows, oldest first.
    pub migrations: Vec<Step>,
    /// What of an up-to-date schema is missing, altered, disabled or foreign.
    pub altered: Vec<String>,
    /// What roles, owners and grants lack, as the statements that bring it about.
    pub notes: Vec<String>,
}

/// One migration.
#[derive(Serialize)]
pub struct Step {
    version: u32,
    name: String,
    /// Whether the database has it.
    pub applied: bool,
}

/// The migrations that would be applied.
#[derive(Serialize)]
pub struct Planned {
    pending: usize,
    migrations: Vec<PlannedStep>,
}

#[derive(Serialize)]
struct PlannedStep {
    version: u32,
    name: String,
    sql: Option<String>,
}

impl From<indelible_sqlite::MigrationStatus> for Step {
    fn from(status: indelible_sqlite::MigrationStatus) -> Self {
        Self {
            version: status.version,
            name: status.name,
            applied: status.applied,
        }
    }
}

impl From<indelible_postgres::MigrationStatus> for Step {
    fn from(status: indelible_postgres::MigrationStatus) -> Self {
        Self {
            version: status.version,
            name: status.name,
            applied: status.applied,
        }
    }
}

impl Planned {
    /// These steps, each with its text where it is known.
    pub fn of(steps: Vec<Step>, sql_of: impl Fn(u32) -> Option<String>) -> Self {
        let planned = |step: Step| PlannedStep {
            sql: sql_of(step.version),
            version: step.version,
            name: step.name,
        };
        Self {
            pending: steps.len(),
            migrations: steps.into_iter().map(planned).collect(),
        }
    }
}

impl Answer for Migrations {
    fn layout(&self) -> Layout {
        let line = match self.pending {
            0 if !self.altered.is_empty() => format!(
                "all are applied, and the schema was altered since: {}; `indelible doctor` says \
                 more",
                self.altered.join(", ")
            ),
            0 => "the schema is up to date".to_owned(),
            count => format!("{count} to be applied; `indelible migrate up` does"),
        };
        let mut parts = vec![Layout::Table(self.sheet()), Layout::Line(line)];
        if !self.notes.is_empty() {
            let left = "left to do, by these statements or `indelible migrate up`, by a role that \
                        may (a superuser):";
            parts.push(Layout::Line(left.to_owned()));
            let statement = |note: &String| Layout::Text(format!("{};\n", note.trim_end()));
            parts.extend(self.notes.iter().map(statement));
        }
        Layout::Parts(parts)
    }

    fn sheet(&self) -> Sheet {
        let rows = self.migrations.iter().map(|migration| {
            vec![
                migration.version.to_string(),
                migration.name.clone(),
                if migration.applied { "yes" } else { "no" }.to_owned(),
            ]
        });
        Sheet {
            columns: vec!["version", "name", "applied"],
            rows: rows.collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.migrations)
    }
}

impl Answer for Planned {
    fn layout(&self) -> Layout {
        if self.migrations.is_empty() {
            return Layout::Line("-- the schema is up to date".to_owned());
        }
        let steps = self.migrations.iter().map(|step| {
            let sql = step.sql.as_deref().unwrap_or_default().trim_end();
            let text = format!("-- {:04} {}\n\n{sql}", step.version, step.name);
            Layout::Text(format!("{}\n\n", text.trim_end()))
        });
        let reading = "-- For reading: `indelible migrate up` runs this in a transaction that makes \
                       the schema,\n-- keeps its history, and makes roles and grants.\n\n";
        let reading = std::iter::once(Layout::Text(reading.to_owned()));
        Layout::Parts(reading.chain(steps).collect())
    }

    fn sheet(&self) -> Sheet {
        let rows = self.migrations.iter().map(|step| {
            let version = step.version.to_string();
            vec![version, step.name.clone(), cell(&step.sql)]
        });
        Sheet {
            columns: vec!["version", "name", "sql"],
            rows: rows.collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.migrations)
    }
}
