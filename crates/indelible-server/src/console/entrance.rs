//! Who is behind a session's cookie, and the way to the login for those who are nobody.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use indelible_core::TrailName;

use super::typed::{self, Typed};
use super::{href, page};
use crate::access::{Access, Asks, Caller, Origin, admit, named_trail};
use crate::app::App;
use crate::keys::{Cookie, KeyError, Permission, Session};
use crate::limits::SESSION_COOKIES_MAX;
use crate::problem::{Kind, Problem};

/// The cookie's name where a connection is not known to be of TLS.
const PLAIN: &str = "indelible_session";
/// Its name where it is: browsers then take it over TLS and from this host alone.
const SECURE: &str = "__Host-indelible_session";

/// Lets through who is logged in and may, with the [`Caller`] and the [`Session`] at hand.
pub async fn check(
    State((app, access)): State<(App, Access)>,
    mut request: Request,
    next: Next,
) -> Response {
    let permission = match access {
        Access::Open => return next.run(request).await,
        Access::Near(permission) | Access::Trail(permission) | Access::Key(permission) => {
            permission
        }
    };
    let is_secure = is_secure(&app, &request);
    let carried = cookies(request.headers(), is_secure);
    let is_asked_for = is_asked_for(&request);
    let (session, renewed) = match session(&app, &carried, is_asked_for).await {
        Ok(Some(found)) => found,
        Ok(None) => return to_login(&request),
        Err(error) => return typed::unanswered(&app, request, error.into()).await,
    };
    let caller = Caller {
        key: session.key.clone(),
        origin: Origin::of(&request, app.proxies()),
    };
    let asks = Asks {
        access,
        permission,
        trail: named_trail(access, &mut request).await,
    };
    let about = About::of(asks.trail.as_deref(), &caller);
    request.extensions_mut().insert(session);
    let typed = Typed::of(&request);
    request.extensions_mut().insert(typed.clone());
    let mut response = admit(&app, asks, caller.clone(), request, next).await;
    // Pages that say what went wrong say it to somebody.
    response.extensions_mut().insert(caller);
    response.extensions_mut().insert(typed);
    if let Some(about) = about {
        response.extensions_mut().insert(about);
    }
    if let Some(cookie) = renewed {
        set(&mut response, &cookie, is_secure);
    }
    response
}

/// The trail that an answer is about, for a page that says what went wrong.
#[derive(Debug, Clone)]
pub struct About(pub TrailName);

impl About {
    /// The trail in the path, where the caller may look at it.
    fn of(named: Option<&str>, caller: &Caller) -> Option<Self> {
        let named = named.filter(|name| caller.key.covers(name))?;
        let may_look = caller.key.role.may(Permission::Read);
        named.parse().ok().filter(|_| may_look).map(Self)
    }
}

/// What scripts ask for by themselves, again and again: it keeps no session alive.
const UNASKED: [&str; 2] = [
    "/console/trails/{trail}/events/stream",
    "/console/trails/{trail}/verification/progress",
];

fn is_asked_for(request: &Request) -> bool {
    let path = request.extensions().get::<MatchedPath>();
    path.is_none_or(|path| !UNASKED.contains(&path.as_str()))
}

/// Who a request is of, on a page that is open to everybody: it says so, and prolongs no session.
/// Where that cannot be read it is nobody.
pub async fn known(app: &App, request: Request) -> Option<Caller> {
    let carried = cookies(request.headers(), is_secure(app, &request));
    let origin = Origin::of(&request, app.proxies());
    // It is not held while the database is asked.
    drop(request);
    let found = session(app, &carried, false).await.ok().flatten();
    found.map(|(session, _)| Caller {
        key: session.key,
        origin,
    })
}

/// The session that a request carries the cookie of, and the cookie that follows it.
///
/// # Errors
/// The registry failed.
async fn session(
    app: &App,
    carried: &[Cookie],
    is_asked_for: bool,
) -> Result<Option<(Session, Option<Cookie>)>, KeyError> {
    for cookie in carried {
        if let Some(found) = app.keys().session(cookie, is_asked_for).await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The cookies of sessions that a request carries, up to [`SESSION_COOKIES_MAX`]. Over TLS none
/// but those that came over TLS: somebody on the way could put another one into the browser.
pub fn cookies(headers: &HeaderMap, is_secure: bool) -> Vec<Cookie> {
    let expected = if is_secure { SECURE } else { PLAIN };
    let given = headers.get_all(header::COOKIE).iter();
    let texts = given.filter_map(|value| value.to_str().ok());
    let pairs = texts.flat_map(|text| text.split(';'));
    let named = pairs.filter_map(|pair| pair.trim().split_once('='));
    let own = named.filter(|(name, _)| *name == expected);
    let read = own.filter_map(|(_, value)| Cookie::read(value));
    read.take(SESSION_COOKIES_MAX).collect()
}

/// Whether the client's connection is known to be of TLS: to this server, or to a proxy that is
/// believed.
pub fn is_secure(app: &App, request: &Request) -> bool {
    let extensions = request.extensions();
    if extensions.get::<OverTls>().is_some() {
        return true;
    }
    let peer = extensions.get::<axum::extract::ConnectInfo<std::net::SocketAddr>>();
    let forwarded = request.headers().get("x-forwarded-proto");
    peer.is_some_and(|peer| app.proxies().contains(peer.0.ip()))
        && forwarded.is_some_and(|proto| proto == "https")
}

/// Marks requests that came over TLS.
#[derive(Debug, Clone, Copy)]
pub struct OverTls;

/// Hands a browser the cookie of a session.
pub fn set(response: &mut Response, cookie: &Cookie, is_secure: bool) {
    put(response, cookie.expose(), "", is_secure);
}

/// Takes a browser its cookies.
pub fn unset(response: &mut Response) {
    put(response, "", "; Max-Age=0", true);
    put(response, "", "; Max-Age=0", false);
}

fn put(response: &mut Response, value: &str, rest: &str, is_secure: bool) {
    let (name, secure) = if is_secure {
        (SECURE, "; Secure")
    } else {
        (PLAIN, "")
    };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{rest}");
    // A cookie is hexadecimal digits.
    if let Ok(mut value) = HeaderValue::try_from(text) {
        value.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// Whether a client is a browser that shows what it is answered.
pub fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT);
    accepted.is_some_and(|value| {
        value
            .to_str()
            .is_ok_and(|value| value.contains("text/html"))
    })
}

fn to_login(request: &Request) -> Response {
    if !wants_page(request.headers()) {
        return Problem::new(Kind::Unauthorized, "nobody is logged in").into_response();
    }
    let wanted = request.uri().path_and_query();
    let wanted = wanted.map_or("", |wanted| wanted.as_str());
    let is_get = request.method() == axum::http::Method::GET;
    let back = (is_get && href::is_inside(wanted) && wanted != super::ROOT).then_some(wanted);
    page::see(&href::with(
        "/console/login",
        back.map(|back| ("next", back)),
    ))
}
