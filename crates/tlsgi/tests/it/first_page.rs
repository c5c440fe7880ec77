//! The main job: one command, a page over HTTPS.

use crate::harness::{Server, example};

#[test]
fn wsgi_application_answers_over_https() {
    let server = Server::start(&example("wsgi_app.py"), &[]);
    let output = server.curl(&[&server.url("/there%20is?x=1")]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text, format!("Hello from https://localhost:{}/there is\n", server.https.port()), "{}", server.log());
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn asgi_application_answers_over_https() {
    let server = Server::start(&example("asgi_app.py"), &[]);
    let answer = server.get("/x");
    assert_eq!((answer.status, answer.text().as_str()), (200, "Hello from https over HTTP/1.1: /x\n"));
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn plain_request_is_redirected() {
    let server = Server::start(&example("wsgi_app.py"), &[]);
    let https = server.https.port();
    let answer = server.plain("GET /a%2Fb?c=d HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\n\r\n");
    let location = format!("https://localhost:{https}/a%2Fb?c=d");
    assert_eq!((answer.status, answer.field("location")), (301, Some(location.as_str())));
    let post = server.plain("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert_eq!(post.status, 308);
}
