//! Where mod_wsgi-express does something else than its documentation says: what happens here, over HTTP/1.1 and HTTP/2.
//!
//! | documentation and program disagree on | here | test |
//! |---|---|---|
//! | HTTPS without `--server-name` | is served, for every name | `https_needs_no_server_name` |
//! | the redirect of `--https-only` | 301, or 308 for other methods, with a server name and without | `redirect_is_permanent_and_needs_no_server_name` |
//! | policies of HSTS with spaces | are sent as they are | `policy_of_hsts_may_have_spaces` |
//! | `--ssl-ca-certificate-file` alone | requires a certificate everywhere, and says so | `authorities_alone_close_the_whole_site` |
//! | how a missing client certificate shows | a page with status 403, whatever the version of TLS | `missing_certificate_is_an_answer_and_no_alert` |
//! | protected prefixes over plain HTTP | are not served | `plain_http_does_not_reach_a_protected_prefix` |
//! | `--ssl-verify-client` without authorities | does not start | `prefix_without_authorities_does_not_start` |
//! | `--trust-proxy-header` without `--trust-proxy` | does not start, nobody is believed | `nobody_is_trusted_unless_named` |
//! | `WSGIDaemonProcess` of one name in both virtual hosts | is one pool, and said so | `pool_that_is_declared_twice_is_one` |
//! | copies of the application behind other ports than 80 and 443 | one | `any_pair_of_ports_has_one_copy` |
//! | renewed certificates | are followed, with no restart | `renewed_certificates_are_followed` |

use crate::as_documented::{
    PAIR, apache, certificates, check_certificates, copy, directory, express, fetch, field, serve, status,
};
use crate::harness::{Server, command};

const VERSIONS: [&str; 2] = ["--http1.1", "--http2"];
const HOLDER: [&str; 4] = ["--cert", "client.crt", "--key", "client.key"];

/// What `tlsgi mod_wsgi-express start-server` says when it does not start.
fn refused(more: &[&str]) -> String {
    let directory = directory();
    let mut express = command();
    express.args(["mod_wsgi-express", "start-server", "wsgi.py", "--port", "0", "--https-port", "0"]);
    express.args(["--ssl-certificate", "server"]).args(more).current_dir(directory.path());
    let output = express.env("TLSGI_STATE_DIR", directory.path().join("state")).output().expect("tlsgi runs");
    assert!(!output.status.success(), "{more:?} must not start");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Both ports answer from one copy, in both versions.
fn has_one_copy(server: &Server) {
    let plain = copy(&fetch(server, "http", "/", &[]));
    for version in VERSIONS {
        assert_eq!(copy(&fetch(server, "https", "/", &[version])), plain, "{version}");
    }
}

#[test]
fn https_needs_no_server_name() {
    let server = express(&[]);
    for version in VERSIONS {
        let answer = fetch(&server, "https", "/", &[version]);
        assert!(copy(&answer).contains('/') && answer.contains(" https "), "{version}: {answer}");
        let other = fetch(&server, "https", "/", &[version, "--header", "Host: other.example.org"]);
        assert_eq!(status(&other), 200, "{version}: {other}");
    }
}

#[test]
fn redirect_is_permanent_and_needs_no_server_name() {
    for name in [&[][..], &["--server-name", "www.example.com"]] {
        let server = express(&[&["--https-only"], name].concat());
        for (more, expect) in [(&[][..], 301), (&["--head"][..], 301), (&["--data", "x"][..], 308)] {
            let answer = fetch(&server, "http", "/a", more);
            assert_eq!(status(&answer), expect, "{name:?} {more:?}: {answer}");
        }
        for version in VERSIONS {
            let followed = fetch(&server, "http", "/a", &["--location", "--resolve", &resolve(&server), version]);
            assert!(followed.starts_with("HTTP/1.1 301") && followed.contains(" https "), "{version}: {followed}");
        }
    }
}

/// Where the name of the redirect is.
fn resolve(server: &Server) -> String {
    format!("www.example.com:{}:127.0.0.1", server.https.port())
}

#[test]
fn policy_of_hsts_may_have_spaces() {
    let policy = "max-age=63072000; includeSubDomains; preload";
    let server = express(&["--https-only", "--hsts-policy", policy]);
    for version in VERSIONS {
        let answer = fetch(&server, "https", "/", &[version]);
        assert_eq!(field(&answer, "strict-transport-security"), Some(policy), "{version}: {answer}");
    }
}

#[test]
fn authorities_alone_close_the_whole_site() {
    let server = express(&["--ssl-ca-certificate-file", "./client-ca.crt"]);
    for version in VERSIONS {
        for path in ["/", "/api/", "/other"] {
            assert_eq!(status(&fetch(&server, "https", path, &[version])), 403, "{version} {path}");
            copy(&fetch(&server, "https", path, &[&HOLDER[..], &[version]].concat()));
        }
    }
    assert!(server.log().contains("requires a certificate for the whole site"), "{}", server.log());
}

#[test]
fn missing_certificate_is_an_answer_and_no_alert() {
    let server = express(&["--ssl-ca-certificate-file", "./client-ca.crt", "--ssl-verify-client", "/api/"]);
    for version in VERSIONS {
        for tls in [&["--tlsv1.2", "--tls-max", "1.2"][..], &["--tlsv1.3"]] {
            let missing = fetch(&server, "https", "/api/x", &[&[version][..], tls].concat());
            assert_eq!(status(&missing), 403, "{version} {tls:?}");
            assert!(missing.contains("client-certificate-missing"), "{missing}");
            // It was asked for in the first handshake: nothing has to be negotiated later.
            copy(&fetch(&server, "https", "/api/x", &[&[version][..], tls, &HOLDER].concat()));
            copy(&fetch(&server, "https", "/", &[&[version][..], tls].concat()));
        }
    }
}

#[test]
fn plain_http_does_not_reach_a_protected_prefix() {
    let rule = ["--ssl-ca-certificate-file", "./client-ca.crt", "--ssl-verify-client", "/api/"];
    for more in [&[][..], &["--https-only"]] {
        let server = express(&[&rule[..], more].concat());
        check_certificates(&server, "/api/x");
        for version in VERSIONS {
            for path in ["/api", "/api/x", "/%61pi/x", "/x/../api/x"] {
                let answer = fetch(&server, "http", path, &[version, "--path-as-is"]);
                let expect = if more.is_empty() { 403 } else { 301 };
                assert_eq!(status(&answer), expect, "{version} {path} {more:?}: {answer}");
            }
        }
    }
}

#[test]
fn prefix_without_authorities_does_not_start() {
    let told = refused(&["--ssl-verify-client", "/api/"]);
    assert!(told.contains("`--ssl-verify-client` needs `--ssl-ca-certificate-file`"), "{told}");
}

#[test]
fn nobody_is_trusted_unless_named() {
    let told = refused(&["--trust-proxy-header", "X-Forwarded-Proto"]);
    assert!(told.contains("`--trust-proxy-header` needs `--trust-proxy`"), "{told}");
    let server = express(&["--trust-proxy-header", "X-Forwarded-Proto", "--trust-proxy", "192.0.2.1"]);
    for version in VERSIONS {
        let answer = fetch(&server, "https", "/", &[version, "--header", "X-Forwarded-Proto: http"]);
        assert!(answer.contains(" https "), "{version}: {answer}");
    }
    let answer = fetch(&server, "http", "/", &["--header", "X-Forwarded-Proto: https"]);
    assert!(answer.contains(" http "), "{answer}");
}

#[test]
fn pool_that_is_declared_twice_is_one() {
    let declared = "    WSGIDaemonProcess example processes=1 threads=15\n";
    let server = apache(&PAIR.replace("    SSLEngine on\n", &format!("    SSLEngine on\n{declared}")));
    assert!(server.log().contains("one pool serves both virtual hosts"), "{}", server.log());
    has_one_copy(&server);
}

#[test]
fn any_pair_of_ports_has_one_copy() {
    // Ports that the system chose, and no `--application-group`.
    for more in [&[][..], &["--server-name", "www.example.com"]] {
        has_one_copy(&express(more));
    }
}

#[test]
fn renewed_certificates_are_followed() {
    let files = directory();
    let place = files.path().to_owned();
    let words = ["mod_wsgi-express", "start-server", "wsgi.py", "--port", "0", "--https-port", "0"];
    let server = serve(files, &[&words[..], &["--ssl-certificate", "server"]].concat());
    let before = copy(&fetch(&server, "https", "/", &[]));
    let verified = |version: &str| {
        let mut curl = std::process::Command::new("curl");
        curl.args(["--silent", "--output", "/dev/null", "--cacert", "server.crt", version]).current_dir(&place);
        curl.arg(server.url("/")).status().expect("curl runs").success()
    };
    for version in VERSIONS {
        // curl trusts the new file alone: it gets through once that is presented.
        certificates(&place);
        server.wait_until(|| verified(version), "the renewed certificate");
        assert_eq!(copy(&fetch(&server, "https", "/", &[version])), before, "{version}: nothing was restarted");
    }
}
