//! `indelible consistency`

use clap::Args;
use serde::Serialize;

use super::checkpoint::no_entries;
use crate::answer::{Answer, Layout, Sheet};
use crate::destination::Destination;
use crate::failure::{Failure, Status};
use crate::session::{Access, Session};

/// Proves that the trail continues an earlier state of itself
///
/// For whoever kept the checkpoint of that size: a file as witnesses take it, with the proof and
/// the checkpoint of now.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible consistency --from 1200 -o since-1200.consistency")]
pub struct Consistency {
    /// The number of entries in the earlier checkpoint; 0 for none
    #[arg(long, value_name = "SIZE")]
    from: u64,
    #[command(flatten)]
    destination: Destination,
}

impl Consistency {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let opened = session.open(Access::Read).await?;
        self.destination.check(&opened)?;
        let file = opened
            .audit
            .consistency(self.from)
            .await
            .map_err(Failure::from);
        let file = file.and_then(|file| file.ok_or_else(|| no_entries(&opened)));
        let trail = opened.audit.name().to_string();
        let consistency = opened.close(file).await?;
        let answer = ConsistencyAnswer {
            trail,
            from: self.from,
            consistency,
        };
        self.destination
            .put(&session.output, &answer, &answer.consistency)?;
        Ok(Status::Fine)
    }
}

#[derive(Serialize)]
struct ConsistencyAnswer {
    trail: String,
    from: u64,
    consistency: String,
}

impl Answer for ConsistencyAnswer {
    fn layout(&self) -> Layout {
        Layout::Text(self.consistency.clone())
    }

    fn sheet(&self) -> Sheet {
        Sheet::of_fields(vec![
            ("trail", self.trail.clone()),
            ("from", self.from.to_string()),
            ("consistency", self.consistency.clone()),
        ])
    }
}
