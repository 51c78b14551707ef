//! Names of actions and resource types, made of what a source says.

use indelible_core::Note;

/// The longest action or resource type, in bytes.
const BYTES_MAX: usize = 100;

/// The text as a name of 1 to 100 of `[A-Za-z0-9_.:/-]`: any other character becomes `_`, a name
/// too long is cut, a missing one is `unknown`; and each such change is noted.
pub(super) fn name(field: &str, given: Option<String>, notes: &mut Vec<Note>) -> String {
    let Some(given) = given else {
        notes.push(Note::new(field, "missing"));
        return "unknown".to_owned();
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.:/-".contains(c);
    let mut name = given.clone();
    if !given.chars().all(fits) {
        name = given
            .chars()
            .map(|c| if fits(c) { c } else { '_' })
            .collect();
        notes.push(Note::new(field, "characters_replaced").with("was", given.clone()));
    }
    if name.len() > BYTES_MAX {
        name.truncate(BYTES_MAX);
        let bytes = given.len() as u64;
        notes.push(
            Note::new(field, "cut")
                .with("bytes", bytes)
                .with("was", given),
        );
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> (String, Vec<String>) {
        let mut notes = Vec::new();
        let name = name("action", Some(text.to_owned()), &mut notes);
        (name, notes.into_iter().map(|note| note.kind).collect())
    }

    #[test]
    fn names_are_made_to_fit_and_the_change_is_noted() {
        assert_eq!(
            named("aws.iam.CreateUser"),
            ("aws.iam.CreateUser".to_owned(), vec![])
        );
        assert_eq!(named("a b*é").0, "a_b__");
        assert_eq!(named("a b").1, ["characters_replaced"]);
        let (long, notes) = named(&"é".repeat(101));
        assert_eq!((long, notes.len()), ("_".repeat(100), 2));
        let mut notes = Vec::new();
        assert_eq!(name("action", None, &mut notes), "unknown");
        assert_eq!(notes, [Note::new("action", "missing")]);
    }
}
