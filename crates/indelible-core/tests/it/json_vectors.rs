//! Public vectors, used from the folder of shared material and never copied here: RFC 8785 and
//! the list of naughty strings.

use std::fs;
use std::path::{Path, PathBuf};

use indelible_core::json::{self, Parsed, canonical};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The folder of public vectors. `None` when it is not at hand, which `INDELIBLE_REQUIRE_SHARED`
/// forbids.
#[expect(
    clippy::disallowed_methods,
    reason = "the place of shared vectors is a setting of the run"
)]
pub fn vectors(topic: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("INDELIBLE_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = shared.join("vectors").join(topic);
    if folder.is_dir() {
        return Some(folder);
    }
    let required = std::env::var_os("INDELIBLE_REQUIRE_SHARED").is_some_and(|set| set == "1");
    assert!(!required, "no vectors at {}", folder.display());
    println!("left out: no vectors at {}", folder.display());
    None
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn rfc_8785_inputs_become_their_outputs() {
    let Some(folder) = vectors("jcs") else { return };
    let mut names: Vec<_> = fs::read_dir(folder.join("input"))
        .expect("the inputs")
        .map(|entry| entry.expect("an input").file_name())
        .collect();
    names.sort();
    assert!(names.len() >= 6, "{names:?}");
    for name in names {
        let Parsed { value, repairs } =
            json::parse(&read(&folder.join("input").join(&name))).expect("an input");
        assert!(repairs.is_empty(), "{name:?}");
        let ours = canonical::to_vec(&value);
        assert_eq!(ours, read(&folder.join("output").join(&name)), "{name:?}");
        let hex = read(&folder.join("outhex").join(&name).with_extension("txt"));
        let hex = String::from_utf8(hex).expect("hexadecimal");
        let bytes: Result<Vec<u8>, _> = hex
            .split_whitespace()
            .map(|byte| u8::from_str_radix(byte, 16))
            .collect();
        assert_eq!(ours, bytes.expect("hexadecimal"), "{name:?}");
    }
}

#[test]
fn ecmascript_spellings_have_the_published_digests() {
    let Some(folder) = vectors("jcs") else { return };
    let page = String::from_utf8(read(&folder.join("README.md"))).expect("UTF-8");
    let digests: Vec<(String, usize)> = page.lines().filter_map(digest_row).collect();
    assert!(
        digests.iter().any(|(_, lines)| *lines == 100_000),
        "{digests:?}"
    );
    let mut hasher = Sha256::new();
    for (index, double) in doubles(&page).take(100_000).enumerate() {
        let spelling = canonical::to_string(&json!(double));
        hasher.update(format!("{:x},{spelling}\n", double.to_bits()));
        for (published, lines) in digests.iter().filter(|(_, lines)| *lines == index + 1) {
            let digest = hasher.clone().finalize();
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(digest, *published, "{lines} lines");
        }
    }
}

/// A row of the table of digests: the digest and the number of lines that it covers.
fn digest_row(line: &str) -> Option<(String, usize)> {
    let mut cells = line.split('|').map(str::trim).skip(1);
    let digest = cells.next().filter(|cell| cell.len() == 64)?;
    Some((digest.to_owned(), cells.next()?.parse().ok()?))
}

/// The sequence of doubles that the page defines: its list, 2,000 in a row, then the blocks of a
/// chain of SHA-256 digests.
fn doubles(page: &str) -> impl Iterator<Item = f64> {
    let listed: Vec<u64> = page
        .split("0x")
        .filter(|rest| rest.get(16..18) == Some("n,"))
        .filter_map(|rest| u64::from_str_radix(rest.get(..16)?, 16).ok())
        .collect();
    let row = (0..2_000).map(|step| 0x0010_0000_0000_0000 + step);
    let mut block = [0; 32];
    let chain = std::iter::repeat_with(move || {
        block = Sha256::digest(block).into();
        block
    });
    let drawn = chain
        .flat_map(|block| block.as_chunks::<8>().0.to_vec())
        .map(u64::from_le_bytes)
        .filter(|bits| f64::from_bits(*bits).is_finite() && f64::from_bits(*bits) != 0.0);
    listed
        .into_iter()
        .chain(row)
        .chain(drawn)
        .map(f64::from_bits)
}

#[test]
fn naughty_strings_survive_as_values_and_keys() {
    let Some(folder) = vectors("blns") else {
        return;
    };
    for file in ["blns.json", "blns.base64.json"] {
        let bytes = read(&folder.join(file));
        let parsed = json::parse(&bytes).expect(file);
        let expected: Value = serde_json::from_slice(&bytes).expect(file);
        assert!(parsed.repairs.is_empty(), "{file}");
        assert_eq!(parsed.value, expected, "{file}");
        let strings: Vec<&str> = expected
            .as_array()
            .expect(file)
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert!(strings.len() > 400, "{file}");
        for string in strings {
            let value = json!({string: string, "list": [string]});
            let bytes = canonical::to_vec(&value);
            assert_eq!(
                bytes,
                serde_json_canonicalizer::to_vec(&value).expect("a value"),
                "{string:?}"
            );
            let again = json::parse(&bytes).expect("canonical bytes");
            assert!(
                again.repairs.is_empty() && again.value == value,
                "{string:?}"
            );
        }
    }
}
