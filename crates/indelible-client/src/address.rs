//! Where the server is, as a URL.

use std::fmt;
use std::str::FromStr;

use hyper::Uri;

/// A parsed base URL: `http://` or `https://`, a host, perhaps a port and a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub is_encrypted: bool,
    /// Without the brackets of an IPv6 address.
    pub host: String,
    pub port: u16,
    /// What stands before `/v1`, without a slash at its end.
    path: String,
    /// Host and port as the URL has them.
    authority: String,
}

/// Why a text is no base URL. The text itself, which may hold secrets, is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It cannot be read.
    #[error("the server's URL is none; it is http(s)://HOST, HOST:PORT or HOST:PORT/PATH")]
    IllFormed,
    /// It begins with neither.
    #[error("the server's URL begins with http:// or https://")]
    Scheme,
    /// It holds a user or a password.
    #[error("the server's URL holds no user and no key: give the key apart")]
    Credentials,
    /// It has a query or a fragment.
    #[error("the server's URL has nothing behind a `?` or `#`")]
    Query,
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.contains(['?', '#']) {
            return Err(AddressError::Query);
        }
        let (scheme, _) = text.split_once("://").ok_or(AddressError::IllFormed)?;
        let is_encrypted = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(AddressError::Scheme),
        };
        if text.contains('@') {
            return Err(AddressError::Credentials);
        }
        let uri: Uri = text.parse().map_err(|_| AddressError::IllFormed)?;
        let authority = uri.authority().ok_or(AddressError::IllFormed)?;
        let named = authority.host();
        let port = match authority.as_str().strip_prefix(named) {
            Some("") if is_encrypted => 443,
            Some("") => 80,
            _ => authority.port_u16().ok_or(AddressError::IllFormed)?,
        };
        let host = named.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(AddressError::IllFormed);
        }
        Ok(Self {
            is_encrypted,
            host: host.to_owned(),
            port,
            path: uri.path().trim_end_matches('/').to_owned(),
            authority: authority.as_str().to_owned(),
        })
    }
}

impl Address {
    /// The value of the header `Host`.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The path of a resource, `/v1/…`, on this server.
    pub fn path_of(&self, resource: &str) -> String {
        format!("{}{resource}", self.path)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_encrypted { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read() {
        let read = |text: &str| {
            let read: Address = text.parse().expect(text);
            (
                read.is_encrypted,
                read.host.clone(),
                read.port,
                read.path_of("/v1"),
            )
        };
        let of = |encrypted, host: &str, port, path: &str| {
            (encrypted, host.to_owned(), port, path.to_owned())
        };
        assert_eq!(read("http://a"), of(false, "a", 80, "/v1"));
        assert_eq!(read("https://a/"), of(true, "a", 443, "/v1"));
        assert_eq!(read("HTTPS://a:1/b/"), of(true, "a", 1, "/b/v1"));
        assert_eq!(read("http://[::1]:7878"), of(false, "::1", 7878, "/v1"));
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_secrets() {
        for (text, error) in [
            ("http://u:hunter2@h", AddressError::Credentials),
            ("http://hunter2@h", AddressError::Credentials),
            ("ftp://hunter2", AddressError::Scheme),
            ("http://h?key=hunter2", AddressError::Query),
            ("http://h#hunter2", AddressError::Query),
            ("http://", AddressError::IllFormed),
            ("http://h:", AddressError::IllFormed),
            ("http://h:99999", AddressError::IllFormed),
            ("hunter2", AddressError::IllFormed),
        ] {
            let found = text.parse::<Address>().expect_err(text);
            assert_eq!(found, error, "{text}");
            assert!(!found.to_string().contains("hunter2"));
        }
    }
}
