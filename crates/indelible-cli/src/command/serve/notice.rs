//! What a service says of itself to the service manager: sd_notify(3).

use std::time::Duration;

/// Tells the service manager at `socket` that this process is alive, twice in every `silence`
/// after which it would be taken for dead. It is said by what answers requests, too: where that
/// is stuck, nothing is said.
pub async fn live(socket: String, silence: Duration) {
    let mut turn = tokio::time::interval((silence / 2).max(LIVE_PAUSE_MIN));
    loop {
        turn.tick().await;
        // One that does not listen keeps no request waiting.
        send(&socket, "WATCHDOG=1", false);
    }
}

/// The shortest pause between two signs of life.
const LIVE_PAUSE_MIN: Duration = Duration::from_millis(1);

/// Tells the service manager at `socket`, if there is one that listens.
#[cfg(target_os = "linux")]
pub fn tell(socket: Option<&str>, what: &str) {
    if let Some(socket) = socket {
        send(socket, what, true);
    }
}

#[cfg(target_os = "linux")]
fn send(socket: &str, what: &str, waits: bool) {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    let address = match socket.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(socket),
    };
    let told = address.and_then(|address| {
        let own = UnixDatagram::unbound()?;
        own.set_nonblocking(!waits)?;
        own.send_to_addr(what.as_bytes(), &address)
    });
    if let Err(error) = told {
        tracing::warn!(%error, "the service manager was not told {what}");
    }
}

/// There is no such service manager here.
#[cfg(not(target_os = "linux"))]
pub fn tell(_socket: Option<&str>, _what: &str) {}

#[cfg(not(target_os = "linux"))]
fn send(_socket: &str, _what: &str, _waits: bool) {}
