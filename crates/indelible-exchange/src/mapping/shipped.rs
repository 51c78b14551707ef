//! The mappings that come with the product.

use super::Mapping;

/// The mappings that come with the product, by name.
const SHIPPED: &[(&str, &str)] = &[
    (
        "audit-table",
        include_str!("../../mappings/audit-table.toml"),
    ),
    ("auditd", include_str!("../../mappings/auditd.toml")),
    ("azure", include_str!("../../mappings/azure.toml")),
    ("cef", include_str!("../../mappings/cef.toml")),
    ("cloudtrail", include_str!("../../mappings/cloudtrail.toml")),
    ("gcp", include_str!("../../mappings/gcp.toml")),
    (
        "generic-json",
        include_str!("../../mappings/generic-json.toml"),
    ),
    (
        "generic-text",
        include_str!("../../mappings/generic-text.toml"),
    ),
    ("github", include_str!("../../mappings/github.toml")),
    (
        "google-workspace",
        include_str!("../../mappings/google-workspace.toml"),
    ),
    ("kubernetes", include_str!("../../mappings/kubernetes.toml")),
    (
        "microsoft365",
        include_str!("../../mappings/microsoft365.toml"),
    ),
    ("ndjson", include_str!("../../mappings/ndjson.toml")),
    ("okta", include_str!("../../mappings/okta.toml")),
    ("slack", include_str!("../../mappings/slack.toml")),
    ("syslog", include_str!("../../mappings/syslog.toml")),
    ("windows", include_str!("../../mappings/windows.toml")),
];

impl Mapping {
    /// The mapping of this name that comes with the product.
    pub fn shipped(name: &str) -> Option<Self> {
        let text = Self::shipped_text(name)?;
        Some(Self::parse(text).expect("a test reads every shipped mapping"))
    }

    /// The text of the mapping of this name that comes with the product, to be adapted.
    pub fn shipped_text(name: &str) -> Option<&'static str> {
        let (_, text) = SHIPPED.iter().find(|(shipped, _)| *shipped == name)?;
        Some(text)
    }

    /// The names of the mappings that come with the product.
    pub fn shipped_names() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_mapping_is_well_formed_and_named_after_itself() {
        for name in Mapping::shipped_names() {
            assert_eq!(Mapping::shipped(name).expect(name).name(), name);
        }
        assert!(Mapping::shipped("cloud").is_none());
    }
}
