//! A command inside of a cluster.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

use anyhow::{Context, Result};
use testbed::{Cluster, Profile};
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Runs the command with a cluster, and returns its exit code; 128 and the signal's number when
/// one ended it. Signals are passed on, and the cluster is removed when the command has ended.
///
/// # Errors
/// No cluster can be started, or the command cannot be run.
pub fn run(command: &[OsString]) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let status = runtime.block_on(async {
        // Before anything that has to be cleared away.
        let mut signals = Signals::catch()?;
        let cluster = Cluster::try_start(Profile::default())?;
        let (program, arguments) = command.split_first().context("no command")?;
        let mut child = Command::new(program)
            .args(arguments)
            .envs(cluster.environment())
            .spawn()
            .with_context(|| program.display().to_string())?;
        wait(&mut child, &mut signals).await
    })?;
    testbed::sweep()?;
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    let code = code.and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

async fn wait(child: &mut Child, signals: &mut Signals) -> Result<ExitStatus> {
    loop {
        tokio::select! {
            status = child.wait() => return Ok(status?),
            name = signals.next() => {
                // A terminal has sent Ctrl-C to the command itself: twice would mean "at once".
                let sent = name == "INT" && in_foreground();
                if let (false, Some(pid)) = (sent, child.id()) {
                    testbed::signal(name, pid);
                }
            }
        }
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    fn catch() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "INT",
            _ = self.terminate.recv() => "TERM",
            _ = self.hang_up.recv() => "HUP",
        }
    }
}

/// Whether the terminal's signals go to this process: its group is the one in the foreground.
fn in_foreground() -> bool {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let fields: Vec<&str> = fields.split_whitespace().collect();
    matches!(fields.as_slice(), [_, _, group, _, _, foreground, ..] if group == foreground)
}
