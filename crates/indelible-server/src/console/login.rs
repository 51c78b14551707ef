//! Beginning and ending sessions: with an API key, or with a link that the command line made.

use askama::Template;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use indelible_core::{AuditAction, AuditEvent, TrailName};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::frame::{Frame, Place};
use super::typed::Typed;
use super::{entrance, href, page};
use crate::access::{Origin, note};
use crate::app::App;
use crate::ingest::body::{self, Pieces};
use crate::keys::{Cookie, Key, KeyError, LinkRejection, Rejection, Session, Token};
use crate::limits::SMALL_BODY_BYTES_MAX;
use crate::problem::{Answer, Kind, Problem};
use crate::request::pairs;
use crate::tally::Happening;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    /// Where to go on.
    next: String,
    /// The text of a link, and who it opens as; no more than that is known of it.
    link: Option<(String, String)>,
    trouble: Option<&'static str>,
}

impl LoginPage {
    fn new(next: String) -> Self {
        Self {
            frame: Frame::of(None, "Log in", None, Place::Elsewhere),
            next,
            link: None,
            trouble: None,
        }
    }
}

/// `GET /console/login`: asks for a key; with `link`, whether to use it.
pub async fn show(State(app): State<App>, parts: Parts) -> Answer {
    let given = pairs(&parts);
    let named = |wanted: &str| given.iter().find(|(name, _)| name == wanted);
    let next = named("next").map_or("", |(_, next)| next);
    let mut login = LoginPage::new(inside(next));
    let mut status = StatusCode::OK;
    if let Some((_, link)) = named("link") {
        // A link is used by pressing a button: programs that look at mail follow links.
        match opened_by(&app, link).await? {
            Ok(key) => login.link = Some((link.clone().into_owned(), key.name)),
            Err(rejection) => {
                login.trouble = Some(words_of_link(rejection));
                status = StatusCode::UNAUTHORIZED;
            }
        }
    }
    page::html(status, &login)
}

async fn opened_by(app: &App, link: &str) -> Result<Result<Key, LinkRejection>, KeyError> {
    let Some(token) = Token::read(link.trim()) else {
        return Ok(Err(LinkRejection::Unknown));
    };
    Ok(app.keys().link(&token).await?.map(|(key, _)| key))
}

fn inside(next: &str) -> String {
    let next = if href::is_inside(next) {
        next
    } else {
        super::ROOT
    };
    next.to_owned()
}

/// Why nobody was let in.
enum Refused {
    IllFormed,
    Key(Rejection, String),
    Link(LinkRejection),
}

/// `POST /console/login`: begins a session.
pub async fn enter(State(app): State<App>, request: Request) -> Answer {
    let is_secure = entrance::is_secure(&app, &request);
    let origin = Origin::of(&request, app.proxies());
    let before = entrance::cookies(request.headers(), is_secure);
    let form = Form::read(&app, request).await?;
    let next = inside(form.named("next").map_or("", |next| next));
    let cookie = app.keys().fresh_cookie();
    let key = match known(&app, &form, &origin, cookie.id()).await? {
        Ok(key) => key,
        Err(refused) => {
            note(&app, refused.happening(&origin)).await;
            let login = LoginPage {
                trouble: Some(refused.words()),
                ..LoginPage::new(next)
            };
            return page::html(StatusCode::UNAUTHORIZED, &login);
        }
    };
    // Whoever logs in anew leaves nothing open behind.
    end(&app, &before, &origin, "another_login").await?;
    app.keys().begin_session(&key, &cookie).await?;
    let mut response = page::see(&next);
    entrance::set(&mut response, &cookie, is_secure);
    Ok(response)
}

/// The key that a form names, once its login is on record.
async fn known(
    app: &App,
    form: &Form,
    origin: &Origin,
    session: &str,
) -> Result<Result<Key, Refused>, Problem> {
    if let Some(link) = form.named("link") {
        let Some(token) = Token::read(link.trim()) else {
            return Ok(Err(Refused::Link(LinkRejection::Unknown)));
        };
        let login = |key: &Key, link: &str| {
            let more = json!({ "method": "one_time_link", "link": link, "session_id": session });
            login_of(key, origin, more)
        };
        let used = app.keys().use_link(&token, login).await?;
        return Ok(used.map_err(Refused::Link));
    }
    let given = form.named("key").map_or("", |key| key.trim());
    let Some(token) = Token::read(given) else {
        return Ok(Err(Refused::IllFormed));
    };
    match app.keys().authenticate(&token).await? {
        Ok(key) => {
            let elapsed = app.engine().ground().clock.elapsed();
            if app.logins().take(&key.id, elapsed).is_err() {
                let detail = "this key logs in too often";
                return Err(Problem::new(Kind::TooManyRequests, detail));
            }
            let more = json!({ "method": "api_key", "session_id": session });
            let login = login_of(&key, origin, more);
            app.engine().record_of_itself(login).await?;
            Ok(Ok((*key).clone()))
        }
        Err(rejection) => {
            let id = crate::keys::id_of(&token.digest());
            Ok(Err(Refused::Key(rejection, id)))
        }
    }
}

/// The record of a login.
fn login_of(key: &Key, origin: &Origin, more: Value) -> AuditEvent {
    let mut context = json!({
        "interface": "console",
        "key_name": key.name,
        "role": key.role,
        "trail": key.trail,
    });
    if let (Value::Object(context), Value::Object(more)) = (&mut context, more) {
        context.extend(more);
    }
    of_session(AuditAction::USER_LOGIN_SUCCESS, key, origin).context(context)
}

fn of_session(action: AuditAction, key: &Key, origin: &Origin) -> AuditEvent {
    let mut event = AuditEvent::new(action, "session").user_id(format!("key:{}", key.id));
    if let Some(address) = origin.address() {
        event = event.ip_address(address);
    }
    match origin.agent() {
        Some(agent) => event.user_agent(agent),
        None => event,
    }
}

/// `POST /console/logout`: ends the session.
pub async fn leave(State(app): State<App>, request: Request) -> Answer {
    let origin = Origin::of(&request, app.proxies());
    let is_secure = entrance::is_secure(&app, &request);
    let cookies = entrance::cookies(request.headers(), is_secure);
    end(&app, &cookies, &origin, "button").await?;
    let mut response = page::see("/console/login");
    entrance::unset(&mut response);
    Ok(response)
}

/// Ends the sessions of these cookies.
async fn end(
    app: &App,
    cookies: &[Cookie],
    origin: &Origin,
    method: &'static str,
) -> Result<(), Problem> {
    for cookie in cookies {
        let logout = |session: &Session| {
            let context = json!({
                "interface": "console",
                "key_name": session.key.name,
                "session_id": session.id,
                "logout_method": method,
            });
            of_session(AuditAction::USER_LOGOUT, &session.key, origin).context(context)
        };
        app.keys().end_session(cookie, logout).await?;
    }
    Ok(())
}

impl Refused {
    fn words(&self) -> &'static str {
        match self {
            Self::IllFormed => {
                "This is no API key: one is indelible_ and 36 letters and digits. Nothing was lost \
                 in copying?"
            }
            Self::Key(Rejection::Unknown | Rejection::Unsealed, _) => "There is no such key.",
            Self::Key(Rejection::Expired(_), _) => "The key has expired.",
            Self::Key(Rejection::Revoked(_), _) => "The key was revoked.",
            Self::Link(rejection) => words_of_link(*rejection),
        }
    }

    const fn reason(&self) -> &'static str {
        match self {
            Self::IllFormed => "ill_formed_key",
            Self::Key(Rejection::Unknown, _) => "unknown_key",
            Self::Key(Rejection::Expired(_), _) => "expired_key",
            Self::Key(Rejection::Revoked(_), _) => "revoked_key",
            Self::Key(Rejection::Unsealed, _) => "unsealed_key",
            Self::Link(rejection) => rejection.as_str(),
        }
    }

    fn happening(&self, origin: &Origin) -> Happening {
        let reason = self.reason();
        let id = match self {
            Self::Key(_, id) => Some(id),
            _ => None,
        };
        let mut event = origin.event(AuditAction::USER_LOGIN_FAILED.as_str(), "session");
        let context = json!({ "interface": "console", "reason": reason, "fingerprint": id });
        event.insert("context".to_owned(), context);
        let address = origin.address().unwrap_or_default();
        Happening {
            trail: TrailName::system(),
            group: format!(
                "console\n{reason}\n{}\n{address}",
                id.map_or("", String::as_str)
            ),
            event,
            details: origin.details(None),
            results: 0,
            request_id: origin.request_id().to_owned(),
        }
    }
}

const fn words_of_link(rejection: LinkRejection) -> &'static str {
    match rejection {
        LinkRejection::Unknown => "This link opens nothing: it was used, or it is incomplete.",
        LinkRejection::Expired => "The link has expired. Ask for another one.",
        LinkRejection::Used => {
            "The link was used already: it opens once. If that was not you, tell \
                                whoever gave it to you."
        }
        LinkRejection::KeyEnded => "The key that the link opens as has ended.",
    }
}

/// The fields of a form.
#[derive(Clone)]
pub struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    /// Reads the body of a form, within the time that every body has.
    ///
    /// # Errors
    /// A body that is cut, too long or too slow.
    pub async fn read(app: &App, request: Request) -> Result<Self, Problem> {
        Self::read_up_to(app, request, SMALL_BODY_BYTES_MAX).await
    }

    /// The same, of so many bytes.
    ///
    /// # Errors
    /// As [`Form::read`].
    pub async fn read_up_to(
        app: &App,
        request: Request,
        bytes_max: usize,
    ) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let pieces = Pieces::new(app, &parts.headers, body)?;
        let body = Zeroizing::new(body::whole(pieces, bytes_max, |_| Ok(())).await?);
        let pairs = form_urlencoded::parse(&body);
        let owned =
            pairs.map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned())));
        let form = Self(owned.collect());
        if let Some(typed) = parts.extensions.get::<Typed>() {
            typed.keep(&form);
        }
        Ok(form)
    }

    /// What a path names, and the form.
    ///
    /// # Errors
    /// A path that names no such thing; as [`Form::read`].
    pub async fn at<P>(app: &App, request: Request) -> Result<(P, Self), Problem>
    where
        P: FromRequestParts<App, Rejection = Problem>,
    {
        let (mut parts, body) = request.into_parts();
        let path = P::from_request_parts(&mut parts, app).await?;
        let form = Self::read(app, Request::from_parts(parts, body)).await?;
        Ok((path, form))
    }

    /// All fields, in their order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, value.as_str()))
    }

    /// The values of all fields of this name.
    pub fn all(&self, wanted: &str) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter(move |(name, _)| name == wanted);
        named.map(|(_, value)| value.as_str())
    }

    /// The first field of this name.
    pub fn named(&self, wanted: &str) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str())
    }

    /// The same without white space at its ends, where it says something.
    pub fn said(&self, wanted: &str) -> Option<String> {
        let text = self.named(wanted).map(str::trim);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    }
}
