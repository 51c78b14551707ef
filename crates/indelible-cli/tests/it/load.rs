//! T60 over HTTP: a server that is stopped or killed under load loses nothing that it answered.

pub mod client;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;

use serde_json::Value;

use crate::desk::{Desk, on_each_store};
use crate::serving::Server;
use client::{Answer, Client, Form, Heard, Request};

on_each_store! {
    t60_a_server_that_is_killed_under_load_loses_nothing_that_it_answered,
    t60_a_server_that_is_stopped_under_load_answers_all_that_it_records,
}

/// Connections that record at once.
const CONNECTIONS: u64 = 16;
/// Events of one array or stream of lines.
const TOGETHER_MAX: u64 = 80;
/// Receipts of one round before the signal, and a little more in each of seven rounds.
const BEFORE_SIGNAL: usize = 250;

/// Rounds of kills or stops: a few in every test run, many in the long form.
fn rounds() -> usize {
    if is_long_form() { 50 } else { 4 }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the long form is asked for by the environment"
)]
fn is_long_form() -> bool {
    std::env::var_os("INDELIBLE_SOAK").is_some()
}

/// Numbers of a known seed, splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// Where an entry stands, as a receipt says and as the trail does.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Standing {
    seq: u64,
    id: String,
    leaf_hash: String,
}

impl Standing {
    fn of(said: &Value) -> Self {
        let text = |name: &str| said[name].as_str().expect("a text").to_owned();
        Self {
            seq: said["seq"].as_u64().expect("a number"),
            id: text("id"),
            leaf_hash: text("leaf_hash"),
        }
    }
}

/// A trail, what was told of it, and what is still to be told.
struct Load {
    desk: Desk,
    key: Option<String>,
    next: Arc<AtomicU64>,
    /// What was told of each event, by its number.
    told: BTreeMap<u64, Standing>,
    /// Requests whose answer did not come whole.
    unanswered: Vec<(Request, Heard)>,
}

impl Load {
    fn new(desk: Desk) -> Self {
        Self {
            desk,
            key: None,
            next: Arc::default(),
            told: BTreeMap::new(),
            unanswered: Vec::new(),
        }
    }

    fn start(&mut self) -> Server {
        let server = Server::start(&self.desk, &["--log", "error"]);
        self.key = self.key.take().or_else(|| server.key.clone());
        server
    }

    fn key(&self) -> String {
        self.key.clone().expect("the first start prints it")
    }

    /// What a receipt says must be what was said before.
    fn hear(&mut self, answer: &Answer) {
        for (number, receipt) in &answer.receipts {
            let standing = Standing::of(receipt);
            let before = self.told.insert(*number, standing.clone());
            assert!(before.is_none_or(|before| before == standing), "{receipt}");
        }
    }

    /// Sends what was not answered again, until it is, and answers how each event was delivered.
    fn retry(&mut self, server: &Server) -> HashMap<u64, String> {
        let mut client = Client::connect(&server.address, &self.key()).expect("it listens");
        let mut deliveries = HashMap::new();
        for (request, _) in std::mem::take(&mut self.unanswered) {
            let answer = client.send(&request);
            let count = (request.numbers.end - request.numbers.start) as usize;
            assert_eq!((answer.heard, answer.receipts.len()), (Heard::Whole, count));
            for (number, receipt) in &answer.receipts {
                let delivery = receipt["delivery"].as_str().expect("a text").to_owned();
                deliveries.insert(*number, delivery);
            }
            self.hear(&answer);
        }
        deliveries
    }

    /// Records from many connections and sends the signal amid that; answers the exit status.
    fn interrupt(&mut self, server: Server, round: usize, signal: &str) -> Option<i32> {
        let (tell, told) = channel();
        let threads: Vec<_> = (0..CONNECTIONS)
            .map(|nth| {
                let seed = (round as u64) << 32 | nth;
                let client = Client::connect(&server.address, &self.key()).expect("it listens");
                let (next, tell) = (self.next.clone(), tell.clone());
                std::thread::spawn(move || record(client, Dice(seed), &next, &tell))
            })
            .collect();
        drop(tell);
        let enough = BEFORE_SIGNAL + 37 * (round % 7);
        let mut heard = 0;
        let mut server = Some(server);
        let mut status = None;
        // Ends with the last connection: nobody speaks any more.
        while let Ok((request, answer)) = told.recv() {
            heard += answer.receipts.len();
            self.hear(&answer);
            let answered = answer.receipts.len() as u64;
            let Range { start, end } = request.numbers;
            if answered != end - start {
                // A stream that a stop ends says from which line on nothing was recorded.
                let is_ended = request.form == Form::Lines && answer.heard == Heard::Whole;
                let rest = if is_ended { start + answered } else { start };
                let request = Request::new(request.form, rest..end);
                self.unanswered.push((request, answer.heard));
            }
            if heard >= enough
                && let Some(server) = server.take()
            {
                let (code, _, err) = server.stop(signal);
                assert_eq!(err, "");
                status = code;
            }
        }
        for thread in threads {
            thread.join().expect("one answer to each request");
        }
        assert!(server.is_none(), "it was interrupted");
        status
    }

    /// Everything that was told is there as it was told, and nothing stands twice.
    fn expect_all(&self) -> HashMap<String, Standing> {
        self.desk.run(&["verify"]).fine();
        let exported = self.desk.run(&["export", "--trail", "shop"]).fine().lines();
        let mut standing = HashMap::new();
        for entry in &exported {
            // What looks at the trail leave in it is not of the load.
            if let Some(user) = entry["user_id"].as_str().filter(|u| u.starts_with("u-")) {
                let before = standing.insert(user.to_owned(), Standing::of(entry));
                assert!(before.is_none(), "{entry}");
            }
        }
        for (number, told) in &self.told {
            assert_eq!(standing.get(&client::user(*number)), Some(told));
        }
        let seqs: HashSet<_> = self.told.values().map(|told| told.seq).collect();
        assert_eq!(seqs.len(), self.told.len(), "no seq is given twice");
        standing
    }

    /// After the last retry: every event that was ever sent is there once.
    fn expect_complete(&self) {
        assert!(self.unanswered.is_empty());
        let all = self.next.load(Ordering::SeqCst);
        assert_eq!(self.told.len() as u64, all);
        assert_eq!(self.expect_all().len() as u64, all);
    }
}

/// Records on one connection until that ends, or an answer says that it should.
fn record(
    mut client: Client,
    mut dice: Dice,
    next: &AtomicU64,
    tell: &std::sync::mpsc::Sender<(Request, Answer)>,
) {
    loop {
        let (form, count) = match dice.below(3) {
            0 => (Form::Single, 1),
            1 => (Form::Array, 1 + dice.below(TOGETHER_MAX)),
            _ => (Form::Lines, 1 + dice.below(TOGETHER_MAX)),
        };
        let first = next.fetch_add(count, Ordering::SeqCst);
        let request = Request::new(form, first..first + count);
        let answer = client.send(&request);
        let is_over = answer.heard != Heard::Whole || answer.status >= 500;
        // Nobody listens where the test has failed.
        if tell.send((request, answer)).is_err() || is_over {
            return;
        }
    }
}

fn t60_a_server_that_is_killed_under_load_loses_nothing_that_it_answered(desk: fn() -> Desk) {
    let mut load = Load::new(desk());
    for round in 0..rounds() {
        let server = load.start();
        load.retry(&server);
        assert_eq!(load.interrupt(server, round, "KILL"), None);
        let standing = load.expect_all();
        // What was not answered is there up to some event of each request, and not beyond it.
        for (request, _) in &load.unanswered {
            let is_there = |number: &u64| standing.contains_key(&client::user(*number));
            let rest = request.numbers.clone().skip_while(is_there);
            assert_eq!(rest.filter(is_there).count(), 0, "{request:?}");
        }
    }
    let server = load.start();
    load.retry(&server);
    assert_eq!(server.stop("TERM").0, Some(0));
    load.expect_complete();
}

fn t60_a_server_that_is_stopped_under_load_answers_all_that_it_records(desk: fn() -> Desk) {
    let mut load = Load::new(desk());
    for round in 0..rounds() {
        let server = load.start();
        // Nothing of what was never answered had been recorded.
        let deliveries = load.retry(&server);
        let again = deliveries.values().filter(|said| *said != "recorded");
        assert_eq!(again.count(), 0, "{deliveries:?}");
        assert_eq!(load.interrupt(server, round, "TERM"), Some(0));
        for (request, heard) in &load.unanswered {
            let is_ended = request.form == Form::Lines && *heard == Heard::Whole;
            assert!(
                is_ended || *heard == Heard::Nothing,
                "{request:?}: {heard:?}"
            );
        }
        load.expect_all();
    }
    let server = load.start();
    load.retry(&server);
    assert_eq!(server.stop("TERM").0, Some(0));
    load.expect_complete();
}
