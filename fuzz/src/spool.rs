//! Files of a spool as a crash, a full disk or somebody else left them.

use std::fs;

use indelible_core::TrailName;
use indelible_spool::inspect;

/// The files of one place, by the first byte of the input.
const FILES: [&str; 4] = [
    "0000000000000000.spool",
    "dead-letters",
    "damaged",
    "losses",
];

/// Whatever stands in a file of a spool, a look at it counts no more than there are lines, and
/// changes nothing.
pub fn spool(input: &[u8]) {
    let Some((which, content)) = input.split_first() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("0");
    fs::create_dir(&place).expect("a folder");
    let name = FILES[usize::from(*which) % FILES.len()];
    let path = place.join(name);
    fs::write(&path, content).expect("written");
    let lines = content.split(|byte| *byte == b'\n').count() as u64;
    if let Ok(Some(seen)) = inspect(folder.path(), &TrailName::standard()) {
        assert!(seen.events <= lines && seen.dead <= lines && seen.damaged <= lines);
        assert!(seen.bytes <= content.len() as u64);
        assert!(seen.waiting_since.is_none() || seen.events > 0);
    }
    assert_eq!(
        fs::read(&path).expect("still there"),
        content,
        "a look changed it"
    );
}
