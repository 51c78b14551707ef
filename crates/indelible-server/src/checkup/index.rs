//! How far an index is that is kept apart from the log.

use indelible_core::store::IndexCondition;

use super::Check;

/// Entries that an index may be behind before it is worth a word: twice of what it lets writers be
/// ahead.
const LAG_MAX: u64 = 2 * 262_144;
const REMEDY: &str = "`indelible reindex`; until then searches read the log, and answer the same";

/// What a store says of its index, judged.
pub fn of_index(index: &IndexCondition) -> Check {
    let size = index.bytes as f64 / f64::from(1 << 20);
    let behind = plural(index.lag, "entry", "entries");
    let runs = plural(index.runs, "run", "runs");
    let mut detail = format!("{behind} behind, {size:.1} MiB, {runs}");
    if let Some(bytes) = index.written_per_entry {
        detail.push_str(&format!(", {bytes:.0} bytes written per entry"));
    }
    match &index.problem {
        Some(problem) => Check::warn("index", format!("{detail}; {problem}"), REMEDY),
        None if index.lag > LAG_MAX => Check::warn("index", detail, REMEDY),
        None => Check::ok("index", detail),
    }
}

fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    fn index() -> IndexCondition {
        IndexCondition {
            lag: 3,
            bytes: 43_200_000,
            runs: 12,
            ..IndexCondition::default()
        }
    }

    #[test]
    fn lag_and_problems_are_told_with_what_mends_them() {
        let sound = of_index(&index());
        assert_eq!(
            sound,
            Check::ok("index", "3 entries behind, 41.2 MiB, 12 runs")
        );
        let counted = IndexCondition {
            lag: 1,
            runs: 1,
            written_per_entry: Some(2049.6),
            ..index()
        };
        let detail = "1 entry behind, 41.2 MiB, 1 run, 2050 bytes written per entry";
        assert_eq!(of_index(&counted).detail, detail);
        let most = IndexCondition {
            lag: LAG_MAX,
            ..index()
        };
        assert_eq!(of_index(&most).verdict, Verdict::Ok);
        let far = IndexCondition {
            lag: LAG_MAX + 1,
            ..index()
        };
        let damaged = IndexCondition {
            problem: Some("damaged: block 7 is missing".to_owned()),
            ..index()
        };
        for ill in [far, damaged] {
            let check = of_index(&ill);
            assert_eq!(check.verdict, Verdict::Warn, "{}", check.detail);
            assert!(
                check
                    .remedy
                    .is_some_and(|remedy| remedy.contains("`indelible reindex`"))
            );
            assert!(
                check
                    .detail
                    .ends_with(ill.problem.as_deref().unwrap_or("12 runs"))
            );
        }
    }
}
