//! `indelible copy FROM --abandon`

use indelible::TrailName;
use indelible::core::engine;
use serde::Serialize;

use crate::answer::{Answer, Layout, Sheet, json_lines};
use crate::failure::{Failure, Status};
use crate::session::{Access, Session};
use crate::settings::Settings;

/// Takes the right to write back from a database that is gone.
pub async fn run(session: &Session, from: Settings, reason: &str) -> Result<Status, Failure> {
    if reason.trim().is_empty() {
        return Err(Failure::usage(
            "--reason says nothing; it is what an auditor will read",
        ));
    }
    let url = from.database.clone();
    let opened = session
        .open_trail(Access::Write, from, TrailName::system())
        .await?;
    let abandoned = opened.database.engine().abandon_moves(reason).await;
    let printed = match abandoned.map_err(Failure::from) {
        Ok(trails) if trails.is_empty() => Err(Failure::new(format!(
            "no trail of {url} was moved away or is on its way: there is nothing to take back"
        ))),
        Ok(trails) => {
            let trails = trails.into_iter().map(AbandonedTrail::from).collect();
            session.output.print(&Abandoned { trails })
        }
        Err(failure) => Err(failure),
    };
    opened.close(printed).await?;
    Ok(Status::Fine)
}

/// The trails that are written here again.
#[derive(Serialize)]
struct Abandoned {
    trails: Vec<AbandonedTrail>,
}

#[derive(Serialize)]
struct AbandonedTrail {
    trail: String,
    seq: u64,
    origin: String,
    new_origin: bool,
}

impl From<engine::Abandoned> for AbandonedTrail {
    fn from(abandoned: engine::Abandoned) -> Self {
        Self {
            trail: abandoned.trail.to_string(),
            seq: abandoned.seq,
            origin: abandoned.origin,
            new_origin: abandoned.is_new,
        }
    }
}

impl Answer for Abandoned {
    fn layout(&self) -> Layout {
        let lines = self.trails.iter().map(|trail| {
            let (name, origin) = (&trail.trail, &trail.origin);
            let told = if trail.new_origin {
                format!("under the new origin {origin}; hand out its new verifier key")
            } else {
                "as it was: nobody else had the right to write it".to_owned()
            };
            Layout::Line(format!("trail {name} goes on at #{} {told}", trail.seq))
        });
        Layout::Parts(lines.collect())
    }

    fn sheet(&self) -> Sheet {
        let rows = self.trails.iter().map(|trail| {
            vec![
                trail.trail.clone(),
                trail.seq.to_string(),
                trail.origin.clone(),
                trail.new_origin.to_string(),
            ]
        });
        Sheet {
            columns: vec!["trail", "seq", "origin", "new_origin"],
            rows: rows.collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.trails)
    }
}
