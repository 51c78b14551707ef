//! Tables that fit a terminal, one line for each row.

use std::borrow::Cow;

use comfy_table::{ContentArrangement, Table, presets};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::answer::Sheet;
use crate::text::visible;

/// Columns that are cut last: what tells rows apart, and what is short anyway.
const COLUMNS_WHOLE: &[&str] = &["seq", "occurred_at", "outcome", "size", "trail", "verdict"];
/// Columns that a narrow terminal does without, in this order, before others become unreadable.
const COLUMNS_SPARE: &[&str] = &["ip_address", "resource"];
/// Spaces between two columns.
const GAP: usize = 2;
/// What is left of a column while others are wider.
const COLUMN_READABLE: usize = 10;
/// The same for what was done, which is what a trail is read for.
const ACTION_READABLE: usize = 22;
/// What is left of it where that does not fit.
const ACTION_MIN: usize = 16;
/// What is left of an address, which is nothing without its end: one of IPv4 is whole.
const ADDRESS_READABLE: usize = 15;
/// Columns of names that are hierarchies, of which many begin alike: they lose their beginning.
const COLUMNS_ENDING: &[&str] = &[
    "action",
    "id",
    "user_id",
    "on_behalf_of",
    "resource_id",
    "correlation_id",
    "origin",
];
/// The least that is left of a column.
const COLUMN_MIN: usize = 5;

/// The sheet as text of lines that are at most `width` columns wide.
///
/// Where it does not fit, the widest columns are made narrower first. Values lose their middle,
/// actions and ids their beginning: names that are hierarchies tell most at their end.
pub fn table(sheet: &Sheet, width: usize) -> String {
    let cells: Vec<Vec<Cow<'_, str>>> = sheet
        .rows
        .iter()
        .map(|row| row.iter().map(|cell| visible(cell)).collect())
        .collect();
    let natural = sheet.columns.iter().enumerate().map(|(at, name)| {
        let widest = cells
            .iter()
            .map(|row| row.get(at).map_or(0, |cell| cell.width()))
            .max();
        widest.unwrap_or_default().max(name.width())
    });
    let widths = fit(&natural.collect::<Vec<_>>(), &sheet.columns, width);
    let shortened = |row: &Vec<Cow<'_, str>>| {
        let columns = widths.iter().zip(&sheet.columns);
        let there = row
            .iter()
            .zip(columns)
            .filter(|(_, (width, _))| **width > 0);
        there
            .map(|(cell, (width, name))| elided(cell, *width, COLUMNS_ENDING.contains(name)))
            .collect::<Vec<_>>()
    };
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    let names: Vec<_> = sheet
        .columns
        .iter()
        .map(|name| Cow::Borrowed(*name))
        .collect();
    table.set_header(shortened(&names));
    table.add_rows(cells.iter().map(shortened));
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP as u16));
    }
    table.trim_fmt()
}

/// The width of each column, 0 for one to leave out: its own if all fit, else the widest give way,
/// in three rounds, the spare ones go after the first.
fn fit(natural: &[usize], names: &[&str], width: usize) -> Vec<usize> {
    let readable = |name: &str, action| match name {
        "action" => action,
        "ip_address" => ADDRESS_READABLE,
        name if COLUMNS_WHOLE.contains(&name) => usize::MAX,
        _ => COLUMN_READABLE,
    };
    let keep_readable = |widths: &mut [usize]| {
        for action in [ACTION_READABLE, ACTION_MIN] {
            narrow(widths, names, width, |name| readable(name, action));
        }
    };
    let least = |name: &str| {
        if COLUMNS_WHOLE.contains(&name) {
            usize::MAX
        } else if name == "ip_address" {
            ADDRESS_READABLE
        } else {
            COLUMN_MIN
        }
    };
    let mut widths = natural.to_vec();
    keep_readable(&mut widths);
    let mut left = natural.to_vec();
    for spare in COLUMNS_SPARE {
        let Some(at) = names.iter().position(|name| name == spare) else {
            continue;
        };
        if excess(&widths, width) > 0 {
            left[at] = 0;
            widths.copy_from_slice(&left);
            keep_readable(&mut widths);
        }
    }
    narrow(&mut widths, names, width, least);
    narrow(&mut widths, names, width, |_| COLUMN_MIN);
    widths
}

/// Takes from the widest columns, down to their floors, until all fit or none can give.
fn narrow(widths: &mut [usize], names: &[&str], width: usize, floor: impl Fn(&str) -> usize) {
    while excess(widths, width) > 0 {
        let may = widths.iter().zip(names).enumerate();
        let may = may.filter(|(_, (width, name))| **width > floor(name));
        let Some((widest, _)) = may.max_by_key(|(_, (width, _))| **width) else {
            return;
        };
        widths[widest] -= 1;
    }
}

/// How much wider than `width` the columns are, with the gaps between those that are there.
fn excess(widths: &[usize], width: usize) -> usize {
    let there = widths.iter().filter(|width| **width > 0).count();
    (widths.iter().sum::<usize>() + GAP * there.saturating_sub(1)).saturating_sub(width)
}

/// The text in at most `width` columns, `…` for what is left out: its beginning, or its middle.
fn elided(text: &str, width: usize, keeps_end: bool) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(1);
    let room_of_head = if keeps_end { 0 } else { room / 3 };
    let head = leading(text.chars(), room_of_head);
    let tail: String = leading(text.chars().rev(), room - room_of_head)
        .chars()
        .rev()
        .collect();
    format!("{head}…{tail}")
}

/// As many characters as fit.
fn leading(characters: impl Iterator<Item = char>, room: usize) -> String {
    let mut used = 0;
    let fits = |character: &char| {
        used += character.width().unwrap_or(0);
        used <= room
    };
    characters.take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_fit_their_width_and_keep_what_tells_rows_apart() {
        let long = "x".repeat(300);
        let wide = "審計".repeat(40);
        let row = vec![
            "12".to_owned(),
            long,
            "\x1b[31mred\nforged".to_owned(),
            wide,
        ];
        let sheet = Sheet {
            columns: vec!["seq", "action", "user_id", "resource"],
            rows: vec![row],
        };
        for width in [40, 60, 100, 200] {
            let shown = table(&sheet, width);
            assert_eq!(shown.lines().count(), 2, "{shown}");
            assert!(shown.lines().all(|line| line.width() <= width), "{shown}");
            assert!(!shown.contains('\x1b'), "{shown}");
            assert!(
                shown.lines().any(|line| line.starts_with("12  ")),
                "{shown}"
            );
        }
    }

    #[test]
    fn what_is_left_out_is_the_middle_or_the_beginning() {
        let arn = "arn:aws:iam::123456789012:user/eve";
        assert_eq!(elided(arn, 16, false), "arn:a…2:user/eve");
        assert_eq!(elided(arn, 16, true), "…789012:user/eve");
        assert_eq!(elided("short", 5, false), "short");
        assert_eq!(elided("short", 5, true), "short");
        assert_eq!(elided("審計審計", 5, false), "…計");
        assert_eq!(elided("審計審計", 5, true), "…審計");
        assert_eq!(elided("abcdef", 1, false), "…");
        assert_eq!(elided("abcdef", 1, true), "…");
    }

    #[test]
    fn actions_that_differ_are_told_apart_and_addresses_are_whole() {
        let row = |action: &str| {
            let user = "arn:aws:iam::123456789012:user/a-name-that-is-long";
            let cells = [
                "1",
                "2026-03-01T09:31:00Z",
                action,
                "succeeded",
                user,
                "203.0.113.177",
            ];
            cells.map(str::to_owned).to_vec()
        };
        let sheet = Sheet {
            columns: vec![
                "seq",
                "occurred_at",
                "action",
                "outcome",
                "user_id",
                "ip_address",
            ],
            rows: vec![
                row("aws.iam.AttachUserPolicy"),
                row("aws.iam.DetachUserPolicy"),
            ],
        };
        for width in [80, 84, 90, 100] {
            let shown = table(&sheet, width);
            assert!(shown.lines().all(|line| line.width() <= width), "{shown}");
            assert!(shown.contains("AttachUserPolicy"), "{shown}");
            assert!(shown.contains("DetachUserPolicy"), "{shown}");
            let is_there = shown.contains("ip_address");
            assert_eq!(shown.contains("203.0.113.177"), is_there, "{shown}");
        }
        assert!(table(&sheet, 100).contains("203.0.113.177"));
    }

    #[test]
    fn the_widest_give_way_first() {
        assert_eq!(
            fit(&[3, 20, 60, 10], &["seq", "a", "b", "c"], 69),
            [3, 20, 30, 10]
        );
        assert_eq!(fit(&[3, 20], &["seq", "a"], 100), [3, 20]);
        assert_eq!(fit(&[30, 30], &["seq", "a"], 22), [15, 5]);
        let names = ["seq", "action", "user_id", "ip_address", "resource"];
        assert_eq!(fit(&[4, 40, 40, 15, 40], &names, 50), [4, 20, 10, 0, 10]);
        assert_eq!(fit(&[4, 40, 40, 15, 40], &names, 40), [4, 22, 10, 0, 0]);
    }
}
