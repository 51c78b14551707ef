//! What is on record of files that could not be handed over.

use std::io;

use indelible_core::{AuditError, AuditEvent, AuditProtocol, Query};
use indelible_evidence::{Folder, Framework, PackAsked, PackError, Recorder, hand_over};

use crate::desk::{Desk, event, request};

/// A place that has no room for a file of this name.
struct Full(&'static str);

impl Folder for Full {
    fn begin(&mut self, name: &str) -> io::Result<()> {
        match name == self.0 {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }

    fn write(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error(transparent)]
    Pack(#[from] PackError),
    #[error(transparent)]
    Audit(#[from] AuditError),
}

impl Recorder for Desk {
    type Error = Failed;

    async fn record(&self, event: AuditEvent) -> Result<u64, Failed> {
        Ok(Desk::record(self, event).await)
    }
}

async fn handed_over(desk: &Desk, begin: u64, full: &'static str) -> Result<(), Failed> {
    let mut request = request(Framework::PciDss);
    (request.as_of, request.recorded) = (Some(5), true);
    let control = "PCI-DSS-4.0.1:10.2.1.4".parse().expect("a control");
    let asked = PackAsked::of(control, request, begin)?;
    let handed = hand_over((&desk.audit, desk), asked, &mut Full(full), &mut |_| {}).await;
    handed.map(drop)
}

/// What is on record behind the five entries.
async fn recorded(desk: &Desk) -> Vec<String> {
    let page = desk.audit.query(Query::new()).await.expect("found");
    let later = page.entries.into_iter().filter(|entry| entry.seq >= 5);
    later.map(|entry| entry.action.to_string()).rev().collect()
}

#[tokio::test]
async fn what_was_not_handed_over_is_on_record_as_failed() {
    let desk = Desk::new().await;
    let denials = (1..=5).map(|n| event("access_denied", &format!("2026-03-0{n}T00:00:00Z")));
    desk.record_all(denials).await;
    let beyond = handed_over(&desk, 6, "").await;
    let is_told = matches!(
        beyond,
        Err(Failed::Pack(PackError::Beyond { begin: 6, size: 5 }))
    );
    assert!(is_told, "{beyond:?}");
    assert_eq!(recorded(&desk).await, [""; 0]);
    let failed = handed_over(&desk, 0, "entries.pack").await;
    assert!(
        matches!(failed, Err(Failed::Pack(PackError::Place(_)))),
        "{failed:?}"
    );
    let said = ["audit_report_generated", "audit_log_export_failed"];
    assert_eq!(recorded(&desk).await, said);
    handed_over(&desk, 0, "").await.expect("handed over");
    assert_eq!(
        recorded(&desk).await[2..],
        ["audit_report_generated", "audit_log_exported"]
    );
}
