//! `/console/trails/{trail}/reports`: what is on record for the controls of a framework, as files
//! to take away.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use indelible_core::TrailName;
use indelible_evidence::{Control, Controls, Form, Framework, SAMPLE_STANDARD};

use super::frame::{Frame, Place};
use super::{href, page};
use crate::access::Caller;
use crate::app::App;
use crate::problem::{Answer, Kind, Problem};
use crate::reports::made;
use crate::request::{TrailPath, named, pairs};

/// The fields of the form.
const FIELDS: [&str; 7] = [
    "framework",
    "from",
    "to",
    "format",
    "as_of",
    "seed",
    "sample",
];

#[derive(Template)]
#[template(path = "reports.html")]
struct ReportsPage {
    frame: Frame,
    wished: Wished,
    frameworks: [Framework; 6],
    forms: [(Form, &'static str); 4],
    controls: Vec<Line>,
    urls: Urls,
    /// Whether there is anything to report on.
    is_empty: bool,
}

/// What a report is asked for, as it was written.
struct Wished {
    framework: Framework,
    from: String,
    to: String,
    form: Form,
    as_of: String,
    seed: String,
    sample: String,
}

/// A control, and where its files are.
struct Line {
    id: &'static str,
    asks: &'static str,
    /// Nothing where no record can be evidence for it.
    pack: Option<String>,
}

struct Urls {
    page: String,
    file: String,
}

/// `GET …/reports`: the form, and the controls of the framework that is chosen.
pub async fn page(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    parts: Parts,
) -> Answer {
    let head = app.trail(&trail).head().await?;
    let size = head.as_ref().map(|head| head.size);
    let given = pairs(&parts);
    let given = given.iter().map(|(name, value)| (&**name, &**value));
    let wished = Wished::read(given, size)?;
    let page = ReportsPage {
        frame: Frame::of(Some(&caller), "Reports", Some(&trail), Place::Reports),
        controls: wished.controls(&trail),
        wished,
        frameworks: Framework::ALL,
        forms: [
            (Form::Html, "a page to print"),
            (Form::Markdown, "Markdown"),
            (Form::Json, "JSON"),
            (Form::Csv, "CSV"),
        ],
        urls: Urls {
            page: href::of_trail(&trail, "reports"),
            file: href::of_trail(&trail, "reports/file"),
        },
        is_empty: size.unwrap_or_default() == 0,
    };
    page::html(StatusCode::OK, &page)
}

/// `GET …/reports/file`: the report, the same bytes as over HTTP.
pub async fn file(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    parts: Parts,
) -> Answer {
    let given = pairs(&parts);
    // What a form leaves empty is not asked for.
    let given = given.iter().map(|(name, value)| (&**name, value.trim()));
    let given = given.filter(|(_, value)| !value.is_empty());
    let (own, given): (Vec<_>, Vec<_>) = given.partition(|(name, _)| *name == "framework");
    let [framework] = named(own, ["framework"])?;
    let framework = read_framework(framework.unwrap_or_default())?;
    let given = given.into_iter();
    made((&app, &caller), &trail, framework, given).await
}

fn read_framework(text: &str) -> Result<Framework, Problem> {
    let unknown = |error| Problem::new(Kind::InvalidRequest, error).at("framework");
    text.parse().map_err(unknown)
}

impl Wished {
    fn read<'p>(
        pairs: impl Iterator<Item = (&'p str, &'p str)>,
        size: Option<u64>,
    ) -> Result<Self, Problem> {
        let [framework, from, to, form, as_of, seed, sample] = named(pairs, FIELDS)?;
        let text = |given: Option<&str>, standard: &str| given.unwrap_or(standard).to_owned();
        let now = size.map(|size| size.to_string()).unwrap_or_default();
        let form = form.map_or(Ok(Form::default()), str::parse);
        let wrong = |error| Problem::new(Kind::InvalidRequest, error).at("format");
        Ok(Self {
            framework: framework.map_or(Ok(Framework::PciDss), read_framework)?,
            from: text(from, "30d"),
            to: text(to, "0s"),
            form: form.map_err(wrong)?,
            as_of: text(as_of, &now),
            seed: text(seed, ""),
            sample: text(sample, ""),
        })
    }

    fn controls(&self, trail: &TrailName) -> Vec<Line> {
        let controls = Controls::of(self.framework);
        let is_mapped = |place| controls.rows().iter().any(|row| row.control == place);
        let line = |(place, control): (usize, &'static Control)| Line {
            id: &control.id,
            asks: &control.paraphrase,
            pack: is_mapped(place).then(|| self.pack(trail, &control.id)),
        };
        controls.list().iter().enumerate().map(line).collect()
    }

    /// Where the files of a control are, for the same question.
    fn pack(&self, trail: &TrailName, control: &str) -> String {
        let control = format!("{}:{control}", self.framework);
        let control: String = form_urlencoded::byte_serialize(control.as_bytes()).collect();
        let control = control.replace('+', "%20");
        let asked = [
            ("from", &self.from),
            ("to", &self.to),
            ("as_of", &self.as_of),
            ("seed", &self.seed),
            ("sample", &self.sample),
        ];
        let asked = asked.into_iter().filter(|(_, value)| !value.is_empty());
        let page = format!("controls/{control}/pack");
        href::with(&href::of_trail(trail, &page), asked)
    }

    fn sample_standard(&self) -> usize {
        SAMPLE_STANDARD
    }
}
