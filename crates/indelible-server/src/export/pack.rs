//! `format=pack`: an evidence pack, in the trail's order.

use std::io;

use bytes::Bytes;
use futures_util::{Stream, stream};
use indelible_core::engine::PackSource;
use indelible_core::pack::{Coverage, PackRequest};
use indelible_core::{Query, Timestamp};

use super::record::Record;
use crate::problem::{Kind, Problem};

/// The parameters that only packs have.
pub const OPTIONS: [&str; 3] = ["complete", "from", "without"];

/// A pack as these parameters ask for it.
///
/// # Errors
/// The first that is given twice, or ill-formed.
pub fn request<'p>(
    options: impl IntoIterator<Item = (&'p str, &'p str)>,
    query: Query,
    (asked_by, created): (String, Timestamp),
) -> Result<PackRequest, Problem> {
    let mut request = PackRequest {
        first: 0,
        coverage: Coverage::of(&query),
        query,
        without: Vec::new(),
        asked_by: Some(asked_by),
        created,
        software: concat!("indelible ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let mut seen = Vec::new();
    for (name, value) in options {
        let wrong = |detail: String| Problem::new(Kind::InvalidRequest, detail).at(name);
        if seen.contains(&name) {
            return Err(wrong(format!("`{name}` is given twice")));
        }
        seen.push(name);
        match (name, value) {
            ("complete", "true") => request.coverage = Coverage::Complete,
            ("complete", "false") => {}
            ("complete", _) => return Err(wrong("`complete` is true or false".to_owned())),
            ("from", size) => {
                let problem = |_| wrong("`from` is a number of entries, 0 or more".to_owned());
                request.first = size.parse().map_err(problem)?;
            }
            (_, parts) => {
                let parts = parts.split(',').filter(|part| !part.is_empty());
                let read: Result<_, _> = parts.map(str::parse).collect();
                request.without = read.map_err(|error| wrong(format!("{error}")))?;
            }
        }
    }
    Ok(request)
}

/// The lines of a pack. Where one cannot be made the answer is cut off, and what came has no
/// trailer.
pub fn lines(source: PackSource, record: Record) -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold(Some((source, record)), async |rest| {
        let (mut source, mut record) = rest?;
        match next(&mut source, &mut record).await {
            Ok(None) => None,
            Ok(Some(lines)) => Some((Ok(lines), Some((source, record)))),
            Err(error) => {
                tracing::error!(%error, "pack cut off");
                Some((Err(error), None))
            }
        }
    })
}

async fn next(source: &mut PackSource, record: &mut Record) -> io::Result<Option<Bytes>> {
    let Some(lines) = source.next().await.map_err(io::Error::other)? else {
        return Ok(None);
    };
    record.hash(&lines);
    record.covers(source);
    if source.is_done() {
        // On record before its end is sent.
        record.complete().await.map_err(io::Error::other)?;
    }
    Ok(Some(Bytes::from(lines)))
}
