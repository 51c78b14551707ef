//! Where a request comes from, behind which proxies.

use std::fmt;
use std::net::IpAddr;

use axum::http::HeaderMap;

use crate::forwarded::{Hop, forwarded, x_forwarded_for};
use crate::network::{Network, NetworkError};
use crate::node;

/// The address of the client, as far as it is known from those who can be believed.
///
/// An address is written in its shortest form, without port and brackets; what a trusted proxy
/// named otherwise (`unknown`, an obfuscated identifier, a host name) is kept as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientAddress {
    text: String,
    ip: Option<IpAddr>,
}

impl ClientAddress {
    /// The address, where it is one. IPv4 mapped into IPv6 is IPv4.
    #[must_use]
    pub const fn ip(&self) -> Option<IpAddr> {
        self.ip
    }

    /// The text that goes into an event.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn of_hop(hop: String) -> Self {
        match node::address(&hop) {
            Some(ip) => ip.into(),
            None => Self {
                text: hop,
                ip: None,
            },
        }
    }
}

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> Self {
        let ip = address.to_canonical();
        Self {
            text: ip.to_string(),
            ip: Some(ip),
        }
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The header in which the proxies say for whom they ask. Only one is read: the other is what a
/// client sent through a proxy that does not know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ProxyHeader {
    /// `X-Forwarded-For`, which nearly every proxy appends to.
    #[default]
    XForwardedFor,
    /// `Forwarded` of RFC 7239.
    Forwarded,
}

/// The proxies whose word on the client's address is believed. None by default.
///
/// The header is counted from the right: as long as the last speaker is one of these proxies, the
/// hop that it appended is believed. The first hop that is none of them is the client, whatever
/// stands further to the left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustedProxies {
    networks: Vec<Network>,
    header: ProxyHeader,
    believes_local_sockets: bool,
}

impl TrustedProxies {
    /// Trusts the proxies at these addresses or in these blocks (`10.0.0.0/8`, `::1`).
    ///
    /// # Errors
    /// [`NetworkError`] for the first text that names no block, or everybody.
    pub fn new<T: AsRef<str>>(networks: impl IntoIterator<Item = T>) -> Result<Self, NetworkError> {
        let networks = networks.into_iter().map(|text| text.as_ref().parse());
        Ok(Self {
            networks: networks.collect::<Result<_, _>>()?,
            ..Self::default()
        })
    }

    /// Trusts nobody: the client is who holds the connection.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads this header instead of `X-Forwarded-For`.
    #[must_use]
    pub fn header(mut self, header: ProxyHeader) -> Self {
        self.header = header;
        self
    }

    /// Also trusts who connects without an address: a proxy on the same machine, over a socket in
    /// the file system, to which only it has access.
    #[must_use]
    pub fn believe_local_sockets(mut self) -> Self {
        self.believes_local_sockets = true;
        self
    }

    /// The client of a request with these headers, over a connection from `peer`. `None` where
    /// neither says anything that could be believed.
    #[must_use]
    pub fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<ClientAddress> {
        match self.header {
            ProxyHeader::XForwardedFor => self.walk(peer, x_forwarded_for(headers)),
            ProxyHeader::Forwarded => self.walk(peer, forwarded(headers)),
        }
    }

    /// Whether one of the blocks holds this address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|block| block.contains(address))
    }

    fn walk(
        &self,
        peer: Option<IpAddr>,
        mut hops: impl Iterator<Item = Hop>,
    ) -> Option<ClientAddress> {
        let mut speaker: Option<ClientAddress> = peer.map(ClientAddress::from);
        let mut is_believed = match peer {
            Some(peer) => self.contains(peer),
            None => self.believes_local_sockets,
        };
        while is_believed {
            // A proxy that says nothing is the furthest that is known.
            let Some(Hop::Named(name)) = hops.next() else {
                break;
            };
            let client = ClientAddress::of_hop(name);
            is_believed = client.ip().is_some_and(|ip| self.contains(ip));
            speaker = Some(client);
        }
        speaker
    }
}
