//! Alterations at random: whatever they are, both verifiers say the same of them.

use indelible_core::Query;
use indelible_core::pack::{Coverage, PackRequest};
use serde_json::{Value, json};

use super::building::{Plan, erased, packed, request};
use super::second::judged_by_both;
use super::text::Text;
use super::turns;

/// Numbers of a known seed, splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 1).expect("63 bits") % end
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// Bytes that mean something in a pack.
const BYTES: &[u8] = b"\"\\{}[]:,0189-+.eEaAzZ=/ \n\r\t\0\x7f\xc3\xff";

/// Values that a member may be given.
fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(i64::MAX),
        json!(""),
        json!("erased"),
        json!("withheld"),
        json!("actor"),
        json!("é\u{1F422}\u{7f}\u{2028}"),
        json!("2026-02-29T00:00:00.000000Z"),
        json!("0000-02-29T23:59:59.999999Z"),
        json!("9999-12-31T24:00:00.000000Z"),
        json!("failed"),
        json!([]),
        json!(["x"]),
        json!([["x"]]),
        json!({}),
        json!({"text": "x"}),
        json!([{"path": ["n"], "values": ["1"]}]),
    ]
}

/// Changes one thing somewhere within a value.
fn change(value: &mut Value, dice: &mut Dice) {
    let values = values();
    match value {
        Value::Object(members) if !members.is_empty() && dice.below(6) > 0 => {
            let names: Vec<String> = members.keys().cloned().collect();
            let name = dice.one(&names).clone();
            match dice.below(8) {
                0 => drop(members.remove(&name)),
                1 => drop(members.insert(format!("{name}x"), dice.one(&values).clone())),
                _ => change(&mut members[&name], dice),
            }
        }
        Value::Array(items) if !items.is_empty() && dice.below(6) > 0 => {
            let place = dice.below(items.len());
            match dice.below(8) {
                0 => drop(items.remove(place)),
                1 => items.push(items[place].clone()),
                2 => items.swap(0, place),
                _ => change(&mut items[place], dice),
            }
        }
        Value::String(text) if !text.is_empty() && dice.below(2) > 0 => {
            // A skeleton, a note and a body are texts that hold more.
            let at = text.floor_char_boundary(dice.below(text.len()));
            let end = at + text[at..].chars().next().map_or(0, char::len_utf8);
            let put = ["", "0", "a", "A", "\"", "\\", "\n", " ", "=", "é"];
            let put = put[dice.below(put.len())];
            text.replace_range(at..end, put);
        }
        Value::Number(number) if dice.below(2) > 0 => {
            let number = number.as_u64().unwrap_or(7);
            *value = json!(number.wrapping_add(dice.below(3) as u64).wrapping_sub(1));
        }
        other => *other = dice.one(&values).clone(),
    }
}

fn altered(whole: &Text, dice: &mut Dice) -> Vec<u8> {
    let mut text = whole.clone();
    // The manifest and the heads are few lines of many.
    let place = match dice.below(2) {
        0 => dice.below(text.lines.len().min(5)),
        _ => dice.below(text.lines.len()),
    };
    match dice.below(8) {
        0 => {
            let line = &mut text.lines[place];
            let at = dice.below(line.len());
            line[at] = *dice.one(BYTES);
        }
        1 => {
            let line = &mut text.lines[place];
            let at = dice.below(line.len());
            line.insert(at, *dice.one(BYTES));
        }
        2 => {
            let mut bytes = text.bytes();
            bytes.truncate(dice.below(bytes.len()));
            return bytes;
        }
        3 => {
            let other = dice.below(text.lines.len());
            text.lines.swap(place, other);
            return text.bytes();
        }
        _ => text.edit(place, |line| change(line, dice)),
    }
    // A forger makes the digest anew, where there still is one.
    let is_trailer = place == text.last();
    if !is_trailer && dice.below(4) > 0 {
        text.digest();
    }
    text.bytes()
}

#[tokio::test]
async fn t58_both_say_the_same_of_alterations_at_random() {
    let plan = Plan {
        event: erased,
        ..Plan::of(60)
    };
    let audit = plan.made().await;
    let person = Query::new()
        .user_id("user-2")
        .ip_address("10.0.0.0/16")
        .tag("data.chd")
        .end_date("2026-12-31");
    let mut wholes = Vec::new();
    for (query, coverage) in [
        (Query::new().action("document_read"), Coverage::Complete),
        (Query::new().action("document_read"), Coverage::Selection),
        (person, Coverage::Complete),
        (Query::new().context("n=37"), Coverage::Selection),
    ] {
        let asked = PackRequest {
            first: 10,
            ..request(query.as_of(50), coverage)
        };
        wholes.push(Text::of(&packed(&audit, asked).await));
    }
    let key = plan.key().verifier_key();
    for seed in 0..turns(1, 60) {
        println!("seed {seed}");
        let mut dice = Dice(seed as u64);
        let files = (0..80).map(|number| {
            let whole = dice.one(&wholes).clone();
            (format!("{number}.pack"), altered(&whole, &mut dice))
        });
        let files: Vec<_> = files.collect();
        let verdicts = judged_by_both(&files, &key);
        for ((name, bytes), (ours, theirs)) in files.iter().zip(verdicts) {
            let told = |verdict: &Value| (verdict["reason"].clone(), verdict["line"].clone());
            if told(&ours) != told(&theirs) {
                let line = ours["line"].as_u64().unwrap_or(1) as usize;
                let text = String::from_utf8_lossy(bytes);
                let line = text.split('\n').nth(line - 1).unwrap_or_default();
                panic!("seed {seed}, {name}: {ours}\n{theirs}\n{line}");
            }
        }
    }
}
