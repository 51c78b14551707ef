//! Every input of the corpora goes through its target, so that no target rots and no bug comes
//! back.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use indelible_fuzz::{TARGETS, find};

/// The largest input, in bytes: corpora are read by people.
const INPUT_BYTES_MAX: usize = 4096;
/// The most bytes of one target's inputs.
const TARGET_BYTES_MAX: usize = 16 * 1024;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("UTF-8");
    entries
        .map(|entry| name(entry.expect("readable")))
        .collect()
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|it| it.name.to_owned()).collect();
    assert_eq!(targets.len(), TARGETS.len(), "two targets have one name");
    assert_eq!(names(&corpus()), targets);
}

#[test]
fn corpora_are_small() {
    for target in TARGETS {
        let folder = corpus().join(target.name);
        let sizes = names(&folder).into_iter().map(|name| {
            let bytes = fs::read(folder.join(&name)).expect("readable").len();
            assert!(
                bytes <= INPUT_BYTES_MAX,
                "{}/{name} has {bytes} bytes",
                target.name
            );
            bytes
        });
        let all: usize = sizes.sum();
        assert!(
            (1..=TARGET_BYTES_MAX).contains(&all),
            "{}: {all} bytes",
            target.name
        );
    }
}

/// Runs the inputs of one target, and what each becomes when it is cut or a byte of it differs.
#[track_caller]
fn run(name: &str) {
    let target = find(name).expect("a target");
    let folder = corpus().join(name);
    for input in names(&folder) {
        println!("{name}/{input}");
        let whole = fs::read(folder.join(input)).expect("readable");
        (target.run)(&whole);
        let step = whole.len().div_ceil(16).max(1);
        for at in (0..whole.len()).step_by(step) {
            (target.run)(&whole[..at]);
            let mut altered = whole.clone();
            altered[at] ^= 1 << (at % 8);
            (target.run)(&altered);
        }
    }
}

macro_rules! each_target {
    ($($name:ident),+ $(,)?) => {
        mod corpora {
            $(#[test] fn $name() { super::run(stringify!($name)) })+
        }

        #[test]
        fn every_target_is_run() {
            let run: BTreeSet<_> = [$(stringify!($name)),+].into_iter().collect();
            let targets: BTreeSet<_> = TARGETS.iter().map(|it| it.name).collect();
            assert_eq!(run, targets);
        }
    };
}

each_target! {
    array, checkpoint, consistency, cursor, event, http, json, mapping, note, outbox, pack, parameters, records,
    redaction, spool, tlog_proof, verifier_key,
}
