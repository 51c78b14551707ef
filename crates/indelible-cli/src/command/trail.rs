//! `indelible trail`

mod rotate_key;

use clap::{Args, Subcommand};
use indelible::core::TrailLine;
use indelible::{AuditAction, AuditEvent, AuditProtocol, TrailName};
use serde::Serialize;
use serde_json::json;

use crate::answer::{Answer, Layout, Sheet, json_lines};
use crate::failure::{Failure, Status};
use crate::session::{Access, Session};

/// Lists, begins and continues trails
#[derive(Debug, Subcommand)]
pub enum Trail {
    List(List),
    Create(Create),
    Succeed(Succeed),
    RotateKey(rotate_key::RotateKey),
}

/// Lists the trails of the database
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible trail list --output json")]
pub struct List {}

/// Begins a trail with an entry that says what it is for
///
/// A trail also comes into being at its first record; this makes one beforehand, so that its
/// verifier key can be handed out.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible trail create payments --description 'card payments of the shop'")]
pub struct Create {
    /// The trail: 1 to 63 of a-z, 0-9 and . _ -
    name: TrailName,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

/// Goes on with a trail whose database was restored from a copy
///
/// A trail whose database is behind its high-water mark refuses to be written to, because what
/// follows would be a second history under the same name. This goes on at the size that was
/// restored, under a new origin and key name; the first entry holds the reason and the old
/// checkpoints, so that what was lost stays visible.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible trail succeed --trail payments --reason 'disk lost, restored the backup of Sunday'")]
pub struct Succeed {
    /// Why, for the record
    #[arg(long, value_name = "TEXT", required = true)]
    reason: String,
}

impl Trail {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        match self {
            Self::List(_) => list(session).await,
            Self::Create(command) => command.run(session).await,
            Self::Succeed(command) => command.run(session).await,
            Self::RotateKey(command) => command.run(session).await,
        }
    }
}

async fn list(session: &Session) -> Result<Status, Failure> {
    let opened = session.open(Access::Read).await?;
    let heads = opened
        .database
        .engine()
        .heads()
        .await
        .map_err(Failure::from);
    let heads = opened.close(heads).await?;
    let trails = heads.into_iter().map(TrailLine::from).collect();
    session.output.print(&Trails { trails })?;
    Ok(Status::Fine)
}

impl Create {
    async fn run(self, session: &Session) -> Result<Status, Failure> {
        let settings = session.settings()?;
        if settings.trail_given && settings.trail != self.name {
            let text = format!(
                "--trail names {}, the command {}",
                settings.trail, self.name
            );
            return Err(Failure::usage(text));
        }
        let opened = session
            .open_trail(Access::Create, settings, self.name.clone())
            .await?;
        let created = async {
            if let Some(head) = opened.audit.head().await? {
                let (name, size) = (&self.name, head.size);
                return Err(Failure::new(format!(
                    "trail {name} is there, with {size} entries"
                )));
            }
            let mut event = AuditEvent::new(AuditAction::AUDIT_STARTED, "audit_log")
                .resource_id(self.name.as_str());
            if let Some(description) = &self.description {
                event = event.context(json!({ "description": description }));
            }
            Ok(opened.audit.record(event).await?)
        };
        let created = created.await;
        // What is recorded is said whatever becomes of the closing.
        let printed = created.and_then(|receipt| session.output.print(&receipt));
        opened.close(printed).await?;
        Ok(Status::Fine)
    }
}

impl Succeed {
    async fn run(self, session: &Session) -> Result<Status, Failure> {
        if self.reason.trim().is_empty() {
            return Err(Failure::usage(
                "--reason says nothing; it is what an auditor will read",
            ));
        }
        let opened = session.open(Access::Replace).await?;
        let succeeded = opened
            .audit
            .succeed(&self.reason)
            .await
            .map_err(Failure::from);
        let trail = opened.audit.name().to_string();
        let printed = succeeded.and_then(|succession| {
            session.output.print(&Succeeded {
                trail,
                origin: succession.origin,
                incarnation: succession.incarnation,
                size: succession.size,
            })
        });
        opened.close(printed).await?;
        Ok(Status::Fine)
    }
}

#[derive(Serialize)]
struct Trails {
    trails: Vec<TrailLine>,
}

impl Answer for Trails {
    fn layout(&self) -> Layout {
        if self.trails.is_empty() {
            return Layout::Line("no trail yet; `indelible record` begins one".to_owned());
        }
        let rows = self.trails.iter().map(|trail| {
            vec![
                trail.trail.clone(),
                trail.size.to_string(),
                trail.incarnation.to_string(),
                trail.origin.clone(),
                trail.root.clone(),
            ]
        });
        let columns = vec!["trail", "size", "incarnation", "origin", "root"];
        Layout::Table(Sheet {
            columns,
            rows: rows.collect(),
        })
    }

    fn sheet(&self) -> Sheet {
        let columns = vec![
            "trail",
            "size",
            "root",
            "origin",
            "incarnation",
            "incarnation_start",
            "verifier_key",
        ];
        let rows = self.trails.iter().map(|trail| {
            vec![
                trail.trail.clone(),
                trail.size.to_string(),
                trail.root.clone(),
                trail.origin.clone(),
                trail.incarnation.to_string(),
                trail.incarnation_start.to_string(),
                trail.verifier_key.clone(),
            ]
        });
        Sheet {
            columns,
            rows: rows.collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.trails)
    }
}

#[derive(Serialize)]
struct Succeeded {
    trail: String,
    origin: String,
    incarnation: u32,
    size: u64,
}

impl Answer for Succeeded {
    fn layout(&self) -> Layout {
        Layout::Line(format!(
            "trail {} goes on at #{} under the origin {}; hand out its new verifier key",
            self.trail, self.size, self.origin
        ))
    }

    fn sheet(&self) -> Sheet {
        Sheet::of_fields(vec![
            ("trail", self.trail.clone()),
            ("origin", self.origin.clone()),
            ("incarnation", self.incarnation.to_string()),
            ("size", self.size.to_string()),
        ])
    }
}
