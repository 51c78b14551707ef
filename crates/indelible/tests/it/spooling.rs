//! A process that is killed while it records through its spool into a trail that fails at random:
//! what was acknowledged, recorded or spooled, is in the trail once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use indelible::core::state::StateDir;
use indelible::spool::inspect;
use indelible::{AuditProtocol, Query, TrailName};

use crate::kill::is_long_form;
use crate::place::{Kind, on_both};
use crate::site::{Site, expect_clean, standard};
use crate::writing::example_path;

on_both! {
    a_killed_spooler_keeps_every_promise_once,
}

/// Rounds of killing: a few in every test run, many in the long form.
fn rounds() -> u64 {
    if is_long_form() { 200 } else { 10 }
}

fn spooler(site: &Site, writer: u64, tasks: usize) -> Command {
    let mut command = Command::new(example_path("spooling_writer"));
    command
        .arg(site.url().to_string())
        .arg(site.state())
        .args([
            writer.to_string(),
            tasks.to_string(),
            (writer * 7919).to_string(),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

async fn a_killed_spooler_keeps_every_promise_once(kind: Kind) {
    let site = Site::new(kind);
    // Resource by id of all that was acknowledged.
    let mut promised: BTreeMap<String, String> = BTreeMap::new();
    let mut deliveries: BTreeMap<String, usize> = BTreeMap::new();
    for round in 0..rounds() {
        let mut child = spooler(&site, round, 8).spawn().expect("starts");
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        let (wanted, mut read) = (40 + 37 * (round % 8), 0);
        // What it printed between the last line wanted and its end was acknowledged too.
        while output.read_line(&mut line).expect("readable") > 0 {
            read += 1;
            if read == wanted {
                child.kill().expect("killed");
            }
            if let Some(whole) = line.strip_suffix(".\n") {
                let words: Vec<_> = whole.split(' ').collect();
                let [
                    delivery @ ("recorded" | "duplicate" | "spooled"),
                    id,
                    resource,
                ] = words[..]
                else {
                    panic!("{whole}")
                };
                promised.insert(id.to_owned(), resource.to_owned());
                *deliveries.entry(delivery.to_owned()).or_default() += 1;
            }
            line.clear();
        }
        assert!(
            !child.wait().expect("ended").success(),
            "it was killed at work"
        );
    }
    let last = spooler(&site, rounds(), 0).status().expect("starts");
    assert!(last.success());
    println!("{kind:?}: {} rounds, acknowledged {deliveries:?}", rounds());
    assert!(deliveries["spooled"] > 0 && deliveries["recorded"] > 0);

    let database = site.open().await;
    expect_clean(&database).await;
    let (mut there, mut resources, mut query) = (BTreeMap::new(), BTreeSet::new(), Query::new());
    loop {
        let page = standard(&database).query(query.clone().limit(1000)).await;
        let page = page.expect("a page");
        for entry in page.entries {
            let resource = entry.resource_id.expect("a resource");
            assert!(
                resources.insert(resource.clone()),
                "{resource} is there twice"
            );
            there.insert(entry.id.to_string(), resource);
        }
        match page.next_cursor {
            Some(cursor) => query = Query::new().cursor(cursor),
            None => break,
        }
    }
    for (id, resource) in &promised {
        assert_eq!(there.get(id), Some(resource), "{id} was acknowledged");
    }
    let folder = StateDir::at(site.state())
        .path()
        .join("spool")
        .join("default");
    let left = inspect(&folder, &TrailName::standard())
        .expect("readable")
        .expect("there");
    assert_eq!((left.events, left.dead, left.damaged), (0, 0, 0));
}
