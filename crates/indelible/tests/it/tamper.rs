//! The tamper matrix: every way of altering the database beneath its guards is found and named.
//! The test prints the table; run it with `--no-capture` to read it.

mod cases;
mod column;
mod forgery;
mod guards;
mod statement;

use std::collections::BTreeSet;

use indelible::core::verify::{FindingKind, TrailReport};
use indelible::merkle::SigningKey;
use indelible::{AuditAction, AuditEvent, ConnectError, Database, Settings};
use serde_json::json;

use crate::place::{Image, Kind, Place, on_both};
use crate::site::{Site, standard, verify};
use cases::{Case, Deed, named};
use statement::expanded;

on_both! {
    sys_19_sys_21_every_named_way_of_tampering_is_found_and_named,
}

/// Entries of the trail: two complete blocks and a part of a third.
const ENTRIES: u64 = 700;
/// Entries when the old copy was taken.
const OLD_ENTRIES: u64 = 520;

/// A trail with an older copy of itself and a twin that forked off that copy.
struct Scene {
    site: Site,
    now: Image,
    old: Image,
    fork: Image,
}

impl Scene {
    async fn make(kind: Kind) -> Self {
        let site = Site::new(kind);
        let folder = site.folder.path().to_owned();
        fill(&site, 0..OLD_ENTRIES, "first").await;
        if kind == Kind::Postgres {
            // What a forger would have kept.
            site.place.plainly(
                "CREATE SCHEMA kept; CREATE TABLE kept.head AS SELECT * FROM head; \
                 CREATE TABLE kept.rollup AS SELECT * FROM rollup",
            );
        }
        let old = site.place.image(&folder);
        fill(&site, OLD_ENTRIES..ENTRIES, "second").await;
        let now = site.place.image(&folder);
        // The twin goes on from the old copy with the same key but another history.
        let mut twin = Site::new(kind);
        twin.place = old.copy(twin.folder.path());
        std::fs::create_dir_all(twin.state()).expect("made");
        let key = "signing.key";
        std::fs::copy(site.state().join(key), twin.state().join(key)).expect("copied");
        fill(&twin, OLD_ENTRIES..ENTRIES, "forged").await;
        let fork = twin.place.image(&folder);
        Self {
            site,
            now,
            old,
            fork,
        }
    }

    /// Verifies a copy of the database that `alter` was let loose on.
    async fn altered(&self, alter: impl FnOnce(&Place)) -> TrailReport {
        let place = self.copy();
        alter(&place);
        self.verified(&place).await.expect("opens")
    }

    /// A copy of the database.
    fn copy(&self) -> Place {
        self.now.copy(self.site.folder.path())
    }

    /// Another key under the trail's name.
    async fn stranger(&self) -> SigningKey {
        let database = self.site.open().await;
        let head = standard(&database).head().await.expect("readable");
        database.close().await.expect("closes");
        let origin = head.expect("there").key.name().to_owned();
        SigningKey::from_seed(&origin, [9; 32]).expect("a good name")
    }

    /// Verifies a database with what is kept outside of this scene's own.
    async fn verified(&self, place: &Place) -> Result<TrailReport, ConnectError> {
        verified(place, self.site.settings()).await
    }
}

async fn verified(place: &Place, mut settings: Settings) -> Result<TrailReport, ConnectError> {
    settings.read_only = true;
    let database = Database::open(&place.url(), settings).await?;
    let report = verify(&standard(&database)).await;
    database.close().await.expect("closes");
    Ok(report)
}

async fn fill(site: &Site, range: std::ops::Range<u64>, word: &str) {
    let database = site.open().await;
    let events = range.map(|n| {
        let event = AuditEvent::new(AuditAction::DATA_VIEWED, "customer_record")
            .user_id(format!("user-{}", n % 7))
            .resource_id(format!("customer/{n}"))
            .ip_address(format!("10.0.0.{}", n % 250))
            .correlation_id(format!("req-{}", n / 2))
            .tag("data.personal")
            .context(json!({"n": n, "word": word}));
        if n % 10 == 3 {
            AuditEvent::new(AuditAction::custom("nightly_backup"), "job")
        } else {
            event
        }
    });
    for answer in standard(&database).record_all(events.collect()).await {
        answer.expect("recorded");
    }
    database.close().await.expect("closes");
}

fn kinds(report: &TrailReport) -> BTreeSet<FindingKind> {
    report
        .findings
        .iter()
        .map(|finding| finding.kind)
        .filter(|kind| !kind.is_warning())
        .collect()
}

fn row(name: &str, report: &TrailReport) -> String {
    let kinds: Vec<String> = kinds(report).iter().map(ToString::to_string).collect();
    let seq = report
        .findings
        .iter()
        .filter(|f| !f.kind.is_warning())
        .find_map(|f| f.seq);
    let seq = seq.map_or("-".to_owned(), |seq| seq.to_string());
    format!("{name:<62} {seq:>4}  {}", kinds.join(" "))
}

async fn sys_19_sys_21_every_named_way_of_tampering_is_found_and_named(kind: Kind) {
    let scene = Scene::make(kind).await;
    let clean = scene.altered(|_| {}).await;
    assert!(
        clean.ok && clean.findings.is_empty(),
        "{:?}",
        clean.findings
    );
    let cases: Vec<Case> = named(kind).collect();
    assert!(cases.len() >= 50);
    let key = scene.stranger().await.verifier_key().to_string();
    let mut wrong = Vec::new();
    println!(
        "{:<62} {:>4}  found",
        "what was done to the database", "seq"
    );
    for case in cases {
        let place = scene.copy();
        match case.of(kind) {
            Deed::Sql(statements) => {
                let statements = expanded(statements, kind).replace("@key", &key);
                place.beneath(&match &scene.old {
                    Image::File(path) => statements.replace("@old", &path.display().to_string()),
                    Image::Template(_) => statements,
                });
            }
            Deed::Index(edit) => place.forge_index(edit),
        }
        let report = scene.verified(&place).await;
        let report = report.unwrap_or_else(|error| panic!("{}: {error}", case.name));
        println!("{}", row(case.name, &report));
        let found = kinds(&report);
        let is_named = case.expected.iter().all(|kind| found.contains(kind));
        // The guards were put back: what was done beneath them must be found by itself.
        if report.ok || !is_named || found.contains(&FindingKind::GuardsAltered) {
            wrong.push((case.name, case.expected, report.findings));
        }
    }
    for (name, image, expected) in [
        (
            "an old copy of the database put back",
            &scene.old,
            FindingKind::RolledBack,
        ),
        (
            "the database replaced by a fork of the same size",
            &scene.fork,
            FindingKind::Forked,
        ),
    ] {
        let place = image.copy(scene.site.folder.path());
        let report = scene.verified(&place).await.expect("opens");
        println!("{}", row(name, &report));
        assert!(
            !report.ok && kinds(&report).contains(&expected),
            "{name}: {:?}",
            report.findings
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
