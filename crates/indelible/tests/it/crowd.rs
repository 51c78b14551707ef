//! Eight processes on four trails of one PostgreSQL database, while processes or the server
//! itself are killed.

use std::collections::{HashMap, HashSet};
use std::process::Child;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use indelible::merkle::Hash;
use testbed::{Cluster, Profile};

use crate::kill::is_long_form;
use crate::place::Kind;
use crate::site::Site;
use crate::writing::{Acknowledged, Line, Writing, expect_all};

const PROCESSES: usize = 8;
const TASKS: usize = 8;
const TRAILS: &str = "orders,payments,default,sign-ins";

/// Receipts between two kills, in the short form.
const BETWEEN_KILLS: usize = 150;

/// One process of the crowd.
struct Member {
    child: Child,
    /// Ends with the process's own output.
    reading: JoinHandle<()>,
}

/// Processes that write to one database, and what they were told.
struct Crowd<'a> {
    site: &'a Site,
    members: Vec<Member>,
    /// Killed ones, whose last lines may still be read.
    gone: Vec<Member>,
    started: usize,
    tell: Sender<Line>,
    told: Receiver<Line>,
    acknowledged: Vec<Acknowledged>,
}

impl<'a> Crowd<'a> {
    fn gather(site: &'a Site) -> Self {
        let (tell, told) = channel();
        let mut crowd = Self {
            site,
            members: Vec::new(),
            gone: Vec::new(),
            started: 0,
            tell,
            told,
            acknowledged: Vec::new(),
        };
        for _ in 0..PROCESSES {
            let member = crowd.join();
            crowd.members.push(member);
        }
        crowd
    }

    fn join(&mut self) -> Member {
        let command = self.site.steady(TRAILS, TASKS, self.started);
        self.started += 1;
        let (child, lines) = Writing::start(command).split();
        let tell = self.tell.clone();
        let reading = std::thread::spawn(move || {
            for line in lines {
                tell.send(line).expect("somebody listens");
            }
        });
        Member { child, reading }
    }

    /// Kills the process that has been there for the longest time, and has another one join.
    fn replace_one(&mut self) {
        let mut killed = self.members.remove(0);
        killed.child.kill().expect("killed");
        self.gone.push(killed);
        let member = self.join();
        self.members.push(member);
    }

    fn take(&mut self, line: Line) {
        match line {
            Line::Receipt(receipt) => self.acknowledged.push(receipt),
            Line::Refusal(refusal) => panic!("{refusal}"),
        }
    }

    /// Listens until so many more were acknowledged.
    fn listen(&mut self, receipts: usize) {
        for _ in 0..receipts {
            let line = self.told.recv().expect("they write");
            self.take(line);
        }
    }

    /// Listens for a second.
    #[expect(
        clippy::disallowed_methods,
        reason = "the long form kills one process a second"
    )]
    fn listen_a_second(&mut self) {
        let start = std::time::Instant::now();
        let second = std::time::Duration::from_secs(1);
        while let Some(rest) = second.checked_sub(start.elapsed()) {
            match self.told.recv_timeout(rest) {
                Ok(line) => self.take(line),
                Err(_) => return,
            }
        }
    }

    /// Has everybody finish what they are at, and answers all that was acknowledged.
    fn disperse(mut self) -> Vec<Acknowledged> {
        for member in &mut self.members {
            drop(member.child.stdin.take());
        }
        for mut member in std::mem::take(&mut self.members) {
            assert!(member.child.wait().expect("ended").success());
            member.reading.join().expect("read");
        }
        for mut member in std::mem::take(&mut self.gone) {
            assert!(!member.child.wait().expect("ended").success());
            member.reading.join().expect("read");
        }
        while let Ok(line) = self.told.try_recv() {
            self.take(line);
        }
        self.acknowledged
    }
}

/// Nothing is lost, nothing stands twice, and every trail was written.
async fn expect_whole(site: &Site, acknowledged: &[Acknowledged]) {
    let mut places = HashMap::new();
    for receipt in acknowledged {
        let place = (receipt.trail.as_str(), receipt.seq);
        let before = places.insert(place, &receipt.id);
        assert!(before.is_none(), "{receipt:?} {before:?}");
        assert!(receipt.leaf.parse::<Hash>().is_ok(), "{receipt:?}");
    }
    let trails: HashSet<_> = acknowledged.iter().map(|r| r.trail.as_str()).collect();
    assert_eq!(trails, TRAILS.split(',').collect());
    let ids: HashSet<_> = acknowledged.iter().map(|r| (&r.trail, &r.id)).collect();
    assert_eq!(ids.len(), acknowledged.len(), "one receipt for each event");
    expect_all(site, acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_keep_every_order_while_one_after_the_other_is_killed() {
    let site = Site::new(Kind::Postgres);
    let mut crowd = Crowd::gather(&site);
    if is_long_form() {
        for _ in 0..60 {
            crowd.listen_a_second();
            crowd.replace_one();
        }
    } else {
        for _ in 0..5 {
            crowd.listen(BETWEEN_KILLS);
            crowd.replace_one();
        }
    }
    crowd.listen(BETWEEN_KILLS);
    expect_whole(&site, &crowd.disperse()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_keep_every_order_while_the_server_is_killed() {
    let cluster = Cluster::start(Profile {
        on_disk: true,
        ..Profile::default()
    });
    let site = Site::on(&cluster);
    let mut crowd = Crowd::gather(&site);
    for _ in 0..if is_long_form() { 10 } else { 2 } {
        crowd.listen(BETWEEN_KILLS);
        cluster.kill();
        cluster.restart();
        crowd.listen(BETWEEN_KILLS);
        if is_long_form() {
            crowd.listen_a_second();
        }
    }
    expect_whole(&site, &crowd.disperse()).await;
}
