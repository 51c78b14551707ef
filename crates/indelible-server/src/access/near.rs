//! Whether a request comes from the server's own machine.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::uri::Authority;
use axum::http::{HeaderName, Version, header};
use indelible_axum::TrustedProxies;

/// Whether it does, as far as a server can tell. Not behind a proxy: then all seem to. Nor where
/// it was meant for another name than this machine's own: a page in a browser here may have any
/// name point to this address.
///
/// A proxy on this machine that is not trusted by name, adds nothing and asks for a loopback name
/// is taken for what it seems.
pub fn is_near(request: &Request, proxies: &TrustedProxies) -> bool {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(peer)| peer.ip());
    let is_near = |peer: IpAddr| peer.to_canonical().is_loopback() && !proxies.contains(peer);
    let is_forwarded = FORWARDED
        .iter()
        .any(|name| request.headers().contains_key(name));
    peer.is_some_and(is_near) && !is_forwarded && is_meant_for_loopback(request)
}

/// What proxies add to the requests that they pass on.
const FORWARDED: [HeaderName; 4] = [
    header::FORWARDED,
    header::VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-real-ip"),
];

fn is_meant_for_loopback(request: &Request) -> bool {
    // HTTP/1.0 is what old proxies speak, and need not say whom it is meant for.
    if request.version() < Version::HTTP_11 {
        return false;
    }
    let mut given = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (given.next(), given.next()) else {
        return false;
    };
    let host = host.to_str().ok().and_then(|host| host.parse().ok());
    host.as_ref().is_some_and(is_loopback) && request.uri().authority().is_none_or(is_loopback)
}

fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    let is_address = |address: IpAddr| address.to_canonical().is_loopback();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(is_address)
}
