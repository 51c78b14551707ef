//! `indelible verify`

mod answer;
pub(super) mod rotations;
pub(super) mod trust;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use indelible::TrailName;
use indelible::core::verify::{Progress, Report, Request, TrailReport, verify};
use indelible::merkle::note::VerifierKey;

use crate::failure::{Failure, Status, remark};
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
  indelible verify --since monday.checkpoint
  indelible verify --trail payments --key \"$(cat payments.vkey)\"")]
pub struct Verify {
    /// Only the entries after this checkpoint, a file or - for standard input; its trail alone
    #[arg(long, value_name = "CHECKPOINT")]
    since: Option<PathBuf>,
    /// A verifier key to trust beside the one in the state directory, and needed where that is not
    /// at hand: the key that the database itself names proves nothing; may be given again
    #[arg(long, value_name = "VKEY")]
    key: Vec<VerifierKey>,
    /// Statements of key rotations beside those in the state directory, as `indelible vkey
    /// --rotations` prints them: from a key that is trusted they lead to the others that the trail
    /// had; may be given again
    #[arg(long, value_name = "FILE")]
    rotation: Vec<PathBuf>,
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
                let nothing = Report {
                    ok: false,
                    trails: Vec::new(),
                };
                return session.output.print_judged(&nothing, Err(failure));
            }
            Err(failure) => return Err(failure),
        };
        let mut report = Report {
            ok: true,
            trails: Vec::new(),
        };
        let verified = self.verify_all(&opened, since, &mut report).await;
        let verified = opened.close(verified).await.map_err(Failure::into_finding);
        report.ok &= verified.is_ok();
        let verdict = match verified {
            Err(failure) if failure.status != Status::Unverified => return Err(failure),
            // What was verified until then is said all the same.
            Err(failure) => Err(failure),
            Ok(()) if report.ok => Ok(Status::Fine),
            Ok(()) => Err(Failure::unverified(answer::summary(&report))),
        };
        session.output.print_judged(&report, verdict)
    }

    async fn verify_all(
        &self,
        opened: &Opened,
        since: Option<Since>,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let Trails { names, unlisted } = trails(opened, since.as_ref()).await?;
        for trail in names {
            let verified = self.verify_one(opened, &trail, since.as_ref()).await?;
            report.ok &= verified.ok;
            // Nothing to verify is no reason to call it verified.
            report.ok &= verified.size > 0;
            remark_succession(opened, &trail).await;
            report.trails.push(verified);
        }
        report.ok &= !report.trails.is_empty();
        match unlisted {
            // A head that is unreadable is a finding of its trail, where that is known.
            Some(failure) if report.ok => Err(failure),
            _ => Ok(()),
        }
    }

    async fn verify_one(
        &self,
        opened: &Opened,
        trail: &TrailName,
        since: Option<&Since>,
    ) -> Result<TrailReport, Failure> {
        let ground = opened.database.engine().ground();
        let mut trust = Trust::of(&opened.database, trail, &self.key).await?;
        // A call may mean several trails, whose statements lie in one file.
        trust.add_rotations(trail, rotations::read(&self.rotation)?);
        let mut digest_key = [0; 16];
        ground.entropy.fill(&mut digest_key);
        let since = match since {
            Some(since) => Some(since.open(&trust)?),
            None => None,
        };
        let request = Request {
            trusted: trust.keys,
            rotations: trust.rotations,
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

/// Says on standard error that a trail goes on after a restored copy, and where: what came between
/// is lost, which no finding says.
async fn remark_succession(opened: &Opened, trail: &TrailName) {
    // An unreadable head is a finding.
    let Ok(Some(head)) = opened.database.trail(trail.clone()).head().await else {
        return;
    };
    if head.incarnation > 1 {
        let (start, origin) = (head.incarnation_start, head.key.name());
        remark(&format!(
            "{trail} goes on since #{start} under {origin}; that entry says why"
        ));
    }
}

/// The trails to be verified.
struct Trails {
    names: BTreeSet<TrailName>,
    /// Why there may be more, which could not be listed.
    unlisted: Option<Failure>,
}

/// The trail that is meant, else all that have a head or a mark.
async fn trails(opened: &Opened, since: Option<&Since>) -> Result<Trails, Failure> {
    let only = |name: &TrailName| Trails {
        names: BTreeSet::from([name.clone()]),
        unlisted: None,
    };
    if opened.settings.trail_given {
        return Ok(only(&opened.settings.trail));
    }
    if let Some(since) = since {
        return Ok(only(&since.trail));
    }
    let mut names: BTreeSet<TrailName> = trust::marked(&opened.database).into_iter().collect();
    let unlisted = match opened.database.engine().heads().await {
        Ok(heads) => {
            names.extend(heads.into_iter().map(|head| head.trail));
            None
        }
        Err(error) => {
            if names.is_empty() {
                names.insert(opened.settings.trail.clone());
            }
            Some(Failure::from(error))
        }
    };
    Ok(Trails { names, unlisted })
}
