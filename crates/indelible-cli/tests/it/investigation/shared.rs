//! Real events that are not part of this project. They lie in `shared` beside the workspace, or
//! where `INDELIBLE_SHARED` says; without them these tests say so and pass, unless
//! `INDELIBLE_REQUIRE_SHARED` is `1`.

use std::path::PathBuf;

use super::import;
use crate::desk::Desk;

/// Who attacked on the real day, and did most of its ordinary work.
pub const BERT_JAN: &str = "arn:aws:iam::123837392027:user/bert-jan";
/// From where the attack was run.
pub const DESK_ADDRESS: &str = "192.168.10.20";

/// A file or folder of the real events.
pub fn place(name: &str) -> Option<String> {
    let variable = |name: &str| {
        #[expect(
            clippy::disallowed_methods,
            reason = "the place of data outside the project"
        )]
        std::env::var_os(name)
    };
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = variable("INDELIBLE_SHARED").map_or_else(beside, PathBuf::from);
    let path = shared.join("data").join(name);
    // The binary runs in a folder of its own.
    if let Ok(path) = path.canonicalize() {
        return Some(path.into_os_string().into_string().expect("UTF-8"));
    }
    let required = variable("INDELIBLE_REQUIRE_SHARED").is_some_and(|value| value == "1");
    assert!(!required, "{} is not there", path.display());
    println!("not run: {} is not there", path.display());
    None
}

/// A desk on which the real day was imported.
pub fn day() -> Option<Desk> {
    let folder = place("cloudtrail-invictus")?;
    let desk = Desk::new();
    assert_eq!(import(&desk, &["cloudtrail", &folder]), [2202, 2202, 0, 0]);
    Some(desk)
}
