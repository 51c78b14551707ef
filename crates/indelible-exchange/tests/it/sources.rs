//! Files, folders, patterns, gzip.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use indelible_exchange::{ImportError, Importer, Mapping, Source, plan};

use crate::fixture::{ID_KEY, Read, importer, path, read_text};

const LINE: &str = "{\"action\":\"a\",\"resource_type\":\"r\"}\n";

fn put(folder: &Path, name: &str, content: &[u8]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("inside a folder")).expect("a temporary folder");
    fs::write(path, content).expect("a temporary folder");
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn names(folder: &Path, sources: &[Source]) -> Vec<String> {
    let prefix = format!("{}/", folder.display());
    sources
        .iter()
        .map(|source| source.name().replace(&prefix, ""))
        .collect()
}

#[test]
fn a_folder_is_walked_in_the_order_of_its_paths() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    for name in [
        "b/2.json",
        "b/1.json",
        "a.json",
        "c.ndjson.gz",
        ".hidden/x.json",
    ] {
        put(root, name, LINE.as_bytes());
    }
    put(root, "LICENSE", b"Permission is granted\n");
    put(root, "empty.json", b"");
    put(root, "utf16.json", b"\xFF\xFE{\0");
    let sources = plan(&[root]).expect("it can be listed");
    let expected = [
        ".hidden",
        "LICENSE",
        "a.json",
        "b/1.json",
        "b/2.json",
        "c.ndjson.gz",
        "empty.json",
        "utf16.json",
    ];
    assert_eq!(names(root, &sources), expected);
    let read = Read::of(importer("ndjson").read(sources));
    assert_eq!((read.records.len(), read.rejected.len()), (4, 0));
    let reasons: Vec<&str> = read
        .skipped
        .iter()
        .map(|(_, reason)| reason.as_str())
        .collect();
    assert_eq!(
        reasons,
        [
            "a hidden folder",
            "not JSON",
            "empty",
            "UTF-16 text; convert it to UTF-8"
        ]
    );
}

#[test]
fn patterns_match_and_a_file_named_twice_counts_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    for name in ["a1.json", "a2.json", "b.json", "sub/a3.json", "[x].json"] {
        put(root, name, LINE.as_bytes());
    }
    let pattern = |text: &str| root.join(text);
    let found = plan(&[
        pattern("a*.json"),
        pattern("a2.json"),
        pattern("**/a?.json"),
    ]);
    let found = names(root, &found.expect("they match"));
    assert_eq!(found, ["a1.json", "a2.json", "sub/a3.json"]);
    let literal = plan(&[pattern("[x].json")]).expect("the file is there");
    assert_eq!(names(root, &literal), ["[x].json"]);
    assert!(matches!(
        plan(&[pattern("z*.json")]),
        Err(ImportError::NotFound(_))
    ));
    assert!(matches!(
        plan(&[pattern("none.json")]),
        Err(ImportError::NotFound(_))
    ));
    assert!(matches!(
        plan(&[pattern("a***")]),
        Err(ImportError::Pattern { .. })
    ));
    assert_eq!(
        plan(&["-", "-"]).expect("standard input is there")[0].name(),
        "-"
    );
}

#[test]
fn a_file_that_was_named_is_data_whatever_it_holds() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    put(
        folder.path(),
        "LICENSE",
        b"Permission is granted\n\nto anybody\n",
    );
    let sources = plan(&[folder.path().join("LICENSE")]).expect("it is there");
    let read = Read::of(importer("ndjson").read(sources));
    let lines: Vec<u64> = read
        .rejected
        .iter()
        .map(|(origin, _)| origin.line)
        .collect();
    assert_eq!((lines, read.skipped.len()), (vec![1, 3], 0));
}

#[cfg(unix)]
#[test]
fn links_inside_a_folder_lead_to_files_only() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    put(root, "real/a.json", LINE.as_bytes());
    for (target, name) in [
        ("real", "z-loop"),
        ("nowhere", "z-dangling"),
        ("real/a.json", "z-file"),
    ] {
        std::os::unix::fs::symlink(root.join(target), root.join(name)).expect("links can be made");
    }
    let read = Read::of(importer("ndjson").read(plan(&[root]).expect("it can be listed")));
    assert_eq!(read.records.len(), 1);
    let reasons: Vec<&str> = read
        .skipped
        .iter()
        .map(|(_, reason)| reason.as_str())
        .collect();
    assert_eq!(reasons, ["a link that leads nowhere", "a link to a folder"]);
}

#[test]
fn gzip_is_told_by_its_first_bytes() {
    let plain = read_text("ndjson", LINE.repeat(3)).all();
    assert_eq!(
        read_text("ndjson", gzip(LINE.repeat(3).as_bytes())).all(),
        plain
    );
    let members = [
        gzip(LINE.as_bytes()),
        gzip(LINE.as_bytes()),
        gzip(LINE.as_bytes()),
    ]
    .concat();
    assert_eq!(read_text("ndjson", members).all(), plain);
    let marked = format!("\u{FEFF}{}", LINE.repeat(3));
    assert_eq!(read_text("ndjson", gzip(marked.as_bytes())).all(), plain);
}

#[test]
fn a_damaged_gzip_file_gives_what_can_be_read_and_is_reported() {
    let lines: String = (0..20_000)
        .map(|n| LINE.replace("\"a\"", &format!("\"a{n}\"")))
        .collect();
    let packed = gzip(lines.as_bytes());
    let cut = read_text("ndjson", &packed[..packed.len() / 2]);
    assert!(
        cut.records.len() > 1_000 && cut.records.len() < 20_000,
        "{}",
        cut.records.len()
    );
    assert_eq!(cut.rejected.len(), 1);
    assert_eq!(cut.rejected[0].1, "the gzip stream ends too early");
    let array = gzip(format!("[\n{}]", lines.replace("}\n", "},\n")).as_bytes());
    let cut = read_text("ndjson", &array[..array.len() / 2]);
    assert!(
        cut.records.len() > 1_000 && cut.records.len() < 20_000,
        "{}",
        cut.records.len()
    );
    assert_eq!(cut.rejected.len(), 1);
    let mut garbage = gzip(LINE.as_bytes());
    garbage.extend(b"\x1F\x8B garbage after the end");
    let read = read_text("ndjson", garbage);
    assert_eq!(
        (read.records.len(), read.rejected.len()),
        (1, 1),
        "{read:?}"
    );
    let read = read_text("ndjson", b"\x1F\x8B");
    assert_eq!(
        (read.records.len(), read.rejected.len()),
        (0, 1),
        "{read:?}"
    );
}

#[test]
fn a_bomb_of_one_line_is_passed_over_with_bounded_memory() {
    let mut text = LINE.as_bytes().to_vec();
    text.extend(b"{\"action\":\"");
    text.resize(text.len() + (8 << 20), b'x');
    text.extend(b"\"}\n");
    text.extend(LINE.as_bytes());
    let mapping = Mapping::shipped("ndjson").expect("it is shipped");
    let importer = Importer::new(mapping, ID_KEY).document_bytes_max(1 << 20);
    let source = Source::reader("bomb", Cursor::new(gzip(&text)));
    let read = Read::of(importer.read(vec![source]));
    assert_eq!((read.records.len(), read.rejected.len()), (2, 1));
    assert_eq!(read.rejected[0].0.line, 2);
    let document = format!("[\n{}1]", "1,\n".repeat(1 << 20));
    let sources = vec![
        Source::reader("large", Cursor::new(document)),
        Source::reader("small", Cursor::new(LINE)),
    ];
    let read = Read::of(importer.read(sources));
    assert_eq!(read.errors.len(), 1);
    assert!(read.errors[0].starts_with("large: one JSON document of more than 1048576 bytes"));
    assert_eq!(read.records.len(), 1, "the next source is read");
}

#[test]
fn occurrences_are_counted_over_all_sources_of_a_run() {
    let twice = || {
        (0..2)
            .map(|n| Source::reader(format!("f{n}"), Cursor::new(LINE)))
            .collect::<Vec<_>>()
    };
    let ids = Read::of(importer("ndjson").read(twice())).ids();
    assert_ne!(ids[0], ids[1]);
    assert_eq!(Read::of(importer("ndjson").read(twice())).ids(), ids);
    assert_eq!(read_text("ndjson", LINE).ids()[..], ids[..1]);
}

#[test]
fn fixtures_are_found_as_a_folder() {
    let sources = plan(&[path("")]).expect("the fixtures are there");
    let read = Read::of(importer("cloudtrail").read(sources));
    assert_eq!(
        (read.records.len(), read.rejected.len()),
        (5 * 8, 0),
        "{:?}",
        read.rejected
    );
}
