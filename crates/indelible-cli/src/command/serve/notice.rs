//! What a service says of itself to the service manager: sd_notify(3).

/// Tells the service manager at `socket`, if there is one that listens.
#[cfg(target_os = "linux")]
pub fn tell(socket: Option<&str>, what: &str) {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    let Some(socket) = socket else { return };
    let address = match socket.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(socket),
    };
    let told = address.and_then(|address| {
        let own = UnixDatagram::unbound()?;
        own.send_to_addr(what.as_bytes(), &address)
    });
    if let Err(error) = told {
        tracing::warn!(%error, "the service manager was not told {what}");
    }
}

/// There is no such service manager here.
#[cfg(not(target_os = "linux"))]
pub fn tell(_socket: Option<&str>, _what: &str) {}
