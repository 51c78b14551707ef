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

/// What is heard of a process.
enum Told {
    Line(Line),
    /// The `nth` one prints no more.
    Ended(usize),
}

/// One process of the crowd.
struct Member {
    nth: usize,
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
    tell: Sender<Told>,
    told: Receiver<Told>,
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
        let nth = self.started;
        let command = self.site.steady(TRAILS, TASKS, nth);
        self.started += 1;
        let (child, lines) = Writing::start(command).split();
        let tell = self.tell.clone();
        let reading = std::thread::spawn(move || {
            let lines = lines.map(Told::Line);
            for told in lines.chain([Told::Ended(nth)]) {
                // Nobody listens where the test has failed.
                let _ = tell.send(told);
            }
        });
        Member {
            nth,
            child,
            reading,
        }
    }

    /// Kills the process that has been there for the longest time, and has another one join.
    fn replace_one(&mut self) {
        let mut killed = self.members.remove(0);
        killed.child.kill().expect("killed");
        self.gone.push(killed);
        let member = self.join();
        self.members.push(member);
    }

    fn take(&mut self, told: Told) {
        match told {
            Told::Line(Line::Receipt(receipt)) => self.acknowledged.push(receipt),
            Told::Line(Line::Refusal(refusal)) => panic!("{refusal}"),
            Told::Ended(nth) => {
                let stays = self.members.iter().any(|member| member.nth == nth);
                assert!(!stays, "writer {nth} ended by itself");
            }
        }
    }

    /// Listens until so many more were acknowledged. All are there meanwhile.
    fn listen(&mut self, receipts: usize) {
        let enough = self.acknowledged.len() + receipts;
        while self.acknowledged.len() < enough {
            let told = self.told.recv().expect("they write");
            self.take(told);
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
                Ok(told) => self.take(told),
                Err(_) => return,
            }
        }
    }

    /// Has everybody finish what they are at, and answers all that was acknowledged.
    fn disperse(mut self) -> Vec<Acknowledged> {
        let mut members = std::mem::take(&mut self.members);
        for member in &mut members {
            drop(member.child.stdin.take());
        }
        for mut member in members {
            assert!(member.child.wait().expect("ended").success());
            member.reading.join().expect("read");
        }
        for mut member in std::mem::take(&mut self.gone) {
            assert!(!member.child.wait().expect("ended").success());
            member.reading.join().expect("read");
        }
        while let Ok(told) = self.told.try_recv() {
            self.take(told);
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
