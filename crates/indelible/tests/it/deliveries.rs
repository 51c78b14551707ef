//! A server that is down, slow, black-holed and back, in all three deliveries at once: what each
//! call was told, as a table, and what is in the trail in the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use indelible::core::Delivery;
use indelible::spool::Options;
use indelible::{
    Audit, AuditAction, AuditEvent, AuditProtocol, Database, Delivering, DeliveryMode, Entry, Query,
};
use testbed::{Cluster, Profile, Proxy};

use crate::site::{Site, expect_clean};

/// What the server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Up,
    /// Killed: every connection ends at once.
    Down,
    /// Another transaction holds the head: what is asked is done in the end, long after anybody
    /// waits for it.
    Slow,
    /// Connections are taken, and nothing comes back.
    BlackHoled,
    Back,
}

/// Events in each phase.
const EACH: usize = 3;

/// How long the trail may take. A server that is up answers long before.
const PATIENCE: Duration = Duration::from_secs(2);

const MODES: [DeliveryMode; 3] = [
    DeliveryMode::Required,
    DeliveryMode::Spooled,
    DeliveryMode::BestEffort,
];

/// What calls of one mode in one phase were told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Told {
    recorded: usize,
    spooled: usize,
    dropped: usize,
    failed: usize,
}

/// One delivery to a trail of its own.
struct Lane {
    mode: DeliveryMode,
    trail: Audit,
    audit: Delivering,
    told: BTreeMap<Phase, Told>,
    /// Events whose receipt was given.
    promised: Vec<String>,
    next: usize,
}

impl Lane {
    fn open(database: &Database, site: &Site, mode: DeliveryMode) -> Self {
        let name = mode.as_str().replace('_', "-");
        let trail = database.trail(name.parse().expect("a name"));
        let mut options = Options::default();
        options.mode = mode;
        options.folder = Some(site.folder.path().join(name));
        (options.patience, options.deadline) = (PATIENCE, PATIENCE);
        let inner = Arc::new(trail.clone());
        let audit = Delivering::open(inner, trail.name().clone(), options).expect("opens");
        Self {
            mode,
            trail,
            audit,
            told: BTreeMap::new(),
            promised: Vec::new(),
            next: 0,
        }
    }

    async fn record(&mut self, phase: Phase) {
        let mut told = Told::default();
        for _ in 0..EACH {
            let id = self.next.to_string();
            self.next += 1;
            let event = AuditEvent::new(AuditAction::DATA_VIEWED, "statement").resource_id(&id);
            match self.audit.record(event).await {
                Ok(receipt) => {
                    match receipt.delivery {
                        Delivery::Recorded | Delivery::Duplicate => told.recorded += 1,
                        Delivery::Spooled => told.spooled += 1,
                        Delivery::Dropped => told.dropped += 1,
                    }
                    if receipt.delivery != Delivery::Dropped {
                        self.promised.push(id);
                    }
                }
                Err(error) => {
                    assert!(error.is_passing(), "{error}");
                    told.failed += 1;
                }
            }
        }
        self.told.insert(phase, told);
    }

    /// Waits until the trail takes events again, and has all that waited.
    async fn come_back(&self) {
        let probe = || AuditEvent::new(AuditAction::custom("probe"), "probe");
        while let Err(error) = self.trail.record(probe()).await {
            assert!(error.is_passing(), "{error}");
        }
        while let Err(error) = self.audit.flush().await {
            assert!(error.is_passing(), "{error}");
        }
    }

    async fn check(&self) {
        for (phase, told) in &self.told {
            let is_fine = matches!(phase, Phase::Up | Phase::Back);
            let expected = match self.mode {
                _ if is_fine => [EACH, 0, 0, 0],
                DeliveryMode::Required => [0, 0, 0, EACH],
                DeliveryMode::Spooled => [0, EACH, 0, 0],
                DeliveryMode::BestEffort => [0, 0, EACH, 0],
            };
            let counts = [told.recorded, told.spooled, told.dropped, told.failed];
            assert_eq!(counts, expected, "{} {phase:?}", self.mode);
        }
        let page = self.trail.query(Query::new().limit(1000)).await;
        let mut entries = page.expect("a page").entries;
        entries.reverse();
        let of = |action: &'static str| entries.iter().filter(move |e| e.action == action);
        let there: Vec<&str> = of("data_viewed").filter_map(resource).collect();
        for id in &self.promised {
            let times = there.iter().filter(|it| *it == id).count();
            assert_eq!(times, 1, "{}: {id} in {there:?}", self.mode);
        }
        // What was promised stands in the order of the calls, whatever it went through.
        let in_order = there
            .iter()
            .filter(|id| self.promised.iter().any(|own| own == *id));
        assert!(
            in_order.eq(self.promised.iter()),
            "{}: {there:?}",
            self.mode
        );
        // What was given up may have got through; nothing did twice, and the loss is on record.
        let mut once = there.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), there.len(), "{}: {there:?}", self.mode);
        let lost = of("audit_write_failed")
            .filter_map(|entry| entry.context.as_ref()?.get("lost_count")?.as_u64());
        let dropped: usize = self.told.values().map(|told| told.dropped).sum();
        assert_eq!(lost.sum::<u64>(), dropped as u64, "{}", self.mode);
    }
}

fn resource(entry: &Entry) -> Option<&str> {
    entry.resource_id.as_deref()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_fails_in_every_way_keeps_what_each_delivery_promised() {
    let cluster = Cluster::start(Profile::default());
    let site = Site::on(&cluster);
    let proxy = Proxy::start(&cluster);
    let url = proxy.url(site.place.server().name(), "site_writer");
    let url = url.parse().expect("a good URL");
    let database = Database::open(&url, site.settings()).await.expect("opens");
    let mut lanes = MODES.map(|mode| Lane::open(&database, &site, mode));

    record(&mut lanes, Phase::Up).await;

    cluster.kill();
    record(&mut lanes, Phase::Down).await;
    cluster.restart();
    come_back(&lanes).await;

    let superuser = site.place.server().superuser_url();
    let (holder, connection) = tokio_postgres::connect(&superuser, tokio_postgres::NoTls)
        .await
        .expect("connects");
    tokio::spawn(connection);
    let lock = "BEGIN; LOCK TABLE indelible.head IN ACCESS EXCLUSIVE MODE";
    holder.batch_execute(lock).await.expect("held");
    record(&mut lanes, Phase::Slow).await;
    holder.batch_execute("ROLLBACK").await.expect("released");
    come_back(&lanes).await;

    proxy.black_hole();
    record(&mut lanes, Phase::BlackHoled).await;
    proxy.restore();
    come_back(&lanes).await;

    record(&mut lanes, Phase::Back).await;
    print(&lanes);
    come_back(&lanes).await;
    for lane in &lanes {
        lane.check().await;
        lane.audit.close();
    }
    expect_clean(&database).await;
    database.close().await.expect("closed");
}

/// Every lane records at once.
async fn record([required, spooled, best_effort]: &mut [Lane; 3], phase: Phase) {
    tokio::join!(
        required.record(phase),
        spooled.record(phase),
        best_effort.record(phase)
    );
}

async fn come_back(lanes: &[Lane; 3]) {
    for lane in lanes {
        lane.come_back().await;
    }
}

fn print(lanes: &[Lane; 3]) {
    println!("{:<12} {:<12} recorded spooled dropped failed", "", "");
    for lane in lanes {
        for (phase, told) in &lane.told {
            let (mode, phase) = (lane.mode.as_str(), format!("{phase:?}"));
            let Told {
                recorded,
                spooled,
                dropped,
                failed,
            } = told;
            println!("{mode:<12} {phase:<12} {recorded:>8} {spooled:>7} {dropped:>7} {failed:>6}");
        }
        let delivered = lane.audit.vitals().delivered;
        println!("{:<12} delivered later: {delivered}", lane.mode.as_str());
    }
}
