//! Scope files.

use indelible_evidence::{Area, Scope};

const DECLARED: &str = "[declared]\nby = \"m\"\non = \"2026-01-01\"\nwhy = \"w\"\n";

#[test]
fn a_scope_says_what_it_declares() {
    let scope = Scope::parse(
        r#"
        name = "card platform"

        [declared]
        by = "m. muster"
        on = "2026-02-01"
        why = "the audit of May"

        [scope.cde]
        present = true
        resource_types = ["payment"]

        [scope.ephi]
        present = false
        why = "no health data"

        [[not_applicable]]
        control = "PCI-DSS-4.0.1:10.2.1.4"
        by = "q. sa"
        on = "2026-02-03"
        why = "none"

        [tags]
        complete = ["data.chd"]

        [instrumented]
        actions = ["ADMIN_*", "USER_LOGIN", "own.action"]
        "#,
    )
    .expect("a scope");
    assert_eq!(scope.name.as_deref(), Some("card platform"));
    assert!(scope.area(Area::Cde).is_some_and(|it| it.present));
    assert!(scope.area(Area::Ephi).is_some_and(|it| !it.present));
    assert_eq!(scope.area(Area::Chd), None);
    let listed = |action: &str| scope.instrumented.iter().any(|it| it == action);
    assert!(listed("admin_user_created") && listed("own.action"));
    assert!(listed("user_login") && listed("user_login_success"));
    assert_eq!(scope.sha256.as_ref().map(String::len), Some(64));
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (text, line, said) in [
        ("[scope.cde]\npresence = true\n", 6, "presence"),
        ("[scope.unheard]\npresent = true\n", 5, "unheard"),
        ("surprise = 1\n", 5, "surprise"),
        (
            "[tags]\ncomplete = [\"data.chd\",\n \"data.x\"]\n",
            7,
            "`complete`",
        ),
        (
            "[scope.chd]\npresent = true\nresource_types = [\"a\"]\n",
            7,
            "`resource_types`",
        ),
        (
            "[instrumented]\nactions = [\"no such name\"]\n",
            6,
            "`instrumented`",
        ),
        ("[scope.cde]\npresent = 1\n", 6, "bool"),
    ] {
        let error = Scope::parse(&format!("{DECLARED}{text}")).expect_err(text);
        assert_eq!(error.line, line, "{text} {error}");
        assert!(error.to_string().contains(said), "{text} {error}");
    }
    for (control, on, said) in [
        ("10.2.1.4", "2026-01-01", "no framework and version"),
        (
            "PCI-DSS-3.2.1:10.2.4",
            "2026-01-01",
            "no framework with its version",
        ),
        ("PCI-DSS-4.0.1:10.2.4", "2026-01-01", "no control 10.2.4"),
        ("PCI-DSS-4.0.1:10.2.1.4", "in May", "`on`"),
    ] {
        let text = format!(
            "{DECLARED}[[not_applicable]]\ncontrol = \"{control}\"\nby = \"b\"\non = \"{on}\"\nwhy = \"w\"\n"
        );
        let error = Scope::parse(&text).expect_err(control);
        assert!(error.to_string().contains(said), "{error}");
    }
    let twice = "[[not_applicable]]\ncontrol = \"PCI-DSS-4.0.1:10.2.2\"\nby = \"b\"\non = \"2026-01-01\"\nwhy = \"w\"\n";
    let error = Scope::parse(&format!("{DECLARED}{twice}{twice}")).expect_err("twice");
    assert!(
        error.to_string().contains("declared twice") && error.line == 11,
        "{error}"
    );
    let error = Scope::parse("name = \"x\"\n").expect_err("nobody");
    assert!(error.to_string().contains("declared"), "{error}");
    let unsaid = DECLARED.replace("why = \"w\"", "why = \" \"");
    assert!(
        Scope::parse(&unsaid)
            .expect_err("unsaid")
            .to_string()
            .contains("`why`")
    );
}
