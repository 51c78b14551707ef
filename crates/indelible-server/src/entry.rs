//! `GET /v1/trails/{trail}/events/{id}` and its proof.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use indelible_core::engine::{Audit, Sight};

use crate::access::Shown;
use crate::app::App;
use crate::problem::{Answer, Problem};
use crate::reply;
use crate::request::{EntryName, EntryPath, only, truth};

/// One entry.
pub async fn show(State(app): State<App>, path: EntryPath) -> Answer {
    let audit = app.trail(&path.trail);
    let mut response = reply::json(StatusCode::OK, &find(&audit, path.entry).await?.entry)?;
    response.extensions_mut().insert(Shown(1));
    Ok(response)
}

/// The proof that the entry is in the trail, c2sp.org/tlog-proof@v1; with `open=true` its parts
/// are in it too.
pub async fn prove(State(app): State<App>, request: Request) -> Answer {
    let (mut parts, _) = request.into_parts();
    let path = EntryPath::from_request_parts(&mut parts, &app).await?;
    let open = only(&parts, "open")?;
    let open = open.map_or(Ok(false), |text| truth("open", &text))?;
    let audit = app.trail(&path.trail);
    let seq = find(&audit, path.entry).await?.entry.seq;
    let proved = audit.prove(seq, open).await?;
    let gone = || Problem::not_found("the entry is not there any more");
    let mut response = reply::text(proved.ok_or_else(gone)?.text);
    if open {
        response.extensions_mut().insert(Shown(1));
    }
    Ok(response)
}

/// The entry of this name.
///
/// # Errors
/// There is none, or it cannot be read.
pub async fn find(audit: &Audit, name: EntryName) -> Result<Sight, Problem> {
    let seq = match name {
        EntryName::Id(id) => audit.seq_of(id).await?,
        EntryName::Seq(seq) => Some(seq),
    };
    let found = match seq {
        Some(seq) => audit.sight(seq).await?,
        None => None,
    };
    let missing = || {
        let trail = audit.name();
        match name {
            EntryName::Id(id) => Problem::not_found(format!("trail {trail} has no entry {id}")),
            EntryName::Seq(seq) => Problem::not_found(format!("trail {trail} has no entry #{seq}")),
        }
    };
    found.ok_or_else(missing)
}
