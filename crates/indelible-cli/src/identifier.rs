//! How an entry is named on the command line.

use std::str::FromStr;

use indelible::{Audit, Entry};
use uuid::Uuid;

use crate::failure::Failure;

/// An entry's id or its seq.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryName {
    /// The event's id.
    Id(Uuid),
    /// The position in the trail.
    Seq(u64),
}

impl FromStr for EntryName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        // 32 digits are a UUID without hyphens rather than a position.
        if digits.len() < 32 && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
            return digits
                .parse()
                .map(Self::Seq)
                .map_err(|_| "no trail is that long".to_owned());
        }
        let wrong = |_| "name an entry by its UUID or by its seq, such as 12 or #12".to_owned();
        text.parse().map(Self::Id).map_err(wrong)
    }
}

impl std::fmt::Display for EntryName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Seq(seq) => write!(f, "#{seq}"),
        }
    }
}

impl EntryName {
    /// The entry of this name.
    ///
    /// # Errors
    /// A failure that says what the trail has where it has no such entry.
    pub async fn find(self, audit: &Audit) -> Result<Entry, Failure> {
        let found = match self {
            Self::Id(id) => audit.entry(id).await?,
            Self::Seq(seq) => audit.entry_at(seq).await?,
        };
        if let Some(entry) = found {
            return Ok(entry);
        }
        let size = audit.head().await?.map_or(0, |head| head.size);
        let trail = audit.name();
        let has = match (size, audit.first_kept().await?) {
            (0, _) => "it has no entries".to_owned(),
            (size, 0) => format!("it has {size}, #0 to #{}", size - 1),
            (size, first) => format!(
                "it has #{first} to #{}, those before were removed by retention",
                size - 1
            ),
        };
        Err(Failure::not_found(format!(
            "trail {trail} has no entry {self}; {has}"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_named_by_id_or_seq() {
        assert_eq!("12".parse(), Ok(EntryName::Seq(12)));
        assert_eq!("#0".parse(), Ok(EntryName::Seq(0)));
        let id = "0C3DC6A3-8B2F-4F51-9D2B-6A1F3E5B7A11";
        assert_eq!(
            id.parse::<EntryName>().expect("an id").to_string(),
            id.to_lowercase()
        );
        for text in [
            "",
            "#",
            "-1",
            "+1",
            "1.0",
            "x",
            "99999999999999999999",
            "# 1",
        ] {
            assert!(text.parse::<EntryName>().is_err(), "{text}");
        }
    }
}
