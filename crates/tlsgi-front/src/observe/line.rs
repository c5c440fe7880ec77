//! The text of one line of the access log, in its two forms.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use tlsgi_wire::HttpVersion;

use super::escape;
use crate::connection::Connection;
use crate::http::head::RequestHead;
use crate::http::response::decimal;
use crate::serve::Sent;

/// Status of a request whose client left before anything was sent; nginx's number for it.
const CLIENT_LEFT: u16 = 499;

/// One answered request.
pub(crate) struct Entry<'a> {
    /// The request; without a method when its head could not be read.
    pub(crate) head: &'a RequestHead,
    /// Its connection.
    pub(crate) connection: &'a Connection,
    /// The site that it was for; none for a head that could not be read.
    pub(crate) site: Option<&'a str>,
    /// What went out.
    pub(crate) sent: &'a Sent,
    /// Its name.
    pub(crate) request_id: &'a str,
    /// From the head to the last byte of the answer.
    pub(crate) duration: Duration,
}

/// Renders the time of day once a second.
#[derive(Debug, Default)]
pub(super) struct Clock {
    second: Option<i64>,
    common: String,
    rfc3339: String,
}

impl Clock {
    /// Renders this time's second, and gives its milliseconds.
    fn set(&mut self, time: SystemTime) -> u64 {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let second = i64::try_from(since.as_secs()).unwrap_or_default();
        if self.second != Some(second) {
            self.second = Some(second);
            let time = OffsetDateTime::from_unix_timestamp(second).unwrap_or(OffsetDateTime::UNIX_EPOCH);
            let (year, month, day) = time.to_calendar_date();
            let (hour, minute, second) = time.to_hms();
            let month_name = month.to_string();
            let month_name = month_name.get(..3).unwrap_or_default();
            self.common = format!("{day:02}/{month_name}/{year:04}:{hour:02}:{minute:02}:{second:02} +0000");
            self.rfc3339 = format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}", u8::from(month));
        }
        since.subsec_millis().into()
    }
}

impl Entry<'_> {
    /// Appends `%h - - [%t] "%r" %>s %b "%{Referer}i" "%{User-agent}i"`, TLS version, request id and milliseconds.
    pub(super) fn combined(&self, out: &mut Vec<u8>, clock: &mut Clock, now: SystemTime) {
        clock.set(now.checked_sub(self.duration).unwrap_or(now));
        put(out, &[self.connection.client_text(), " - - [", &clock.common, "] \""]);
        if self.head.method().is_empty() || self.head.path().is_empty() {
            out.push(b'-');
        } else {
            escape::text(out, self.head.method().as_bytes());
            out.push(b' ');
            escape::text(out, &self.head.path_and_query());
            put(out, &[" ", version(self.head.version())]);
        }
        put(out, &["\" "]);
        number(out, self.status().into());
        out.push(b' ');
        match self.sent.bytes {
            0 => out.push(b'-'),
            bytes => number(out, bytes),
        }
        for name in ["referer", "user-agent"] {
            put(out, &[" \""]);
            escape::text(out, self.head.field(name).unwrap_or(b"-"));
            out.push(b'"');
        }
        let tls = self.connection.tls().map_or("-", |tls| tls.version_name());
        put(out, &[" ", tls, " ", self.request_id, " "]);
        milliseconds(out, self.duration);
        out.push(b'\n');
    }

    /// Appends a JSON object. What is not known is null.
    pub(super) fn json(&self, out: &mut Vec<u8>, clock: &mut Clock, now: SystemTime) {
        let fraction = clock.set(now.checked_sub(self.duration).unwrap_or(now));
        let tls = self.connection.tls();
        let known = |bytes: &'_ [u8]| !bytes.is_empty();
        put(out, &["{\"time\":\"", &clock.rfc3339, "."]);
        thousandths(out, fraction);
        put(out, &["Z\""]);
        string(out, "client", Some(self.connection.client_text().as_bytes()));
        string(out, "method", Some(self.head.method().as_bytes()).filter(|method| known(method)));
        string(out, "path", Some(self.head.path()).filter(|path| known(path)));
        string(out, "query", Some(self.head.query()).filter(|query| known(query)));
        string(out, "version", Some(version(self.head.version()).as_bytes()));
        string(out, "host", Some(self.head.authority().as_bytes()).filter(|host| known(host)));
        string(out, "site", self.site.map(str::as_bytes));
        put(out, &[",\"status\":"]);
        number(out, self.status().into());
        put(out, &[",\"bytes\":"]);
        number(out, self.sent.bytes);
        string(out, "referer", self.head.field("referer"));
        string(out, "user_agent", self.head.field("user-agent"));
        string(out, "tls", tls.map(|tls| tls.version_name().as_bytes()));
        string(out, "cipher", tls.map(|tls| cipher_name(tls.cipher_suite).as_bytes()));
        let resumed = tls.map_or("null", |tls| if tls.is_resumed { "true" } else { "false" });
        put(out, &[",\"resumed\":", resumed]);
        string(out, "request_id", Some(self.request_id.as_bytes()));
        put(out, &[",\"duration_ms\":"]);
        milliseconds(out, self.duration);
        put(out, &[",\"worker\":"]);
        match self.sent.worker {
            Some(worker) => number(out, worker),
            None => put(out, &["null"]),
        }
        put(out, &["}\n"]);
    }

    const fn status(&self) -> u16 {
        match self.sent.status {
            0 => CLIENT_LEFT,
            status => status,
        }
    }
}

fn string(out: &mut Vec<u8>, key: &str, value: Option<&[u8]>) {
    put(out, &[",\"", key, "\":"]);
    match value {
        Some(value) => escape::json(out, value),
        None => put(out, &["null"]),
    }
}

fn put(out: &mut Vec<u8>, pieces: &[&str]) {
    for piece in pieces {
        out.extend_from_slice(piece.as_bytes());
    }
}

fn number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(decimal(number, &mut [0; 20]));
}

/// With three decimals: most requests take less than one.
fn milliseconds(out: &mut Vec<u8>, duration: Duration) {
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    number(out, micros / 1000);
    out.push(b'.');
    thousandths(out, micros % 1000);
}

/// Three digits.
fn thousandths(out: &mut Vec<u8>, thousandths: u64) {
    out.extend([100, 10, 1].map(|unit| b'0' + (thousandths / unit % 10) as u8));
}

const fn version(version: HttpVersion) -> &'static str {
    match version {
        HttpVersion::Http10 => "HTTP/1.0",
        HttpVersion::Http11 => "HTTP/1.1",
        HttpVersion::Http2 => "HTTP/2.0",
        HttpVersion::Http3 => "HTTP/3.0",
    }
}

/// IANA's name of a suite that this server can negotiate.
const fn cipher_name(suite: u16) -> &'static str {
    match suite {
        0x1301 => "TLS_AES_128_GCM_SHA256",
        0x1302 => "TLS_AES_256_GCM_SHA384",
        0x1303 => "TLS_CHACHA20_POLY1305_SHA256",
        0xc02b => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        0xc02c => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        0xc02f => "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        0xc030 => "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        0xcca8 => "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        0xcca9 => "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use tlsgi_config::config::Limits;

    use super::*;
    use crate::connection::{Local, TlsSession};
    use crate::http::head::Builder;

    fn head(target: &str, fields: &[(&str, &str)]) -> RequestHead {
        let limits = Limits::default();
        let mut head = RequestHead::default();
        let mut builder = Builder::new(&mut head, HttpVersion::Http11, &limits);
        builder.method(b"GET").expect("method");
        builder.target(target.as_bytes()).expect("target");
        for (name, value) in fields {
            builder.field(name.as_bytes(), value.as_bytes()).expect("field");
        }
        builder.finish().expect("head");
        head
    }

    fn connection(tls: Option<TlsSession>) -> Rc<Connection> {
        let client = "192.0.2.7:1234".parse().expect("address");
        Connection::new(Some(client), &Local::Unix("/s".to_owned()), tls)
    }

    fn lines(head: &RequestHead, connection: &Connection, sent: Sent) -> (String, serde_json::Value) {
        let entry = Entry {
            head,
            connection,
            site: Some(head.host()).filter(|host| !host.is_empty()),
            sent: &sent,
            request_id: "0123456789abcdef",
            duration: Duration::from_micros(1_234_567),
        };
        let now = UNIX_EPOCH + Duration::from_millis(1_795_381_201_500);
        let (mut combined, mut json) = (Vec::new(), Vec::new());
        entry.combined(&mut combined, &mut Clock::default(), now);
        entry.json(&mut json, &mut Clock::default(), now);
        assert!(json.ends_with(b"}\n"));
        (String::from_utf8(combined).expect("text"), serde_json::from_slice(&json).expect("JSON"))
    }

    #[test]
    fn request_over_tls() {
        let tls = TlsSession { version: 0x0304, cipher_suite: 0x1302, is_resumed: true, ..TlsSession::default() };
        let fields = [("Host", "a.test"), ("Referer", "https://a.test/\""), ("User-Agent", "curl/8 é")];
        let sent = Sent { status: 200, bytes: 42, worker: Some(3) };
        let (combined, json) = lines(&head("/a%20b?x=\"1\"", &fields), &connection(Some(tls)), sent);
        assert_eq!(
            combined,
            "192.0.2.7 - - [22/Nov/2026:21:00:00 +0000] \"GET /a%20b?x=\\x221\\x22 HTTP/1.1\" 200 42 \
             \"https://a.test/\\x22\" \"curl/8 \\xC3\\xA9\" TLSv1.3 0123456789abcdef 1234.567\n"
        );
        let expect = serde_json::json!({
            "time": "2026-11-22T21:00:00.265Z", "client": "192.0.2.7", "method": "GET", "path": "/a%20b",
            "query": "x=\"1\"", "version": "HTTP/1.1", "host": "a.test", "site": "a.test", "status": 200, "bytes": 42,
            "referer": "https://a.test/\"", "user_agent": "curl/8 é", "tls": "TLSv1.3",
            "cipher": "TLS_AES_256_GCM_SHA384", "resumed": true, "request_id": "0123456789abcdef",
            "duration_ms": 1234.567, "worker": 3,
        });
        assert_eq!(json, expect);
    }

    #[test]
    fn head_that_could_not_be_read_and_client_that_left() {
        let (combined, json) = lines(&RequestHead::default(), &connection(None), Sent::default());
        assert_eq!(
            combined,
            "192.0.2.7 - - [22/Nov/2026:21:00:00 +0000] \"-\" 499 - \"-\" \"-\" - 0123456789abcdef 1234.567\n"
        );
        for key in ["method", "path", "query", "host", "tls", "cipher", "resumed", "worker", "user_agent"] {
            assert!(json[key].is_null(), "{key}");
        }
    }

    #[test]
    fn clock_follows_the_second() {
        let mut clock = Clock::default();
        assert_eq!(clock.set(UNIX_EPOCH + Duration::from_millis(1_999)), 999);
        assert_eq!(clock.common, "01/Jan/1970:00:00:01 +0000");
        clock.set(UNIX_EPOCH + Duration::from_secs(951_782_400));
        assert_eq!(
            (clock.common.as_str(), clock.rfc3339.as_str()),
            ("29/Feb/2000:00:00:00 +0000", "2000-02-29T00:00:00")
        );
    }
}
