//! The client's address over a table of headers (traps T9 and T10, and the hostile inputs).

use indelible_axum::{ProxyHeader, TrustedProxies};

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

#[test]
fn the_header_is_counted_from_the_right_over_trusted_proxies_only() {
    let cases: &[(&str, &[&str], &str)] = &[
        // Nobody but a proxy is believed.
        ("203.0.113.9", &["192.0.2.1"], "203.0.113.9"),
        ("203.0.113.9", &["10.0.0.1"], "203.0.113.9"),
        ("::ffff:203.0.113.9", &[], "203.0.113.9"),
        ("10.0.0.1", &[], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
        ("::ffff:10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
        ("2001:db8:feed::1", &["203.0.113.9"], "203.0.113.9"),
        // What the client wrote itself stands on the left.
        ("10.0.0.1", &["127.0.0.1, 203.0.113.9"], "203.0.113.9"),
        (
            "10.0.0.1",
            &["10.9.9.9, 203.0.113.9, 10.0.0.2"],
            "203.0.113.9",
        ),
        (
            "10.0.0.1",
            &["evil", "203.0.113.9,10.0.0.3", "10.0.0.2"],
            "203.0.113.9",
        ),
        (
            "10.0.0.1",
            &["203.0.113.9", "203.0.113.9", "203.0.113.9"],
            "203.0.113.9",
        ),
        // All are proxies: the furthest one asked for itself.
        ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        // Ports, brackets, spaces, case.
        ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
        ("10.0.0.1", &["[2001:DB8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", &["[2001:db8::1]"], "2001:db8::1"),
        ("10.0.0.1", &["2001:db8::1"], "2001:db8::1"),
        ("10.0.0.1", &["203.0.113.9, 10.0.0.2:80"], "203.0.113.9"),
        ("10.0.0.1", &["::ffff:203.0.113.9"], "203.0.113.9"),
        (
            "10.0.0.1",
            &["\t 203.0.113.9 \t,\t10.0.0.2 "],
            "203.0.113.9",
        ),
        // What is no address is kept as given, and ends the search.
        ("10.0.0.1", &["192.0.2.1, unknown"], "unknown"),
        ("10.0.0.1", &["192.0.2.1, _hidden, 10.0.0.2"], "_hidden"),
        ("10.0.0.1", &["client.example"], "client.example"),
        ("10.0.0.1", &["999.1.1.1"], "999.1.1.1"),
        ("10.0.0.1", &["010.0.0.2"], "010.0.0.2"),
        (
            "10.0.0.1",
            &["1.2.3.4, cloudtrail.amazonaws.com"],
            "cloudtrail.amazonaws.com",
        ),
        (
            "10.0.0.1",
            &["'; DROP TABLE entry; --"],
            "'; DROP TABLE entry; --",
        ),
        // Nothing is said at all.
        ("10.0.0.1", &[""], "10.0.0.1"),
        ("10.0.0.1", &[","], "10.0.0.1"),
        ("10.0.0.1", &[" , ,,", ","], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.9, ,"], "203.0.113.9"),
    ];
    for (peer, lines, expected) in cases {
        let lines: Vec<_> = lines.iter().map(|line| (XFF, *line)).collect();
        assert_eq!(
            client(&proxies(), peer, &lines),
            *expected,
            "{peer} {lines:?}"
        );
    }
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
