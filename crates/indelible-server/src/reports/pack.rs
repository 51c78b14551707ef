//! `GET /v1/trails/{trail}/controls/{control}/pack`: what is handed over for one control.

use std::fs::File;
use std::io::{self, Read};

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header;
use bytes::Bytes;
use futures_util::{Stream, stream};
use indelible_core::TrailName;
use indelible_evidence::{HandedOver, PackAsked, PackError, hand_over};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::archive::Archive;
use super::{Asked, called};
use crate::access::{Caller, Shown};
use crate::app::App;
use crate::export::attached;
use crate::problem::{Answer, Kind, Problem};
use crate::recorder::InTrail;
use crate::request::{ControlPath, number, pairs};
use crate::seats::Seat;

/// The bytes of one piece that is sent.
const PIECE_BYTES: usize = 64 << 10;

/// Makes the whole, records that it was made and handed over, and only then sends it: an archive of
/// the files that `indelible report pack` makes.
pub async fn hand_out(State(app): State<App>, request: Request) -> Answer {
    let (mut parts, _) = request.into_parts();
    let caller = called(&parts)?;
    let ControlPath { trail, control } = ControlPath::from_request_parts(&mut parts, &app).await?;
    let given = pairs(&parts);
    let given = given.iter().map(|(name, value)| (&**name, &**value));
    // All that a report takes but its form, which a pack has of its own.
    let (own, given): (Vec<_>, Vec<_>) = given.partition(|(name, _)| *name == "begin");
    let begin = crate::request::named(own, ["begin"])?;
    let begin = number("begin", begin[0])?.unwrap_or_default();
    let asked = Asked::read_but(given.into_iter(), "format", &app)?;
    let seat = app.packs().take(&caller.key.id)?;
    let created = app.now();
    let request = asked.request(control.framework(), (&caller, created));
    let asked = PackAsked::of(control.clone(), request, begin)?;
    let folder = format!("{trail}-{}-{}", control.framework(), plain(control.id()));
    let archive = Archive::new(&folder, created).map_err(PackError::from)?;
    let (handed, (file, length), seat) = made((app, caller, trail), asked, (archive, seat)).await?;
    let name = format!("{folder}-{}.tar", handed.as_of);
    let body = Body::from_stream(pieces(file, seat));
    let mut response = attached("application/x-tar", body, &name);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length.into());
    response.extensions_mut().insert(Shown(handed.entries));
    Ok(response)
}

/// Makes the archive on a thread of its own: its files are written as they are made. It goes on
/// where its caller leaves, and keeps its seat as long.
async fn made(
    (app, caller, trail): (App, Caller, TrailName),
    asked: PackAsked,
    (mut archive, seat): (Archive, Seat),
) -> Result<(HandedOver, (File, u64), Seat), Problem> {
    let runtime = Handle::current();
    let making = move || {
        runtime.block_on(async {
            let recorder = InTrail::of(&app, &caller, &trail);
            let place = (&recorder.audit, &recorder);
            let handed = hand_over(place, asked, &mut archive, &mut |_| {}).await?;
            Ok((handed, archive.finish().map_err(PackError::from)?, seat))
        })
    };
    let ended = |error| Problem::new(Kind::Internal, "no pack was made").because(error);
    spawn_blocking(making).await.map_err(ended)?
}

/// The number of a control, as it can stand in the name of a file.
fn plain(id: &str) -> String {
    let plain = |sign: char| match sign {
        'A'..='Z' | 'a'..='z' | '0'..='9' | '.' | '-' => sign,
        _ => '_',
    };
    id.chars().map(plain).collect()
}

/// What a file holds, piece by piece; its seat is given back at the end.
fn pieces(file: File, seat: Seat) -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold(Some((file, seat)), async |rest| {
        let (mut file, seat) = rest?;
        let mut piece = vec![0; PIECE_BYTES];
        match file.read(&mut piece) {
            Ok(0) => None,
            Ok(length) => {
                piece.truncate(length);
                Some((Ok(Bytes::from(piece)), Some((file, seat))))
            }
            Err(error) => Some((Err(error), None)),
        }
    })
}

impl From<PackError> for Problem {
    fn from(error: PackError) -> Self {
        match &error {
            PackError::NoEvidence(_) => Self::not_found(&error).at("control"),
            PackError::Empty(_) => Self::not_found(&error),
            PackError::Beyond { .. } => {
                Self::new(Kind::InvalidRequest, error.to_string()).at("begin")
            }
            PackError::Place(place) if place.kind() == io::ErrorKind::FileTooLarge => {
                let detail = "the pack is too long for one answer; begin it later with `begin`, \
                              or make it with `indelible report pack` on the server's host";
                Self::new(Kind::TooLarge, detail)
            }
            PackError::Place(_) | PackError::Missing(_) | PackError::Render(_) => {
                Self::new(Kind::Internal, "no pack was made").because(&error)
            }
        }
    }
}
