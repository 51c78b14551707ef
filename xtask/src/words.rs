//! Words that may not stand in code.

use crate::file::File;
use crate::finding::Finding;
use crate::house::WORDS_NEVER;

/// The files that hold the list of the words, and the tests of it.
const LISTS: &[&str] = &["xtask/src/house.rs", "xtask/src/words.rs"];

/// No line of code holds a word of [`WORDS_NEVER`].
pub fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let code = files
        .iter()
        .filter(|file| matches!(file.extension(), "rs" | "sql" | "py"));
    for file in code.filter(|file| !LISTS.contains(&file.path.as_str())) {
        for (number, line) in file.lines() {
            for (word, remedy) in WORDS_NEVER
                .iter()
                .filter(|(word, _)| contains_word(line, word))
            {
                let what = format!("`{word}` stands here");
                findings.push(Finding::error(&file.path, number, what, *remedy));
            }
        }
    }
    findings
}

/// Whether `word` stands in `text` by itself: next to its ends that are letters, no letter,
/// digit, `_` or `-` continues it.
pub fn contains_word(text: &str, word: &str) -> bool {
    let continues = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let open_ended = !word.ends_with(continues);
    let open_started = !word.starts_with(continues);
    text.match_indices(word).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + word.len()..].chars().next();
        (open_started || !before.is_some_and(continues))
            && (open_ended || !after.is_some_and(continues))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::sample;

    #[test]
    fn a_banned_word_is_named_with_its_line() {
        let text = "fn a() {\n    todo!(\"later\")\n}\n// FIXME this\n#[ignore = \"slow\"]\n";
        let found: Vec<_> = check(&[sample("a.rs", text)])
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found.len(), 3);
        assert!(found[0].starts_with("a.rs:2: `todo!(`"));
        assert!(found[1].starts_with("a.rs:4: `FIXME`"));
        assert!(found[2].starts_with("a.rs:5: `#[ignore`"));
    }

    #[test]
    fn longer_words_and_data_files_are_left_alone() {
        assert!(check(&[sample("a.rs", "let mask = \"XXXX-XXXX\"; // FIXMENT\n")]).is_empty());
        assert!(check(&[sample("data.csv", "FIXME,XXX\n")]).is_empty());
    }

    #[test]
    fn a_word_ends_where_no_letter_goes_on() {
        assert!(contains_word("`indelible` and more", "indelible"));
        assert!(!contains_word("`indelible-core`", "indelible"));
        assert!(contains_word("indelible-core, indelible", "indelible"));
        assert!(!contains_word("mod_tests", "tests"));
    }
}
