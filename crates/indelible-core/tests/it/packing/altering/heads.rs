//! The heads, their signatures, and what leads from one to the other.

use indelible_core::pack::Reason;
use serde_json::{Value, json};

use super::{Cases, Text, complete, selection};

/// Changes the note of a head.
fn note(text: &mut Text, place: usize, change: impl FnOnce(&str) -> String) {
    text.edit(place, |line| {
        let changed = change(line["note"].as_str().expect("a note"));
        line["note"] = json!(changed);
    });
}

fn swapped(text: &mut Text, a: usize, b: usize, name: &str) {
    let member = |text: &Text, place: usize| -> Value {
        let line: Value = serde_json::from_slice(&text.lines[place]).expect("JSON");
        line[name].clone()
    };
    let (first, second) = (member(text, a), member(text, b));
    text.edit(a, |line| line[name] = second);
    text.edit(b, |line| line[name] = first);
}

pub fn add(cases: &mut Cases<'_>) {
    let packs = cases.packs;
    cases.file(
        "another trail",
        packs.other_trail.bytes(),
        Reason::WrongTrail,
    );
    cases.file("another key", packs.other_key.bytes(), Reason::WrongKey);
    for pack in [complete, selection] {
        cases.sealed("notes of the heads swapped", pack, Reason::Heads, |text| {
            swapped(text, 1, 2, "note");
        });
        cases.sealed("heads swapped", pack, Reason::Malformed, |text| {
            text.lines.swap(1, 2)
        });
        cases.sealed(
            "names of the heads swapped",
            pack,
            Reason::Malformed,
            |text| {
                swapped(text, 1, 2, "head");
            },
        );
        cases.sealed("no first head", pack, Reason::Malformed, |text| {
            drop(text.lines.remove(1))
        });
        cases.sealed("no link", pack, Reason::Malformed, |text| {
            drop(text.lines.remove(3))
        });
        cases.sealed("the link twice", pack, Reason::Malformed, |text| {
            text.lines.insert(3, text.lines[3].clone());
        });
    }
    cases.sealed("a later head", selection, Reason::Heads, |text| {
        text.lines[2].clone_from(&packs.later.lines[2]);
    });
    cases.sealed(
        "a head of another trail",
        complete,
        Reason::WrongTrail,
        |text| {
            text.lines[2].clone_from(&packs.other_trail.lines[2]);
        },
    );
    cases.sealed(
        "a head by another key",
        complete,
        Reason::WrongKey,
        |text| {
            text.lines[2].clone_from(&packs.other_key.lines[2]);
        },
    );
    cases.sealed(
        "the link of another range",
        selection,
        Reason::Consistency,
        |text| {
            text.lines[3].clone_from(&packs.later.lines[3]);
        },
    );
    cases.sealed(
        "the link of the other coverage",
        selection,
        Reason::Malformed,
        |text| {
            text.lines[3].clone_from(&packs.complete.lines[3]);
        },
    );
    signed(cases);
    links(cases);
}

fn signed(cases: &mut Cases<'_>) {
    let mut alter = |what, reason, change: &dyn Fn(&str) -> String| {
        cases.sealed(what, complete, reason, |text| note(text, 2, change));
    };
    let malformed = Reason::Malformed;
    let root = |note: &str| note.lines().nth(2).expect("a root").to_owned();
    let code = |note: &str| {
        note.trim_end()
            .rsplit(' ')
            .next()
            .expect("base64")
            .to_owned()
    };
    let flipped = |text: &str, at: usize| {
        let other = if text.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        format!("{}{other}{}", &text[..at], &text[at + 1..])
    };
    alter("another root", Reason::Signature, &|n| {
        n.replace(&root(n), &flipped(&root(n), 5))
    });
    alter("another signature", Reason::Signature, &|n| {
        n.replace(&code(n), &flipped(&code(n), 40))
    });
    alter("another scalar", Reason::Signature, &|n| {
        n.replace(&code(n), &flipped(&code(n), 60))
    });
    alter("another key id", Reason::WrongKey, &|n| {
        n.replace(&code(n), &flipped(&code(n), 2))
    });
    alter("another signer", Reason::WrongKey, &|n| {
        n.replace("— house/acme", "— house/acne")
    });
    alter("a short signature", Reason::Signature, &|n| {
        n.replace(&code(n), &code(n)[..88])
    });
    alter(
        "a bad signature after a good one",
        Reason::Signature,
        &|n| {
            let line = n.lines().last().expect("a signature");
            format!("{n}{}\n", line.replace(&code(n), &flipped(&code(n), 40)))
        },
    );
    alter("another size", Reason::Heads, &|n| {
        n.replace("\n50\n", "\n51\n")
    });
    alter("a size with a zero", malformed, &|n| {
        n.replace("\n50\n", "\n050\n")
    });
    alter("a size with a sign", malformed, &|n| {
        n.replace("\n50\n", "\n+50\n")
    });
    alter("a root with stray bits", malformed, &|n| {
        n.replace("=\n\n", "B\n\n")
    });
    alter("no signature", malformed, &|n| {
        n.split("— ").next().expect("a text").to_owned()
    });
    alter("no empty line", malformed, &|n| n.replace("\n\n", "\n"));
    alter("a line more", malformed, &|n| {
        n.replace("\n\n", "\npaid\n\n")
    });
    alter("a carriage return in the note", malformed, &|n| {
        n.replace('\n', "\r\n")
    });
    alter("a space after the signature", malformed, &|n| {
        n.trim_end().to_owned() + " \n"
    });
    alter("no line feed in the note", malformed, &|n| {
        n.trim_end().to_owned()
    });
    alter("a hyphen for the dash", malformed, &|n| n.replace('—', "-"));
    alter("101 signatures", malformed, &|n| {
        let line = format!("{}\n", n.lines().last().expect("a signature"));
        format!("{n}{}", line.repeat(100))
    });
    cases.sealed(
        "the size moved in range and head",
        complete,
        Reason::Signature,
        |text| {
            text.edit(0, |manifest| manifest["range"]["size"] = json!(49));
            note(text, 2, |n| n.replace("\n50\n", "\n49\n"));
        },
    );
}

fn links(cases: &mut Cases<'_>) {
    for (pack, name) in [
        (complete as fn(&super::Packs) -> &Text, "frontier"),
        (selection, "consistency"),
    ] {
        let mut alter = |what, reason, change: &dyn Fn(&mut Vec<Value>)| {
            cases.sealed(what, pack, reason, |text| {
                text.edit(3, |line| change(line[name].as_array_mut().expect("a list")));
            });
        };
        let other = || json!(indelible_merkle::base64::encode(&[7; 32]));
        alter("another hash in the link", Reason::Consistency, &|list| {
            list[0] = other()
        });
        alter("a hash less in the link", Reason::Consistency, &|list| {
            drop(list.pop())
        });
        alter("a hash more in the link", Reason::Consistency, &|list| {
            list.push(other())
        });
        alter("an empty link", Reason::Consistency, &|list| list.clear());
        alter("hashes of the link swapped", Reason::Consistency, &|list| {
            list.swap(0, 1)
        });
        alter("64 hashes in the link", Reason::Malformed, &|list| {
            list.resize(64, other())
        });
        alter("a short hash in the link", Reason::Malformed, &|list| {
            list[0] = json!(indelible_merkle::base64::encode(&[7; 31]));
        });
        alter("hexadecimal in the link", Reason::Malformed, &|list| {
            list[0] = json!("07".repeat(32));
        });
    }
}
