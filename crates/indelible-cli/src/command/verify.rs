//! `indelible verify`

mod answer;
mod trust;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use indelible::TrailName;
use indelible::core::verify::{Progress, Report, Request, TrailReport, verify};
use indelible::merkle::note::VerifierKey;

use crate::failure::{Failure, Status, complain};
use crate::progress::{self, Unit};
use crate::session::{Access, Opened, Session};
use trust::{Since, Trust};

/// Verifies that the trails are as they were recorded
///
/// Every hash, tree node, column, index row, count and head is made again from the stored bytes
/// and compared, and the whole is held against the signing key and the high-water mark in the
/// state directory. Each finding is named. Nothing is written. The exit status is 3 where
/// something is not as it was recorded, or where there is nothing that could be verified.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible verify
  indelible verify --trail payments --output json
  indelible verify --since monday.checkpoint")]
pub struct Verify {
    /// Only the entries after this checkpoint, a file or - for standard input; its trail alone
    #[arg(long, value_name = "CHECKPOINT")]
    since: Option<PathBuf>,
    /// A verifier key to trust beside the one in the state directory; may be given again
    #[arg(long, value_name = "VKEY")]
    key: Vec<VerifierKey>,
}

impl Verify {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let since = self.since.as_deref().map(Since::read).transpose()?;
        let opened = match session
            .open(Access::Read)
            .await
            .map_err(Failure::into_finding)
        {
            Ok(opened) => opened,
            Err(failure) if failure.status == Status::Unverified => {
                session.output.print(&Report {
                    ok: false,
                    trails: Vec::new(),
                })?;
                return Err(failure);
            }
            Err(failure) => return Err(failure),
        };
        let verified = self.verify_all(&opened, since).await;
        let report = opened
            .close(verified)
            .await
            .map_err(Failure::into_finding)?;
        session.output.print(&report)?;
        if report.ok {
            return Ok(Status::Fine);
        }
        complain(&answer::summary(&report));
        Ok(Status::Unverified)
    }

    async fn verify_all(&self, opened: &Opened, since: Option<Since>) -> Result<Report, Failure> {
        let trails = trails(opened, since.as_ref()).await?;
        let mut reports = Vec::new();
        for trail in trails {
            reports.push(self.verify_one(opened, &trail, since.as_ref()).await?);
        }
        let mut report = Report::from(reports);
        // Nothing to verify is no reason to call it verified.
        report.ok &= !report.trails.is_empty() && report.trails.iter().all(|t| t.size > 0);
        Ok(report)
    }

    async fn verify_one(
        &self,
        opened: &Opened,
        trail: &TrailName,
        since: Option<&Since>,
    ) -> Result<TrailReport, Failure> {
        let ground = opened.database.engine().ground();
        let trust = Trust::of(ground, trail, &self.key).await?;
        let mut digest_key = [0; 16];
        ground.entropy.fill(&mut digest_key);
        let since = match since {
            Some(since) => Some(since.open(&trust)?),
            None => None,
        };
        let request = Request {
            trusted: trust.keys,
            head_key: trust.head_key,
            mark: trust.mark,
            checkpoints: Vec::new(),
            since,
            digest_key,
        };
        let bar = progress::bar("verifying", trust.size, Unit::Entries);
        let shown = bar.clone();
        let mut report_progress = move |progress: Progress| {
            shown.set_length(progress.size);
            shown.set_position(progress.entries_checked);
        };
        let report = verify(&*ground.store, trail, &request, &mut report_progress).await;
        bar.finish_and_clear();
        Ok(report?)
    }
}

/// The trails to be verified: the one that is meant, else all that have a head or a mark.
async fn trails(opened: &Opened, since: Option<&Since>) -> Result<Vec<TrailName>, Failure> {
    if opened.settings.trail_given {
        return Ok(vec![opened.settings.trail.clone()]);
    }
    if let Some(since) = since {
        return Ok(vec![since.trail.clone()]);
    }
    let heads = opened.database.engine().heads().await?;
    let mut trails: BTreeSet<TrailName> = heads.into_iter().map(|head| head.trail).collect();
    trails.extend(trust::marked(&opened.database));
    Ok(trails.into_iter().collect())
}
