//! Pages of a long answer.

use serde_json::Value;

use super::shared::{BERT_JAN, day};
use super::{ask_all, column};
use crate::desk::{Desk, on_each_store};

on_each_store! {
    pages_by_cursor_give_each_entry_once_however_much_is_recorded_meanwhile,
    the_trail_is_in_the_order_of_the_day_whatever_the_order_of_the_files,
}

fn pages_by_cursor_give_each_entry_once_however_much_is_recorded_meanwhile(new: fn() -> Desk) {
    let Some(desk) = day(new) else { return };
    let filters = ["query", "--user-id", BERT_JAN, "--limit", "300"];
    let expected = column(&ask_all(&desk, &["--user-id", BERT_JAN]), "id");
    let mut page = desk.json(&filters);
    let (mut met, mut sizes): (Vec<String>, Vec<usize>) = (Vec::new(), Vec::new());
    loop {
        let entries = page["entries"].as_array().expect("a list");
        assert_eq!(
            (&page["as_of"], &page["limit"]),
            (&2202.into(), &300.into())
        );
        met.extend(column(entries, "id"));
        sizes.push(entries.len());
        let Some(cursor) = page["next_cursor"].as_str().map(str::to_owned) else {
            break;
        };
        desk.run(&["record", "note_added", "case", "--user-id", BERT_JAN])
            .fine();
        page = desk.json(&[&filters[..], &["--cursor", &cursor]].concat());
    }
    // 2,050 records, as counted in the files.
    assert_eq!(sizes, [300, 300, 300, 300, 300, 300, 250]);
    assert_eq!(page["has_more"], false);
    assert_eq!(met, expected);
    // The same by offset, of the same state, though six entries came since.
    let mut by_offset = Vec::new();
    for offset in (0..2050).step_by(300) {
        let offset = offset.to_string();
        let call = [&filters[..], &["--as-of", "2202", "--offset", &offset]].concat();
        by_offset.extend(column(
            desk.json(&call)["entries"].as_array().expect("a list"),
            "id",
        ));
    }
    assert_eq!(by_offset, expected);
    assert_eq!(ask_all(&desk, &["--user-id", BERT_JAN]).len(), 2056);
}

fn the_trail_is_in_the_order_of_the_day_whatever_the_order_of_the_files(new: fn() -> Desk) {
    let Some(desk) = day(new) else { return };
    let all = ask_all(&desk, &[]);
    let seqs: Vec<_> = all
        .iter()
        .map(|entry| entry["seq"].as_u64().expect("a seq"))
        .collect();
    assert_eq!(seqs, (0..2202).rev().collect::<Vec<_>>());
    let times = column(&all, "occurred_at");
    assert!(times.iter().rev().is_sorted());
    assert_eq!(
        times.last().map(String::as_str),
        Some("2023-07-10T11:47:39.000000Z")
    );
    // 697 records have an `eventTime` before noon: the trail at that size is the morning.
    let morning = ask_all(&desk, &["--as-of", "697"]);
    assert_eq!(morning, all[1505..]);
    assert!(
        column(&morning, "occurred_at")
            .iter()
            .all(|time| time < &"2023-07-10T12".to_owned())
    );
    assert_eq!(
        desk.json(&["query", "--as-of", "0"])["entries"],
        Value::Array(Vec::new())
    );
}
