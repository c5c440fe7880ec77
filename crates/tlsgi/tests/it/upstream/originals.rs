//! Configurations that have Apache or uWSGI in front of another server, with tlsgi in the same place.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

use super::{Behind, field, ok};
use crate::as_documented::{apache, directory, fetch, field as shown, serve, status};
use crate::harness::PATIENCE;

/// Apache's usual pair of hosts before a server on this machine.
fn pair(behind: &Behind, more: &str) -> String {
    let port = behind.port;
    format!(
        "<VirtualHost *:80>\nServerName www.example.com\nRedirect permanent / https://www.example.com/\n</VirtualHost>\n\
         <VirtualHost *:443>\nServerName www.example.com\nSSLEngine on\nSSLCertificateFile DIR/server.crt\n\
         SSLCertificateKeyFile DIR/server.key\nHeader always set Strict-Transport-Security \"max-age=100\"\n\
         ProxyPreserveHost On\nRequestHeader set X-Forwarded-Proto \"https\"\n{more}\n\
         ProxyPass /app http://127.0.0.1:{port}/\nProxyPass / http://127.0.0.1:{port}/\n\
         ProxyPassReverse / http://127.0.0.1:{port}/\n</VirtualHost>\n"
    )
}

#[test]
fn apache_before_another_server() {
    let behind = Behind::play(|head, peer| {
        let target = head.split(' ').nth(1).unwrap_or_default();
        let port = peer.reader.get_ref().local_addr().expect("address").port();
        let redirect =
            format!("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{port}/next?a\r\nContent-Length: 0\r\n\r\n");
        peer.say(if target == "/go" { redirect } else { ok(target) })
    });
    let server = apache(&pair(&behind, ""));
    let secure = fetch(&server, "https", "/shop/a%2Fb?c", &["--header", "X-Forwarded-For: 6.6.6.6"]);
    assert_eq!((status(&secure), shown(&secure, "strict-transport-security")), (200, Some("max-age=100")));
    assert!(secure.ends_with("/shop/a%2Fb?c"), "{secure}");
    let head = behind.head();
    let host = format!("www.example.com:{}", server.https.port());
    for (name, value) in [("host", host.as_str()), ("x-forwarded-proto", "https"), ("x-forwarded-for", "127.0.0.1")] {
        assert_eq!(field(&head, name), Some(value), "{head}");
    }
    let plain = fetch(&server, "http", "/shop", &[]);
    assert_eq!((status(&plain), shown(&plain, "location")), (301, Some("https://www.example.com/shop")));
    let stripped = fetch(&server, "https", "/app/go", &[]);
    let here = format!("https://{host}/app/next?a");
    assert_eq!((status(&stripped), shown(&stripped, "location")), (302, Some(here.as_str())));
    assert_eq!(field(&behind.head(), "x-forwarded-prefix"), Some("/app"));
    assert_eq!(status(&fetch(&server, "https", "/app/..%2fsecret", &[])), 400);
}

#[test]
fn apache_that_asks_for_client_certificates_tells_the_server_behind() {
    let behind = Behind::saying(ok("in"), true);
    let server = apache(&pair(&behind, "SSLCACertificateFile DIR/client-ca.crt\nSSLVerifyClient require"));
    let spoof = ["--header", "X-SSL-Client-S-DN: CN=admin", "--header", "X.SSL.Client.Verify: SUCCESS"];
    assert_eq!(status(&fetch(&server, "https", "/", &spoof)), 403);
    let known = [&spoof[..], &["--cert", "client.crt", "--key", "client.key"]].concat();
    for version in ["--http1.1", "--http2"] {
        assert_eq!(status(&fetch(&server, "https", "/", &[&known[..], &[version]].concat())), 200);
        let head = behind.head();
        let facts = [("verify", "SUCCESS"), ("s-dn", "CN=Client-01"), ("s-dn-cn", "Client-01"), ("i-dn", "CN=Clients")];
        for (name, value) in facts {
            assert_eq!(field(&head, &format!("x-ssl-client-{name}")), Some(value), "{head}");
        }
        assert_eq!(field(&head, "x-ssl-client-serial"), Some("01"), "{head}");
        assert!(!head.contains("admin") && !head.contains("x.ssl"), "{head}");
    }
}

/// A server that speaks uwsgi on a Unix socket: gives the variables of each packet.
fn speaks_uwsgi(path: &Path, answer: &'static [u8]) -> Receiver<Vec<(String, String)>> {
    let listener = UnixListener::bind(path).expect("bound");
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o666)).expect("allowed");
    let (sender, packets) = channel();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            let mut header = [0; 4];
            socket.read_exact(&mut header).expect("a header");
            assert_eq!((header[0], header[3]), (0, 0));
            let mut packet = vec![0; u16::from_le_bytes([header[1], header[2]]).into()];
            socket.read_exact(&mut packet).expect("a packet");
            let (mut texts, mut rest) = (Vec::new(), packet.as_slice());
            while let Some((length, after)) = rest.split_first_chunk::<2>() {
                let (text, after) = after.split_at(u16::from_le_bytes(*length).into());
                texts.push(String::from_utf8_lossy(text).into_owned());
                rest = after;
            }
            let variables: Vec<_> = texts.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
            let length = variables.iter().find(|(name, _)| name == "CONTENT_LENGTH").map(|(_, value)| value.parse());
            let mut body = vec![0; length.and_then(Result::ok).unwrap_or(0)];
            socket.read_exact(&mut body).expect("a body");
            socket.write_all(answer).expect("written");
            socket.write_all(&body).expect("written");
            // The test may be over.
            let _ = sender.send(variables);
        }
    });
    packets
}

#[test]
fn uwsgi_passes_requests_on_to_a_socket() {
    let directory = directory();
    // Started by root, the front is somebody else.
    std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).expect("allowed");
    let socket = directory.path().join("uwsgi.sock");
    let packets = speaks_uwsgi(&socket, b"HTTP/1.1 200 OK\r\nX-Own: 1\r\n\r\ngot ");
    let ini = format!(
        "[uwsgi]\nmaster = true\nshared-socket = 127.0.0.1:0\nhttps = =0,server.crt,server.key,HIGH\nhttp-to = {}\n",
        socket.display()
    );
    std::fs::write(directory.path().join("uwsgi.ini"), ini).expect("configuration");
    let server = serve(directory, &["uwsgi", "uwsgi.ini"]);
    for version in ["--http1.1", "--http2"] {
        let more = [version, "--data", "abc", "--header", "X-Twice: 1", "--header", "X-Twice: 2"];
        let answer = fetch(&server, "https", "/a%20b?c=d", &more);
        assert_eq!((status(&answer), shown(&answer, "x-own")), (200, Some("1")));
        assert!(answer.ends_with("got abc"), "{answer}");
        let variables = packets.recv_timeout(PATIENCE).expect("a packet");
        let value = |name: &str| variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let port = server.https.port().to_string();
        for (name, expect) in [
            ("REQUEST_METHOD", "POST"),
            ("REQUEST_URI", "/a%20b?c=d"),
            ("PATH_INFO", "/a b"),
            ("QUERY_STRING", "c=d"),
            ("CONTENT_LENGTH", "3"),
            ("CONTENT_TYPE", "application/x-www-form-urlencoded"),
            ("SERVER_PROTOCOL", "HTTP/1.1"),
            ("REQUEST_SCHEME", "https"),
            ("HTTPS", "on"),
            ("REMOTE_ADDR", "127.0.0.1"),
            ("SERVER_NAME", "www.example.com"),
            ("SERVER_PORT", &port),
            ("HTTP_X_TWICE", "1, 2"),
            ("HTTP_X_FORWARDED_PROTO", "https"),
            ("SSL_PROTOCOL", "TLSv1.3"),
        ] {
            assert_eq!(value(name), Some(expect), "{name} in {variables:?}");
        }
        assert_eq!(value("HTTP_CONTENT_LENGTH"), None);
    }
}
