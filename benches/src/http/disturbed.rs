//! What others notice while somebody does harm: single events from a few connections, beside the
//! same without the harm.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use serde_json::json;
use tokio::runtime::Runtime;

use super::attack::Attack;
use super::{Measured, Served, bodies_of_singles, millis, open};
use crate::Arguments;
use crate::report::{Report, Rounds, median};

/// Connections of the others, each with one event after the other.
const OTHERS: usize = 16;

/// The slowest hundredth of the others' requests, for each kind of harm.
pub fn all(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    // The first run of a process is slower than the others.
    runtime.block_on(measure(arguments.events, None))?;
    let is_asked = |attack: &Attack| match arguments.name.as_deref() {
        Some("http_disturbed") | None => true,
        Some(asked) => asked == figure(*attack),
    };
    let mut rounds: Vec<_> = Attack::ALL
        .into_iter()
        .filter(is_asked)
        .map(|attack| (attack, Rounds::default(), Rounds::default()))
        .collect();
    for _ in 0..arguments.rounds {
        for (attack, tails, halves) in &mut rounds {
            let calm = runtime.block_on(measure(arguments.events, None))?;
            let harmed = runtime.block_on(measure(arguments.events, Some(*attack)))?;
            tails.ours.push(millis(harmed.at(99)));
            tails.baseline.push(millis(calm.at(99)));
            halves.ours.push(millis(harmed.at(50)));
            halves.baseline.push(millis(calm.at(50)));
        }
    }
    for (attack, tails, halves) in &rounds {
        let facts = json!({
            "connections": OTHERS, "events": arguments.events, "attackers": attack.clients(),
            "unit": "ms", "ours": median(&tails.ours), "baseline": median(&tails.baseline),
            "p50_ms": median(&halves.ours), "baseline_p50_ms": median(&halves.baseline),
            "p99_ms": median(&tails.ours),
        });
        report.add(&figure(*attack), tails, facts);
    }
    Ok(())
}

/// What the figure of an attack is called.
fn figure(attack: Attack) -> String {
    format!("http_disturbed_{}", attack.name())
}

async fn measure(events: usize, attack: Option<Attack>) -> anyhow::Result<Measured> {
    let folder = tempfile::tempdir()?;
    let database = open(folder.path()).await?;
    let served = Served::start(database.engine().clone()).await?;
    let attacker = match attack {
        Some(attack) => Some(Attacker::start(attack, &served)?),
        None => None,
    };
    let bodies = bodies_of_singles(events, OTHERS);
    let measured = served.load("application/json", 201, bodies).await;
    drop(attacker);
    served.end().await?;
    database.close().await?;
    measured
}

/// The process that does harm, until it is dropped.
struct Attacker(Child);

impl Attacker {
    /// Starts it, and waits until all of it is at work.
    fn start(attack: Attack, served: &Served) -> anyhow::Result<Self> {
        let name = clap::ValueEnum::to_possible_value(&attack).context("a name")?;
        let child = Command::new(std::env::current_exe()?)
            .args(["--attack", name.get_name()])
            .args(["--at", &served.address.to_string(), "--key", &served.key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut attacker = Self(child);
        let said = attacker.0.stdout.take().context("piped")?;
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line)?;
        if line != "ready\n" {
            bail!("the attacker is not ready: {line:?}");
        }
        Ok(attacker)
    }
}

impl Drop for Attacker {
    fn drop(&mut self) {
        // It may have ended by itself, which the measurement has noticed then.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
