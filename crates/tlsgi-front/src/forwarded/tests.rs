//! Tables: what is sent, by whom, and what the application is to hear.

use std::net::SocketAddr;

use tlsgi_config::config::{ForwardedField, Limits, TrustedProxy};
use tlsgi_config::value::Value as _;

use super::*;
use crate::connection::Local;
use crate::http::h1::parse::{Scan, parse};

const CLIENT: &str = "192.0.2.7:4000";
const PROXY: &str = "10.0.0.1:4000";

fn heard(peer: &str, trust: &[&str], fields: &str) -> String {
    let proxies = Proxies {
        trusted: vec![TrustedProxy::read("10.0.0.0/8").expect("a network")],
        fields: trust.iter().map(|name| ForwardedField::read(name).expect("a field")).collect(),
        protocol: false,
    };
    let mut head = RequestHead::default();
    let text = format!("GET / HTTP/1.1\r\nHost: a.test\r\n{fields}\r\n");
    parse(text.as_bytes(), &mut Scan::default(), &mut head, &Limits::default()).expect("valid").expect("whole");
    let local: SocketAddr = "127.0.0.1:80".parse().expect("an address");
    let connection = Connection::new(peer.parse().ok(), &Local::Tcp(local), None);
    if head.speaks_of_proxies {
        settle(&mut head, &connection, Door::Http, &proxies);
    }
    let (connection, door) =
        head.seen_as.as_ref().map_or((&connection, Door::Http), |seen| (&seen.connection, seen.door));
    let rest: Vec<String> = head
        .fields()
        .filter(|(_, name, _)| *name != b"host")
        .map(|(_, name, value)| format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value)))
        .collect();
    assert_eq!(connection.is_https(), door == Door::Https);
    format!("{} {:?} {} {}", connection.client_text(), door, head.authority(), rest.join("|")).trim_end().to_owned()
}

fn check(peer: &str, trust: &[&str], fields: &str, expect: &str) {
    assert_eq!(heard(peer, trust, fields), expect, "{peer} {trust:?} {fields:?}");
}

const ALL: [&str; 4] = ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port"];

#[test]
fn nobody_else_changes_anything() {
    for fields in [
        "X-Forwarded-For: 6.6.6.6\r\n",
        "X-Forwarded-Proto: https\r\n",
        "x-forwarded-proto: https\r\nX-FORWARDED-PROTO: https\r\n",
        "X_Forwarded_Proto: https\r\n",
        "X.Forwarded.Proto: https\r\n",
        "X-Forwarded-Host: evil.test\r\nX-Forwarded-Port: 1\r\n",
        "Forwarded: for=6.6.6.6;proto=https;host=evil.test\r\n",
        "X-Real-IP: 6.6.6.6\r\nX-Scheme: https\r\nX-Forwarded-SSL: on\r\nFront-End-Https: on\r\n",
        "X-SSL-Client-Verify: SUCCESS\r\nX-Forwarded-Client-Cert: Hash=1\r\n",
    ] {
        check(CLIENT, &ALL, fields, "192.0.2.7 Http a.test");
        check(CLIENT, &["Forwarded", "X-Real-IP", "X-Scheme"], fields, "192.0.2.7 Http a.test");
    }
}

#[test]
fn trusted_proxies_are_believed_in_what_is_named_alone() {
    let all = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b.test\r\nForwarded: for=6.6.6.6\r\n";
    check(PROXY, &["X-Forwarded-For"], all, "203.0.113.9 Http a.test x-forwarded-for=203.0.113.9");
    check(PROXY, &["X-Forwarded-Proto"], all, "10.0.0.1 Https a.test x-forwarded-proto=https");
    check(PROXY, &["X-Forwarded-Host"], all, "10.0.0.1 Http b.test x-forwarded-host=b.test");
    check(PROXY, &["X-Real-IP"], all, "10.0.0.1 Http a.test");
}

#[test]
fn last_untrusted_hop_is_the_client() {
    let trust = ["X-Forwarded-For"];
    let spoofed = "X-Forwarded-For: 6.6.6.6, 203.0.113.9, 10.0.0.2\r\n";
    check(PROXY, &trust, spoofed, "203.0.113.9 Http a.test x-forwarded-for=203.0.113.9, 10.0.0.2");
    let lines = "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 203.0.113.9:99\r\n";
    check(PROXY, &trust, lines, "203.0.113.9 Http a.test x-forwarded-for=203.0.113.9");
    check(PROXY, &trust, "X-Forwarded-For: 6.6.6.6, <script>\r\n", "10.0.0.1 Http a.test");
    check(PROXY, &trust, "X-Forwarded-For: , ,\r\n", "10.0.0.1 Http a.test");
    check(PROXY, &trust, "X-Forwarded-For: [2001:db8::1]:9\r\n", "2001:db8::1 Http a.test x-forwarded-for=2001:db8::1");
}

#[test]
fn values_that_contradict_each_other_are_not_believed() {
    let trust = ["X-Forwarded-Proto", "X-Forwarded-SSL", "X-Forwarded-Host"];
    for fields in [
        "X-Forwarded-Proto: https, http\r\n",
        "X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https\r\n",
        "X-Forwarded-Proto: https\r\nX-Forwarded-SSL: off\r\n",
        "X-Forwarded-Proto: gopher\r\n",
        "X-Forwarded-Proto: \r\n",
        "X-Forwarded-Host: b.test, c.test\r\n",
        "X-Forwarded-Host: user@b.test\r\n",
        "X-Forwarded-Host: b.test/x\r\n",
    ] {
        check(PROXY, &trust, fields, "10.0.0.1 Http a.test");
    }
    let twice = "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: https\r\n";
    check(PROXY, &trust, twice, "10.0.0.1 Https a.test x-forwarded-proto=https");
    let both = "X-Forwarded-Proto: HTTPS\r\nX-Forwarded-SSL: on\r\n";
    check(PROXY, &trust, both, "10.0.0.1 Https a.test x-forwarded-proto=https|x-forwarded-ssl=on");
}

#[test]
fn port_goes_with_the_host() {
    let https = "X-Forwarded-Proto: https\r\n";
    let port = |port: &str| format!("{https}X-Forwarded-Port: {port}\r\n");
    check(PROXY, &ALL, &port("443"), "10.0.0.1 Https a.test x-forwarded-proto=https|x-forwarded-port=443");
    check(PROXY, &ALL, &port("8443"), "10.0.0.1 Https a.test:8443 x-forwarded-proto=https|x-forwarded-port=8443");
    check(PROXY, &ALL, &port("abc"), "10.0.0.1 Https a.test x-forwarded-proto=https");
    check(PROXY, &ALL, &port("0"), "10.0.0.1 Https a.test x-forwarded-proto=https");
}

#[test]
fn standard_field_is_read_from_its_end() {
    let trust = ["Forwarded", "X-Forwarded-For", "X-Forwarded-Proto"];
    check(
        PROXY,
        &trust,
        "Forwarded: for=6.6.6.6;host=evil.test, for=203.0.113.9;proto=https;host=b.test, for=10.0.0.3\r\n",
        "203.0.113.9 Https b.test forwarded=for=203.0.113.9;proto=https;host=\"b.test\"",
    );
    // One wrong byte, and the other fields speak.
    check(
        PROXY,
        &trust,
        "Forwarded: for=203.0.113.9; proto=https\r\nX-Forwarded-For: 203.0.113.8\r\n",
        "203.0.113.8 Http a.test x-forwarded-for=203.0.113.8",
    );
    check(PROXY, &trust, "Forwarded: for=unknown;proto=https\r\n", "10.0.0.1 Https a.test forwarded=proto=https");
}
