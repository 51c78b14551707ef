//! The guide's page: every command on it is run, and answers what the page says.
//!
//! With `INDELIBLE_REWRITE_GUIDE=1` the page gets the answers of today instead.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::desk::{Desk, files, on_each_store};

on_each_store! {
    every_command_of_the_page_answers_what_the_page_says,
}

/// The invented day, as the page names it: from the root of the repository.
pub const TWIN: &str = "crates/indelible-cli/testdata/investigation";
const PAGE: &str = "docs/guide/investigating.md";
/// What a line begins with that is typed.
const PROMPT: &str = "$ indelible ";

/// A line of the page.
#[derive(Debug, PartialEq)]
enum Line {
    /// Prose, or the edge of a block.
    Prose(String),
    /// A command of a block, as it stands there.
    Command(String),
    /// What it answers.
    Answer(String),
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn lines(page: &str) -> Vec<Line> {
    let mut is_block = false;
    let line = |line: &str| match line.strip_prefix("```") {
        Some(rest) => {
            is_block = rest == "console";
            Line::Prose(line.to_owned())
        }
        None if !is_block => Line::Prose(line.to_owned()),
        None if line.starts_with(PROMPT) => Line::Command(line.to_owned()),
        None => Line::Answer(line.to_owned()),
    };
    page.lines().map(line).collect()
}

/// A desk with the invented day where the page says that it is.
fn desk(new: fn() -> Desk) -> Desk {
    let desk = new();
    for file in files(&root().join(TWIN)) {
        let name = file.file_name().expect("a file").to_str().expect("UTF-8");
        let content = std::fs::read(&file).expect("readable");
        desk.file(&format!("{TWIN}/{name}"), content);
    }
    desk
}

/// What differs from run to run, made the same: durations, and the hashes that salts go into.
fn settled(text: &str) -> String {
    let word = |word: &str| {
        let is_hash = |c: char| c.is_ascii_hexdigit() || c == '…';
        if word.chars().count() > 20 && word.chars().all(is_hash) {
            return "<hash>".to_owned();
        }
        let is_digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match word.split_once('.') {
            Some((whole, part)) if is_digits(whole) && is_digits(part) => "<seconds>".to_owned(),
            _ => word.to_owned(),
        }
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The page as it would be if its commands were run now, answers that only differ where
/// [`settled`] says so left alone.
fn rewritten(page: &str, desk: &Desk) -> String {
    let mut lines = lines(page).into_iter().peekable();
    let mut now: Vec<String> = Vec::new();
    while let Some(line) = lines.next() {
        let command = match line {
            Line::Prose(line) | Line::Answer(line) => {
                now.push(line);
                continue;
            }
            Line::Command(command) => command,
        };
        let mut said = Vec::new();
        while let Some(Line::Answer(line)) = lines.next_if(|line| matches!(line, Line::Answer(_))) {
            said.push(line);
        }
        let arguments: Vec<&str> = command[PROMPT.len()..].split_whitespace().collect();
        let answer = desk.run(&arguments).fine();
        assert_eq!(answer.err, "", "{command}");
        let answer: Vec<String> = answer.out.lines().map(str::to_owned).collect();
        let same = settled(&answer.join("\n")) == settled(&said.join("\n"));
        now.push(command);
        now.extend(if same { said } else { answer });
    }
    now.join("\n") + "\n"
}

fn every_command_of_the_page_answers_what_the_page_says(new: fn() -> Desk) {
    let path = root().join(PAGE);
    let page = std::fs::read_to_string(&path).expect("the page");
    let now = rewritten(&page, &desk(new));
    #[expect(
        clippy::disallowed_methods,
        reason = "asks for the page to be written, not compared"
    )]
    let is_wanted = std::env::var_os("INDELIBLE_REWRITE_GUIDE").is_some_and(|value| value == "1");
    if is_wanted {
        std::fs::write(&path, now).expect("written");
        return;
    }
    for (number, (said, answered)) in page.lines().zip(now.lines()).enumerate() {
        let number = number + 1;
        assert_eq!(
            said, answered,
            "{PAGE}:{number}; INDELIBLE_REWRITE_GUIDE=1 writes it anew"
        );
    }
    assert_eq!(page, now);
}

#[test]
fn the_page_has_ten_questions_that_use_every_filter() {
    let page = std::fs::read_to_string(root().join(PAGE)).expect("the page");
    let questions = page
        .lines()
        .filter(|line| line.starts_with("## ") && line.ends_with('?'));
    assert_eq!(questions.count(), 10);
    let commands: Vec<String> = lines(&page)
        .into_iter()
        .filter_map(|line| match line {
            Line::Command(command) => Some(command),
            _ => None,
        })
        .collect();
    let used: BTreeSet<&str> = commands
        .iter()
        .flat_map(|command| command.split_whitespace())
        .filter(|word| word.starts_with("--"))
        .collect();
    for flag in [
        "--user-id",
        "--action",
        "--outcome",
        "--resource-type",
        "--resource-id",
        "--ip-address",
        "--correlation-id",
        "--context",
        "--tag",
        "--start-date",
        "--end-date",
        "--limit",
        "--cursor",
        "--as-of",
    ] {
        assert!(used.contains(flag), "{flag}");
    }
    // A command in a block of another kind would not be run.
    for line in lines(&page) {
        if let Line::Prose(line) = line {
            assert!(!line.starts_with(PROMPT.trim_end()), "{line}");
        }
    }
}

#[test]
fn what_differs_from_run_to_run_is_settled() {
    let root = "5d8e1c68b1d183550c3…56e66b67c05119b49acffbb9c04154a57d2927e";
    assert_eq!(
        settled(&format!("ok 45  {root}\nin 0.1 s")),
        "ok 45  <hash>\nin <seconds> s"
    );
    assert_eq!(settled("rejected, in 12.3 s"), "rejected, in <seconds> s");
    assert_eq!(
        settled("203.0.113.9 203….113.77 45"),
        "203.0.113.9 203….113.77 45"
    );
}
