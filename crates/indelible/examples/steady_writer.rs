//! Records from many tasks and prints each receipt when it is given, one per line, until it has
//! recorded `COUNT` events a task or is ended.
//!
//! ```text
//! steady_writer DATABASE STATE_DIR TASKS COUNT
//! ```
//!
//! A line is `<seq> <id> <leaf hash>`, or `- <what>` for an event that was refused. The fault tests
//! kill, starve and restart this program.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use indelible::{
    AuditAction, AuditEvent, AuditProtocol, Database, DatabaseUrl, Settings, TrailName,
};
use serde_json::json;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [database, state, tasks, count] = arguments.as_slice() else {
        eprintln!("steady_writer DATABASE STATE_DIR TASKS COUNT");
        return ExitCode::from(2);
    };
    let (Ok(tasks), Ok(count)) = (tasks.parse(), count.parse()) else {
        eprintln!("TASKS and COUNT are numbers");
        return ExitCode::from(2);
    };
    match write(database.into(), state.into(), tasks, count).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("steady_writer: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn write(
    database: PathBuf,
    state: PathBuf,
    tasks: usize,
    count: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut settings = Settings::default();
    settings.state_dir = Some(state);
    let database = Database::open(&DatabaseUrl::Sqlite(database), settings).await?;
    let audit = database.trail(TrailName::standard());
    let writers: Vec<_> = (0..tasks)
        .map(|task| {
            let audit = audit.clone();
            tokio::spawn(async move {
                for n in 0..count {
                    let event = AuditEvent::new(AuditAction::DATA_VIEWED, "customer_record")
                        .user_id(format!("user-{task}"))
                        .resource_id(format!("customer/{n}"))
                        .context(json!({"task": task, "n": n, "filler": "x".repeat(300)}));
                    print(audit.record(event).await);
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await?;
    }
    database.close().await?;
    Ok(())
}

/// One write for one line, so that a killed process leaves whole lines.
fn print(answer: Result<indelible::Receipt, indelible::AuditError>) {
    let line = match answer {
        Ok(receipt) => {
            let leaf = receipt
                .leaf_hash
                .map(|hash| hash.to_string())
                .unwrap_or_default();
            format!(
                "{} {} {leaf}\n",
                receipt.seq.unwrap_or_default(),
                receipt.id
            )
        }
        Err(error) => format!("- {error}\n"),
    };
    // Nobody reads on: the process that started this one has ended.
    if std::io::stdout().lock().write_all(line.as_bytes()).is_err() {
        std::process::exit(1);
    }
}
