//! What records can never prove: that a policy exists, that a rule denies by default, that clocks
//! are configured. For these controls the evidence is elsewhere, whatever was recorded.

use crate::framework::Framework;

/// The design controls, each by its whole number.
const DESIGN: &[(Framework, &[&str])] = &[
    (
        Framework::PciDss,
        &[
            // Of 7.2 all but 7.2.4, for which an access review on record is direct evidence.
            "7.2.2", "7.2.3", "7.2.5.1", "7.2.6", "7.3.3", "8.4.1", "8.4.2", "8.4.3",
        ],
    ),
    (Framework::Soc2, &["CC5.1", "CC9.2"]),
    (
        Framework::Gdpr,
        &["Art. 25(1)", "Art. 28(3)", "Art. 30(1)", "Art. 30(2)"],
    ),
    (Framework::Iso27001, &["A.5.3"]),
];

/// Whether a control is one of design, which records alone do not show.
pub fn is_design(framework: Framework, id: &str) -> bool {
    DESIGN
        .iter()
        .any(|(own, ids)| *own == framework && ids.contains(&id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controls::Controls;

    #[test]
    fn design_controls_are_compared_whole_and_all_stand_in_the_catalogue() {
        for (framework, ids) in DESIGN {
            for id in *ids {
                assert!(Controls::of(*framework).find(id).is_some(), "{id}");
            }
        }
        assert!(is_design(Framework::Iso27001, "A.5.3"));
        assert!(!is_design(Framework::Iso27001, "A.5.34"));
        assert!(!is_design(Framework::PciDss, "7.2.4"));
        assert!(!is_design(Framework::PciDss, "7.2"));
        assert!(!is_design(Framework::Soc2, "A.5.3"));
        let in_7_2 = |id: &&str| id.starts_with("7.2.");
        let pci = Controls::of(Framework::PciDss).list();
        let all: Vec<_> = pci.iter().map(|it| it.id.as_str()).filter(in_7_2).collect();
        let marked: Vec<_> = all
            .iter()
            .filter(|id| is_design(Framework::PciDss, id))
            .collect();
        assert_eq!(marked.len() + 1, all.len());
    }
}
