//! A class of a policy in one line, as people type it.

use indelible_core::engine::RetentionClass;

/// `user_*,document_read=400:actor,details`, and after one more `:` what asks for it.
///
/// # Errors
/// What is not of this form.
pub fn read_class(text: &str) -> Result<RetentionClass, String> {
    let wrong = || "it is ACTION[,ACTION…]=DAYS:PART[,PART…][:BASIS]".to_owned();
    // Names of actions may hold colons.
    let (actions, rest) = text.split_once('=').ok_or_else(wrong)?;
    let mut rest = rest.splitn(3, ':');
    let (days, parts, basis) = (rest.next(), rest.next(), rest.next());
    let parts = parts.ok_or_else(wrong)?.split(',');
    let parts = parts.map(|part| part.trim().parse());
    Ok(RetentionClass {
        actions: actions.split(',').map(|a| a.trim().to_owned()).collect(),
        after_days: days.and_then(|d| d.trim().parse().ok()).ok_or_else(wrong)?,
        parts: parts
            .collect::<Result<_, _>>()
            .map_err(|error| format!("{error}"))?,
        legal_basis: basis.map(|basis| basis.trim().to_owned()),
    })
}

/// The line that [`read_class`] reads this class from.
pub fn class_text(class: &RetentionClass) -> String {
    let parts: Vec<_> = class.parts.iter().map(|part| part.as_str()).collect();
    let basis = class.legal_basis.as_ref();
    let basis = basis.map(|basis| format!(":{basis}")).unwrap_or_default();
    let (actions, parts) = (class.actions.join(","), parts.join(","));
    format!("{actions}={}:{parts}{basis}", class.after_days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_read_from_the_line_that_it_is_written_as() {
        for line in [
            "user_*=400:actor",
            "a:b,c/d=1:actor,details,target",
            "*=30:details:GDPR Art. 5(1)(c): no longer needed",
        ] {
            let class = read_class(line).expect("a class");
            assert_eq!(class_text(&class), line);
        }
        let spaced = read_class(" user_* , x = 400 : actor , details ").expect("a class");
        assert_eq!(class_text(&spaced), "user_*,x=400:actor,details");
        for wrong in [
            "",
            "x",
            "x=actor",
            "x=400",
            "x=400:",
            "x=-1:actor",
            "x=4:all",
        ] {
            read_class(wrong).expect_err(wrong);
        }
    }
}
