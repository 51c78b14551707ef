//! What the operator declares, line by line: every form that is read shows all of it.

use crate::report::ControlReport;
use crate::scope::Scope;

/// The heading above it.
pub const HEADING: &str = "The operator's statements";
/// What has to be said of it.
pub const NOTE: &str = "Nothing in the trail shows that these are true. They make no direct \
                        evidence, and each control that rests on one says so.";

/// A statement for each line, by its name in the scope file.
pub fn statements(scope: &Scope) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for (area, presence) in &scope.scope {
        let mut text = area.title().to_owned();
        text.push_str(match presence.present {
            true => ": in scope",
            false => ": not in scope",
        });
        if !presence.resource_types.is_empty() {
            text.push_str(&format!(", of {}", presence.resource_types.join(", ")));
        }
        if let Some(why) = &presence.why {
            text.push_str(&format!(". {why}"));
        }
        lines.push((format!("scope.{}", area.as_str()), text));
    }
    for it in &scope.not_applicable {
        let own = &it.declaration;
        let text = format!(
            "{} does not apply: {} ({}, {})",
            it.control, own.why, own.by, own.on
        );
        lines.push(("not_applicable".to_owned(), text));
    }
    let lists = [
        (
            "tags.complete",
            "tags that are written whenever they apply",
            Some(&scope.complete_tags),
        ),
        (
            "resources.system_objects",
            "the kinds of system objects, and no others",
            scope.system_objects.as_ref(),
        ),
        (
            "settings.audit",
            "settings that concern logging",
            Some(&scope.audit_settings),
        ),
        (
            "settings.time",
            "settings that concern time",
            Some(&scope.time_settings),
        ),
        (
            "endpoints.login",
            "the endpoints of authentication, and no others",
            scope.login_endpoints.as_ref(),
        ),
        (
            "instrumented",
            "actions that are recorded whenever they happen",
            Some(&scope.instrumented),
        ),
        (
            "liveness",
            "actions that show that recording is alive",
            Some(&scope.liveness),
        ),
    ];
    for (name, what, list) in lists {
        // An empty list says something only where it says that there are no others.
        let Some(list) = list.filter(|list| !list.is_empty() || what.ends_with("no others")) else {
            continue;
        };
        let listed = match list.is_empty() {
            true => "none".to_owned(),
            false => list.join(", "),
        };
        lines.push((name.to_owned(), format!("{what}: {listed}")));
    }
    lines
}

/// On which of them a control rests, and for how many of its entries.
pub fn rests_on(control: &ControlReport) -> Option<String> {
    let named = control.declarations.join(", ");
    match (control.declarations.is_empty(), control.by_declaration) {
        (true, _) => None,
        (false, 0) => Some(format!("Rests on the operator's statements: {named}.")),
        (false, entries) => Some(format!(
            "Rests on the operator's statements: {named}; by these alone {entries} of its entries \
             are counted as they are."
        )),
    }
}
