//! What links the events of one request.

use std::fmt;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use indelible_core::{Clock, Entropy};

use crate::forwarded::text;

/// The id of a request: that of `X-Request-Id`, else the trace id of `traceparent`, else a new
/// UUIDv7.
///
/// The first two are the caller's word: good to link events, not to identify anybody.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(String);

/// The longest `X-Request-Id` that is taken, in bytes: what an event's `correlation_id` holds.
pub(crate) const REQUEST_ID_BYTES_MAX: usize = 255;

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

impl RequestId {
    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn of(headers: &HeaderMap, clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
        Self(
            given(headers)
                .or_else(|| trace_id(headers))
                .unwrap_or_else(|| fresh(clock, entropy)),
        )
    }

    /// The id as the value of a header.
    pub(crate) fn to_value(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The one `X-Request-Id`, where it is of visible ASCII and not too long: what is cut or replaced
/// would link nothing.
fn given(headers: &HeaderMap) -> Option<String> {
    let value = only(headers, &X_REQUEST_ID)?;
    let id = text(value);
    let is_legal = (1..=REQUEST_ID_BYTES_MAX).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_graphic());
    is_legal.then(|| id.into_owned())
}

/// The trace id of `traceparent` (W3C Trace Context, section 3.2): 32 hexadecimal digits in lower
/// case, not all 0, between a version other than ff and what that version says.
fn trace_id(headers: &HeaderMap) -> Option<String> {
    let value = only(headers, &TRACEPARENT)?.to_str().ok()?;
    let mut fields = value.split('-');
    let (version, trace, parent, flags) = (
        fields.next()?,
        fields.next()?,
        fields.next()?,
        fields.next()?,
    );
    let has_form = is_hex(version, 2) && is_hex(trace, 32) && is_hex(parent, 16);
    // Later versions may append fields, version 00 has none.
    let is_whole = is_hex(flags, 2) && (version != "00" || fields.next().is_none());
    let is_used = |digits: &str| digits.bytes().any(|digit| digit != b'0');
    let is_legal = has_form && is_whole && version != "ff" && is_used(trace) && is_used(parent);
    is_legal.then(|| trace.to_owned())
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// A header's value where it stands once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

fn fresh(clock: &dyn Clock, entropy: &dyn Entropy) -> String {
    let millis = u64::try_from(clock.now().as_micros() / 1000).unwrap_or(0);
    let mut random = [0; 10];
    entropy.fill(&mut random);
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
    id.to_string()
}
