//! The whole help, as a reader of it sees it.

use crate::desk::Desk;

/// Every command with its subcommands, as words.
fn commands(of: &clap::Command, before: &[String], all: &mut Vec<Vec<String>>) {
    for command in of
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
    {
        let words: Vec<String> = before
            .iter()
            .cloned()
            .chain([command.get_name().to_owned()])
            .collect();
        all.push(words.clone());
        commands(command, &words, all);
    }
}

#[test]
fn the_help_is_as_it_was_agreed() {
    let desk = Desk::new();
    let mut all = vec![Vec::new()];
    commands(&indelible_cli::interface(), &[], &mut all);
    let mut reference = String::new();
    for words in all {
        let call: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let help = desk.run(&call).fine().out;
        assert!(
            help.lines().all(|line| line.chars().count() <= 100),
            "{help}"
        );
        reference.push_str(&format!("$ indelible {}\n\n{help}\n\n", call.join(" ")));
    }
    insta::assert_snapshot!(reference);
}

#[test]
fn every_command_shows_an_example() {
    let mut all = Vec::new();
    let interface = indelible_cli::interface();
    commands(&interface, &[], &mut all);
    assert!(all.len() >= 18, "{all:?}");
    for words in all {
        let command = words.iter().fold(&interface, |command, word| {
            command.find_subcommand(word).expect("a command")
        });
        let help = command.clone().render_long_help().to_string();
        let call = format!("  indelible {}", words.join(" "));
        let is_group = command.has_subcommands();
        assert!(is_group || help.contains("Example"), "{words:?}");
        assert!(
            is_group || help.contains(&call) || help.contains(&call.trim_start().to_owned()),
            "{words:?}"
        );
    }
}

#[test]
fn no_arguments_show_the_help() {
    let desk = Desk::new();
    let shown = desk.run(&[]);
    assert_eq!(shown.status, 2);
    assert!(shown.err.contains("Usage: indelible"), "{shown:?}");
    let version = desk.run(&["--version"]).fine();
    assert_eq!(
        version.out,
        format!("indelible {}\n", env!("CARGO_PKG_VERSION"))
    );
}
