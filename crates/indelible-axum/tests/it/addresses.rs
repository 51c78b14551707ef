//! The client's address over a table of headers (traps T9 and T10, and the hostile inputs).

use indelible_axum::{ProxyHeader, TrustedProxies};
use serde_json::Value;

use crate::ground::headers;

const XFF: &str = "x-forwarded-for";
const FORWARDED: &str = "forwarded";

fn proxies() -> TrustedProxies {
    TrustedProxies::new(["10.0.0.0/8", "2001:db8:feed::/48"]).expect("blocks")
}

fn client(proxies: &TrustedProxies, peer: &str, lines: &[(&'static str, &str)]) -> String {
    let lines: Vec<_> = lines
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    let peer = Some(peer.parse().expect("an address"));
    let client = proxies.client(peer, &headers(&lines));
    client.expect("a peer with an address").to_string()
}

/// Cases that the bank on FastAPI, which has rules of its own, is held to as well.
const TABLE: &str = include_str!("../../testdata/x_forwarded_for.json");

#[test]
fn the_header_is_counted_from_the_right_over_trusted_proxies_only() {
    let table: Value = serde_json::from_str(TABLE).expect("JSON");
    let texts = |value: &Value| -> Vec<String> {
        let all = value.as_array().expect("a list").iter();
        let texts = all.map(|text| text.as_str().expect("a text").to_owned());
        texts.collect()
    };
    let proxies = TrustedProxies::new(texts(&table["proxies"])).expect("blocks");
    let groups = table["groups"].as_array().expect("a list");
    let cases = groups.iter().flat_map(|group| {
        let cases = group["cases"].as_array().expect("a list");
        cases.iter().map(move |case| (&group["what"], case))
    });
    let mut count = 0;
    for (what, case) in cases {
        let lines = texts(&case["lines"]);
        let lines: Vec<_> = lines.iter().map(|line| (XFF, line.as_str())).collect();
        let peer = case["peer"].as_str().expect("an address");
        assert_eq!(
            client(&proxies, peer, &lines),
            case["client"],
            "{what}: {case}"
        );
        count += 1;
    }
    assert!(count >= 45, "{count} cases");
}

#[test]
fn a_thousand_hops_end_at_the_first_that_is_no_proxy() {
    let mut chain = vec!["192.0.2.1"; 500];
    chain.push("203.0.113.9");
    chain.extend(vec!["10.0.0.2"; 499]);
    let line = chain.join(",");
    assert_eq!(
        client(&proxies(), "10.0.0.1", &[(XFF, &line)]),
        "203.0.113.9"
    );
    let lines: Vec<_> = chain.iter().map(|hop| (XFF, *hop)).collect();
    assert_eq!(client(&proxies(), "10.0.0.1", &lines), "203.0.113.9");
    let elements: Vec<String> = chain.iter().map(|hop| format!("for={hop}")).collect();
    let proxies = proxies().header(ProxyHeader::Forwarded);
    assert_eq!(
        client(&proxies, "10.0.0.1", &[(FORWARDED, &elements.join(","))]),
        "203.0.113.9"
    );
}

#[test]
fn of_both_headers_only_the_one_that_the_proxies_write_is_read() {
    let lines = [(XFF, "192.0.2.1"), (FORWARDED, "for=198.51.100.1")];
    assert_eq!(client(&proxies(), "10.0.0.1", &lines), "192.0.2.1");
    let other = proxies().header(ProxyHeader::Forwarded);
    assert_eq!(client(&other, "10.0.0.1", &lines), "198.51.100.1");
    assert_eq!(client(&other, "10.0.0.1", &lines[..1]), "10.0.0.1");
    assert_eq!(
        client(&TrustedProxies::none(), "10.0.0.1", &lines),
        "10.0.0.1"
    );
}

#[test]
fn forwarded_is_read_as_rfc_7239_has_it() {
    let cases = [
        ("for=203.0.113.9", "203.0.113.9"),
        ("FOR=203.0.113.9;proto=http;by=10.0.0.1", "203.0.113.9"),
        (r#"for="[2001:db8:cafe::17]:4711""#, "2001:db8:cafe::17"),
        (r#"for="203.0.113.9:_port""#, "203.0.113.9"),
        (r#"for="_gazonk""#, "_gazonk"),
        ("for=unknown, for=10.0.0.2", "unknown"),
        (
            "for=192.0.2.1, for=203.0.113.9, for=10.0.0.2",
            "203.0.113.9",
        ),
        // A client's open quote takes nothing away from what the proxy wrote.
        (r#"for="192.0.2.1, for=203.0.113.9"#, "203.0.113.9"),
        (r#"for=\", for=203.0.113.9"#, "203.0.113.9"),
        // A proxy that names nobody is the furthest that is known.
        ("for=192.0.2.1, proto=https", "10.0.0.1"),
        (
            "for=192.0.2.1, for=203.0.113.9;for=10.0.0.2",
            "for=203.0.113.9;for=10.0.0.2",
        ),
    ];
    let proxies = proxies().header(ProxyHeader::Forwarded);
    for (line, expected) in cases {
        assert_eq!(
            client(&proxies, "10.0.0.1", &[(FORWARDED, line)]),
            expected,
            "{line}"
        );
    }
}

#[test]
fn without_a_peer_nothing_is_believed_unless_sockets_are() {
    let lines = headers(&[(XFF, b"203.0.113.9")]);
    assert_eq!(proxies().client(None, &lines), None);
    let local = proxies().believe_local_sockets();
    let client = local.client(None, &lines).expect("a client");
    assert_eq!(client.as_str(), "203.0.113.9");
    assert_eq!(local.client(None, &headers(&[])), None);
}
