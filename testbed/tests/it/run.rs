use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use testbed::Cluster;

fn testbed(script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_testbed"));
    // Of a group of its own: Ctrl-C of a terminal does not reach it.
    command
        .args(["run", "--", "sh", "-c", script])
        .process_group(0);
    command
}

/// A run whose command waits for the end of its input, and the folder of its cluster.
fn waiting() -> (Child, BufReader<ChildStdout>, String) {
    let mut child = testbed("echo $INDELIBLE_TEST_POSTGRES_FOLDER; exec cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut folder = String::new();
    output.read_line(&mut folder).expect("a line");
    let folder = folder.trim().to_owned();
    assert!(
        Path::new(&folder).join("data/postmaster.pid").exists(),
        "{folder:?}"
    );
    (child, output, folder)
}

#[test]
fn a_run_ends_as_its_command_and_leaves_nothing() {
    let script = "psql -qAtc 'SELECT 40 + 2' $INDELIBLE_TEST_POSTGRES; \
                  echo $INDELIBLE_TEST_POSTGRES_FOLDER; exit 7";
    let output = testbed(script).output().expect("it runs");
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    let (answer, folder) = text.split_once('\n').expect("two lines");
    assert_eq!(answer, "42");
    assert!(
        !folder.trim().is_empty() && !Path::new(folder.trim()).exists(),
        "{folder}"
    );
}

#[test]
fn a_run_that_is_told_to_end_ends_its_command_and_leaves_nothing() {
    for signal in ["TERM", "INT"] {
        let (mut child, output, folder) = waiting();
        testbed::signal(signal, child.id());
        // Waiting would close the command's input, which ends it too.
        let input = child.stdin.take();
        let status = child.wait().expect("it ends");
        let number = if signal == "TERM" { 15 } else { 2 };
        assert_eq!(status.code(), Some(128 + number), "{signal}");
        assert!(!Path::new(&folder).exists(), "{signal}: {folder}");
        drop((input, output));
    }
}

#[test]
fn what_a_killed_run_has_left_goes_with_the_next_one() {
    let (mut child, output, folder) = waiting();
    testbed::signal("KILL", child.id());
    let input = child.stdin.take();
    child.wait().expect("it ends");
    assert!(testbed("true").status().expect("it runs").success());
    assert!(!Path::new(&folder).exists(), "{folder}");
    drop((input, output));
    Cluster::shared().database().execute("SELECT 1");
}

#[test]
fn a_command_that_is_not_there_is_an_error_with_its_name() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_testbed"));
    let output = command.args(["run", "--", "no-such-program"]).output();
    let output = output.expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("testbed: no-such-program"), "{errors}");
}
