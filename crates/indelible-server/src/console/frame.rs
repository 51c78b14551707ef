//! What stands around every page: where one is, who one is, where one can go.

use indelible_core::TrailName;

use super::{assets, href};
use crate::access::Caller;
use crate::keys::{Permission, Role};

/// Where a page belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The list of trails.
    Trails,
    /// Entries of a trail.
    Events,
    /// Whether a trail is as it was recorded.
    Integrity,
    /// The daily review of a trail.
    Reviews,
    /// Persons in a trail.
    Subjects,
    /// Reports on a trail.
    Reports,
    /// What of a trail goes by age, and what is held.
    Retention,
    /// API keys.
    Keys,
    /// Whether the installation is well.
    Health,
    /// None of these.
    Elsewhere,
}

/// What stands around a page.
pub struct Frame {
    /// What the page is called.
    pub title: String,
    /// Who looks; nobody where nobody is logged in.
    pub who: Option<Who>,
    /// The trail that the page is about.
    pub trail: Option<TrailName>,
    place: Place,
}

/// Who looks, as the pages show it.
pub struct Who {
    /// What the key's holder is called.
    pub name: String,
    /// The key's role.
    pub role: Role,
    /// The one trail that the key is for.
    pub trail: Option<TrailName>,
}

/// A way to another page.
pub struct Way {
    /// Where to.
    pub url: String,
    /// What it is called.
    pub name: &'static str,
    /// Whether one is there.
    pub is_here: bool,
}

impl Frame {
    /// What stands around a page for this caller.
    pub fn of(
        caller: Option<&Caller>,
        title: impl Into<String>,
        trail: Option<&TrailName>,
        place: Place,
    ) -> Self {
        let who = caller.map(|caller| Who {
            name: caller.key.name.clone(),
            role: caller.key.role,
            trail: caller.key.trail.clone(),
        });
        Self {
            title: title.into(),
            who,
            trail: trail.cloned(),
            place,
        }
    }

    /// Whether who looks may do that.
    pub fn may(&self, permission: Permission) -> bool {
        let who = self.who.as_ref();
        who.is_some_and(|who| who.role.may(permission))
    }

    /// The ways that lead through a trail.
    pub fn ways_of_trail(&self) -> Vec<Way> {
        let Some(trail) = &self.trail else {
            return Vec::new();
        };
        let way = |page: &str, name, place| Way {
            url: href::of_trail(trail, page),
            name,
            is_here: self.place == place,
        };
        let ways = [
            (Permission::Read, way("events", "Events", Place::Events)),
            (
                Permission::Prove,
                way("integrity", "Integrity", Place::Integrity),
            ),
            (
                Permission::Report,
                way("reviews", "Reviews", Place::Reviews),
            ),
            (
                Permission::Report,
                way("reports", "Reports", Place::Reports),
            ),
            (
                Permission::Report,
                way("retention", "Retention", Place::Retention),
            ),
            (
                Permission::Read,
                way("subjects", "Subjects", Place::Subjects),
            ),
        ];
        self.open(ways)
    }

    /// The ways that lead through the installation.
    pub fn ways(&self) -> Vec<Way> {
        let way = |url: &str, name, place| Way {
            url: url.to_owned(),
            name,
            is_here: self.place == place,
        };
        let ways = [
            (Permission::Read, way("/console", "Trails", Place::Trails)),
            (
                Permission::ManageKeys,
                way("/console/keys", "Keys", Place::Keys),
            ),
            (
                Permission::ManageKeys,
                way("/console/health", "Health", Place::Health),
            ),
        ];
        let mut ways = self.open(ways);
        // That one is of the whole installation.
        if self.who.as_ref().is_some_and(|who| who.trail.is_some()) {
            ways.retain(|way| way.url != "/console/health");
        }
        ways
    }

    /// Whether who looks may see the whole installation.
    pub fn is_of_all(&self) -> bool {
        self.who.as_ref().is_some_and(|who| who.trail.is_none())
    }

    fn open<const N: usize>(&self, ways: [(Permission, Way); N]) -> Vec<Way> {
        let open = ways.into_iter().filter(|(needed, _)| self.may(*needed));
        open.map(|(_, way)| way).collect()
    }

    /// Where an asset is.
    pub fn asset(&self, name: &str) -> &'static str {
        assets::url(name)
    }
}
