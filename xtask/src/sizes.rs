//! File sizes. A file that is too long holds two things.

use crate::file::File;
use crate::finding::Finding;
use crate::house::{ARCHITECTURE_LINES_SOFT, LIB_LINES_SOFT, RUST_LINES_MAX, RUST_LINES_SOFT};

/// Rust files past the hard end are errors; what is past a soft one is listed.
pub fn check(files: &[File]) -> Vec<Finding> {
    files.iter().filter_map(check_file).collect()
}

fn check_file(file: &File) -> Option<Finding> {
    let lines = file.text.lines().count();
    let too_long = |limit: usize, remedy: &str| {
        let what = format!("{lines} lines, {limit} allowed");
        Finding::error(&file.path, limit + 1, what, remedy)
    };
    let split = "split it by what its parts are about";
    if file.path == "ARCHITECTURE.md" && lines > ARCHITECTURE_LINES_SOFT {
        return Some(too_long(ARCHITECTURE_LINES_SOFT, "move detail to docs/").into_warning());
    }
    if file.extension() != "rs" {
        return None;
    }
    if lines > RUST_LINES_MAX {
        return Some(too_long(RUST_LINES_MAX, split));
    }
    if lines > RUST_LINES_SOFT {
        return Some(too_long(RUST_LINES_SOFT, split).into_warning());
    }
    let essay = file.name() == "lib.rs" && lines > LIB_LINES_SOFT;
    essay.then(|| too_long(LIB_LINES_SOFT, "leave only the essay and the modules").into_warning())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::sample;
    use crate::finding::Weight;

    fn weight(path: &str, lines: usize) -> Option<Weight> {
        check(&[sample(path, &"x\n".repeat(lines))])
            .first()
            .map(|finding| finding.weight)
    }

    #[test]
    fn the_hard_end_fails_and_the_soft_one_warns() {
        assert_eq!(weight("a.rs", RUST_LINES_SOFT), None);
        assert_eq!(weight("a.rs", RUST_LINES_SOFT + 1), Some(Weight::Warning));
        assert_eq!(weight("a.rs", RUST_LINES_MAX), Some(Weight::Warning));
        assert_eq!(weight("a.rs", RUST_LINES_MAX + 1), Some(Weight::Error));
    }

    #[test]
    fn essays_and_the_map_warn_and_data_may_be_long() {
        assert_eq!(
            weight("crates/a/src/lib.rs", LIB_LINES_SOFT + 1),
            Some(Weight::Warning)
        );
        assert_eq!(
            weight("ARCHITECTURE.md", ARCHITECTURE_LINES_SOFT + 1),
            Some(Weight::Warning)
        );
        assert_eq!(weight("fixtures/events.ndjson", 5_000), None);
    }
}
