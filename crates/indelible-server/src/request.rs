//! What handlers read of a request besides its body.

use std::borrow::Cow;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use indelible_core::{Query, TrailName};
use indelible_evidence::{ControlId, ControlIdError, Framework, FrameworkError};

use crate::app::App;
use crate::problem::{Kind, Problem};

/// The trail that a path names.
pub struct TrailPath(pub TrailName);

/// The trail and the entry that a path names.
pub struct EntryPath {
    /// The trail.
    pub trail: TrailName,
    /// The entry's id or seq.
    pub entry: EntryName,
}

/// How an entry is named in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryName {
    /// The event's id.
    Id(uuid::Uuid),
    /// The position in the trail.
    Seq(u64),
}

/// The trail and the finding that a path names.
pub struct FindingPath {
    /// The trail.
    pub trail: TrailName,
    /// The finding's id.
    pub finding: String,
}

/// The trail and the legal hold that a path names.
pub struct HoldPath {
    /// The trail.
    pub trail: TrailName,
    /// The hold's id.
    pub hold: uuid::Uuid,
}

/// The trail and the erasure that waits, which a path names.
pub struct RequestPath {
    /// The trail.
    pub trail: TrailName,
    /// The erasure's id.
    pub request: uuid::Uuid,
}

/// The trail and the framework that a path names.
pub struct ReportPath {
    /// The trail.
    pub trail: TrailName,
    /// The framework, with its version.
    pub framework: Framework,
}

/// The trail and the control that a path names.
pub struct ControlPath {
    /// The trail.
    pub trail: TrailName,
    /// The control, with framework and version.
    pub control: ControlId,
}

/// The question that the query string asks, its spans of time counted back from now.
pub struct Question(pub Query);

/// The pairs of a query string, decoded.
pub fn pairs(parts: &Parts) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    let query = parts.uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).collect()
}

/// The parameters of these names; any other is refused.
///
/// # Errors
/// A parameter of another name, or the same twice.
pub fn named<'p, const N: usize>(
    pairs: impl IntoIterator<Item = (&'p str, &'p str)>,
    names: [&str; N],
) -> Result<[Option<&'p str>; N], Problem> {
    let mut found = [None; N];
    for (given, value) in pairs {
        let Some(place) = names.iter().position(|name| *name == given) else {
            return Err(wrong(&shortened(given), "there is no such parameter"));
        };
        if found[place].replace(value).is_some() {
            return Err(wrong(given, "it is given twice"));
        }
    }
    Ok(found)
}

/// The one parameter that a URL takes besides those it is asked for; any other is refused.
///
/// # Errors
/// As [`named`].
pub fn only(parts: &Parts, name: &str) -> Result<Option<String>, Problem> {
    let given = pairs(parts);
    let given = given.iter().map(|(name, value)| (&**name, &**value));
    let [found] = named(given, [name])?;
    Ok(found.map(str::to_owned))
}

/// A parameter that is a whole number.
///
/// # Errors
/// Another text.
pub fn number(name: &str, value: Option<&str>) -> Result<Option<u64>, Problem> {
    let read = value.map(str::parse).transpose();
    read.map_err(|_| wrong(name, "it is no whole number within range"))
}

/// A parameter that is true or false; nothing is the same as true.
///
/// # Errors
/// Another text.
pub fn truth(name: &str, value: &str) -> Result<bool, Problem> {
    match value {
        "" | "true" => Ok(true),
        "false" => Ok(false),
        _ => {
            let detail = format!("`{name}` is true or false");
            Err(Problem::new(Kind::InvalidRequest, detail).at(name))
        }
    }
}

/// A parameter that is not as it has to be.
pub fn wrong(name: &str, problem: &str) -> Problem {
    Problem::new(Kind::InvalidRequest, format!("`{name}`: {problem}")).at(name)
}

/// A name that a client made up, for an error that repeats it.
pub fn shortened(name: &str) -> String {
    name.chars().take(100).collect()
}

impl Question {
    /// The question of these pairs.
    ///
    /// # Errors
    /// The first that is no parameter, or ill-formed.
    pub fn of<'p>(
        pairs: impl IntoIterator<Item = (&'p str, &'p str)>,
        app: &App,
    ) -> Result<Self, Problem> {
        Ok(Self(Query::from_parameters(pairs, app.now())?))
    }
}

impl FromRequestParts<App> for Question {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let pairs = pairs(parts);
        Self::of(pairs.iter().map(|(name, value)| (&**name, &**value)), app)
    }
}

impl FromRequestParts<App> for TrailPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let trail = segments(parts, app).await?.trail()?;
        Ok(Self(trail))
    }
}

impl FromRequestParts<App> for EntryPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let segments = segments(parts, app).await?;
        let trail = segments.trail()?;
        let name = segments.named("id")?;
        let digits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        // 32 digits are a UUID without hyphens rather than a position.
        let entry = if digits && name.len() < 32 {
            name.parse().ok().map(EntryName::Seq)
        } else {
            name.parse().ok().map(EntryName::Id)
        };
        let wrong = || {
            let detail = "name an entry by its UUID or by its seq";
            Problem::new(Kind::InvalidRequest, detail).at("id")
        };
        Ok(Self {
            trail,
            entry: entry.ok_or_else(wrong)?,
        })
    }
}

impl FromRequestParts<App> for ReportPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let segments = segments(parts, app).await?;
        let unknown = |error: FrameworkError| Problem::not_found(error).at("framework");
        Ok(Self {
            trail: segments.trail()?,
            framework: segments.named("framework")?.parse().map_err(unknown)?,
        })
    }
}

impl FromRequestParts<App> for ControlPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let segments = segments(parts, app).await?;
        let unknown = |error: ControlIdError| Problem::not_found(error).at("control");
        Ok(Self {
            trail: segments.trail()?,
            control: segments.named("control")?.parse().map_err(unknown)?,
        })
    }
}

impl FromRequestParts<App> for FindingPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let segments = segments(parts, app).await?;
        Ok(Self {
            trail: segments.trail()?,
            finding: segments.named("id")?.to_owned(),
        })
    }
}

impl FromRequestParts<App> for HoldPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let segments = segments(parts, app).await?;
        let ill_formed = |_| {
            let detail = "a hold is named by its UUID";
            Problem::new(Kind::InvalidRequest, detail).at("id")
        };
        Ok(Self {
            trail: segments.trail()?,
            hold: segments.named("id")?.parse().map_err(ill_formed)?,
        })
    }
}

impl FromRequestParts<App> for RequestPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let segments = segments(parts, app).await?;
        let request = segments.named("id")?.parse();
        Ok(Self {
            trail: segments.trail()?,
            request: request.map_err(|_| wrong("id", "an erasure that waits has a UUID"))?,
        })
    }
}

/// The segments of a path that its route leaves open.
struct Segments(Vec<(String, String)>);

async fn segments(parts: &mut Parts, app: &App) -> Result<Segments, Problem> {
    axum::extract::Path::<Vec<(String, String)>>::from_request_parts(parts, app)
        .await
        .map(|axum::extract::Path(segments)| Segments(segments))
        .map_err(|error| Problem::new(Kind::InvalidRequest, error.body_text()))
}

impl Segments {
    fn named(&self, name: &str) -> Result<&str, Problem> {
        let found = self.0.iter().find(|(known, _)| known == name);
        let missing = || Problem::new(Kind::Internal, format!("the path has no `{name}`"));
        Ok(&found.ok_or_else(missing)?.1)
    }

    fn trail(&self) -> Result<TrailName, Problem> {
        let ill_formed = |error| Problem::new(Kind::InvalidRequest, error).at("trail");
        self.named("trail")?.parse().map_err(ill_formed)
    }
}
