//! A bank and the processes that drain its outbox, all killed at any moment.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use indelible::outbox::SQLITE_CREATE;
use indelible::{AuditProtocol, Query};
use rusqlite::Connection;

use crate::kill::is_long_form;
use crate::place::{Kind, Place};
use crate::site::{Site, expect_clean, standard};
use crate::writing::example_path;

const MOVEMENT: &str = "CREATE TABLE movement (key TEXT PRIMARY KEY, cents INTEGER NOT NULL)";

/// Tasks of the bank that move money at once.
const TELLERS: usize = 4;

/// Where the bank keeps its movements.
struct Bank {
    site: Site,
    /// Its own file, where it is not the database of the trail.
    file: Option<PathBuf>,
}

#[tokio::test]
async fn killed_beside_a_bank_with_a_file_of_its_own() {
    let site = Site::new(Kind::Sqlite);
    let file = site.folder.path().join("bank.db");
    let db = Connection::open(&file).expect("opens");
    db.execute_batch(SQLITE_CREATE).expect("made");
    // As many applications keep theirs.
    db.pragma_update(None, "journal_mode", "WAL").expect("set");
    drop(db);
    let bank = Bank {
        site,
        file: Some(file),
    };
    bank.survives_kills().await;
}

#[tokio::test]
async fn killed_beside_a_bank_in_the_trails_own_file() {
    let site = Site::new(Kind::Sqlite);
    Bank { site, file: None }.survives_kills().await;
}

#[tokio::test]
async fn killed_beside_a_bank_on_a_server() {
    let site = Site::new(Kind::Postgres);
    Bank { site, file: None }.survives_kills().await;
}

/// Rounds of killing: a few in every test run, many in the long form.
fn rounds() -> usize {
    if is_long_form() { 200 } else { 10 }
}

impl Bank {
    async fn survives_kills(&self) {
        let database = self.site.open().await;
        database.close().await.expect("closes");
        self.execute(MOVEMENT);
        let mut acknowledged = Vec::new();
        for round in 0..rounds() {
            let (mut bank, mut printed) = self.start_bank(round);
            let mut drains = [self.start_drain(), self.start_drain()];
            let wanted = 20 + 13 * (round % 8);
            let mut lines = 0;
            let mut line = String::new();
            while printed.read_line(&mut line).expect("readable") > 0 {
                lines += 1;
                if lines == wanted / 2 {
                    // One falls in the middle of the work and another one takes its place.
                    kill(&mut drains[0]);
                    drains[0] = self.start_drain();
                }
                if lines == wanted {
                    drains.iter_mut().for_each(kill);
                    kill(&mut bank);
                }
                acknowledged.extend(line.strip_suffix(".\n").map(str::to_owned));
                line.clear();
            }
            assert!(lines >= wanted, "the bank was killed at work");
        }
        let last = self.drain("once").status().expect("starts");
        assert!(last.success());
        self.expect_once_and_in_order(&acknowledged).await;
    }

    fn start_bank(&self, round: usize) -> (Child, BufReader<ChildStdout>) {
        let mut command = Command::new(example_path("outbox_bank"));
        let url = match (&self.file, &self.site.place) {
            (Some(file), _) => format!("sqlite:{}", file.display()),
            (None, Place::Server(server)) => server.superuser_url(),
            (None, Place::File(file)) => format!("sqlite:{}", file.display()),
        };
        let numbers = [round, TELLERS, round * 7919].map(|n| n.to_string());
        command.args(["bank", &url]).args(numbers);
        let mut bank = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let printed = BufReader::new(bank.stdout.take().expect("piped"));
        (bank, printed)
    }

    fn drain(&self, how: &str) -> Command {
        let mut command = Command::new(example_path("outbox_bank"));
        let from = match &self.file {
            Some(file) => format!("sqlite:{}", file.display()),
            None => "own".to_owned(),
        };
        command
            .args(["drain", &self.site.place.url_text()])
            .arg(self.site.state())
            .args([&from, how])
            .stdin(Stdio::null());
        command
    }

    /// A drain that is at work.
    fn start_drain(&self) -> Child {
        let mut command = self.drain("steadily");
        let mut drain = command.stdout(Stdio::piped()).spawn().expect("starts");
        let mut said = String::new();
        let mut printed = BufReader::new(drain.stdout.take().expect("piped"));
        printed.read_line(&mut said).expect("readable");
        assert_eq!(said, "draining.\n");
        drain
    }

    async fn expect_once_and_in_order(&self, acknowledged: &[String]) {
        let database = self.site.open().await;
        expect_clean(&database).await;
        let keys = self.keys();
        let mut entries: BTreeMap<String, u64> = BTreeMap::new();
        let mut query = Query::new().action("money_moved");
        loop {
            let page = standard(&database).query(query.limit(1000)).await;
            let page = page.expect("a page");
            for entry in page.entries {
                assert!(!format!("{entry:?}").contains("hunter2"));
                let key = entry.resource_id.expect("a resource");
                let twice = entries.insert(key.clone(), entry.seq);
                assert_eq!(twice, None, "{key} has two entries");
            }
            match page.next_cursor {
                Some(cursor) => query = Query::new().action("money_moved").cursor(cursor),
                None => break,
            }
        }
        // Both sorted by bytes.
        assert_eq!(
            entries.keys().collect::<Vec<_>>(),
            keys.iter().collect::<Vec<_>>()
        );
        let mut last: Option<(&str, u64)> = None;
        for (key, seq) in &entries {
            // At most ten movements: the order of the keys is that within a transaction.
            let (transaction, _) = key.rsplit_once('/').expect("a place");
            if let Some((before, lower)) = last.filter(|(before, _)| *before == transaction) {
                assert!(lower < *seq, "{before} is out of order");
            }
            last = Some((transaction, *seq));
        }
        for transaction in acknowledged {
            let first = format!("{transaction}/0");
            assert!(entries.contains_key(&first), "{first} was committed");
        }
        let outbox = match &self.file {
            Some(file) => {
                let url = format!("sqlite:{}", file.display()).parse().expect("a URL");
                indelible::outbox::open(&url).expect("opens")
            }
            None => database.outbox().expect("it has one"),
        };
        let standing = outbox.standing().await.expect("it counts");
        assert_eq!((standing.waiting, standing.refused), (0, 0));
        println!(
            "{} rounds, {} transactions acknowledged, {} movements, each with its entry",
            rounds(),
            acknowledged.len(),
            keys.len()
        );
        database.close().await.expect("closes");
    }

    fn execute(&self, sql: &str) {
        match (&self.file, &self.site.place) {
            (Some(file), _) | (None, Place::File(file)) => {
                let db = Connection::open(file).expect("opens");
                db.execute_batch(sql).expect("done");
            }
            (None, Place::Server(server)) => server.execute(sql),
        }
    }

    /// The keys of all movements, by their bytes.
    fn keys(&self) -> Vec<String> {
        let sql = "SELECT key FROM movement";
        let mut keys: Vec<String> = match (&self.file, &self.site.place) {
            (Some(file), _) | (None, Place::File(file)) => {
                let db = Connection::open(file).expect("opens");
                let mut statement = db.prepare(sql).expect("good");
                let rows = statement.query_map([], |row| row.get(0)).expect("read");
                rows.collect::<Result<_, _>>().expect("read")
            }
            (None, Place::Server(server)) => {
                let rows = server.query_text(sql).into_iter().flatten();
                rows.flatten().collect()
            }
        };
        keys.sort_unstable();
        keys
    }
}

fn kill(child: &mut Child) {
    child.kill().expect("killed");
    assert!(!child.wait().expect("ended").success(), "it was at work");
}
