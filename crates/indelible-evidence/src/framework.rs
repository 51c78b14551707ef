//! The frameworks, and how a control is named: never without the framework's version.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::controls::Controls;

/// A framework in the version that the catalogue speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Framework {
    /// PCI DSS 4.0.1.
    PciDss,
    /// SOC 2, the trust services criteria of 2017 with the points of focus of 2022.
    Soc2,
    /// Regulation (EU) 2016/679.
    Gdpr,
    /// HIPAA, 45 CFR part 164 subpart C.
    Hipaa,
    /// ISO/IEC 27001:2022.
    Iso27001,
    /// NIST SP 800-53 revision 5.
    Nist80053,
}

impl Framework {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::PciDss,
        Self::Soc2,
        Self::Gdpr,
        Self::Hipaa,
        Self::Iso27001,
        Self::Nist80053,
    ];

    /// The name in commands and URLs, with the version.
    pub const fn id(self) -> &'static str {
        match self {
            Self::PciDss => "pci-dss-4.0.1",
            Self::Soc2 => "soc2-2017-2022",
            Self::Gdpr => "gdpr-2016-679",
            Self::Hipaa => "hipaa-45cfr164",
            Self::Iso27001 => "iso27001-2022",
            Self::Nist80053 => "nist-800-53r5",
        }
    }

    /// The name in the catalogue and before each control, with the version.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PciDss => "PCI-DSS-4.0.1",
            Self::Soc2 => "SOC2-TSC-2017-POF-2022",
            Self::Gdpr => "GDPR-2016/679",
            Self::Hipaa => "HIPAA-45CFR164",
            Self::Iso27001 => "ISO27001-2022",
            Self::Nist80053 => "NIST-800-53r5",
        }
    }

    /// What people call it, without the version.
    pub const fn family(self) -> &'static str {
        match self {
            Self::PciDss => "PCI DSS",
            Self::Soc2 => "SOC 2",
            Self::Gdpr => "GDPR",
            Self::Hipaa => "HIPAA Security Rule",
            Self::Iso27001 => "ISO/IEC 27001 Annex A",
            Self::Nist80053 => "NIST SP 800-53",
        }
    }

    /// The version, as its publisher writes it.
    pub const fn version(self) -> &'static str {
        match self {
            Self::PciDss => "4.0.1 (June 2024)",
            Self::Soc2 => "2017 criteria, points of focus 2022",
            Self::Gdpr => "Regulation (EU) 2016/679",
            Self::Hipaa => "45 CFR 164 subpart C",
            Self::Iso27001 => "2022 + Amd 1:2024",
            Self::Nist80053 => "Rev. 5, release 5.2.0",
        }
    }
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

impl Serialize for Framework {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A text that names no framework with its version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no framework with its version; there are pci-dss-4.0.1, soc2-2017-2022, \
     gdpr-2016-679, hipaa-45cfr164, iso27001-2022 and nist-800-53r5"
)]
pub struct FrameworkError(String);

impl FromStr for Framework {
    type Err = FrameworkError;

    /// Reads both spellings, whatever the case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is = |name: &str| name.eq_ignore_ascii_case(text);
        Self::ALL
            .into_iter()
            .find(|framework| is(framework.id()) || is(framework.name()))
            .ok_or_else(|| FrameworkError(text.chars().take(100).collect()))
    }
}

/// A control of the catalogue: framework, version and number in one, such as
/// `PCI-DSS-4.0.1:10.2.1.4` or `GDPR-2016/679:Art. 15(1)`.
///
/// ```
/// use indelible_evidence::{ControlId, Framework};
///
/// let control: ControlId = "pci-dss-4.0.1:10.2.1.4".parse()?;
/// assert_eq!(control.to_string(), "PCI-DSS-4.0.1:10.2.1.4");
/// assert!("10.2.4".parse::<ControlId>().is_err());
/// # Ok::<(), indelible_evidence::ControlIdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ControlId {
    framework: Framework,
    id: String,
}

impl ControlId {
    /// The control of this number, compared whole: A.5.3 is not the beginning of A.5.34.
    ///
    /// # Errors
    /// The catalogue has no such control.
    pub fn new(framework: Framework, id: &str) -> Result<Self, ControlIdError> {
        match Controls::of(framework).find(id) {
            Some(_) => Ok(Self {
                framework,
                id: id.to_owned(),
            }),
            None => Err(ControlIdError::Unknown {
                framework,
                id: id.chars().take(100).collect(),
            }),
        }
    }

    /// The framework.
    pub fn framework(&self) -> Framework {
        self.framework
    }

    /// The number within the framework.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for ControlId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.framework.name(), self.id)
    }
}

impl Serialize for ControlId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text that names no control.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlIdError {
    /// A number alone. The same numbers mean other things in other versions.
    #[error("`{0}` has no framework and version before it, as PCI-DSS-4.0.1:10.2.1.4 has")]
    Unversioned(String),
    /// What stands before it is no framework.
    #[error(transparent)]
    Framework(#[from] FrameworkError),
    /// The framework has no such control, or the catalogue does not speak of it.
    #[error("the catalogue has no control {id} of {}", .framework.name())]
    Unknown {
        /// The framework.
        framework: Framework,
        /// The number.
        id: String,
    },
}

impl FromStr for ControlId {
    type Err = ControlIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((framework, id)) => Self::new(framework.trim().parse()?, id.trim()),
            None => Err(ControlIdError::Unversioned(
                text.chars().take(100).collect(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_is_named_with_its_version_and_compared_whole() {
        let control: ControlId = "ISO27001-2022:A.5.3".parse().expect("a control");
        let other: ControlId = "iso27001-2022:A.5.34".parse().expect("a control");
        assert_ne!(control, other);
        assert_eq!(control.to_string().parse(), Ok(control));
        for text in ["10.2.1.4", "", "A.5.3"] {
            let error = text.parse::<ControlId>().expect_err(text);
            assert!(matches!(error, ControlIdError::Unversioned(_)), "{error}");
        }
        for text in ["PCI-DSS:10.2.1.4", "PCI-DSS-3.2.1:10.2.4", ":x"] {
            let error = text.parse::<ControlId>().expect_err(text);
            assert!(matches!(error, ControlIdError::Framework(_)), "{error}");
        }
        for text in [
            "PCI-DSS-4.0.1:10.2.4",
            "ISO27001-2022:A.5",
            "gdpr-2016-679:Art. 30",
        ] {
            let error = text.parse::<ControlId>().expect_err(text);
            assert!(matches!(error, ControlIdError::Unknown { .. }), "{error}");
        }
    }

    #[test]
    fn both_spellings_of_a_framework_are_read() {
        for framework in Framework::ALL {
            assert_eq!(framework.id().parse(), Ok(framework));
            assert_eq!(framework.name().to_lowercase().parse(), Ok(framework));
            assert_eq!(framework.id(), framework.id().to_lowercase());
        }
    }
}
