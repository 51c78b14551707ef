//! `GET /console/trails/{trail}/integrity`: whether a trail is as it was recorded, and what others
//! can hold it against.

mod finding;
mod last;
mod verifying;
mod words;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use indelible_core::store::Head;
use indelible_core::{AuditError, TrailName};

use super::frame::{Frame, Place};
use super::{href, page};
use crate::access::Caller;
use crate::app::App;
use crate::keys::Permission;
use crate::problem::{Answer, Problem};
use crate::request::TrailPath;
use crate::tally::is_damage;
use crate::verification::Noted;
use last::Verified;
pub use last::{Outcome, took};
pub use verifying::{begin, progress, show};

#[derive(Template)]
#[template(path = "integrity.html")]
struct IntegrityPage {
    frame: Frame,
    facts: Option<Facts>,
    /// Whether the trail's head could be read, or is not there.
    is_readable: bool,
    checkpoint: Checkpoint,
    last: Verified,
    /// Whether a verification of this trail runs now.
    is_verifying: bool,
    may_verify: bool,
    rotations: Vec<String>,
    urls: Urls,
}

/// What stands in the trail's head.
struct Facts {
    size: String,
    root: String,
    origin: String,
    key: String,
    incarnation: u32,
    /// The first entry of this incarnation, where it is not the first, and its page.
    goes_on: Option<(String, String)>,
}

/// The signed checkpoint, or why there is none.
enum Checkpoint {
    Signed(String),
    None(String),
}

struct Urls {
    verification: String,
    checkpoint: String,
    consistency: String,
}

/// The state of a trail's evidence.
pub async fn page(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
) -> Answer {
    let audit = app.trail(&trail);
    let read = tokio::join!(audit.head(), audit.checkpoint(), Noted::of(&app, &trail));
    let (head, checkpoint, noted) = read;
    let (head, is_readable) = match head {
        Ok(head) => (head, true),
        // What was found of it stands here, and from here it is verified.
        Err(error) if is_damage(&error) => (None, false),
        Err(error) => return Err(error.into()),
    };
    let checkpoint = match checkpoint {
        Ok(Some(note)) => Checkpoint::Signed(note),
        Ok(None) => Checkpoint::None("A trail without entries has none.".to_owned()),
        Err(error) => Checkpoint::None(reason(&error, &caller)),
    };
    let standing = app.verifications().standing();
    let frame = Frame::of(Some(&caller), "Integrity", Some(&trail), Place::Integrity);
    let integrity = IntegrityPage {
        last: Verified::of(
            noted?,
            &trail,
            head.as_ref().map(|head| head.size),
            app.now(),
        ),
        facts: head.map(|head| Facts::of(&head)),
        is_readable,
        checkpoint,
        is_verifying: standing.is_some_and(|standing| standing.run.trail == trail),
        may_verify: frame.may(Permission::Verify),
        rotations: app
            .engine()
            .ground()
            .state
            .rotations(&trail)
            .map_err(AuditError::from)?,
        urls: Urls::of(&trail),
        frame,
    };
    page::html(StatusCode::OK, &integrity)
}

/// Why a trail does not do what was asked of it, for this caller. Where its right to write went is
/// told to those alone who may see the whole installation.
pub fn reason(error: &AuditError, caller: &Caller) -> String {
    use indelible_core::Refusal;
    let is_operator = caller.key.trail.is_none() && caller.key.role.may(Permission::ManageKeys);
    match error {
        AuditError::Refused { refusal, .. } => match refusal {
            Refusal::RolledBack { .. } | Refusal::Forked { .. } | Refusal::Damaged(_) => {
                error.to_string()
            }
            _ if is_operator => error.to_string(),
            _ => Problem::from(error.clone()).detail,
        },
        _ => Problem::from(error.clone()).detail,
    }
}

impl Facts {
    fn of(head: &Head) -> Self {
        let start = head.incarnation_start;
        let goes_on = || (start.to_string(), href::entry(&head.trail, start));
        Self {
            size: page::grouped(head.size),
            root: head.root.to_string(),
            origin: head.key.name().to_owned(),
            key: head.key.to_string(),
            incarnation: head.incarnation,
            goes_on: (head.incarnation > 1).then(goes_on),
        }
    }
}

impl Urls {
    fn of(trail: &TrailName) -> Self {
        Self {
            verification: href::of_trail(trail, "verification"),
            checkpoint: href::of_trail(trail, "checkpoint"),
            consistency: href::of_trail(trail, "consistency"),
        }
    }
}
