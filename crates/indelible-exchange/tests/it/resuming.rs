//! An import that goes on where another stopped.

use std::io::Cursor;

use indelible_exchange::{ImportRecord, Importer, Mapping, Position, Source, plan};

use crate::fixture::{ID_KEY, Read, importer, path};

/// Records out of order, some with the same time, some with none, in two sources.
fn sources() -> Vec<Source> {
    let text = |source: u32| -> String {
        let line = |n: u32| match n % 5 {
            0 => format!(
                "{{\"action\":\"a\",\"resource_type\":\"t\",\"user_id\":\"{source}.{n}\"}}\n"
            ),
            _ => format!(
                "{{\"action\":\"a\",\"resource_type\":\"t\",\"user_id\":\"{source}.{n}\",\
                 \"occurred_at\":\"2026-03-01T00:00:{:02}Z\"}}\n",
                (n * 7) % 13
            ),
        };
        (0..40).map(line).collect()
    };
    let source = |n| Source::reader(format!("source {n}"), Cursor::new(text(n)));
    vec![source(1), source(2)]
}

fn read_after(after: Option<Position>, run_bytes: usize) -> (Vec<ImportRecord>, u64) {
    let importer = importer("ndjson").run_bytes(run_bytes);
    let mut sorted = importer.read_sorted(sources()).after(after);
    let read = Read::of(sorted.by_ref());
    (read.records, sorted.passed())
}

#[test]
fn what_comes_after_a_position_is_exactly_what_came_after_it_before() {
    let (whole, passed) = read_after(None, 1 << 20);
    assert_eq!((whole.len(), passed), (80, 0));
    assert!(whole.is_sorted_by_key(ImportRecord::position));
    for stop in [0, 1, 39, 63, 78, 79] {
        for run_bytes in [1 << 20, 200] {
            let (rest, passed) = read_after(Some(whole[stop].position()), run_bytes);
            assert_eq!(passed, stop as u64 + 1);
            let ids = |records: &[ImportRecord]| -> Vec<_> {
                records.iter().map(|record| record.event.id).collect()
            };
            assert_eq!(ids(&rest), ids(&whole[stop + 1..]), "after {stop}");
        }
    }
}

#[test]
fn an_import_is_the_same_only_while_all_that_it_reads_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a disk");
    };
    put("a", "{}\n");
    put("b", "{}\n");
    let print = |importer: &Importer, names: &[&str]| {
        let paths: Vec<_> = names.iter().map(|name| folder.path().join(name)).collect();
        importer.fingerprint(&plan(&paths).expect("they are there"))
    };
    let json = importer("generic-json");
    let first = print(&json, &["a", "b"]).expect("files have one");
    assert_eq!(print(&json, &["a", "b"]), Some(first.clone()));
    let changed = Mapping::shipped_text("generic-json")
        .expect("shipped")
        .to_owned()
        + "\n";
    let changed = Mapping::parse(&changed).expect("a mapping");
    let others = [
        print(&json, &["b", "a"]),
        print(&json, &["a"]),
        print(&json.clone().year(Some(2020)), &["a", "b"]),
        print(&importer("ndjson"), &["a", "b"]),
        print(&Importer::new(changed, ID_KEY), &["a", "b"]),
        print(
            &Importer::new(Mapping::shipped("generic-json").expect("shipped"), [8; 32]),
            &["a", "b"],
        ),
    ];
    for (place, other) in others.into_iter().enumerate() {
        assert_ne!(other.expect("files have one"), first, "{place}");
    }
    #[cfg(unix)]
    {
        let at = |name: &str| folder.path().join(name);
        let modified = std::fs::metadata(at("b")).and_then(|found| found.modified());
        put("other", "[]\n");
        let other = std::fs::File::options().write(true).open(at("other"));
        let other = other.expect("it is there");
        other
            .set_modified(modified.expect("a time"))
            .expect("one's own file");
        std::fs::rename(at("other"), at("b")).expect("a disk");
        assert_ne!(print(&json, &["a", "b"]), Some(first.clone()));
    }
    put("b", "{}\n{}\n");
    assert_ne!(print(&json, &["a", "b"]), Some(first));
    let piped = vec![Source::reader("text", Cursor::new("{}"))];
    assert_eq!(json.fingerprint(&piped), None);
    assert!(
        json.fingerprint(&plan(&[path("")]).expect("a folder"))
            .is_some()
    );
}
