//! `indelible healthcheck`

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use clap::Args;

use crate::failure::{Failure, Status};
use crate::session::Session;
use crate::settings::{ServerFlags, ServerSettings};

/// Asks the server of these settings on this machine whether it is alive
///
/// It asks GET /healthz at the listener of metrics where there is one, else at the server's own,
/// and takes every answer but 200 within five seconds for a failure.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible healthcheck
  indelible healthcheck --listen 127.0.0.1:8080")]
pub struct Healthcheck {
    /// The address and port that the server listens on [default: 127.0.0.1:7878]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

/// The longest it waits for a connection, and for each piece of the answer.
const PATIENCE: Duration = Duration::from_secs(5);

impl Healthcheck {
    pub fn run(self, session: &Session) -> Result<Status, Failure> {
        let named = self.listen.is_some();
        let flags = ServerFlags {
            listen: self.listen,
            ..ServerFlags::default()
        };
        let settings = session.server_settings(&flags)?.server;
        let address = address(&settings, named)?;
        let line = ask(address)
            .map_err(|error| Failure::new(format!("{address} does not answer: {error}")))?;
        if line.split(' ').nth(1) != Some("200") {
            let line = line.trim_end();
            return Err(Failure::new(format!("{address} answers `{line}`")));
        }
        session.output.say("alive")?;
        Ok(Status::Fine)
    }
}

/// Where the server of these settings answers without TLS, as it is reached from this machine.
fn address(settings: &ServerSettings, named: bool) -> Result<SocketAddr, Failure> {
    let place = match &settings.metrics_listen {
        Some(metrics) if !named => metrics,
        _ if settings.tls.is_some() && !named => {
            let problem = "the server answers with TLS alone; give it a metrics_listen, where it \
                           is asked without";
            return Err(Failure::usage(problem));
        }
        _ => &settings.listen,
    };
    let unknown = |error| Failure::usage(format!("{place}: {error}"));
    let found = place.to_socket_addrs().map_err(unknown)?.next();
    let mut address = found.ok_or_else(|| Failure::usage(format!("{place}: no such place")))?;
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    Ok(address)
}

/// The first line of the answer.
fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(line)
}
