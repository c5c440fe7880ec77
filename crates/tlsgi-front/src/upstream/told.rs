//! What an upstream is told of the client: the fields that only this server sets, whoever else sent them.

use tlsgi_cert::client::NameStyle;
use tlsgi_wire::MAX_FIELD;

use super::Place;
use crate::connection::Connection;
use crate::forwarded::is_about_certificates;
use crate::http::field;
use crate::http::head::{RequestHead, split_port};
use crate::serve::Session;
use crate::state::SiteState;
use crate::tls::client_auth::{Holder, Standing};
use crate::tls::{client_fields, pem};

/// Names and values, lower-case names.
pub(super) struct Told {
    pub(super) fields: Vec<(&'static str, String)>,
    /// The site asks for certificates: nobody else says anything about them.
    speaks_of_certificates: bool,
    /// What is known of the client.
    pub(super) standing: Standing,
}

impl Told {
    /// For one request.
    pub(super) fn new(
        session: &Session,
        site: &SiteState,
        head: &RequestHead,
        standing: Standing,
        place: &Place,
        request_id: &str,
    ) -> Self {
        let connection = session.connection(head);
        let mut fields = Vec::with_capacity(8);
        if let Some(hops) = hops(session, connection, head) {
            fields.push(("x-forwarded-for", hops));
        }
        let scheme = if connection.is_https() { "https" } else { "http" };
        fields.push(("x-forwarded-proto", scheme.to_owned()));
        if !head.authority().is_empty() {
            fields.push(("x-forwarded-host", head.authority().to_owned()));
        }
        fields.push(("x-forwarded-port", port(head, connection)));
        if let Some(prefix) = place.stripped() {
            fields.push(("x-forwarded-prefix", prefix));
        }
        fields.push(("x-request-id", request_id.to_owned()));
        let speaks_of_certificates = site.clients.asks();
        if speaks_of_certificates {
            certificate(session, site, standing, &mut fields);
        }
        fields.retain(|(_, value)| value.len() <= MAX_FIELD && field::is_value(value.as_bytes()));
        Self { fields, speaks_of_certificates, standing }
    }

    /// Whether a field of the request gives way to ours. Lower-case name.
    pub(super) fn replaces(&self, name: &[u8]) -> bool {
        match name {
            b"x-forwarded-for" | b"x-forwarded-proto" | b"x-forwarded-host" => true,
            b"x-forwarded-port" | b"x-forwarded-prefix" | b"forwarded" | b"x-request-id" => true,
            _ => self.speaks_of_certificates && is_about_certificates(name),
        }
    }
}

/// The client and the proxies before this server: what trusted ones said, and who is at the other end of the connection.
fn hops(session: &Session, connection: &Connection, head: &RequestHead) -> Option<String> {
    let peer = session.connection.peer().map(|address| address.to_canonical().to_string());
    if head.seen_as.is_none() {
        return peer;
    }
    let said = head.field("x-forwarded-for").and_then(|said| str::from_utf8(said).ok()).map(str::to_owned);
    let said = said.or_else(|| Some(connection.client_text().to_owned()).filter(|client| client != "-"));
    match (said, peer) {
        (Some(said), Some(peer)) if said != peer => Some(format!("{said}, {peer}")),
        (said, peer) => said.or(peer),
    }
}

/// The port that the client named, or the usual one.
fn port(head: &RequestHead, connection: &Connection) -> String {
    let usual = if connection.is_https() { "443" } else { "80" };
    split_port(head.authority()).1.filter(|port| !port.is_empty()).unwrap_or(usual).to_owned()
}

fn certificate(session: &Session, site: &SiteState, standing: Standing, fields: &mut Vec<(&'static str, String)>) {
    let verify = match standing {
        Standing::Unasked | Standing::Anonymous => "NONE".to_owned(),
        Standing::Verified => "SUCCESS".to_owned(),
        Standing::Rejected(rejection) => format!("FAILED:{}", rejection.openssl()),
    };
    fields.push(("x-ssl-client-verify", verify));
    let holder = session.connection.tls().and_then(|tls| tls.client.as_deref());
    // Only who was verified has a name.
    let Some(holder) = holder.filter(|_| standing == Standing::Verified) else { return };
    name(holder, fields);
    if site.site.tls_variables.has_certificates
        && let Some(own) = holder.chain().first()
    {
        fields.push(("x-ssl-client-cert", escaped(&pem(own))));
    }
    if site.clients.sends_headers() {
        fields.extend(client_fields::fields(holder));
    }
}

fn name(holder: &Holder, fields: &mut Vec<(&'static str, String)>) {
    let Some(identity) = holder.identity() else { return };
    fields.push(("x-ssl-client-s-dn", identity.subject.text(NameStyle::Rfc4514)));
    if let Some(name) = identity.subject.values("2.5.4.3").next() {
        fields.push(("x-ssl-client-s-dn-cn", name));
    }
    fields.push(("x-ssl-client-i-dn", identity.issuer.text(NameStyle::Rfc4514)));
    fields.push(("x-ssl-client-serial", identity.serial_text()));
    let fingerprint = identity.fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
    fields.push(("x-ssl-client-fingerprint", fingerprint));
}

/// Percent-encoded, so that it fits one line.
fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len() * 5 / 4);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(byte.into());
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
