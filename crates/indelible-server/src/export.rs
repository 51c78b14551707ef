//! `GET /v1/trails/{trail}/export`: all entries that match, in any of the formats.

mod pack;
mod record;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, stream};
use indelible_core::engine::{Audit, Prover};
use indelible_core::pack::PackRequest;
use indelible_core::{AuditProtocol, Page, Query, TrailName};
use indelible_exchange::{EntryWriter, ExportFormat};

use crate::access::Caller;
use crate::app::App;
use crate::limits::EXPORT_PAGE_ENTRIES;
use crate::problem::{Answer, Kind, Problem};
use crate::proofs;
use crate::reply;
use crate::request::{Question, TrailPath, pairs};
use record::Record;

/// Streams all entries that match, newest first, all of one state of the trail. The first page is
/// read before the answer begins, so that a wrong question is a problem; where a later one fails
/// the answer is cut off, which HTTP shows to the client.
pub async fn export(State(app): State<App>, request: Request) -> Answer {
    let (mut parts, _) = request.into_parts();
    let caller = parts.extensions.get::<Caller>().cloned();
    let unknown = || Problem::new(Kind::Internal, "nobody is known to have asked");
    let caller = caller.ok_or_else(unknown)?;
    let TrailPath(trail) = TrailPath::from_request_parts(&mut parts, &app).await?;
    let given = pairs(&parts);
    let (formats, filters): (Vec<_>, Vec<_>) = given.iter().partition(|(name, _)| name == "format");
    let form = form(formats.iter().map(|(_, value)| &**value))?;
    // Where no pack is asked for, what belongs to one is no parameter at all.
    let is_option = |name: &str| form == Form::Pack && pack::OPTIONS.contains(&name);
    let (options, filters): (Vec<_>, Vec<_>) = filters
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .partition(|(name, _)| is_option(name));
    let Question(mut query) = Question::of(filters, &app)?;
    if query.limit.is_some() || query.offset.is_some() {
        let field = if query.limit.is_some() {
            "limit"
        } else {
            "offset"
        };
        let detail = "an export holds all entries that match; ask …/events for a page";
        return Err(Problem::new(Kind::InvalidRequest, detail).at(field));
    }
    let format = match form {
        Form::Entries(format) => format,
        Form::Pack => {
            let asked = (caller.name(), app.now());
            let request = pack::request(options, query, asked)?;
            return packed(app, caller, trail, request).await;
        }
    };
    query.limit = Some(EXPORT_PAGE_ENTRIES);
    let seat = app.exports().take(&caller.key.id)?;
    let audit = app.trail(&trail);
    let first = audit.query(query.clone()).await?;
    // After the first page, so that the checkpoint covers all that it answers for.
    let prover = match format.has_proofs() {
        true => audit.prover().await?,
        false => None,
    };
    let (media_type, extension) = format.file();
    let as_of = first.as_of;
    let record = Record::new(
        app,
        (caller, seat),
        trail.clone(),
        query.clone(),
        extension,
        as_of,
    );
    let pages = pages(audit, query, first, (format, prover), record)
        .map_err(|error| Problem::new(Kind::Internal, "no export could begin").because(error))?;
    let name = format!("{trail}-{as_of}.{extension}");
    Ok(attached(media_type, Body::from_stream(pages), &name))
}

/// Streams an evidence pack. Its heads are made before the answer begins.
async fn packed(app: App, caller: Caller, trail: TrailName, request: PackRequest) -> Answer {
    let seat = app.exports().take(&caller.key.id)?;
    let query = request.query.clone();
    let source = app.trail(&trail).pack(request).await?;
    let source = source.ok_or_else(|| proofs::empty(&trail))?;
    let as_of = source.range().size;
    let (custody, name) = ((caller, seat), format!("{trail}-{as_of}.pack"));
    let mut record = Record::new(app, custody, trail, query, "pack", as_of);
    record.covers(&source);
    let body = Body::from_stream(pack::lines(source, record));
    Ok(attached("application/x-ndjson", body, &name))
}

/// An answer that is a file of this name, plain ASCII without quotes.
pub fn attached(media_type: &'static str, body: Body, name: &str) -> Response {
    let mut response = reply::of(StatusCode::OK, media_type, body);
    let disposition = format!("attachment; filename=\"{name}\"");
    if let Ok(value) = HeaderValue::try_from(disposition) {
        response
            .headers_mut()
            .insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// What is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Entries(ExportFormat),
    Pack,
}

fn form<'v>(mut given: impl Iterator<Item = &'v str>) -> Result<Form, Problem> {
    let wrong = |detail: &str| Err(Problem::new(Kind::InvalidRequest, detail).at("format"));
    let form = match given.next() {
        None => Some(Form::Entries(ExportFormat::default())),
        Some("pack") => Some(Form::Pack),
        Some(name) => {
            let mut all = ExportFormat::ALL.into_iter();
            all.find_map(|(own, format)| (own == name).then_some(Form::Entries(format)))
        }
    };
    let Some(form) = form else {
        return wrong("`format` is ndjson, csv, ocsf, cef, syslog or pack");
    };
    match given.next() {
        None => Ok(form),
        Some(_) => wrong("`format` is given twice"),
    }
}

/// What was written since the last time.
#[derive(Clone, Default)]
struct Chunk(Arc<Mutex<Vec<u8>>>);

impl Chunk {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl io::Write for Chunk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is left of an export.
struct Rest {
    audit: Audit,
    query: Query,
    page: Option<Page>,
    writer: EntryWriter<Chunk>,
    prover: Option<Prover>,
    chunk: Chunk,
    record: Record,
}

fn pages(
    audit: Audit,
    query: Query,
    first: Page,
    (format, prover): (ExportFormat, Option<Prover>),
    record: Record,
) -> io::Result<impl Stream<Item = io::Result<Bytes>>> {
    let chunk = Chunk::default();
    let rest = Rest {
        audit,
        query,
        page: Some(first),
        writer: EntryWriter::begin(chunk.clone(), format)?,
        prover,
        chunk,
        record,
    };
    let chunks = stream::unfold(Some(rest), async |rest| {
        let mut rest = rest?;
        match rest.chunk().await {
            Ok(chunk) => {
                let goes_on = rest.page.is_some();
                Some((Ok(chunk), goes_on.then_some(rest)))
            }
            Err(error) => {
                tracing::error!(trail = %rest.audit.name(), %error, "export cut off");
                Some((Err(error), None))
            }
        }
    });
    Ok(chunks)
}

impl Rest {
    /// The text of the page at hand, and the next page, if there is one.
    async fn chunk(&mut self) -> io::Result<Bytes> {
        let Some(page) = self.page.take() else {
            return Ok(Bytes::new());
        };
        for entry in &page.entries {
            let proof = match &mut self.prover {
                Some(prover) => prover.prove(entry.seq).await.map_err(io::Error::other)?,
                None => None,
            };
            self.writer.write(entry, proof.as_ref())?;
            self.record.count(entry.seq);
        }
        self.writer.flush()?;
        let text = self.chunk.take();
        if let Some(cursor) = page.next_cursor {
            self.query.cursor = Some(cursor);
            let next = self.audit.query(self.query.clone()).await;
            self.page = Some(next.map_err(io::Error::other)?);
        }
        self.record.hash(&text);
        if self.page.is_none() {
            // On record before its end is sent.
            self.record.complete().await.map_err(io::Error::other)?;
        }
        Ok(Bytes::from(text))
    }
}
