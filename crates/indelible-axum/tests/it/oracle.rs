//! Random headers against what they were made of.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::{HeaderMap, HeaderValue};
use indelible_axum::{ProxyHeader, TrustedProxies};
use proptest::prelude::*;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

fn proxies(header: ProxyHeader) -> TrustedProxies {
    let proxies = TrustedProxies::new(["10.0.0.0/8", "fd00::/8"]).expect("blocks");
    proxies.header(header)
}

/// A hop and how it is spelt.
#[derive(Debug, Clone)]
struct Spelt {
    address: Option<IpAddr>,
    text: String,
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<[u8; 3]>().prop_map(|[b, c, d]| Ipv4Addr::new(10, b, c, d).into()),
        any::<[u8; 4]>().prop_map(|bytes| IpAddr::from(Ipv4Addr::from(bytes))),
        any::<[u16; 7]>().prop_map(|[b, c, d, e, f, g, h]| {
            Ipv6Addr::new(0xfd00, b, c, d, e, f, g, h).into()
        }),
        any::<[u16; 7]>().prop_map(|[b, c, d, e, f, g, h]| {
            Ipv6Addr::new(0x2001, b, c, d, e, f, g, h).into()
        }),
    ]
}

fn hop() -> impl Strategy<Value = Spelt> {
    let named = (address(), proptest::option::of(any::<u16>())).prop_map(|(address, port)| {
        let text = match (address, port) {
            (IpAddr::V6(v6), None) => format!("[{v6}]"),
            (IpAddr::V6(v6), Some(port)) => format!("[{v6}]:{port}"),
            (IpAddr::V4(v4), None) => v4.to_string(),
            (IpAddr::V4(v4), Some(port)) => format!("{v4}:{port}"),
        };
        Spelt {
            address: Some(address),
            text,
        }
    });
    let other = "unknown|_[a-z0-9]{1,8}|[a-z]{1,8}\\.example".prop_map(|text| Spelt {
        address: None,
        text,
    });
    prop_oneof![6 => named, 1 => other]
}

/// The client by the rule's own words: from the right, as long as the speaker is a proxy.
fn oracle(hops: &[Spelt]) -> String {
    let is_proxy = |hop: &Spelt| match hop.address {
        Some(IpAddr::V4(v4)) => v4.octets()[0] == 10,
        Some(IpAddr::V6(v6)) => v6.octets()[0] == 0xfd,
        None => false,
    };
    let client = hops.iter().rfind(|hop| !is_proxy(hop)).or(hops.first());
    client.map_or(PEER.to_string(), |hop| match hop.address {
        Some(address) => address.to_string(),
        None => hop.text.clone(),
    })
}

/// One element in one of its spellings.
fn element(hop: &Spelt, style: u8) -> String {
    let Spelt { text, .. } = hop;
    let value = if style & 1 == 0 || text.contains(['[', ':']) {
        match style & 2 {
            0 => format!("\"{text}\""),
            _ => format!("\"\\{text}\""),
        }
    } else {
        text.clone()
    };
    match style >> 2 & 3 {
        0 => format!("for={value}"),
        1 => format!("FoR={value};proto=https"),
        2 => format!("by=\"a;for=1.2.3.4, b\" ; For={value}"),
        _ => format!(" ;for={value}; "),
    }
}

fn lines(name: &'static str, elements: &[String], breaks: &[bool]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut line = String::new();
    for (place, element) in elements.iter().enumerate() {
        if place > 0 {
            if breaks[place % breaks.len()] {
                headers.append(name, HeaderValue::from_str(&line).expect("a value"));
                line.clear();
            } else {
                line.push_str(" ,\t");
            }
        }
        line.push_str(element);
    }
    headers.append(name, HeaderValue::from_str(&line).expect("a value"));
    headers
}

/// Whatever a client may send in a header.
fn forged() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        Just(b'"'),
        Just(b'\\'),
        Just(b','),
        Just(b';'),
        Just(b'='),
        Just(b' '),
        0x20_u8..0x7f,
        0x80_u8..=0xff,
    ];
    proptest::collection::vec(byte, 0..40)
}

fn client(header: ProxyHeader, headers: &HeaderMap) -> String {
    let client = proxies(header).client(Some(PEER), headers);
    client.expect("a peer with an address").to_string()
}

proptest! {
    #[test]
    fn x_forwarded_for_gives_what_it_was_made_of(
        hops in proptest::collection::vec(hop(), 0..12),
        breaks in proptest::collection::vec(any::<bool>(), 1..5),
    ) {
        let texts: Vec<String> = hops.iter().map(|hop| hop.text.clone()).collect();
        let headers = lines("x-forwarded-for", &texts, &breaks);
        prop_assert_eq!(client(ProxyHeader::XForwardedFor, &headers), oracle(&hops));
    }

    #[test]
    fn forwarded_gives_what_it_was_made_of(
        hops in proptest::collection::vec((hop(), 0_u8..16), 0..12),
        breaks in proptest::collection::vec(any::<bool>(), 1..5),
    ) {
        let elements: Vec<String> = hops.iter().map(|(hop, style)| element(hop, *style)).collect();
        let hops: Vec<Spelt> = hops.into_iter().map(|(hop, _)| hop).collect();
        let headers = lines("forwarded", &elements, &breaks);
        prop_assert_eq!(client(ProxyHeader::Forwarded, &headers), oracle(&hops));
    }

    #[test]
    fn what_a_client_forges_changes_nothing(
        forgery in forged(),
        is_own_line in any::<bool>(),
        proxied in proptest::collection::vec((any::<[u8; 3]>(), 0_u8..16), 0..4),
        style in 0_u8..16,
    ) {
        let spelt = |address: IpAddr| Spelt { address: Some(address), text: address.to_string() };
        let mut hops = vec![(spelt(Ipv4Addr::new(203, 0, 113, 9).into()), style)];
        hops.extend(proxied.into_iter().map(|([b, c, d], style)| {
            (spelt(Ipv4Addr::new(10, b, c, d).into()), style)
        }));
        for header in [ProxyHeader::XForwardedFor, ProxyHeader::Forwarded] {
            let (name, elements): (_, Vec<String>) = match header {
                ProxyHeader::Forwarded => {
                    ("forwarded", hops.iter().map(|(hop, style)| element(hop, *style)).collect())
                }
                _ => ("x-forwarded-for", hops.iter().map(|(hop, _)| hop.text.clone()).collect()),
            };
            let honest = elements.join(", ");
            let mut headers = HeaderMap::new();
            let mut line = forgery.clone();
            if is_own_line {
                headers.append(name, HeaderValue::from_bytes(&line).expect("a value"));
                line.clear();
            } else {
                line.extend(b", ");
            }
            line.extend(honest.bytes());
            headers.append(name, HeaderValue::from_bytes(&line).expect("a value"));
            prop_assert_eq!(client(header, &headers), "203.0.113.9");
        }
    }
}
