//! One client's connection and its server's.

use std::future::pending;
use std::io::Result;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncWriteExt, copy, sink};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use tokio::sync::watch;

use super::frames::{CommitWatch, Frame, Frames};
use super::orders::{Answer, Orders, Plan};

const SSL_REQUEST: [u8; 4] = 80_877_103_u32.to_be_bytes();
const GSS_REQUEST: [u8; 4] = 80_877_104_u32.to_be_bytes();
const SYNC: [u8; 5] = [b'S', 0, 0, 0, 4];
const IDLE: u8 = b'I';

/// The server's side of a link.
type Server = (Frames<OwnedReadHalf>, OwnedWriteHalf);

/// Why a link stopped carrying.
enum End {
    Closed,
    Cut,
    Hold(Frame),
    Hole,
}

/// Carries messages both ways until a side closes or the test has it otherwise.
pub(super) async fn carry(
    mut client: TcpStream,
    server: TcpStream,
    orders: &Orders,
    cuts: &mut watch::Receiver<u64>,
) {
    let (from_server, to_server) = server.into_split();
    let mut server = (Frames::new(from_server), to_server);
    let mut hole = orders.hole.subscribe();
    let end = tokio::select! {
        biased;
        _ = hole.wait_for(|hole| *hole) => End::Hole,
        _ = cuts.changed() => End::Closed,
        end = exchange(&mut client, &mut server, orders) => end.unwrap_or(End::Closed),
    };
    match end {
        End::Closed => {}
        End::Cut => {
            drop((client, server));
            orders.count(|counts| counts.cut += 1);
        }
        End::Hole => lose(client, Some(server), orders, cuts).await,
        End::Hold(commit) => {
            let released = orders.hold();
            drop(client);
            let Ok(tell) = released.await else { return };
            let answer = send_late(&commit, server).await.unwrap_or(Answer::Lost);
            orders.count(|counts| counts.released += 1);
            tell.send(answer).ok();
        }
    }
}

/// Takes what the client sends and lets nothing through, until the hole closes.
pub(super) async fn lose(
    mut client: TcpStream,
    server: Option<Server>,
    orders: &Orders,
    cuts: &mut watch::Receiver<u64>,
) {
    let mut hole = orders.hole.subscribe();
    let swallow = async {
        copy(&mut client, &mut sink()).await.ok();
        // The server must not learn that its client has gone.
        pending::<()>().await;
    };
    tokio::select! {
        () = swallow => {}
        _ = hole.wait_for(|hole| !*hole) => {}
        _ = cuts.changed() => {}
    }
    drop(server);
}

async fn exchange(client: &mut TcpStream, server: &mut Server, orders: &Orders) -> Result<End> {
    let (from_client, mut to_client) = client.split();
    let mut from_client = Frames::new(from_client);
    let (from_server, to_server) = server;
    loop {
        let Some(opening) = from_client.opening().await? else {
            return Ok(End::Closed);
        };
        let code = opening.body().get(..4).unwrap_or_default();
        if code != SSL_REQUEST && code != GSS_REQUEST {
            to_server.write_all(&opening.bytes).await?;
            break;
        }
        to_client.write_all(b"N").await?;
    }
    let cutting = AtomicBool::new(false);
    tokio::select! {
        end = upward(&mut from_client, to_server, orders, &cutting) => end,
        end = downward(from_server, &mut to_client, orders, &cutting) => end,
    }
}

async fn upward(
    client: &mut Frames<ReadHalf<'_>>,
    server: &mut OwnedWriteHalf,
    orders: &Orders,
    cutting: &AtomicBool,
) -> Result<End> {
    let mut commits = CommitWatch::default();
    while let Some(frame) = client.next().await? {
        if *orders.hole.borrow() {
            return Ok(End::Hole);
        }
        if commits.is_commit(&frame) {
            match orders.take_plan() {
                Some(Plan::CutBefore) => return Ok(End::Cut),
                Some(Plan::Hold) => return Ok(End::Hold(frame)),
                Some(Plan::CutAfter) => cutting.store(true, Ordering::Relaxed),
                None => {}
            }
        }
        if server.write_all(&frame.bytes).await.is_err() {
            // Its last words, and then its end, come downward.
            pending::<()>().await;
        }
    }
    if cutting.load(Ordering::Relaxed) {
        // The client has gone before its time; the server's answer still has to come.
        pending::<()>().await;
    }
    Ok(End::Closed)
}

/// While a cut is due, whole answers are kept back: the one to the commit is the first after
/// which the server is in no transaction.
async fn downward(
    server: &mut Frames<OwnedReadHalf>,
    client: &mut WriteHalf<'_>,
    orders: &Orders,
    cutting: &AtomicBool,
) -> Result<End> {
    let mut kept = Vec::new();
    while let Some(frame) = server.next().await? {
        kept.extend_from_slice(&frame.bytes);
        let answered = frame.tag() == b'Z';
        if cutting.load(Ordering::Relaxed) {
            if answered && frame.body().first() == Some(&IDLE) {
                return Ok(End::Cut);
            }
            if !answered {
                continue;
            }
        } else if server.has_frame() {
            continue;
        }
        if *orders.hole.borrow() {
            return Ok(End::Hole);
        }
        client.write_all(&kept).await?;
        kept.clear();
    }
    Ok(End::Closed)
}

/// Sends the commit, and returns the answer to it; `None` when the server has gone.
async fn send_late(commit: &Frame, server: Server) -> Option<Answer> {
    let (mut from_server, mut to_server) = server;
    to_server.write_all(&commit.bytes).await.ok()?;
    if commit.tag() == b'E' {
        to_server.write_all(&SYNC).await.ok()?;
    }
    let mut answer = Answer::Lost;
    while let Some(frame) = from_server.next().await.ok()? {
        match frame.tag() {
            b'C' if frame.body().starts_with(b"COMMIT") => answer = Answer::Committed,
            b'C' if frame.body().starts_with(b"ROLLBACK") => answer = Answer::RolledBack,
            b'E' => answer = Answer::Refused(code(&frame)),
            b'Z' if frame.body().first() == Some(&IDLE) => return Some(answer),
            _ => {}
        }
    }
    None
}

/// The code of an error: the field that begins with `C`.
fn code(error: &Frame) -> String {
    let field = error.texts().find_map(|field| field.strip_prefix(b"C"));
    String::from_utf8_lossy(field.unwrap_or_default()).into_owned()
}
