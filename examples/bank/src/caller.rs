//! Who asks: extractors that refuse everybody else.
//!
//! Each tells the request who acts, so that every event of it says so, the refusal included.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use indelible::axum::{Actor, RequestContext};

use crate::answer::Refusal;
use crate::bank::Bank;
use crate::people::Role;

/// What the scheduler of the backups shows instead of a session.
const BACKUP_TOKEN: &str = "backup-job";

/// Somebody who is logged in.
#[derive(Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user: String,
    /// What they may do.
    pub role: Role,
    /// That of their session.
    pub token: String,
}

impl FromRequestParts<Bank> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, bank: &Bank) -> Result<Self, Refusal> {
        let token = bearer(parts).ok_or(Refusal::NotLoggedIn)?.to_owned();
        let user = bank.sessions().user(&token);
        let user = user.ok_or(Refusal::NotLoggedIn)?;
        // A login that was under way while its user was suspended has begun a session all the same.
        let person = bank
            .people()
            .find(&user)
            .filter(|person| !person.is_suspended);
        let person = person.ok_or(Refusal::NotLoggedIn)?;
        if let Some(context) = parts.extensions.get::<RequestContext>() {
            context.identify(Actor::new(user.as_str()));
        }
        let role = person.role;
        Ok(Self { user, role, token })
    }
}

/// An administrator who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    /// The user.
    pub user: String,
}

impl FromRequestParts<Bank> for Administrator {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, bank: &Bank) -> Result<Self, Refusal> {
        let caller = Caller::from_request_parts(parts, bank).await?;
        match caller.role {
            Role::Administrator => Ok(Self { user: caller.user }),
            Role::Customer => Err(Refusal::Forbidden("administrators only")),
        }
    }
}

/// The scheduler of the backups, which is no user.
#[derive(Debug, Clone, Copy)]
pub struct BackupJob;

impl FromRequestParts<Bank> for BackupJob {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, bank: &Bank) -> Result<Self, Refusal> {
        if bearer(parts) == Some(BACKUP_TOKEN) {
            return Ok(Self);
        }
        Caller::from_request_parts(parts, bank).await?;
        Err(Refusal::Forbidden("the backup job only"))
    }
}

fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ")
}
