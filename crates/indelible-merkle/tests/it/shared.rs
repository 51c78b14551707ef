//! Public vectors of other projects, read from a folder beside the workspace.
//!
//! They are not part of this repository. The folder is `$INDELIBLE_SHARED`, else `../shared` of
//! the workspace; where it is absent the tests say so and pass, unless
//! `INDELIBLE_REQUIRE_SHARED=1`.

mod ed25519;
mod merkle;
mod notes;

use std::path::PathBuf;

use serde_json::Value;

/// The folder `vectors`, when it is there.
fn vectors() -> Option<PathBuf> {
    let shared = match environment("INDELIBLE_SHARED") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
    };
    let vectors = shared.join("vectors");
    if vectors.is_dir() {
        return Some(vectors);
    }
    let required = environment("INDELIBLE_REQUIRE_SHARED").is_some_and(|value| value == "1");
    assert!(!required, "no public vectors at {}", vectors.display());
    println!(
        "public vectors are not at hand ({}): nothing checked",
        vectors.display()
    );
    None
}

fn json(path: &std::path::Path) -> Value {
    let bytes = std::fs::read(path).expect("a readable vector file");
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no text {field} in {value}"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "where the vectors are depends on the machine"
)]
fn environment(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}
