//! One hop of a chain of proxies, as a header names it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address that a hop names: with or without a port, IPv6 with or without brackets. `None`
/// for everything else: host names, `unknown`, obfuscated identifiers (RFC 7239 section 6.3),
/// addresses with zones or leading zeros.
pub(crate) fn address(hop: &str) -> Option<IpAddr> {
    if let Some(bracketed) = hop.strip_prefix('[') {
        let (inside, behind) = bracketed.split_once(']')?;
        let is_whole = behind.is_empty() || behind.strip_prefix(':').is_some_and(is_port);
        let address = inside.parse::<Ipv6Addr>().ok().filter(|_| is_whole)?;
        return Some(IpAddr::V6(address).to_canonical());
    }
    if let Ok(address) = hop.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    let (host, port) = hop.rsplit_once(':')?;
    let address = host.parse::<Ipv4Addr>().ok()?;
    is_port(port).then_some(IpAddr::V4(address))
}

/// `node-port` of RFC 7239 section 6: up to five digits, or an obfuscated one.
fn is_port(text: &str) -> bool {
    match text.strip_prefix('_') {
        Some(hidden) => {
            let is_legal = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
            !hidden.is_empty() && hidden.bytes().all(is_legal)
        }
        None => (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_with_ports_and_brackets() {
        let cases = [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:99", "192.0.2.1"),
            ("192.0.2.1:_http", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:DB8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ];
        for (hop, expected) in cases {
            let found = address(hop).map(|address| address.to_string());
            assert_eq!(found.as_deref(), Some(expected), "{hop}");
        }
    }

    #[test]
    fn everything_else_is_no_address() {
        for hop in [
            "",
            "unknown",
            "_hidden",
            "example.org",
            "example.org:80",
            "999.1.1.1",
            "192.0.2.01",
            "192.0.2.1:",
            "192.0.2.1:123456",
            "192.0.2.1:_",
            "[::1",
            "[::1]80",
            "[::1]:",
            "::1]",
            "[192.0.2.1]",
            "fe80::1%eth0",
            "192.0.2.1 ",
            "192.0.2.1/32",
            "cloudtrail.amazonaws.com",
        ] {
            assert_eq!(address(hop), None, "{hop}");
        }
    }
}
