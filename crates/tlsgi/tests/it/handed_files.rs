//! Files that an application hands over: the front reads them, Python does not.

use std::fs;
use std::path::PathBuf;

use crate::harness::Server;

const WSGI: &str = r#"
import os

def application(environ, start_response):
    name = environ["PATH_INFO"][1:]
    file = open(os.environ["FILES"] + "/" + name, "rb")
    fields = [("Content-Type", "application/octet-stream")]
    for pair in filter(None, environ["QUERY_STRING"].split("&")):
        key, value = pair.split("=")
        if key == "skip":
            file.seek(int(value))
        if key == "length":
            fields.append(("Content-Length", value))
    start_response("200 OK", fields)
    return environ["wsgi.file_wrapper"](file)
"#;

const ASGI: &str = r#"
import os

async def application(scope, receive, send):
    if scope["type"] != "http":
        return
    path = os.environ["FILES"] + scope["path"]
    size = str(os.path.getsize(path)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", size)]})
    if scope["query_string"] == b"zerocopy":
        with open(path, "rb") as file:
            await send({"type": "http.response.zerocopysend", "file": file.fileno(), "more_body": True})
            await send({"type": "http.response.body"})
    else:
        await send({"type": "http.response.pathsend", "path": path})
"#;

fn start(source: &str) -> (Server, PathBuf, Vec<u8>, tempfile::TempDir) {
    let keep = tempfile::tempdir().expect("temporary directory");
    let path = keep.path().join("large");
    let bytes: Vec<u8> = (0..2_000_003_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(&path, &bytes).expect("file");
    let variable = format!("FILES={}", keep.path().display());
    (Server::with_source(source, &["--env", &variable]), path, bytes, keep)
}

#[test]
fn file_wrapper_sends_from_where_the_file_stands() {
    let (server, _, bytes, _keep) = start(WSGI);
    assert!(server.get("/large").body == bytes);
    assert!(server.get("/large?skip=1000").body == bytes[1000..]);
    let part = server.get("/large?skip=10&length=1500000");
    assert_eq!(part.field("content-length"), Some("1500000"));
    assert!(part.body == bytes[10..1_500_010]);
    assert!(server.get("/large?skip=2000003").body.is_empty());
}

#[test]
fn file_that_is_shorter_than_declared_breaks_the_response() {
    let (server, path, _, _keep) = start(WSGI);
    fs::write(&path, "short").expect("file");
    let output = server.curl(&["--output", "/dev/null", &server.url("/large?length=100")]);
    assert!(!output.status.success());
    fs::write(&path, "long enough").expect("file");
    assert_eq!(server.get("/large?length=4").body, b"long");
}

#[test]
fn path_and_descriptor_are_sent_for_asgi() {
    let (server, _, bytes, _keep) = start(ASGI);
    assert!(server.get("/large").body == bytes);
    assert!(server.get("/large?zerocopy").body == bytes);
}
