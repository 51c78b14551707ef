//! `GET /v1/trails/{trail}/reports/{framework}`: what is on record for the controls of a framework.

mod archive;
mod pack;
mod system;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use indelible_core::{AuditError, AuditEvent, AuditProtocol, Query, Timestamp, TrailName};
use indelible_evidence::{
    Form, FormError, Framework, Period, RenderError, ReportRequest, SAMPLE_STANDARD, Sampling,
    Scope, generated, render, report,
};

use crate::access::{Caller, Shown};
use crate::app::App;
use crate::export::attached;
use crate::problem::{Answer, Kind, Problem};
use crate::proofs;
use crate::request::{ReportPath, named, number, pairs, wrong};
pub use pack::hand_out;
pub use system::on_system;

/// `GET …/reports/{framework}`
pub async fn report_on(State(app): State<App>, request: Request) -> Answer {
    let (mut parts, _) = request.into_parts();
    let caller = called(&parts)?;
    let ReportPath { trail, framework } = ReportPath::from_request_parts(&mut parts, &app).await?;
    let given = pairs(&parts);
    let given = given.iter().map(|(name, value)| (&**name, &**value));
    made((&app, &caller), &trail, framework, given).await
}

/// Makes a report, records that it was made, and only then hands it out.
pub async fn made<'p>(
    (app, caller): (&App, &Caller),
    trail: &TrailName,
    framework: Framework,
    pairs: impl Iterator<Item = (&'p str, &'p str)>,
) -> Answer {
    let asked = Asked::read(pairs, app)?;
    // It reads as much as an export does.
    let _seat = app.exports().take(&caller.key.id)?;
    let form = asked.form;
    let request = asked.request(framework, (caller, app.now()));
    let made = report(&app.trail(trail), request, &mut |_| {}).await?;
    let made = made.ok_or_else(|| proofs::empty(trail))?;
    let text = render(&made, form).map_err(not_written)?;
    let event = generated(&made, form.as_str(), text.as_bytes());
    record(app, caller, trail, event).await?;
    let size = made.completeness.as_of;
    let name = format!("{trail}-{framework}-{size}.{form}");
    let mut response = attached(form.media_type(), text.into(), &name);
    let counted = Shown(made.completeness.entries);
    response.extensions_mut().insert(counted);
    Ok(response)
}

/// Who asks.
fn called(parts: &Parts) -> Result<Caller, Problem> {
    let caller = parts.extensions.get::<Caller>().cloned();
    caller.ok_or_else(|| Problem::new(Kind::Internal, "nobody is known to have asked"))
}

fn not_written(error: RenderError) -> Problem {
    Problem::new(Kind::Internal, "no report was written").because(error)
}

fn form(given: Option<&str>) -> Result<Form, Problem> {
    let form = given.map_or(Ok(Form::default()), str::parse);
    form.map_err(|error: FormError| wrong("format", &error.to_string()))
}

/// What a report is asked for beside trail and framework.
struct Asked {
    period: Period,
    form: Form,
    as_of: Option<u64>,
    sampling: Option<Sampling>,
}

impl Asked {
    /// The same of something that has not this parameter.
    fn read_but<'p>(
        pairs: impl Iterator<Item = (&'p str, &'p str)>,
        without: &str,
        app: &App,
    ) -> Result<Self, Problem> {
        let pairs: Vec<_> = pairs.collect();
        match pairs.iter().any(|(name, _)| *name == without) {
            true => Err(wrong(without, "there is no such parameter")),
            false => Self::read(pairs.into_iter(), app),
        }
    }

    fn read<'p>(
        pairs: impl Iterator<Item = (&'p str, &'p str)>,
        app: &App,
    ) -> Result<Self, Problem> {
        let names = ["from", "to", "format", "as_of", "seed", "sample"];
        let [from, to, format, as_of, seed, sample] = named(pairs, names)?;
        let from = from.ok_or_else(|| wrong("from", "it is missing: the first day"))?;
        let to = to.ok_or_else(|| wrong("to", "it is missing: the last day"))?;
        let dates = Query::new().start_date(from).end_date(to).dated(app.now());
        let (from, to) = (dates.start_date, dates.end_date);
        let period = Period::parse(&from.unwrap_or_default(), &to.unwrap_or_default())?;
        let size = number("sample", sample)?;
        let sampling = match (seed, size) {
            (None, None) => None,
            (None, Some(_)) => return Err(wrong("sample", "it needs a `seed`")),
            (Some(seed), size) => Some(Sampling {
                seed: seed.to_owned(),
                size: size.map_or(SAMPLE_STANDARD, |size| {
                    usize::try_from(size).unwrap_or(usize::MAX)
                }),
            }),
        };
        Ok(Self {
            period,
            form: form(format)?,
            as_of: number("as_of", as_of)?,
            sampling,
        })
    }

    /// The question, as this caller asks it at this time.
    fn request(
        self,
        framework: Framework,
        (caller, created): (&Caller, Timestamp),
    ) -> ReportRequest {
        ReportRequest {
            framework,
            period: self.period,
            as_of: self.as_of,
            scope: Scope::default(),
            sampling: self.sampling,
            created,
            asked_by: Some(caller.name()),
            software: concat!("indelible ", env!("CARGO_PKG_VERSION")).to_owned(),
            recorded: true,
        }
    }
}

/// Records that a report was made, in its own trail; where that takes no writes, in `system`.
async fn record(
    app: &App,
    caller: &Caller,
    trail: &TrailName,
    event: AuditEvent,
) -> Result<(), Problem> {
    let event = caller.located(event);
    if !trail.is_system() {
        match app.trail(trail).record(event.clone()).await {
            Err(AuditError::Refused { .. }) => {}
            recorded => return Ok(recorded.map(drop)?),
        }
    }
    app.engine().record_of_itself(event).await?;
    Ok(())
}
