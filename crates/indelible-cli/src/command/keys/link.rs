//! `indelible keys link`

use std::time::Duration;

use clap::Args;
use indelible::core::span;
use indelible::{Timestamp, TrailName};
use indelible_server::keys::{Keys, NewLink, Role};
use serde::Serialize;

use super::BY;
use crate::answer::{Answer, Layout, Sheet};
use crate::failure::Failure;

/// Makes a link that opens the console once, and prints it, this once
///
/// For somebody who is to see what a key may see and is not to hold the key: the link opens one
/// session, with the key's role and trail, and then no more. Whoever opens it is asked first, so
/// that a program which follows links in mail uses none up. A session ends with its key.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible keys link 3f0c9a51d2b7e604
  indelible keys link 3f0c9a51d2b7e604 --expires 8h --url https://audit.example.com")]
pub struct Link {
    /// The key's id, from `indelible keys list`
    id: String,
    /// How long it opens, at most 24h
    #[arg(long, value_name = "SPAN", default_value = "10m")]
    expires: String,
    /// Where the server is, as the browser is to reach it
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7878")]
    url: String,
}

/// A link that is to be made.
pub struct Wanted {
    id: String,
    time: Duration,
    url: String,
}

impl Link {
    /// Looks at what was given before anything is opened.
    pub fn prepare(self) -> Result<Wanted, Failure> {
        let time = span(&self.expires);
        let wrong = || Failure::usage("--expires is a span such as 10m or 8h");
        Ok(Wanted {
            id: self.id,
            time: time.ok_or_else(wrong)?,
            url: base(&self.url)?.to_owned(),
        })
    }
}

impl Wanted {
    /// Makes it.
    pub async fn make(self, keys: &Keys) -> Result<Made, Failure> {
        let new = keys.create_link(&self.id, self.time, BY).await?;
        Ok(Made::of(&new, &self.url))
    }
}

/// The URL of a server without what the link adds.
fn base(url: &str) -> Result<&str, Failure> {
    let wrong = || {
        Failure::usage("--url is where the server is, such as https://audit.example.com, no more")
    };
    let rest = url.strip_prefix("https://");
    let rest = rest.or_else(|| url.strip_prefix("http://"));
    let rest = rest.ok_or_else(wrong)?.trim_end_matches('/');
    // It stands at the root of its host.
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"/?#@\\\"'<>".contains(&byte);
    if rest.is_empty() || !rest.bytes().all(plain) {
        return Err(wrong());
    }
    Ok(url.trim_end_matches('/'))
}

/// A new link.
#[derive(Serialize)]
pub struct Made {
    link: String,
    expires_at: Timestamp,
    key_id: String,
    key_name: String,
    role: Role,
    trail: Option<TrailName>,
}

impl Made {
    fn of(new: &NewLink, url: &str) -> Self {
        Self {
            link: format!("{url}{}", new.path()),
            expires_at: new.expires_at,
            key_id: new.key.id.clone(),
            key_name: new.key.name.clone(),
            role: new.key.role,
            trail: new.key.trail.clone(),
        }
    }
}

impl Answer for Made {
    fn layout(&self) -> Layout {
        Layout::Line(self.link.clone())
    }

    fn sheet(&self) -> Sheet {
        let trail = self.trail.as_ref().map(ToString::to_string);
        Sheet::of_fields(vec![
            ("link", self.link.clone()),
            ("expires_at", self.expires_at.to_string()),
            ("key_id", self.key_id.clone()),
            ("key_name", self.key_name.clone()),
            ("role", self.role.to_string()),
            ("trail", trail.unwrap_or_default()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_begins_with_where_the_server_is_and_nothing_else() {
        for (given, kept) in [
            ("http://127.0.0.1:7878", "http://127.0.0.1:7878"),
            ("https://audit.example.com/", "https://audit.example.com"),
            ("https://[::1]:8443", "https://[::1]:8443"),
        ] {
            assert_eq!(base(given).ok(), Some(kept), "{given}");
        }
        for wrong in [
            "",
            "127.0.0.1:7878",
            "https://",
            "ftp://audit.example.com",
            "https://audit.example.com/console",
            "https://audit.example.com?x",
            "https://audit.example.com#x",
            "https://user@audit.example.com",
            "https://audit.example.com\\@evil.example",
            "https://audit example.com",
            "https://audit.example.com\u{1b}[2J",
        ] {
            assert!(base(wrong).is_err(), "{wrong}");
        }
    }
}
