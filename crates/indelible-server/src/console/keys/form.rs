//! The form in which a key is wished for.

use indelible_core::{Timestamp, TrailName};

use crate::access::Caller;
use crate::console::login::Form;
use crate::keys::{Role, Wish, expiry};
use crate::problem::{Kind, Problem};

/// The roles, and what each is for.
pub const ROLES: [(&str, &str); 4] = [
    ("writer", "records, and sees nothing"),
    ("reader", "asks"),
    (
        "auditor",
        "asks, proves, verifies, exports, reports and reviews",
    ),
    ("admin", "does all, keys and trails included"),
];

/// What was wished for, as it was written.
pub struct Wished {
    pub name: String,
    pub role: String,
    pub trail: String,
    pub expires: String,
    /// The one trail whose keys may be made.
    pub only_trail: Option<String>,
}

impl Wished {
    /// Nothing yet.
    pub fn empty(caller: &Caller) -> Self {
        let only_trail = caller.key.trail.as_ref().map(ToString::to_string);
        Self {
            name: String::new(),
            role: "reader".to_owned(),
            trail: only_trail.clone().unwrap_or_default(),
            expires: String::new(),
            only_trail,
        }
    }

    /// What a form says.
    pub fn of(form: &Form, caller: &Caller) -> Self {
        let text = |name: &str| form.named(name).unwrap_or_default().trim().to_owned();
        Self {
            name: text("name"),
            role: text("role"),
            trail: text("trail"),
            expires: text("expires"),
            ..Self::empty(caller)
        }
    }

    /// The wish.
    ///
    /// # Errors
    /// A field that is none of its kind, by its name.
    pub fn wish(&self, now: Timestamp) -> Result<Wish, Problem> {
        let wrong = |field: &str, error: String| Problem::new(Kind::InvalidBody, error).at(field);
        let role: Result<Role, _> = self.role.parse();
        let trail = (!self.trail.is_empty()).then(|| self.trail.parse::<TrailName>());
        let expires = (!self.expires.is_empty()).then(|| expiry(&self.expires, now));
        Ok(Wish {
            name: self.name.clone(),
            role: role.map_err(|error| wrong("role", error.to_string()))?,
            trail: trail
                .transpose()
                .map_err(|error| wrong("trail", error.to_string()))?,
            expires_at: expires
                .transpose()
                .map_err(|error| wrong("expires", format!("{error}, or a span such as 90d")))?,
        })
    }
}
