//! Statements that a store may not run.

use crate::file::File;
use crate::finding::Finding;
use crate::house::COUNTING_FILES;
use crate::literals::literals;
use crate::words::contains_word;

const SQLITE: &str = "crates/indelible-sqlite/";
const STORES: &[&str] = &[SQLITE, "crates/indelible-postgres/"];

/// SQLite's statements number their placeholders, lists never count, and nothing locks or
/// signals through the database.
pub fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("crates/")) {
        for piece in pieces(file) {
            findings.extend(check_signals(file, &piece));
            if file.path.starts_with(SQLITE) {
                findings.extend(check_placeholders(file, &piece));
            }
            if STORES.iter().any(|store| file.path.starts_with(store)) {
                findings.extend(check_counts(file, &piece));
            }
        }
    }
    findings
}

/// One line of SQL.
struct Piece {
    line: usize,
    text: String,
    in_tests: bool,
}

/// Every line of a `.sql` file without its comments, or of the literals of a `.rs` file that
/// read like SQL.
fn pieces(file: &File) -> Vec<Piece> {
    let in_tests = file.is_test();
    let tests_begin = file.tests_begin();
    let piece = |line: usize, text: &str| {
        let text = text.split("--").next().unwrap_or(text).to_owned();
        Piece {
            line,
            text,
            in_tests: in_tests || line >= tests_begin,
        }
    };
    match file.extension() {
        "sql" => file
            .lines()
            .map(|(number, line)| piece(number, line))
            .collect(),
        "rs" => literals(&file.text)
            .iter()
            .filter(|literal| reads_like_sql(literal.text))
            .flat_map(|literal| {
                let lines = literal.text.lines().enumerate();
                lines
                    .map(|(index, line)| piece(literal.line + index, line))
                    .collect::<Vec<_>>()
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Keywords in upper case, as every statement here is written, or nothing but placeholders.
fn reads_like_sql(text: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "SELECT", "INSERT", "UPDATE", "DELETE", "VALUES", "WHERE", "FROM", "SET", "AND", "OR",
        "LIMIT", "OFFSET", "IN", "LIKE", "BETWEEN", "NOTIFY", "LISTEN",
    ];
    let placeholders = text.contains('?') && text.chars().all(|c| "?,() ".contains(c));
    placeholders
        || text.contains("pg_")
        || KEYWORDS.iter().any(|keyword| contains_word(text, keyword))
}

fn check_placeholders(file: &File, piece: &Piece) -> Option<Finding> {
    let remedy = "write ?1, ?2, … : SQLite numbers the other forms by their first appearance";
    let bytes = piece.text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    for (at, byte) in bytes.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|index| bytes.get(index));
        let what = match byte {
            b'$' if digit(at + 1) => "a placeholder `$N` in SQLite",
            // `{:?}` and `{x:?}` are Rust's, `?{n}` is numbered where it is built.
            b'?' if matches!(before, Some(b':' | b'#')) => continue,
            b'?' if digit(at + 1) || bytes.get(at + 1) == Some(&b'{') => continue,
            b'?' => "a placeholder without its number in SQLite",
            _ => continue,
        };
        return Some(Finding::error(&file.path, piece.line, what, remedy));
    }
    None
}

fn check_counts(file: &File, piece: &Piece) -> Option<Finding> {
    let allowed = piece.in_tests || COUNTING_FILES.contains(&file.path.as_str());
    let counts = piece.text.to_ascii_uppercase().contains("COUNT(");
    let remedy = "answer from a rollup or from has_more, or list the file in xtask/src/house.rs";
    (counts && !allowed).then(|| {
        Finding::error(
            &file.path,
            piece.line,
            "a statement that counts rows",
            remedy,
        )
    })
}

fn check_signals(file: &File, piece: &Piece) -> Option<Finding> {
    let (what, remedy) = if piece.text.contains("pg_advisory") || piece.text.contains("pg_try_adv")
    {
        (
            "an advisory lock",
            "lock the head's row: other engines ignore advisory locks",
        )
    } else if piece.text.contains("pg_notify") || contains_word(&piece.text, "NOTIFY") {
        (
            "a NOTIFY",
            "poll the head: NOTIFY takes an instance-wide lock at each commit",
        )
    } else {
        return None;
    };
    Some(Finding::error(&file.path, piece.line, what, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::sample;

    const APPEND: &str = "crates/indelible-sqlite/src/append.rs";

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&[sample(path, text)])
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn numbered_placeholders_are_silent() {
        let text = "f(\"SELECT seq FROM entry WHERE trail = ?1 AND seq > ?2\");\n\
                    format!(\"AND user_id = ?{n}\");\nformat!(\"{x:?} FROM {:?}\");\n\
                    bail!(\"which trail?\");\n";
        assert!(found(APPEND, text).is_empty(), "{:?}", found(APPEND, text));
    }

    #[test]
    fn other_placeholders_are_named_at_their_line() {
        let text = "f(\n    \"SELECT seq\n     FROM entry WHERE trail = $1\",\n);\n\
                    g(\"VALUES (?, ?)\");\nh(\"?,\".repeat(n));\n";
        let found = found(APPEND, text);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with(&format!("{APPEND}:3: a placeholder `$N`")));
        assert!(found[1].starts_with(&format!("{APPEND}:5: a placeholder without")));
        assert!(found[2].starts_with(&format!("{APPEND}:6: a placeholder without")));
    }

    #[test]
    fn postgres_keeps_its_own_placeholders() {
        let text = "f(\"SELECT 1 WHERE a = $1\");";
        assert!(found("crates/indelible-postgres/src/append.rs", text).is_empty());
    }

    #[test]
    fn counting_is_for_tests() {
        let text = "f(\"SELECT count(*) FROM entry\");\n#[cfg(test)]\nmod tests {\n\
                    g(\"SELECT COUNT(*) FROM entry\") }\n";
        let found = found(APPEND, text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&format!("{APPEND}:1: a statement that counts")));
        assert!(self::found("crates/indelible-sqlite/tests/it/append.rs", text).is_empty());
    }

    #[test]
    fn locks_and_signals_are_named_in_both_kinds_of_file() {
        let sql = "-- no NOTIFY here\nSELECT pg_advisory_xact_lock(1);\nNOTIFY trail;\n";
        let found = found("crates/indelible-postgres/src/append.sql", sql);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("append.sql:2: an advisory lock"));
        assert!(found[1].contains("append.sql:3: a NOTIFY"));
        let rust = "f(\"SELECT pg_notify('trail', '')\");";
        assert_eq!(
            self::found("crates/indelible-server/src/live.rs", rust).len(),
            1
        );
    }
}
