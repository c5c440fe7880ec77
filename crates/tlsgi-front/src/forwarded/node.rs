//! Addresses in fields of proxies, and the way back over those that are trusted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A client: address, and port or 0.
pub(super) type Node = (IpAddr, u16);

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`. Nothing else, no names.
pub(super) fn node(text: &str) -> Option<Node> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some((address.to_canonical(), 0));
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        let address = IpAddr::V6(address.parse::<Ipv6Addr>().ok()?).to_canonical();
        return Some((address, if rest.is_empty() { 0 } else { port(rest.strip_prefix(':')?)? }));
    }
    let (address, digits) = text.split_once(':')?;
    Some((IpAddr::V4(address.parse::<Ipv4Addr>().ok()?), port(digits)?))
}

/// A port in decimal digits.
pub(super) fn port(digits: &str) -> Option<u16> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|port| *port != 0)
}

/// The client in a list of hops, the nearest last: the last that is no trusted proxy; where all are, the first. What stands before something
/// that is no address is not looked at. Gives its place in the list too.
pub(super) fn client(hops: &[&str], is_trusted: impl Fn(IpAddr) -> bool) -> Option<(usize, Node)> {
    let mut found = None;
    for (at, hop) in hops.iter().enumerate().rev() {
        let Some(known) = node(hop) else { break };
        found = Some((at, known));
        if !is_trusted(known.0) {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_strictly() {
        for (text, expect) in [
            ("192.0.2.1", Some("192.0.2.1 0")),
            ("192.0.2.1:4711", Some("192.0.2.1 4711")),
            ("2001:db8::1", Some("2001:db8::1 0")),
            ("[2001:db8::1]", Some("2001:db8::1 0")),
            ("[2001:db8::1]:99", Some("2001:db8::1 99")),
            ("::ffff:192.0.2.1", Some("192.0.2.1 0")),
            ("", None),
            ("localhost", None),
            ("<script>", None),
            ("192.0.2.1:", None),
            ("192.0.2.1:0", None),
            ("192.0.2.1:65536", None),
            ("192.0.2.1:+1", None),
            ("[2001:db8::1]99", None),
            ("[192.0.2.1]", None),
            ("192.0.2.01", None),
            ("fe80::1%eth0", None),
            ("unknown", None),
        ] {
            let read = node(text).map(|(address, port)| format!("{address} {port}"));
            assert_eq!(read.as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn last_that_is_not_trusted_is_the_client() {
        let is_trusted = |address: IpAddr| address.to_string().starts_with("10.");
        for (hops, expect) in [
            (&["203.0.113.9"][..], Some("203.0.113.9")),
            (&["6.6.6.6", "203.0.113.9"], Some("203.0.113.9")),
            (&["6.6.6.6", "203.0.113.9", "10.0.0.1"], Some("203.0.113.9")),
            (&["10.0.0.2", "10.0.0.1"], Some("10.0.0.2")),
            (&["6.6.6.6", "nonsense", "10.0.0.1"], Some("10.0.0.1")),
            (&["6.6.6.6", "nonsense"], None),
            (&[], None),
        ] {
            let found = client(hops, is_trusted).map(|(_, (address, _))| address.to_string());
            assert_eq!(found.as_deref(), expect, "{hops:?}");
        }
    }
}
