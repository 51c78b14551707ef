//! `GET /v1/trails/{trail}/reports/{framework}`: what is on record for the controls of a framework.

use axum::extract::{FromRequestParts, Request, State};
use indelible_core::{AuditError, AuditEvent, AuditProtocol, Query, TrailName};
use indelible_evidence::{
    Form, Period, ReportRequest, SAMPLE_STANDARD, Sampling, Scope, generated, render, report,
};

use crate::access::{Caller, Shown};
use crate::app::App;
use crate::export::attached;
use crate::problem::{Answer, Kind, Problem};
use crate::proofs;
use crate::request::{ReportPath, pairs, shortened};

/// Makes a report, records that it was made, and only then hands it out.
pub async fn report_on(State(app): State<App>, request: Request) -> Answer {
    let (mut parts, _) = request.into_parts();
    let caller = parts.extensions.get::<Caller>().cloned();
    let unknown = || Problem::new(Kind::Internal, "nobody is known to have asked");
    let caller = caller.ok_or_else(unknown)?;
    let ReportPath { trail, framework } = ReportPath::from_request_parts(&mut parts, &app).await?;
    let given = pairs(&parts);
    let asked = Asked::read(given.iter().map(|(name, value)| (&**name, &**value)), &app)?;
    // It reads as much as an export does.
    let _seat = app.exports().take(&caller.key.id)?;
    let request = ReportRequest {
        framework,
        period: asked.period,
        as_of: asked.as_of,
        scope: Scope::default(),
        sampling: asked.sampling,
        created: app.now(),
        asked_by: Some(caller.name()),
        software: concat!("indelible ", env!("CARGO_PKG_VERSION")).to_owned(),
        recorded: true,
    };
    let made = report(&app.trail(&trail), request, &mut |_| {}).await?;
    let made = made.ok_or_else(|| proofs::empty(&trail))?;
    let failed = |error| Problem::new(Kind::Internal, "no report was written").because(error);
    let text = render(&made, asked.form).map_err(failed)?;
    let event = generated(&made, asked.form.as_str(), text.as_bytes());
    record(&app, &caller, &trail, event).await?;
    let size = made.completeness.as_of;
    let name = format!("{trail}-{framework}-{size}.{}", asked.form);
    let mut response = attached(asked.form.media_type(), text.into(), &name);
    let counted = Shown(made.completeness.entries);
    response.extensions_mut().insert(counted);
    Ok(response)
}

/// What a report is asked for beside trail and framework.
struct Asked {
    period: Period,
    form: Form,
    as_of: Option<u64>,
    sampling: Option<Sampling>,
}

impl Asked {
    fn read<'p>(
        pairs: impl Iterator<Item = (&'p str, &'p str)>,
        app: &App,
    ) -> Result<Self, Problem> {
        let mut given: [(&str, Option<&str>); 6] = [
            ("from", None),
            ("to", None),
            ("format", None),
            ("as_of", None),
            ("seed", None),
            ("sample", None),
        ];
        for (name, value) in pairs {
            let Some((_, place)) = given.iter_mut().find(|(known, _)| *known == name) else {
                let name = shortened(name);
                return Err(wrong(&name, "there is no such parameter"));
            };
            if place.replace(value).is_some() {
                return Err(wrong(name, "it is given twice"));
            }
        }
        let [from, to, format, as_of, seed, sample] = given.map(|(_, value)| value);
        let from = from.ok_or_else(|| wrong("from", "it is missing: the first day"))?;
        let to = to.ok_or_else(|| wrong("to", "it is missing: the last day"))?;
        let dates = Query::new().start_date(from).end_date(to).dated(app.now());
        let (from, to) = (dates.start_date, dates.end_date);
        let period = Period::parse(&from.unwrap_or_default(), &to.unwrap_or_default())?;
        let form = format.map_or(Ok(Form::default()), str::parse);
        let form = form.map_err(|error| wrong("format", &error.to_string()))?;
        let number = |name, value: Option<&str>| {
            let read = value.map(str::parse).transpose();
            read.map_err(|_| wrong(name, "it is no whole number within range"))
        };
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
            form,
            as_of: number("as_of", as_of)?,
            sampling,
        })
    }
}

fn wrong(name: &str, problem: &str) -> Problem {
    Problem::new(Kind::InvalidRequest, format!("`{name}`: {problem}")).at(name)
}

/// Records that a report was made, in its own trail; where that takes no writes, in `system`.
async fn record(
    app: &App,
    caller: &Caller,
    trail: &TrailName,
    event: AuditEvent,
) -> Result<(), Problem> {
    let mut event = event;
    if let Some(address) = caller.origin.address() {
        event = event.ip_address(address);
    }
    if let Some(agent) = caller.origin.agent() {
        event = event.user_agent(agent);
    }
    if !trail.is_system() {
        match app.trail(trail).record(event.clone()).await {
            Err(AuditError::Refused { .. }) => {}
            recorded => return Ok(recorded.map(drop)?),
        }
    }
    app.engine().record_of_itself(event).await?;
    Ok(())
}
