//! What the fields of a trusted proxy say. Values that contradict each other, or are none, count as not said.

use tlsgi_config::config::{ForwardedField as Field, Proxies};

use super::element::{Element, elements};
use super::node::{Node, client, node, port};
use crate::http::field;
use crate::http::head::{RequestHead, is_authority, split_port};

/// Fields that say `http` or `https`.
const SCHEMES: [Field; 4] =
    [Field::XForwardedProto, Field::XForwardedScheme, Field::XForwardedProtocol, Field::XScheme];
/// Fields that say `on` or `off`.
const SWITCHES: [Field; 3] = [Field::XForwardedSsl, Field::XForwardedHttps, Field::XHttps];

/// What is believed.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) client: Option<Node>,
    pub(super) is_https: Option<bool>,
    host: Option<String>,
    port: Option<u16>,
    /// What was believed, as fields for the application.
    pub(super) kept: Vec<(String, String)>,
}

impl Told {
    /// Reads the head of a trusted peer.
    pub(super) fn read(head: &RequestHead, proxies: &Proxies) -> Self {
        let mut told = Self::default();
        let believed = |field: &Field| proxies.believes(*field);
        if believed(&Field::Forwarded) {
            told.forwarded(head, proxies);
        }
        if told.client.is_none() && believed(&Field::XForwardedFor) {
            told.hops(head, proxies);
        }
        for field in [Field::XRealIp, Field::XClientIp].into_iter().filter(believed) {
            if told.client.is_none()
                && let Some(found) = single(head, field).as_deref().and_then(node)
            {
                told.keep(field, found.0.to_string());
                told.client = Some(found);
            }
        }
        if told.is_https.is_none() {
            told.scheme(head, &believed);
        }
        for field in [Field::XForwardedHost, Field::XHost].into_iter().filter(believed) {
            if told.host.is_none()
                && let Some(host) = single(head, field).filter(|host| is_authority(host.as_bytes()))
            {
                told.keep(field, host.clone());
                told.host = Some(host);
            }
        }
        if believed(&Field::XForwardedPort) {
            told.port = single(head, Field::XForwardedPort).as_deref().and_then(port);
            if let Some(port) = told.port {
                told.keep(Field::XForwardedPort, port.to_string());
            }
        }
        told
    }

    /// The host that the client named, with its port, where the proxy says one or the other.
    pub(super) fn authority(&self, own: &str, is_https: bool) -> Option<String> {
        if self.host.is_none() && self.port.is_none() {
            return None;
        }
        let named = self.host.as_deref().unwrap_or(own);
        let (host, written) = split_port(named);
        if host.is_empty() {
            return None;
        }
        let usual = if is_https { 443 } else { 80 };
        Some(match (self.port, written) {
            (Some(port), _) if port == usual => host.to_owned(),
            (Some(port), _) => format!("{host}:{port}"),
            (None, _) => named.to_owned(),
        })
    }

    fn keep(&mut self, field: Field, value: String) {
        self.kept.push((field.name().to_ascii_lowercase(), value));
    }

    fn forwarded(&mut self, head: &RequestHead, proxies: &Proxies) {
        let Some(all) = text(head, Field::Forwarded).as_deref().and_then(elements) else { return };
        // The last element is of the peer; each trusted hop makes the one before it count.
        let mut counts: Option<&Element> = None;
        for element in all.iter().rev() {
            counts = Some(element);
            let Some(found) = element.from.as_deref().and_then(node) else { break };
            self.client = Some(found);
            if !proxies.trusts(Some(found.0)) {
                break;
            }
        }
        let Some(element) = counts else { return };
        self.is_https = element.scheme.as_deref().and_then(scheme);
        self.host = element.host.clone().filter(|host| is_authority(host.as_bytes()));
        let mut parts = Vec::new();
        if let Some((address, _)) = self.client {
            parts.push(if address.is_ipv6() { format!("for=\"[{address}]\"") } else { format!("for={address}") });
        }
        if let Some(is_https) = self.is_https {
            parts.push(format!("proto={}", if is_https { "https" } else { "http" }));
        }
        if let Some(host) = &self.host {
            parts.push(format!("host=\"{host}\""));
        }
        if !parts.is_empty() {
            self.keep(Field::Forwarded, parts.join(";"));
        }
    }

    fn hops(&mut self, head: &RequestHead, proxies: &Proxies) {
        let Some(text) = text(head, Field::XForwardedFor) else { return };
        let hops: Vec<&str> =
            text.split(',').map(|hop| hop.trim_matches([' ', '\t'])).filter(|hop| !hop.is_empty()).collect();
        let Some((at, found)) = client(&hops, |address| proxies.trusts(Some(address))) else { return };
        let known = hops.get(at..).unwrap_or_default().iter().filter_map(|hop| node(hop));
        let known: Vec<String> = known.map(|(address, _)| address.to_string()).collect();
        self.keep(Field::XForwardedFor, known.join(", "));
        self.client = Some(found);
    }

    fn scheme(&mut self, head: &RequestHead, believed: &impl Fn(&Field) -> bool) {
        let mut said: Vec<(Field, Option<bool>)> = Vec::new();
        for field in SCHEMES.into_iter().filter(believed).filter(|field| is_there(head, *field)) {
            said.push((field, single(head, field).as_deref().and_then(scheme)));
        }
        for field in SWITCHES.into_iter().filter(believed).filter(|field| is_there(head, *field)) {
            said.push((field, single(head, field).as_deref().and_then(switch)));
        }
        let Some((_, first)) = said.first().copied() else { return };
        if said.iter().any(|(_, others)| *others != first) {
            return;
        }
        self.is_https = first;
        let Some(is_https) = first else { return };
        for (field, _) in said {
            let value = match (SWITCHES.contains(&field), is_https) {
                (true, true) => "on",
                (true, false) => "off",
                (false, true) => "https",
                (false, false) => "http",
            };
            self.keep(field, value.to_owned());
        }
    }
}

fn scheme(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "https" | "wss" => Some(true),
        "http" | "ws" => Some(false),
        _ => None,
    }
}

fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "1" => Some(true),
        "off" | "false" | "0" => Some(false),
        _ => None,
    }
}

fn values(head: &RequestHead, field: Field) -> impl Iterator<Item = &[u8]> {
    let name = field.name();
    head.fields().filter(|(_, known, _)| known.eq_ignore_ascii_case(name.as_bytes())).map(|(_, _, value)| value)
}

fn is_there(head: &RequestHead, field: Field) -> bool {
    values(head, field).next().is_some()
}

/// All lines of a field as one list; none where it is not there or not ASCII.
fn text(head: &RequestHead, field: Field) -> Option<String> {
    let lines: Vec<&[u8]> = values(head, field).collect();
    String::from_utf8(lines.join(&b", "[..])).ok().filter(|text| !text.is_empty() && text.is_ascii())
}

/// The one value of a field: however often it is there, it says the same.
fn single(head: &RequestHead, field: Field) -> Option<String> {
    let mut members = values(head, field).flat_map(field::list);
    let first = members.next()?;
    if members.any(|other| other != first) {
        return None;
    }
    str::from_utf8(first).ok().map(str::to_owned)
}
