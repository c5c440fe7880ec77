//! The uwsgi protocol: a request as one packet of variables, its body as bare bytes behind it.

use tlsgi_wire::HttpVersion;

use super::Place;
use super::request::{Framing, is_passed_on};
use super::told::Told;
use crate::connection::Connection;
use crate::http::failure::Failure;
use crate::http::head::RequestHead;
use crate::route::reading::unescaped;
use crate::serve::Session;
use crate::state::SiteState;
use crate::tls::environ;

/// Bytes of variables that a packet can have.
const MAX_PACKET: usize = u16::MAX as usize;

/// Appends the packet.
pub(super) fn put(
    out: &mut Vec<u8>,
    session: &Session,
    site: &SiteState,
    place: &Place,
    head: &RequestHead,
    told: &Told,
    framing: Framing,
) -> Result<(), Failure> {
    let connection = session.connection(head);
    let mut packet = Packet::default();
    packet.request(head, place, framing);
    packet.place(site, head, connection);
    if let Some(tls) = session.connection.tls() {
        for (name, value) in environ::variables(tls, told.standing, site.site.tls_variables) {
            packet.add(name.as_bytes(), value.as_bytes());
        }
    }
    packet.fields(head, told);
    let size = u16::try_from(packet.0.len()).map_err(|_| Failure::HeaderTooLarge)?;
    out.push(0);
    out.extend_from_slice(&size.to_le_bytes());
    out.push(0);
    out.extend_from_slice(&packet.0);
    Ok(())
}

/// Pairs of a name and a value, each with its length.
#[derive(Default)]
struct Packet(Vec<u8>);

impl Packet {
    /// Beyond its bound it is refused as a whole, so what is added then does not matter.
    fn add(&mut self, name: &[u8], value: &[u8]) {
        for text in [name, value] {
            let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
            if self.0.len() <= MAX_PACKET {
                self.0.extend_from_slice(&length.to_le_bytes());
                self.0.extend_from_slice(text);
            }
        }
    }

    fn request(&mut self, head: &RequestHead, place: &Place, framing: Framing) {
        self.add(b"REQUEST_METHOD", head.method().as_bytes());
        self.add(b"REQUEST_URI", &head.path_and_query());
        self.add(b"PATH_INFO", &unescaped(&place.path(head.path())));
        if let Some(prefix) = place.stripped() {
            self.add(b"SCRIPT_NAME", &unescaped(prefix.as_bytes()));
        }
        self.add(b"QUERY_STRING", head.query());
        // The answer's status line repeats it, and is one of HTTP/1.
        let is_old = head.version() == HttpVersion::Http10;
        self.add(b"SERVER_PROTOCOL", if is_old { b"HTTP/1.0" } else { b"HTTP/1.1" });
        self.add(b"CONTENT_TYPE", head.field("content-type").unwrap_or_default());
        let length = match framing {
            Framing::Length(length) => length.to_string(),
            Framing::None | Framing::Chunked => String::new(),
        };
        self.add(b"CONTENT_LENGTH", length.as_bytes());
    }

    fn place(&mut self, site: &SiteState, head: &RequestHead, connection: &Connection) {
        let is_https = connection.is_https();
        self.add(b"REQUEST_SCHEME", if is_https { b"https" } else { b"http" });
        if is_https {
            self.add(b"HTTPS", b"on");
        }
        let name = if head.host().is_empty() { site.site.name.as_str() } else { head.host() };
        self.add(b"SERVER_NAME", name.as_bytes());
        self.add(b"SERVER_PORT", connection.server_port().to_string().as_bytes());
        if let Some(address) = connection.peer() {
            self.add(b"REMOTE_ADDR", address.to_canonical().to_string().as_bytes());
            self.add(b"REMOTE_PORT", connection.client_port().to_string().as_bytes());
        }
    }

    /// Fields of one name are one variable.
    fn fields(&mut self, head: &RequestHead, told: &Told) {
        let own = told.fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let theirs = head.fields().filter(|(_, name, _)| is_passed_on(head, name) && !told.replaces(name));
        let mut variables: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for (name, value) in theirs.map(|(_, name, value)| (name, value)).chain(own) {
            if name == b"content-type" {
                continue;
            }
            let variable = variable(name);
            match variables.iter_mut().find(|(known, _)| *known == variable) {
                Some((_, known)) => known.extend([b", ", value].concat()),
                None => variables.push((variable, value.to_vec())),
            }
        }
        for (name, value) in variables {
            self.add(&name, &value);
        }
    }
}

/// `HTTP_` and the name in upper case, hyphens as underscores.
fn variable(name: &[u8]) -> Vec<u8> {
    let letter = |byte: &u8| if *byte == b'-' { b'_' } else { byte.to_ascii_uppercase() };
    b"HTTP_".iter().copied().chain(name.iter().map(letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_have_their_lengths_before_them() {
        let mut packet = Packet::default();
        packet.add(b"AB", b"xyz");
        packet.add(b"C", b"");
        assert_eq!(packet.0, b"\x02\0AB\x03\0xyz\x01\0C\0\0");
    }

    #[test]
    fn nothing_grows_beyond_a_packet() {
        let mut packet = Packet::default();
        for _ in 0..100 {
            packet.add(b"A", &[b'x'; 60_000]);
        }
        assert!((MAX_PACKET + 1..MAX_PACKET * 3).contains(&packet.0.len()));
    }

    #[test]
    fn fields_have_the_names_of_cgi() {
        assert_eq!(variable(b"x-own-1"), b"HTTP_X_OWN_1");
    }
}
