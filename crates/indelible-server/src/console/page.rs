//! How a page leaves.

use std::sync::{Mutex, PoisonError};

use askama::Template;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use flate2::{Compress, Compression, FlushCompress, Status};

use super::entrance::About;
use super::frame::{Frame, Place};
use super::href;
use super::typed::{Again, Typed};
use crate::access::Caller;
use crate::keys::Permission;
use crate::problem::{Answer, Kind, Problem};
use crate::reply;

/// What a page may load: what the server itself has, and no text that is run or styled.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
     require-trusted-types-for 'script'",
);

/// What a page's links and forms say of where they stand: the server, and no more of the URL, which
/// may hold a link's text. Not nothing: browsers then send forms with `Origin: null`, and where
/// they say nothing else, as without TLS, such a form is not told from one of another site.
const REFERRER: HeaderValue = HeaderValue::from_static("strict-origin");

/// A page.
pub fn html(status: StatusCode, page: &impl Template) -> Answer {
    let text = page.render().map_err(|error| {
        Problem::new(Kind::Internal, "the page could not be written").because(error)
    })?;
    let mut response = reply::of(status, "text/html; charset=utf-8", text);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::REFERRER_POLICY, REFERRER);
    Ok(response)
}

/// Leads the browser to another page, which it asks for with GET.
pub fn see(url: &str) -> Response {
    Redirect::to(url).into_response()
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: Frame,
    status: u16,
    title: &'static str,
    detail: &'a str,
    advice: &'static str,
    field: Option<&'a str>,
    /// Where the trail that is damaged can be verified, for who may.
    integrity: Option<String>,
    /// What was typed and could not be taken.
    again: Option<Again>,
    request_id: &'a str,
}

/// The page that says what went wrong, to the [`Caller`] and of the trail that are known.
pub fn refused(problem: &Problem, request_id: &str, known: &Extensions) -> Response {
    let status = problem.kind.status();
    let title = problem.kind.title();
    let trail = known.get().map(|About(trail)| trail);
    let frame = Frame::of(known.get::<Caller>(), title, trail, Place::Elsewhere);
    let is_damaged = problem.kind == Kind::Damaged && frame.may(Permission::Prove);
    let integrity = trail.filter(|_| is_damaged);
    let integrity = integrity.map(|trail| href::of_trail(trail, "integrity"));
    let is_passing = status == StatusCode::SERVICE_UNAVAILABLE;
    let typed = known.get::<Typed>().filter(|_| is_passing);
    let page = ProblemPage {
        again: typed.and_then(Typed::again),
        status: status.as_u16(),
        title,
        detail: &problem.detail,
        advice: advice(problem.kind, integrity.is_some()),
        integrity,
        frame,
        field: problem.field.as_deref(),
        request_id,
    };
    html(status, &page).unwrap_or_else(|problem| problem.render(request_id))
}

/// What somebody can do who meets this problem on a page, and who may verify the trail or not.
const fn advice(kind: Kind, may_verify: bool) -> &'static str {
    match kind {
        Kind::Forbidden => {
            "The key of this session does not allow it. Ask an administrator for another key, or \
             log in with one that does."
        }
        Kind::Unauthorized => "Log in again.",
        Kind::NotFound => "It may never have been there, or the address was cut short.",
        Kind::InvalidRequest | Kind::InvalidBody => "Go back and mend what is named here.",
        Kind::Damaged if may_verify => {
            "What the database holds of this page cannot be what was recorded, so it is not shown. \
             Verify the trail on its integrity page: that says what was changed or is gone, entry \
             by entry. Do not change anything by hand, and tell whoever runs this server."
        }
        Kind::Damaged => {
            "What the database holds of this page cannot be what was recorded, so it is not shown. \
             Do not change anything by hand. Tell whoever runs this server, or an auditor, who can \
             verify the trail and see what was changed or is gone."
        }
        Kind::Unavailable | Kind::Overloaded | Kind::Stopping | Kind::TooManyRequests => {
            "Nothing is lost. Try again in a moment."
        }
        Kind::TooLarge => "Go back, where what you wrote still stands, and send less at once.",
        _ => "If it stays so, tell whoever runs this server, with the request's id.",
    }
}

/// Whether a client takes gzip.
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    let given = headers.get_all(header::ACCEPT_ENCODING).iter();
    let mut codings = given.filter_map(|value| value.to_str().ok());
    codings.any(|value| {
        value.split(',').any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let weight = |part: &str| part.strip_prefix("q=")?.parse::<f32>().ok();
            parts.next() == Some("gzip") && !parts.any(|part| weight(part) == Some(0.0))
        })
    })
}

/// The longest page that is packed, in bytes; a longer one leaves as it is.
const PAGE_BYTES_MAX: usize = 8 << 20;

/// Packs pages for browsers that take it. Not where a page of another site asked: the length of a
/// packed page tells whether what that site put into the URL stands in it.
pub async fn pack(request: Request, next: Next) -> Response {
    let site = request.headers().get("sec-fetch-site");
    let is_own = site.is_none_or(|site| site == "same-origin" || site == "none");
    let is_wanted = is_own && takes_gzip(request.headers());
    let response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE);
    let length = response.body().size_hint().exact();
    let is_short = length.is_some_and(|length| length <= PAGE_BYTES_MAX as u64);
    if !is_wanted || !is_short || kind.is_none_or(|kind| !kind.as_bytes().starts_with(b"text/html"))
    {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, PAGE_BYTES_MAX).await else {
        return Problem::new(Kind::Internal, "the page could not be packed").into_response();
    };
    match packed(&body) {
        Some(packed) => {
            let gzip = HeaderValue::from_static("gzip");
            parts.headers.insert(header::CONTENT_ENCODING, gzip);
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(packed))
        }
        None => Response::from_parts(parts, Body::from(body)),
    }
}

/// Packers at rest: to make one is to zero a third of a megabyte.
static PACKERS: Mutex<Vec<Compress>> = Mutex::new(Vec::new());
/// How many rest at most.
const PACKERS_MAX: usize = 8;
/// The largest window that gzip knows, as a power of two.
const WINDOW_BITS: u8 = 15;

/// A text as gzip.
fn packed(text: &[u8]) -> Option<Vec<u8>> {
    let at_rest = || PACKERS.lock().unwrap_or_else(PoisonError::into_inner);
    let taken = at_rest().pop();
    let fresh = || Compress::new_gzip(Compression::fast(), WINDOW_BITS);
    let mut packer = taken.unwrap_or_else(fresh);
    let mut packed = Vec::with_capacity(text.len() / 4 + 1024);
    loop {
        let rest = usize::try_from(packer.total_in()).ok()?;
        let done = packer.compress_vec(text.get(rest..)?, &mut packed, FlushCompress::Finish);
        match done.ok()? {
            Status::StreamEnd => break,
            _ => packed.reserve(text.len() / 4 + 1024),
        }
    }
    packer.reset();
    let mut at_rest = at_rest();
    if at_rest.len() < PACKERS_MAX {
        at_rest.push(packer);
    }
    Some(packed)
}

/// A number with a thin space between groups of three digits.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1\u{202f}000"),
            (1_234_567, "1\u{202f}234\u{202f}567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn what_is_packed_is_read_again_by_every_packer() {
        use std::io::Read;
        for length in [0, 1, 100, 70_000, 3 << 20, 5, 70_000] {
            let text: Vec<u8> = (0..length)
                .map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
                .collect();
            let packed = packed(&text).expect("packed");
            let mut read = Vec::new();
            let mut reader = flate2::read::GzDecoder::new(&packed[..]);
            reader.read_to_end(&mut read).expect("gzip");
            assert_eq!(read, text);
        }
    }

    #[test]
    fn gzip_is_for_those_who_take_it() {
        for (value, takes) in [
            ("gzip", true),
            ("br, gzip;q=0.5", true),
            ("gzip;q=0", false),
            ("identity", false),
            ("xgzip", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("accept-encoding", HeaderValue::from_static(value));
            assert_eq!(takes_gzip(&headers), takes, "{value}");
        }
    }
}
