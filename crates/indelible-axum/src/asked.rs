//! What was asked for, as the layers that record answers keep it while the request is on its way.

use axum::extract::{MatchedPath, OriginalUri};
use axum::http::{Method, Request};
use indelible_core::AuditEvent;

use crate::context::RequestContext;

/// A request without its headers, its query and its body.
#[derive(Debug)]
pub(crate) struct Asked {
    method: Method,
    path: String,
    route: Option<MatchedPath>,
    context: Option<RequestContext>,
}

impl Asked {
    pub fn of<B>(request: &Request<B>) -> Self {
        let extensions = request.extensions();
        // A router inside another one sees the rest of the path only, but the whole route.
        let whole = extensions.get::<OriginalUri>().map(|OriginalUri(uri)| uri);
        Self {
            method: request.method().clone(),
            path: whole.unwrap_or_else(|| request.uri()).path().to_owned(),
            route: extensions.get().cloned(),
            context: extensions.get().cloned(),
        }
    }

    pub fn method(&self) -> &str {
        self.method.as_str()
    }

    /// The path as it was sent, with whatever it holds.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The route's template, `/accounts/{account}`; `None` where the request is to none.
    pub fn route(&self) -> Option<&str> {
        self.route.as_ref().map(MatchedPath::as_str)
    }

    /// The value of the route's parameter of this name. Where it is no UTF-8 it stays encoded as
    /// it was sent, for an id that cannot be read is an id all the same.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let (single, rest) = (format!("{{{name}}}"), format!("{{*{name}}}"));
        let mut path = self.path.as_str();
        for place in self.route()?.split('/') {
            if place == rest {
                return Some(decoded(path));
            }
            let (own, behind) = path.split_once('/').unwrap_or((path, ""));
            if place == single {
                return Some(decoded(own));
            }
            path = behind;
        }
        None
    }

    /// The event with what [`RequestContext`] knows.
    pub fn fill(&self, event: AuditEvent) -> AuditEvent {
        match &self.context {
            Some(context) => context.fill(event),
            None => event,
        }
    }
}

/// Percent-decoded (RFC 3986, section 2.1); as it is where that gives no UTF-8.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let (byte, after) = escaped(rest).unwrap_or((*first, behind));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// The byte that an escape at the beginning stands for, and what follows it.
fn escaped(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let [b'%', high, low, after @ ..] = bytes else {
        return None;
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
    Some((byte, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_text_is_decoded_and_what_is_none_stays_as_it_was_sent() {
        let cases = [
            ("bob", "bob"),
            ("my%20bank", "my bank"),
            ("gl%C3%BCck", "gl\u{fc}ck"),
            ("a%2fb", "a/b"),
            ("%", "%"),
            ("%4", "%4"),
            ("%zz", "%zz"),
            ("100%25", "100%"),
            ("b%FFb", "b%FFb"),
            ("%ED%A0%80", "%ED%A0%80"),
        ];
        for (sent, expected) in cases {
            assert_eq!(decoded(sent), expected);
        }
    }
}
