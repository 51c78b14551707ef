//! What an entry is opened to.

use indelible_core::pack::Reason;
use serde_json::{Value, json};

use super::{Cases, Packs, Text, complete, selection};

fn parts(text: &Text, seq: u64) -> Value {
    let line: Value = serde_json::from_slice(&text.lines[text.entry(seq)]).expect("JSON");
    line["parts"].clone()
}

pub fn add(cases: &mut Cases<'_>) {
    for pack in [complete as fn(&Packs) -> &Text, selection] {
        both(cases, pack);
    }
    cases.sealed(
        "an entry that matches, closed",
        complete,
        Reason::Omission,
        |text| {
            let place = text.entry(13);
            text.edit(place, |line| {
                drop(line.as_object_mut().expect("an object").remove("parts"))
            });
        },
    );
    cases.sealed(
        "an entry of a selection, closed",
        selection,
        Reason::Omission,
        |text| {
            let place = text.entry(13);
            text.edit(place, |line| {
                drop(line.as_object_mut().expect("an object").remove("parts"))
            });
        },
    );
    cases.sealed(
        "an entry that does not match, opened",
        complete,
        Reason::Question,
        |text| {
            let place = text.entry(14);
            text.edit(place, |line| line["parts"] = json!({}));
        },
    );
    cases.raw("another body in passing", complete, Reason::Part, |text| {
        text.swap(text.entry(13), "user-6", "user-5");
    });
}

fn both(cases: &mut Cases<'_>, pack: fn(&Packs) -> &Text) {
    let mut alter = |what, reason, change: &dyn Fn(&mut Value)| {
        cases.sealed(what, pack, reason, |text| {
            let place = text.entry(13);
            text.edit(place, |line| change(&mut line["parts"]));
        });
    };
    let (part, malformed) = (Reason::Part, Reason::Malformed);
    let take = |parts: &mut Value, name: &str| {
        drop(parts.as_object_mut().expect("an object").remove(name));
    };
    alter("another body", part, &|parts| {
        let body = parts["actor"]["body"].as_str().expect("text");
        parts["actor"]["body"] = json!(body.replace("user-6", "user-5"));
    });
    alter("a body with a space", part, &|parts| {
        let body = parts["actor"]["body"].as_str().expect("text");
        parts["actor"]["body"] = json!(body.replace(',', ", "));
    });
    alter("another salt", part, &|parts| {
        parts["actor"]["salt"] = json!("00".repeat(16))
    });
    alter("salts of two parts swapped", part, &|parts| {
        let (actor, target) = (
            parts["actor"]["salt"].clone(),
            parts["target"]["salt"].clone(),
        );
        parts["actor"]["salt"] = target;
        parts["target"]["salt"] = actor;
    });
    alter("two parts swapped", part, &|parts| {
        let (actor, target) = (parts["actor"].clone(), parts["target"].clone());
        parts["actor"] = target;
        parts["target"] = actor;
    });
    alter("a part left out", part, &|parts| take(parts, "target"));
    alter("all parts left out", part, &|parts| *parts = json!({}));
    alter("a part withheld by nobody", part, &|parts| {
        parts["actor"] = json!("withheld")
    });
    alter("a salt in capitals", malformed, &|parts| {
        parts["actor"]["salt"] = json!("AB".repeat(16));
    });
    alter("a short salt", malformed, &|parts| {
        parts["actor"]["salt"] = json!("00".repeat(15))
    });
    alter("no salt", malformed, &|parts| {
        take(&mut parts["actor"], "salt")
    });
    alter("a member more in a part", malformed, &|parts| {
        parts["actor"]["paid"] = json!(1)
    });
    alter("a word for a part", malformed, &|parts| {
        parts["actor"] = json!("forgotten")
    });
    alter("a body that is no text", malformed, &|parts| {
        parts["actor"]["body"] = json!({})
    });
    alter("a part that is none", malformed, &|parts| {
        parts["body"] = json!("erased")
    });
    alter("parts that are a list", malformed, &|parts| {
        *parts = json!([])
    });
    cases.sealed("parts of another entry", pack, part, |text| {
        let (place, other) = (text.entry(13), parts(text, 19));
        text.edit(place, |line| line["parts"] = other);
    });
    cases.sealed("a part that was never recorded", pack, part, |text| {
        // Of every fourth entry there are no details.
        let (place, other) = (text.entry(16), parts(text, 13));
        text.edit(place, |line| {
            line["parts"]["details"] = other["details"].clone()
        });
    });
    cases.sealed("parts said to be withheld, and open", pack, part, |text| {
        text.edit(0, |manifest| manifest["without"] = json!(["actor"]));
    });
}
