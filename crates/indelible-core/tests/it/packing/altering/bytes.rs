//! The file as a whole, its spelling, its manifest and its trailer.

use indelible_core::pack::{LINE_BYTES_MAX, Reason};
use serde_json::json;

use super::{Cases, complete, person, selection};

pub fn add(cases: &mut Cases<'_>) {
    cut(cases);
    spelled(cases);
    manifest(cases);
    trailer(cases);
}

fn cut(cases: &mut Cases<'_>) {
    let bytes = cases.packs.complete.bytes();
    let cut = |at: usize| bytes[..at].to_vec();
    let ends: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at] == b'\n').collect();
    for (what, at) in [
        ("nothing is left", 0),
        ("cut within the manifest", 20),
        ("cut after the manifest", ends[0] + 1),
        ("cut before the line feed of the manifest", ends[0]),
        ("cut within a head", ends[1] - 9),
        ("cut after the link", ends[3] + 1),
        ("cut within an entry", ends[20] - 100),
        ("cut after an entry", ends[20] + 1),
        ("cut before the trailer", ends[ends.len() - 2] + 1),
        ("cut within the trailer", bytes.len() - 10),
        ("cut by its last line feed", bytes.len() - 1),
    ] {
        cases.file(what, cut(at), Reason::Truncated);
    }
    let malformed = Reason::Malformed;
    let with = |end: &[u8]| [&bytes, end].concat();
    cases.file("an empty line at the end", with(b"\n"), malformed);
    cases.file("a byte at the end", with(b"x"), malformed);
    cases.file("a line at the end", with(b"{\"seq\":50}\n"), malformed);
    cases.file("twice", with(&bytes), malformed);
    let long = [&b"{\"format\":\""[..], &vec![b'x'; LINE_BYTES_MAX]].concat();
    cases.file("a line that does not end", long, malformed);
    cases.file("brackets", [b'['].repeat(100_000), Reason::Truncated);
    let deep = [&[b'['].repeat(100_000)[..], b"\n"].concat();
    cases.file("a line of brackets", deep, malformed);
    let marked = [b"\xef\xbb\xbf", &bytes[..]].concat();
    cases.file("a byte order mark", marked, malformed);
}

fn spelled(cases: &mut Cases<'_>) {
    let malformed = Reason::Malformed;
    for (what, place, from, to) in [
        ("a space", 0, ":", ": "),
        ("a space at the end of a line", 5, "\"}", "\"} "),
        ("a carriage return", 2, "\"}", "\"}\r"),
        (
            "a needless escape",
            0,
            "indelible-pack",
            "\\u0069ndelible-pack",
        ),
        ("an escaped slash", 0, "pack/1", "pack\\/1"),
        ("a member twice", 5, "{\"seq\"", "{\"seq\":0,\"seq\""),
        ("members out of order", 1, "{\"head\":\"first\",", "{"),
        ("a number with a zero", 5, "\"seq\":1", "\"seq\":01"),
        ("a number with a sign", 5, "\"seq\":1", "\"seq\":-1"),
        ("a number with a fraction", 5, "\"seq\":11", "\"seq\":11.0"),
        ("a number with an exponent", 5, "\"seq\":11", "\"seq\":11e0"),
        (
            "a number beyond 63 bits",
            5,
            "\"seq\":11",
            "\"seq\":9223372036854775808",
        ),
        (
            "a number beyond 64 bits",
            5,
            "\"seq\":11",
            "\"seq\":18446744073709551627",
        ),
        ("no number", 5, "\"seq\":11", "\"seq\":NaN"),
        ("a text for a number", 5, "\"seq\":11", "\"seq\":\"11\""),
        ("a lone surrogate", 0, "indelible test", "\\ud800"),
        (
            "a raw control character",
            0,
            "indelible test",
            "indelible\ttest",
        ),
        ("a list for an object", 6, "{", "["),
        ("an unknown member", 6, "{", "{\"paid\":true,"),
    ] {
        cases.raw(what, complete, malformed, |text| text.swap(place, from, to));
    }
    cases.raw("carriage returns everywhere", complete, malformed, |text| {
        text.lines.iter_mut().for_each(|line| line.push(b'\r'));
    });
    cases.raw("an empty line", complete, malformed, |text| {
        text.lines.insert(5, Vec::new())
    });
    cases.raw("bytes that are not UTF-8", complete, malformed, |text| {
        text.lines[0][5] = 0xff
    });
    cases.raw("a NUL", complete, malformed, |text| text.lines[8][12] = 0);
}

fn manifest(cases: &mut Cases<'_>) {
    let malformed = Reason::Malformed;
    let mut edit = |what, reason, change: &dyn Fn(&mut serde_json::Value)| {
        cases.sealed(what, complete, reason, |text| text.edit(0, change));
    };
    edit("another version", Reason::Version, &|m| {
        m["format"] = json!("indelible-pack/2")
    });
    edit("a version that is no text", malformed, &|m| {
        m["format"] = json!(1)
    });
    edit("another trail's name", Reason::WrongTrail, &|m| {
        m["trail"] = json!("other")
    });
    edit("another trail's origin", Reason::WrongTrail, &|m| {
        m["origin"] = json!("house/other")
    });
    edit("another house's origin", Reason::WrongTrail, &|m| {
        m["origin"] = json!("home/acme")
    });
    edit("another life of the trail", Reason::WrongTrail, &|m| {
        m["origin"] = json!("house/acme/2")
    });
    edit("a range that begins later", Reason::Heads, &|m| {
        m["range"]["first"] = json!(11)
    });
    edit("a range that ends earlier", Reason::Heads, &|m| {
        m["range"]["size"] = json!(49)
    });
    edit("a range without end", malformed, &|m| {
        m["range"]["size"] = json!(9)
    });
    edit("a selection that claims to be complete", malformed, &|m| {
        m["coverage"] = json!("selection");
    });
    edit("fewer claims", malformed, &|m| {
        m["proved"] = json!(["inclusion"])
    });
    edit("a claim left out of what is not proved", malformed, &|m| {
        m["not_proved"] = json!([])
    });
    edit("no time", malformed, &|m| {
        m["created"] = json!("2026-02-30T00:00:00.000000Z")
    });
    edit("a time without microseconds", malformed, &|m| {
        m["created"] = json!("2026-02-01T00:00:00Z");
    });
    edit("a part that is none", malformed, &|m| {
        m["without"] = json!(["body"])
    });
    edit("parts out of order", malformed, &|m| {
        m["without"] = json!(["target", "actor"])
    });
    edit("an unknown condition", malformed, &|m| {
        m["question"]["seq"] = json!(1)
    });
    edit("an unknown outcome", malformed, &|m| {
        m["question"]["outcome"] = json!("maybe")
    });
    edit("a condition of nothing", malformed, &|m| {
        m["question"]["action"] = json!([])
    });
    edit("another action", Reason::Question, &|m| {
        m["question"]["action"] = json!(["user_login"])
    });
    edit("no condition", Reason::Omission, &|m| {
        m["question"] = json!({})
    });
    edit("one condition more", Reason::Question, &|m| {
        m["question"]["outcome"] = json!("failed")
    });
    edit("one action more", Reason::Omission, &|m| {
        m["question"]["action"] = json!(["document_read", "user_login"]);
    });
    edit("an earlier end", Reason::Question, &|m| {
        m["question"]["end_date"] = json!("2026-01-01T00:00:00.000000Z");
    });
    let when = |text: &mut super::Text| text.swap(0, "2026-02-01", "2026-02-02");
    cases.raw("another date of making", complete, Reason::Digest, when);
    let who = |text: &mut super::Text| text.swap(0, "auditor", "visitor");
    cases.raw("somebody else asked", selection, Reason::Digest, who);
    for (what, name, value) in [
        ("another user", "user_id", json!(["user-3"])),
        ("no user", "user_id", json!(null)),
        (
            "another block",
            "ip_address",
            json!({"first": "0".repeat(32), "last": format!("{:0>32}", "ffff0a000000")}),
        ),
        (
            "an address as text",
            "ip_address",
            json!({"text": "10.0.2.70"}),
        ),
        ("another resource", "resource_id", json!(["doc-6"])),
        ("another correlation", "correlation_id", json!(["job-4"])),
        (
            "another value",
            "context",
            json!([{"path": ["n"], "values": ["38"]}]),
        ),
        (
            "another path",
            "context",
            json!([{"path": ["n", "0"], "values": ["37"]}]),
        ),
    ] {
        cases.sealed(what, person, Reason::Question, |text| {
            text.edit(0, |manifest| manifest["question"][name] = value);
        });
    }
    cases.raw("the manifest twice", complete, malformed, |text| {
        text.lines.insert(1, text.lines[0].clone());
    });
    cases.raw("no manifest", complete, malformed, |text| {
        drop(text.lines.remove(0))
    });
}

fn trailer(cases: &mut Cases<'_>) {
    for name in ["entries", "opened", "erased", "withheld"] {
        cases.raw("another count", complete, Reason::Count, |text| {
            let last = text.last();
            text.edit(last, |line| {
                let count = line["trailer"][name].as_u64().expect("a count");
                line["trailer"][name] = json!(count + 1);
            });
        });
    }
    let mut edit = |what, reason, change: &dyn Fn(&mut serde_json::Value)| {
        cases.raw(what, complete, reason, |text| {
            let last = text.last();
            text.edit(last, |line| change(&mut line["trailer"]));
        });
    };
    edit("another digest", Reason::Digest, &|t| {
        t["sha256"] = json!("0".repeat(64))
    });
    edit("a digest in capitals", Reason::Malformed, &|t| {
        t["sha256"] = json!("A".repeat(64))
    });
    edit("a digest that is short", Reason::Malformed, &|t| {
        t["sha256"] = json!("0".repeat(62))
    });
    edit("a count that is no number", Reason::Malformed, &|t| {
        t["opened"] = json!(true)
    });
    edit("a count of more", Reason::Malformed, &|t| {
        t["paid"] = json!(1)
    });
    cases.raw("two trailers", complete, Reason::Malformed, |text| {
        text.lines.push(text.lines[text.last()].clone());
    });
    cases.raw(
        "a trailer in the middle",
        complete,
        Reason::Digest,
        |text| {
            text.lines.insert(9, text.lines[text.last()].clone());
        },
    );
}
