//! `indelible drill`

mod answer;

use std::collections::BTreeSet;
use std::time::Duration;

use clap::Args;
use indelible::core::KeyRotation;
use indelible::core::verify::{FindingKind, KeyChain, Progress, Request, TrailReport, verify};
use indelible::{Audit, AuditAction, AuditEvent, Outcome, Timestamp, TrailName};
use serde_json::json;

use super::copy::is_same;
use super::recorded::record;
use super::verify::trust::Trust;
use crate::failure::{Failure, Status};
use crate::progress::{self, Unit};
use crate::session::{Access, Opened, Session};
use answer::{Compared, Drill, Drilled};

/// Shows that a backup comes back, and puts the drill on record
///
/// Restore the backup somewhere else, and name that database: all of its trails are verified as
/// `indelible verify` does it, with the keys of this installation, and held against the trails that
/// are in use. The copy is only read. Each trail gets an entry (audit_archive_restored) that says
/// how many entries came back, with which root, how many were recorded since, whether all is as it
/// was recorded, how long it took and who did it. So does a copy that cannot be opened. The exit
/// status is 3 where it does not verify.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  sqlite3 indelible.db \"VACUUM INTO 'backup.db'\"       the backup, made while it is in use
  indelible drill sqlite:backup.db --backup 'nightly of 3 May' --by 'c. iso'

  pg_restore --dbname postgres://postgres@spare.example/audit audit.dump
  indelible drill postgres://reader@spare.example/audit --by 'c. iso' --output json

More: docs/guide/backing-up.md.")]
pub struct DrillCommand {
    /// The database that was restored, as --database has it
    #[arg(value_name = "COPY")]
    copy: String,
    /// Which backup it is, as it is called by whoever keeps it
    #[arg(long, value_name = "TEXT")]
    backup: Option<String>,
    /// How long it took to bring it back before this call, in seconds: it is added to what the
    /// call itself takes
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    restored_in: u32,
    /// Who does the drill
    #[arg(long, value_name = "ID", required = true)]
    by: String,
}

impl DrillCommand {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let opened = session.open(Access::Write).await?;
        let drill = self.drill(session, &opened).await;
        let drill = opened.close(drill).await?;
        let verdict = match drill.is_ok() {
            true => Ok(Status::Fine),
            false => Err(Failure::unverified(drill.summary())),
        };
        session.output.print_judged(&drill, verdict)
    }

    async fn drill(&self, session: &Session, opened: &Opened) -> Result<Drill, Failure> {
        // A folder of its own: the marks of the trails in use are not those of a copy.
        let state = tempfile::tempdir().map_err(Failure::new)?;
        let mut settings = session.settings_at(&self.copy)?;
        if settings.database == opened.settings.database {
            return Err(in_use());
        }
        settings.state_dir = Some(state.path().to_owned());
        (settings.signing_key, settings.installation) = (None, None);
        let clock = &opened.database.engine().ground().clock;
        let begun = clock.elapsed();
        let trail = opened.audit.name().clone();
        let drilled = match session.open_trail(Access::Read, settings, trail).await {
            Ok(copy) => {
                let drilled = self.each(session, opened, &copy, begun).await;
                copy.close(drilled).await
            }
            Err(failure) => Err(failure.into_finding()),
        };
        if let Err(failure) = &drilled
            && failure.status == Status::Unverified
        {
            let took = self.took(clock.elapsed().saturating_sub(begun));
            record(opened, self.failed(failure.message(), took)).await?;
        }
        drilled
    }

    async fn each(
        &self,
        session: &Session,
        opened: &Opened,
        copy: &Opened,
        begun: Duration,
    ) -> Result<Drill, Failure> {
        if is_same(&opened.database, &copy.database).await? {
            return Err(in_use());
        }
        let clock = &opened.database.engine().ground().clock;
        let names = match session.names_trail() {
            true => BTreeSet::from([opened.audit.name().clone()]),
            false => names(opened, copy).await?,
        };
        let mut drill = Drill {
            ok: !names.is_empty(),
            backup: self.backup.clone(),
            trails: Vec::new(),
        };
        for name in names {
            let report = check(opened, copy, &name).await?;
            let audit = opened.database.trail(name.clone());
            let compared = Compared::of(&audit, &report).await?;
            let took = self.took(clock.elapsed().saturating_sub(begun));
            let mut drilled = Drilled::new(report, compared, took);
            drill.ok &= drilled.ok;
            drilled.seq = self.put(&audit, opened, &drilled).await?;
            drill.trails.push(drilled);
        }
        Ok(drill)
    }

    /// How long all of it took.
    fn took(&self, passed: Duration) -> Duration {
        passed + Duration::from_secs(self.restored_in.into())
    }

    /// Records what a drill came to, in the trail that it is about; in `system` where this
    /// installation has no such trail.
    async fn put(
        &self,
        audit: &Audit,
        opened: &Opened,
        drilled: &Drilled,
    ) -> Result<Option<u64>, Failure> {
        let outcome = match drilled.ok {
            true => Outcome::Completed,
            false => Outcome::Failed,
        };
        let name = audit.name();
        let event = AuditEvent::new(AuditAction::AUDIT_ARCHIVE_RESTORED, "audit_log")
            .resource_id(name.as_str())
            .user_id(&self.by)
            .outcome(outcome)
            .context(json!({
                "backup": self.backup,
                "segment": [drilled.report.removed, drilled.report.size],
                "digest": drilled.report.root.to_string(),
                "verified": drilled.ok,
                "entries_verified": drilled.report.entries_checked,
                "findings": drilled.report.findings_total,
                "compared": drilled.compared.as_str(),
                "recorded_since": drilled.recorded_since(),
                "duration_ms": drilled.duration_ms,
            }));
        let receipt = match audit.head().await?.is_some() {
            true => audit.record_of_own(event).await?,
            false => {
                let system = opened.database.trail(TrailName::system());
                system.record_of_own(event).await?
            }
        };
        Ok(receipt.seq)
    }

    /// What is recorded of a copy that cannot be opened.
    fn failed(&self, problem: &str, took: Duration) -> AuditEvent {
        AuditEvent::new(AuditAction::AUDIT_ARCHIVE_RESTORED, "audit_log")
            .user_id(&self.by)
            .outcome(Outcome::Failed)
            .context(json!({
                "backup": self.backup,
                "verified": false,
                "problem": problem,
                "duration_ms": answer::millis(took),
            }))
    }
}

fn in_use() -> Failure {
    Failure::usage("COPY is the database in use; restore the backup to another place")
}

/// The trails of the copy, and those in use that began before it was made.
async fn names(opened: &Opened, copy: &Opened) -> Result<BTreeSet<TrailName>, Failure> {
    let there = copy.database.engine().heads().await;
    let there = there.map_err(|error| Failure::from(error).into_finding())?;
    let (mut names, mut made_at) = (BTreeSet::new(), Timestamp::MIN);
    for head in there {
        let audit = copy.database.trail(head.trail.clone());
        let newest = audit.entry_at(head.size.saturating_sub(1)).await;
        let newest = newest.map_err(|error| Failure::from(error).into_finding())?;
        made_at = made_at.max(newest.map_or(Timestamp::MIN, |entry| entry.created_at));
        names.insert(head.trail);
    }
    for head in opened.database.engine().heads().await? {
        let audit = opened.database.trail(head.trail.clone());
        let first = audit.entry_at(audit.first_kept().await?).await?;
        if names.is_empty() || first.is_some_and(|entry| entry.created_at <= made_at) {
            names.insert(head.trail);
        }
    }
    Ok(names)
}

/// Verifies a trail of the copy with what this installation knows of it.
async fn check(opened: &Opened, copy: &Opened, name: &TrailName) -> Result<TrailReport, Failure> {
    let (own, there) = (&opened.database, copy.database.engine().ground());
    // An unreadable head is for verification to name.
    let head = there.store.head(name).await.ok().flatten();
    let trust = Trust::of(own, name, &[]).await?;
    // Those of before a rotation too. The rotations themselves may be younger than the copy.
    let rotations = trust.rotations.iter();
    let rotations = rotations.filter_map(|text| KeyRotation::open(text).ok());
    let keys = KeyChain::new(trust.keys.iter().cloned(), rotations);
    let origin = head.as_ref().map(|head| head.key.name());
    let trusted = origin.map(|origin| keys.keys(origin));
    let mut digest_key = [0; 16];
    own.engine().ground().entropy.fill(&mut digest_key);
    let request = Request {
        trusted: trusted.unwrap_or(trust.keys),
        head_key: own.trail(name.clone()).head_key(head.as_ref()),
        digest_key,
        ..Request::default()
    };
    let bar = progress::bar("verifying", head.map(|head| head.size), Unit::Entries);
    let shown = bar.clone();
    let mut draw = move |progress: Progress| {
        shown.set_length(progress.size);
        shown.set_position(progress.entries_checked);
    };
    let report = verify(&*there.store, name, &request, &mut draw).await;
    bar.finish_and_clear();
    let mut report = report.map_err(|error| Failure::from(error).into_finding())?;
    // It has none because it is a copy, which is held against the trail itself instead.
    let before = report.findings.len();
    report
        .findings
        .retain(|finding| finding.kind != FindingKind::MarkMissing);
    report.findings_total -= (before - report.findings.len()) as u64;
    Ok(report)
}
