//! Tables that fit a terminal, one line for each row.

use std::borrow::Cow;

use comfy_table::{ContentArrangement, Table, presets};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::answer::Sheet;
use crate::text::visible;

/// Columns that are cut last: what tells rows apart, and what is short anyway.
const COLUMNS_WHOLE: &[&str] = &["seq", "occurred_at", "outcome", "size", "trail", "verdict"];
/// Spaces between two columns.
const GAP: usize = 2;
/// What is left of a column while others are wider.
const COLUMN_READABLE: usize = 10;
/// The same for what was done, which is what a trail is read for.
const ACTION_MIN: usize = 22;
/// The least that is left of a column.
const COLUMN_MIN: usize = 5;

/// The sheet as text of lines that are at most `width` columns wide.
///
/// Where it does not fit, the widest columns are made narrower first, and values lose their
/// middle: names that are hierarchies tell most at their end.
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
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| elided(cell, *width));
        cells.collect::<Vec<_>>()
    };
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(
        sheet
            .columns
            .iter()
            .zip(&widths)
            .map(|(name, width)| elided(name, *width)),
    );
    table.add_rows(cells.iter().map(shortened));
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP as u16));
    }
    table.trim_fmt()
}

/// The width of each column: its own if all fit, else the widest give way, in three rounds.
fn fit(natural: &[usize], names: &[&str], width: usize) -> Vec<usize> {
    let is_whole = |name: &str| COLUMNS_WHOLE.contains(&name);
    let rounds: [&dyn Fn(&str) -> usize; 3] = [
        &|name| match name {
            "action" => ACTION_MIN,
            name if is_whole(name) => usize::MAX,
            _ => COLUMN_READABLE,
        },
        &|name| {
            if is_whole(name) {
                usize::MAX
            } else {
                COLUMN_MIN
            }
        },
        &|_| COLUMN_MIN,
    ];
    let mut widths = natural.to_vec();
    let room = width.saturating_sub(GAP * natural.len().saturating_sub(1));
    for floor in rounds {
        let mut excess = widths.iter().sum::<usize>().saturating_sub(room);
        while excess > 0 {
            let may = widths.iter().zip(names).enumerate();
            let may = may.filter(|(_, (width, name))| **width > floor(name));
            let Some((widest, _)) = may.max_by_key(|(_, (width, _))| **width) else {
                break;
            };
            widths[widest] -= 1;
            excess -= 1;
        }
    }
    widths
}

/// The text in at most `width` columns, `…` for what is left out.
fn elided(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(1);
    let head = leading(text.chars(), room / 3);
    let tail: String = leading(text.chars().rev(), room - room / 3)
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
    fn what_is_left_out_is_the_middle() {
        assert_eq!(
            elided("arn:aws:iam::123456789012:user/eve", 16),
            "arn:a…2:user/eve"
        );
        assert_eq!(elided("short", 5), "short");
        assert_eq!(elided("審計審計", 5), "…計");
        assert_eq!(elided("abcdef", 1), "…");
    }

    #[test]
    fn the_widest_give_way_first() {
        assert_eq!(
            fit(&[3, 20, 60, 10], &["seq", "a", "b", "c"], 69),
            [3, 20, 30, 10]
        );
        assert_eq!(fit(&[3, 20], &["seq", "a"], 100), [3, 20]);
        assert_eq!(fit(&[30, 30], &["seq", "a"], 22), [15, 5]);
    }
}
