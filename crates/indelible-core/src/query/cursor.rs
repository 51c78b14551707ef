//! A place between two entries, such as where a page ended: opaque to callers, checked when it
//! comes back.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::Query;
use crate::trail::TrailName;

/// Version of the layout: version ‖ digest of the question[8] ‖ place[8] ‖ as_of[8] ‖ checksum[4].
const VERSION: u8 = 1;
const BYTES: usize = 1 + 8 + 8 + 8 + 4;

/// A text that is no cursor for the question it came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CursorError {
    /// Damaged, cut or not a cursor.
    #[error("this is no cursor; take `next_cursor` of a page as it is")]
    Damaged,
    /// Made by another version.
    #[error("the cursor was made by another version; ask for the first page again")]
    OtherVersion,
    /// Made for other filters or another trail.
    #[error("the cursor belongs to another question; keep trail and filters from page to page")]
    OtherQuestion,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    pub digest: [u8; 8],
    /// The seq of the entry after the place. The entries before it are below that seq.
    pub place: u64,
    pub as_of: u64,
}

impl Cursor {
    pub fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.digest);
        bytes.extend_from_slice(&self.place.to_be_bytes());
        bytes.extend_from_slice(&self.as_of.to_be_bytes());
        bytes.extend_from_slice(&checksum(&bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub fn decode(text: &str, digest: [u8; 8]) -> Result<Self, CursorError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| CursorError::Damaged)?;
        let (body, sum) = bytes.split_last_chunk::<4>().ok_or(CursorError::Damaged)?;
        if checksum(body) != *sum {
            return Err(CursorError::Damaged);
        }
        let [VERSION, rest @ ..] = body else {
            return Err(CursorError::OtherVersion);
        };
        if bytes.len() != BYTES {
            return Err(CursorError::Damaged);
        }
        let word = |at: usize| {
            rest.get(at..at + 8)
                .and_then(|b| <[u8; 8]>::try_from(b).ok())
        };
        let (Some(made_for), Some(place), Some(as_of)) = (word(0), word(8), word(16)) else {
            return Err(CursorError::Damaged);
        };
        if made_for != digest {
            return Err(CursorError::OtherQuestion);
        }
        let (place, as_of) = (u64::from_be_bytes(place), u64::from_be_bytes(as_of));
        Ok(Self {
            digest,
            place,
            as_of,
        })
    }
}

/// A digest of trail and filters; limit, offset, cursor and `as_of` may change between pages.
pub(super) fn filter_digest(trail: &TrailName, query: &Query) -> [u8; 8] {
    let filters = Query {
        limit: None,
        offset: None,
        cursor: None,
        as_of: None,
        ..query.clone()
    };
    let mut sha = Sha256::new();
    sha.update(trail.as_str());
    sha.update([0]);
    // A question is texts and lists of texts, which JSON always holds.
    sha.update(serde_json::to_vec(&filters).unwrap_or_default());
    let mut digest = [0; 8];
    digest.copy_from_slice(&sha.finalize()[..8]);
    digest
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    let mut sum = [0; 4];
    sum.copy_from_slice(&Sha256::digest(bytes)[..4]);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_whole_or_not_at_all() {
        let digest = filter_digest(&TrailName::standard(), &Query::new());
        let text = Cursor {
            digest,
            place: 7,
            as_of: 9,
        }
        .encode();
        let back = Cursor::decode(&text, digest).expect("a cursor");
        assert_eq!((back.place, back.as_of), (7, 9));
        for cut in 0..text.len() {
            assert_eq!(
                Cursor::decode(&text[..cut], digest),
                Err(CursorError::Damaged)
            );
        }
        for at in 0..text.len() {
            let mut altered = text.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).expect("ASCII");
            assert!(Cursor::decode(&altered, digest).is_err(), "{at}");
        }
        let mut longer = vec![VERSION];
        longer.extend_from_slice(&digest);
        longer.extend_from_slice(&[0; 17]);
        longer.extend_from_slice(&checksum(&longer));
        let longer = URL_SAFE_NO_PAD.encode(longer);
        let decoded = Cursor::decode(&longer, digest);
        assert_eq!(decoded, Err(CursorError::Damaged), "one has one spelling");
        let other = filter_digest(&TrailName::system(), &Query::new());
        assert_eq!(
            Cursor::decode(&text, other),
            Err(CursorError::OtherQuestion)
        );
        let other = filter_digest(&TrailName::standard(), &Query::new().user_id("u"));
        assert_eq!(
            Cursor::decode(&text, other),
            Err(CursorError::OtherQuestion)
        );
    }
}
