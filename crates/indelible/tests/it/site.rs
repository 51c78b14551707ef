//! A database with its state directory in a folder of its own.

use std::path::PathBuf;

use indelible::core::verify::{FindingKind, TrailReport};
use indelible::{Audit, Database, DatabaseUrl, Settings, TrailName};
use tempfile::TempDir;
use testbed::Cluster;

use crate::place::{Kind, Place};

/// A folder with a state directory, and a database in it or on a server.
pub struct Site {
    pub folder: TempDir,
    pub place: Place,
}

impl Site {
    pub fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("a folder");
        Self {
            place: Place::fresh(kind, data.join("trail.db")),
            folder,
        }
    }

    /// A site whose database is on a server of its own.
    pub fn on(cluster: &Cluster) -> Self {
        Self {
            place: Place::on(cluster),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    pub fn url(&self) -> DatabaseUrl {
        self.place.url()
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Settings of a process that writes now and then.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        settings.state_dir = Some(self.state());
        settings.options.long_lived = false;
        settings
    }

    pub async fn open(&self) -> Database {
        let settings = self.settings();
        Database::open(&self.url(), settings).await.expect("opens")
    }
}

/// Verifies one trail.
pub async fn verify(audit: &Audit) -> TrailReport {
    audit
        .verify(Vec::new(), None, &mut |_| {})
        .await
        .expect("readable")
}

/// Verifies every trail of a database and expects nothing but warnings.
pub async fn expect_clean(database: &Database) {
    for head in database.engine().heads().await.expect("readable") {
        let report = verify(&database.trail(head.trail.clone())).await;
        assert!(report.ok, "{}: {:?}", head.trail, report.findings);
        assert_eq!(report.entries_checked, report.size);
        assert!(
            !report
                .findings
                .iter()
                .any(|f| f.kind == FindingKind::MarkMissing)
        );
    }
}

pub fn standard(database: &Database) -> Audit {
    database.trail(TrailName::standard())
}
