//! The minute that the README promises, line by line.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::desk::Desk;

/// The commands of the block that begins with `indelible record`.
fn commands() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let page = std::fs::read_to_string(page).expect("the README");
    let is_tour = |block: &&str| block.starts_with("sh\nindelible ");
    let tour = page.split("```").find(is_tour).expect("the tour");
    tour.lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn every_line_of_the_tour_does_what_it_says() {
    let desk = Desk::new();
    let twin = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/investigation");
    let logs = desk.path("here/crates/indelible-cli/testdata/investigation");
    std::fs::create_dir_all(&logs).expect("a folder");
    for file in std::fs::read_dir(twin).expect("the twin") {
        let file = file.expect("read").path();
        std::fs::copy(&file, logs.join(file.file_name().expect("a file"))).expect("copied");
    }
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_indelible"));
    let folder = binary.parent().expect("a folder").display();
    let commands = commands();
    assert!(commands.len() >= 8, "{commands:?}");
    for command in commands {
        let output = Command::new("/bin/sh")
            .args(["-c", &command])
            .current_dir(desk.path("here"))
            .env_clear()
            .env("PATH", format!("{folder}:/usr/bin:/bin"))
            .env("XDG_STATE_HOME", desk.path("state"))
            .output()
            .expect("a shell");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}\n{said}");
    }
}
