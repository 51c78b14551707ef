//! The key of the API, which nothing shows.

use std::fmt;

use hyper::header::HeaderValue;
use zeroize::Zeroizing;

/// The value of `Authorization`. Its debug form hides it.
#[derive(Clone)]
pub(crate) struct Key(Zeroizing<String>);

impl Key {
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(format!("Bearer {}", text.trim())))
    }

    /// The header's value, `None` where the key holds what no header may.
    pub fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&self.0).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}
