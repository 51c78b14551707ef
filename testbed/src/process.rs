//! A server process that is watched through its log.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// A server that is not ready by then is stuck.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// A running server. Its keeper, a thread, is its parent for the kernel, so that it lives
/// neither longer than this process nor shorter than its owner.
#[derive(Debug)]
pub(crate) struct Process {
    pid: u32,
    keeper: JoinHandle<()>,
}

impl Process {
    /// Starts the program and returns when it has written a line with `ready` to its log, which
    /// goes to the file `log` besides.
    ///
    /// # Errors
    /// The program cannot be run, or ends before: with the end of its log.
    pub(crate) fn start(mut command: Command, ready: &'static str, log: &Path) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        // Of its own group: Ctrl-C at the terminal is for the tests, the server ends after them.
        command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let file = File::options().create(true).append(true).open(log)?;
        let (tell, told) = channel();
        let keeper = std::thread::spawn(move || keep(command, ready, file, &tell));
        let mut pid = 0;
        loop {
            match told.recv_timeout(READY_WITHIN) {
                Ok(News::Started(started)) => pid = started,
                Ok(News::Ready) => return Ok(Self { pid, keeper }),
                Ok(News::NotRun(error)) => return Err(error).context(name),
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("{name} ended at its start:\n{}", tail(log))
                }
                Err(RecvTimeoutError::Timeout) => {
                    signal("KILL", &[pid]);
                    bail!("{name} does not get ready:\n{}", tail(log))
                }
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits until the program and all that hold its log, its children, are gone.
    pub(crate) fn wait(self) {
        self.keeper.join().ok();
    }
}

enum News {
    Started(u32),
    Ready,
    NotRun(std::io::Error),
}

fn keep(mut command: Command, ready: &str, mut log: File, tell: &Sender<News>) {
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            tell.send(News::NotRun(error)).ok();
            return;
        }
    };
    // Nobody may be listening any more, and a full disk must not stop the server.
    tell.send(News::Started(child.id())).ok();
    let lines = child.stderr.take().map(BufReader::new);
    for line in lines.into_iter().flat_map(|lines| lines.split(b'\n')) {
        let Ok(mut line) = line else { break };
        line.push(b'\n');
        log.write_all(&line).ok();
        if String::from_utf8_lossy(&line).contains(ready) {
            tell.send(News::Ready).ok();
        }
    }
    child.wait().ok();
}

/// The whole log of a server.
pub(crate) fn read_log(log: &PathBuf) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn tail(log: &Path) -> String {
    let text = read_log(&log.to_owned());
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// Sends a signal to processes. One that is gone already is what the caller wanted.
pub(crate) fn signal(name: &str, pids: &[u32]) {
    signal_each(name, pids.iter().map(ToString::to_string));
}

/// Sends a signal to a process and to all of the group that it leads.
pub(crate) fn signal_group(name: &str, leader: u32) {
    signal_each(name, [format!("-{leader}")].into_iter());
}

fn signal_each(name: &str, pids: impl Iterator<Item = String>) {
    // The shell's own `kill`: small systems have no program of that name.
    Command::new("sh")
        .args([
            "-c",
            "signal=$1; shift; kill -s \"$signal\" -- \"$@\"",
            "sh",
            name,
        ])
        .args(pids)
        .stderr(Stdio::null())
        .status()
        .ok();
}

/// The processes whose parent is `parent`.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| parent_of(*pid) == Some(parent))
        .collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything, brackets and spaces included.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(1)?.parse().ok()
}

/// The most memory that a running process has had at once, in KiB.
pub fn memory_kib_max(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let high = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let high = high.and_then(|high| high.trim().strip_suffix(" kB"));
    high.expect("a figure").parse().expect("a number")
}
