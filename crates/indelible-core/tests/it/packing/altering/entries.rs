//! Entries that are left out, moved, added or rewritten.

use indelible_core::pack::Reason;
use serde_json::{Value, json};

use super::{Cases, Text, complete, selection};

fn member(text: &Text, place: usize, name: &str) -> Value {
    let line: Value = serde_json::from_slice(&text.lines[place]).expect("JSON");
    line[name].clone()
}

pub fn add(cases: &mut Cases<'_>) {
    placed(cases);
    rewritten(cases);
    paths(cases);
}

fn placed(cases: &mut Cases<'_>) {
    let packs = cases.packs;
    for (what, seq) in [
        ("the first entry left out", 10),
        ("an entry left out", 23),
        ("an entry that matches left out", 31),
    ] {
        cases.sealed(what, complete, Reason::Omission, |text| {
            drop(text.lines.remove(text.entry(seq)));
        });
    }
    cases.sealed(
        "the last entry left out",
        complete,
        Reason::Omission,
        |text| {
            drop(text.lines.remove(text.entry(49)));
        },
    );
    cases.sealed("all entries left out", complete, Reason::Omission, |text| {
        text.lines.drain(4..text.last());
    });
    cases.raw(
        "an entry left out and not counted",
        selection,
        Reason::Count,
        |text| {
            text.lines.remove(text.entry(13));
            text.digest();
        },
    );
    cases.raw(
        "an entry left out in passing",
        selection,
        Reason::Digest,
        |text| {
            drop(text.lines.remove(text.entry(13)));
        },
    );
    cases.sealed("two entries swapped", complete, Reason::Omission, |text| {
        text.lines.swap(12, 13);
    });
    cases.sealed("an entry twice", complete, Reason::Order, |text| {
        text.lines.insert(12, text.lines[12].clone());
    });
    cases.sealed("two entries swapped", selection, Reason::Order, |text| {
        text.lines.swap(6, 7);
    });
    cases.sealed("an entry twice", selection, Reason::Order, |text| {
        text.lines.insert(6, text.lines[6].clone());
    });
    cases.sealed(
        "an entry beyond the range",
        complete,
        Reason::Order,
        |text| {
            let last = text.last();
            text.lines.insert(last, text.lines[last - 1].clone());
            text.edit(last, |line| line["seq"] = json!(50));
        },
    );
    cases.sealed(
        "an entry before the range",
        complete,
        Reason::Order,
        |text| {
            text.edit(4, |line| line["seq"] = json!(9));
        },
    );
    cases.sealed(
        "an entry of a later head",
        selection,
        Reason::Order,
        |text| {
            let (place, later) = (text.last(), packs.later.entry(52));
            text.lines.insert(place, packs.later.lines[later].clone());
        },
    );
    cases.sealed(
        "an entry that nobody asked for",
        selection,
        Reason::Question,
        |text| {
            let (place, login) = (text.entry(13), packs.logins.entry(12));
            let mut line: Value = serde_json::from_slice(&packs.logins.lines[login]).expect("JSON");
            line.as_object_mut().expect("an object").remove("parts");
            text.lines.insert(place, line.to_string().into_bytes());
        },
    );
    cases.sealed(
        "an entry that does not match, opened",
        selection,
        Reason::Question,
        |text| {
            let (place, login) = (text.entry(13), packs.logins.entry(12));
            text.lines.insert(place, packs.logins.lines[login].clone());
        },
    );
    cases.sealed(
        "an entry at another seq",
        complete,
        Reason::Omission,
        |text| {
            text.edit(9, |line| line["seq"] = json!(16));
        },
    );
}

fn rewritten(cases: &mut Cases<'_>) {
    let packs = cases.packs;
    let (other, own) = ("aws.iam.CreateUsers", "aws.iam.CreateUser");
    let renamed = |text: &mut Text| text.swap(text.entry(11), own, other);
    cases.raw(
        "another action in passing",
        complete,
        Reason::Digest,
        renamed,
    );
    cases.sealed("another action", complete, Reason::Root, renamed);
    cases.sealed("another time", complete, Reason::Root, |text| {
        text.swap(
            text.entry(14),
            "\\\"created_at\\\":\\\"2026-01",
            "\\\"created_at\\\":\\\"2026-02",
        );
    });
    cases.sealed("entries changed places", complete, Reason::Root, |text| {
        let (a, b) = (text.entry(11), text.entry(14));
        let (first, second) = (member(text, a, "skeleton"), member(text, b, "skeleton"));
        text.edit(a, |line| line["skeleton"] = second);
        text.edit(b, |line| line["skeleton"] = first);
    });
    cases.sealed(
        "an action that does not match any more",
        complete,
        Reason::Question,
        |text| {
            text.swap(text.entry(13), "document_read", "document_seen");
        },
    );
    cases.sealed(
        "an action that matches now",
        complete,
        Reason::Omission,
        |text| {
            text.swap(text.entry(14), own, "document_read");
        },
    );
    cases.sealed("another outcome", selection, Reason::Inclusion, |text| {
        text.swap(text.entry(13), "\\\"denied\\\"", "\\\"failed\\\"");
    });
    let malformed = Reason::Malformed;
    for (what, from, to) in [
        ("an outcome that is none", "\\\"denied\\\"", "\\\"maybe\\\""),
        (
            "another version of the skeleton",
            "\\\"v\\\":1",
            "\\\"v\\\":2",
        ),
        ("a space in the skeleton", "\\\"v\\\":1", "\\\"v\\\": 1"),
        (
            "a member more in the skeleton",
            "\\\"v\\\":1",
            "\\\"v\\\":1,\\\"w\\\":1",
        ),
        ("an id in capitals", "\\\"id\\\":\\\"0", "\\\"id\\\":\\\"A"),
        (
            "a day that is none",
            "occurred_at\\\":\\\"2026-01-01",
            "occurred_at\\\":\\\"2026-13-01",
        ),
        ("a list that is none", "\\\"tags\\\":[]", "\\\"tags\\\":{}"),
        (
            "a skeleton that is no object",
            "{\\\"action\\\"",
            "[\\\"action\\\"",
        ),
        (
            "a hash in capitals",
            "\\\"details\\\":\\\"",
            "\\\"details\\\":\\\"A",
        ),
    ] {
        cases.sealed(what, complete, malformed, |text| {
            text.swap(text.entry(13), from, to)
        });
        cases.sealed(what, selection, malformed, |text| {
            text.swap(text.entry(13), from, to)
        });
    }
    cases.sealed(
        "a skeleton of another trail",
        complete,
        Reason::WrongTrail,
        |text| {
            let skeleton = member(&packs.other_trail, packs.other_trail.entry(14), "skeleton");
            let place = text.entry(14);
            text.edit(place, |line| line["skeleton"] = skeleton);
        },
    );
    cases.sealed("a skeleton that is too long", complete, malformed, |text| {
        let place = text.entry(14);
        text.edit(place, |line| {
            let skeleton = line["skeleton"].as_str().expect("text");
            line["skeleton"] = json!(skeleton.replace(own, &"x".repeat(65_535)));
        });
    });
    cases.sealed("a path in a complete pack", complete, malformed, |text| {
        text.edit(6, |line| line["path"] = json!([]));
    });
}

fn paths(cases: &mut Cases<'_>) {
    let mut alter = |what, reason, change: &dyn Fn(&mut Vec<Value>)| {
        cases.sealed(what, selection, reason, |text| {
            text.edit(6, |line| {
                change(line["path"].as_array_mut().expect("a list"))
            });
        });
    };
    let other = || json!(indelible_merkle::base64::encode(&[7; 32]));
    alter("another hash in a path", Reason::Inclusion, &|path| {
        path[2] = other()
    });
    alter("a hash less in a path", Reason::Inclusion, &|path| {
        drop(path.pop())
    });
    alter("a hash more in a path", Reason::Inclusion, &|path| {
        path.push(other())
    });
    alter("no path", Reason::Inclusion, &|path| path.clear());
    alter("hashes of a path swapped", Reason::Inclusion, &|path| {
        path.swap(0, 1)
    });
    alter("64 hashes in a path", Reason::Malformed, &|path| {
        path.resize(64, other())
    });
    alter("stray bits in a path", Reason::Malformed, &|path| {
        let hash = path[0].as_str().expect("base64").to_owned();
        path[0] = json!(format!("{}B=", &hash[..42]));
    });
    alter("no padding in a path", Reason::Malformed, &|path| {
        path[0] = json!(path[0].as_str().expect("base64").trim_end_matches('='));
    });
    alter("a number in a path", Reason::Malformed, &|path| {
        path[0] = json!(7)
    });
    cases.sealed(
        "paths of two entries swapped",
        selection,
        Reason::Inclusion,
        |text| {
            let (first, second) = (member(text, 5, "path"), member(text, 6, "path"));
            text.edit(5, |line| line["path"] = second);
            text.edit(6, |line| line["path"] = first);
        },
    );
    cases.sealed("a path left out", selection, Reason::Malformed, |text| {
        text.edit(6, |line| {
            drop(line.as_object_mut().expect("an object").remove("path"))
        });
    });
    cases.sealed(
        "an entry of a selection at another seq",
        selection,
        Reason::Inclusion,
        |text| {
            text.edit(6, |line| {
                let seq = line["seq"].as_u64().expect("a seq");
                line["seq"] = json!(seq + 1);
            });
        },
    );
}
