//! Mappings of customers.

use indelible_core::catalogue;
use indelible_evidence::{FindingKind, LintError, lint};

use FindingKind::{Collision, Duplicate, Stale, Unknown, Unversioned};

fn kinds(rows: &str) -> Vec<(u64, FindingKind)> {
    let text = format!("action,framework,control_id\n{rows}");
    let found = lint(&text).expect("a mapping");
    found.into_iter().map(|it| (it.line, it.kind)).collect()
}

#[test]
fn the_mapping_that_ships_has_no_findings() {
    assert_eq!(lint(catalogue::ACTION_CONTROLS), Ok(Vec::new()));
}

#[test]
fn t101_old_numbers_are_found_under_every_name() {
    for (row, expected) in [
        ("USER_LOGIN,PCI-DSS-4.0.1,10.2.5", vec![Stale]),
        ("USER_LOGIN_FAILED,PCI-DSS-4.0.1,10.2.4", vec![Stale]),
        // Administrators' actions, which 10.2.2 was; now it is about fields.
        ("ADMIN_USER_CREATED,PCI-DSS-4.0.1,10.2.2", vec![Collision]),
        ("*,PCI-DSS-4.0.1,10.2.2", vec![]),
        ("USER_LOGIN,PCI-DSS-3.2.1,10.2.5", vec![Stale]),
        ("ADMIN_USER_CREATED,PCI-DSS-3.2.1,10.2.2", vec![Collision]),
        ("USER_LOGIN,PCI-DSS,10.2.5", vec![Stale, Unversioned]),
        ("USER_LOGIN,,10.2.5", vec![Stale, Unversioned]),
        ("USER_LOGIN,PCI-DSS,8.2.1", vec![Unversioned]),
        ("USER_LOGIN,SOC2,CC6.1", vec![Unversioned]),
        ("USER_LOGIN,,CC6.1", vec![Unversioned]),
        ("USER_LOGIN,ISO27001-2013,A.9.2", vec![Unknown]),
        ("USER_LOGIN,SOC2-TSC-2017-POF-2022,CC6.1", vec![]),
        ("USER_LOGIN,soc2-2017-2022,CC6.1", vec![]),
        ("USER_LOGIN,ISO27001-2022,A.5", vec![Unknown]),
        ("USER_LOGON,ISO27001-2022,A.8.5", vec![Unknown]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|kind| (2, kind)).collect();
        assert_eq!(kinds(&format!("{row}\n")), expected, "{row}");
    }
}

#[test]
fn findings_say_what_may_be_meant() {
    let found =
        lint("control,action\nUSER,\nPCI-DSS-4.0.1:10.2.4,user_login_failed\n").expect("it");
    assert_eq!(found[0].kind, Unversioned);
    assert_eq!(found[1].line, 3);
    assert!(
        found[1].problem.contains("which is 10.2.1.4 in 4.0.1"),
        "{:?}",
        found[1]
    );
    let found = lint("framework,control_id\nSOC 2,CC6.1\n").expect("it");
    assert!(
        found[0].problem.contains("SOC2-TSC-2017-POF-2022:CC6.1"),
        "{:?}",
        found[0]
    );
}

#[test]
fn rows_that_stand_twice_and_words_that_are_none() {
    let row = "USER_LOGIN_FAILED,PCI-DSS-4.0.1,10.2.1.4\n";
    assert_eq!(kinds(&format!("{row}{row}")), [(3, Duplicate)]);
    let text = "action,framework,control_id,strength,condition\n\
                DATA_VIEWED,GDPR-2016/679,Art. 15(1),strong,data.secret\n";
    let found = lint(text).expect("a mapping");
    assert_eq!(
        found.iter().filter(|it| it.kind == Unknown).count(),
        2,
        "{found:?}"
    );
    assert_eq!(lint("a,b\n1,2\n"), Err(LintError::NoControl));
    assert!(matches!(
        lint("control\n\"\u{0}"),
        Ok(_) | Err(LintError::Csv(_))
    ));
}
