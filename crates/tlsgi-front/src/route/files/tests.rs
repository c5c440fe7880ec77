//! Whole answers from a real directory to a client that writes down what it gets.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tlsgi_config::config::{Limits, StaticMount};
use tlsgi_wire::HttpVersion;

use super::reader::ReadError;
use super::*;
use crate::http::client::{Event, Gone};
use crate::http::field::walk;
use crate::http::head::{Builder, RequestHead};

/// A request head.
pub(super) fn request(method: &str, target: &str, fields: &[(&str, &str)]) -> RequestHead {
    let limits = Limits::default();
    let mut head = RequestHead::default();
    let mut builder = Builder::new(&mut head, HttpVersion::Http11, &limits);
    builder.method(method.as_bytes()).expect("method");
    builder.target(target.as_bytes()).expect("target");
    builder.field(b"host", b"a.test").expect("host");
    for (name, value) in fields {
        builder.field(name.as_bytes(), value.as_bytes()).expect("field");
    }
    builder.finish().expect("head");
    head
}

/// Takes everything, or leaves after so many bytes.
#[derive(Default)]
struct Recorder {
    request: RequestHead,
    head: Option<ResponseHead>,
    body: Vec<u8>,
    is_complete: bool,
    is_aborted: bool,
    leaves_after: Option<usize>,
    on_data: Option<Box<dyn FnMut()>>,
}

impl Recorder {
    fn take(&mut self, bytes: &[u8], is_end: bool) -> Result<(), Gone> {
        assert!(!self.is_complete, "nothing follows the end");
        self.body.extend_from_slice(bytes);
        self.is_complete = is_end;
        if let Some(on_data) = &mut self.on_data {
            on_data();
        }
        if self.leaves_after.is_some_and(|limit| self.body.len() > limit) { Err(Gone) } else { Ok(()) }
    }

    fn field(&self, name: &str) -> Option<String> {
        let head = self.head.as_ref().expect("a response");
        let found = walk(&head.fields).find(|(_, known, _)| *known == name.as_bytes());
        found.map(|(_, _, value)| String::from_utf8_lossy(value).into_owned())
    }
}

impl Client for Recorder {
    fn head(&self) -> &RequestHead {
        &self.request
    }

    fn ready_body(&mut self, _: usize) -> Result<(Bytes, bool), Failure> {
        Ok((Bytes::new(), true))
    }

    async fn event(&mut self, _: bool) -> Event {
        Event::Gone
    }

    async fn send_continue(&mut self) -> Result<(), Gone> {
        Ok(())
    }

    async fn send_early_hints(&mut self, _: &[u8]) -> Result<(), Gone> {
        Ok(())
    }

    async fn send_head(&mut self, head: &ResponseHead, body: &[u8], is_end: bool) -> Result<(), Gone> {
        assert!(self.head.replace(head.clone()).is_none(), "one head");
        self.take(body, is_end)
    }

    async fn send_data(&mut self, bytes: &[u8], is_end: bool) -> Result<(), Gone> {
        self.take(bytes, is_end)
    }

    async fn send_trailers(&mut self, _: &[u8]) -> Result<(), Gone> {
        Ok(())
    }

    async fn accept_websocket(&mut self, _: &[u8]) -> Result<(), Gone> {
        Err(Gone)
    }

    fn close_afterwards(&mut self) {}

    fn abort(&mut self) {
        self.is_aborted = true;
    }
}

fn client(method: &str, target: &str, fields: &[(&str, &str)]) -> Recorder {
    Recorder { request: request(method, target, fields), ..Recorder::default() }
}

fn mounts(directory: &Path) -> Mounts {
    let mount = |prefix: &str, directory: &Path, max_age| StaticMount {
        prefix: prefix.to_owned(),
        directory: directory.to_owned(),
        index: Vec::new(),
        max_age,
    };
    let deep = directory.join("deep");
    fs::create_dir_all(&deep).expect("directory");
    let long = mount("/static/deep", &deep, Some(Duration::from_secs(60)));
    Mounts::open(&[mount("/static", directory, None), long]).expect("mounts")
}

async fn answer(mounts: &Mounts, client: &mut Recorder) -> Result<Sent, Failure> {
    let mount = mounts.find(client.request.path()).expect("under a mount");
    serve(client, mount).await
}

async fn get(mounts: &Mounts, target: &str, fields: &[(&str, &str)]) -> Recorder {
    let mut client = client("GET", target, fields);
    let served = answer(mounts, &mut client).await.expect("served");
    assert_eq!(served.bytes, client.body.len() as u64, "{target}");
    assert!(client.is_complete && !client.is_aborted, "{target}");
    client
}

async fn refusal(mounts: &Mounts, method: &str, target: &str) -> Failure {
    let mut client = client(method, target, &[]);
    let failure = answer(mounts, &mut client).await.expect_err(target);
    assert!(client.head.is_none(), "nothing went out for {target}");
    failure
}

fn set_age(path: &Path, seconds: u64) {
    let file = fs::File::options().write(true).open(path).expect("open");
    file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).expect("time");
}

#[tokio::test]
async fn file_is_sent_with_its_length_and_type() {
    let directory = tempfile::tempdir().expect("temporary directory");
    fs::write(directory.path().join("a b.css"), "body{}").expect("written");
    let mounts = mounts(directory.path());
    let client = get(&mounts, "/static/a%20b.css?v=1", &[]).await;
    assert_eq!(client.body, b"body{}");
    assert_eq!(client.head.as_ref().map(|head| (head.status, head.length)), Some((200, Some(6))));
    assert_eq!(client.field("content-type").as_deref(), Some("text/css; charset=utf-8"));
    assert_eq!(client.field("vary").as_deref(), Some("accept-encoding"));
    assert_eq!(client.field("cache-control"), None);
}

#[tokio::test]
async fn large_file_arrives_whole_and_in_parts() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let bytes: Vec<u8> = (0..1_500_000_u32).map(|at| (at % 251) as u8).collect();
    fs::write(directory.path().join("large.bin"), &bytes).expect("written");
    let mounts = mounts(directory.path());
    assert!(get(&mounts, "/static/large.bin", &[]).await.body == bytes);
    let part = get(&mounts, "/static/large.bin", &[("Range", "bytes=1000-1400000")]).await;
    assert!(part.body == bytes[1000..=1_400_000]);
    let parts = get(&mounts, "/static/large.bin", &[("Range", "bytes=0-1, -2")]).await;
    let text = String::from_utf8_lossy(&parts.body).into_owned();
    assert_eq!(parts.head.as_ref().and_then(|head| head.length), Some(parts.body.len() as u64));
    assert!(text.contains("Content-Range: bytes 0-1/1500000\r\n\r\n") && text.ends_with("--\r\n"), "{text:?}");
}

#[tokio::test]
async fn longest_prefix_answers() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mounts = mounts(directory.path());
    fs::write(directory.path().join("deep/a.txt"), "deep").expect("written");
    let client = get(&mounts, "/static/deep/a.txt", &[]).await;
    assert_eq!(client.field("cache-control").as_deref(), Some("max-age=60"));
    assert!(mounts.find(b"/staticx").is_none() && mounts.find(b"/").is_none());
}

#[tokio::test]
async fn nothing_outside_and_nothing_hidden_is_served() {
    let outer = tempfile::tempdir().expect("temporary directory");
    let root = outer.path().join("root");
    fs::create_dir_all(root.join(".well-known")).expect("directory");
    fs::create_dir_all(root.join(".git")).expect("directory");
    fs::write(outer.path().join("secret.txt"), "secret").expect("written");
    for name in ["a.txt", ".env", ".git/config", ".well-known/ok.txt"] {
        fs::write(root.join(name), "a").expect("written");
    }
    symlink("../secret.txt", root.join("link.txt")).expect("link");
    symlink("a.txt", root.join("inside.txt")).expect("link");
    mknodat(CWD, root.join("fifo"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("fifo");
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).expect("socket");
    let mounts = mounts(&root);
    for name in ["a.txt", "inside.txt", ".well-known/ok.txt"] {
        assert_eq!(get(&mounts, &format!("/static/{name}"), &[]).await.body, b"a", "{name}");
    }
    for rest in [
        "",
        "/",
        "/missing",
        "/link.txt",
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/fifo",
        "/socket",
        "/deep",
        "/deep/",
        "/a.txt/",
        "/a.txt/x",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/.%2e/secret.txt",
        "/%252e%252e/secret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/a.txt%00",
        "/a.txt%00.css",
        "//a.txt",
        "/./a.txt",
        "/deep/../a.txt",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/a.txt%20",
        "/A.TXT",
        "/%",
        "/.well-known",
        "/%c0%ae%c0%ae/x",
    ] {
        assert_eq!(refusal(&mounts, "GET", &format!("/static{rest}")).await, Failure::NotFound, "{rest}");
    }
    let long = format!("/static/{}", "x".repeat(300));
    assert_eq!(refusal(&mounts, "GET", &long).await, Failure::NotFound);
}

#[tokio::test]
async fn files_are_read_and_not_changed() {
    let directory = tempfile::tempdir().expect("temporary directory");
    fs::write(directory.path().join("a.txt"), "abc").expect("written");
    let mounts = mounts(directory.path());
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PURGE"] {
        assert_eq!(refusal(&mounts, method, "/static/a.txt").await, Failure::MethodNotAllowed, "{method}");
    }
    let mut options = client("OPTIONS", "/static/a.txt", &[]);
    assert_eq!(answer(&mounts, &mut options).await.map(|served| served.status), Ok(204));
    assert_eq!(options.field("allow").as_deref(), Some(ALLOW));
    let mut head = client("HEAD", "/static/a.txt", &[]);
    assert_eq!(answer(&mounts, &mut head).await, Ok(Sent { status: 200, bytes: 0, worker: None }));
    assert_eq!((head.head.and_then(|head| head.length), head.body.len()), (Some(3), 0));
}

#[tokio::test]
async fn precompressed_sibling_is_sent_to_who_takes_it() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = |name: &str| directory.path().join(name);
    for (name, text) in
        [("a.js", "plain"), ("a.js.gz", "gzipped"), ("a.js.br", "brotli"), ("old.js", "plain"), ("old.js.gz", "old")]
    {
        fs::write(path(name), text).expect("written");
    }
    set_age(&path("old.js.gz"), 100);
    let mounts = mounts(directory.path());
    let plain = get(&mounts, "/static/a.js", &[]).await;
    let brotli = get(&mounts, "/static/a.js", &[("Accept-Encoding", "gzip, br")]).await;
    let gzip = get(&mounts, "/static/a.js", &[("Accept-Encoding", "gzip, br;q=0, zstd")]).await;
    let old = get(&mounts, "/static/old.js", &[("Accept-Encoding", "gzip")]).await;
    assert_eq!(
        (&*plain.body, &*brotli.body, &*gzip.body, &*old.body),
        (&b"plain"[..], &b"brotli"[..], &b"gzipped"[..], &b"plain"[..])
    );
    for (client, coding) in [(&plain, None), (&brotli, Some("br")), (&gzip, Some("gzip")), (&old, None)] {
        assert_eq!(client.field("content-encoding").as_deref(), coding);
        assert_eq!(client.field("vary").as_deref(), Some("accept-encoding"));
        assert_eq!(client.field("content-type").as_deref(), Some("text/javascript; charset=utf-8"));
    }
    let tags: std::collections::BTreeSet<_> = [&plain, &brotli, &gzip].map(|client| client.field("etag")).into();
    assert_eq!(tags.len(), 3);
    let tag = brotli.field("etag").expect("a tag");
    let known = get(&mounts, "/static/a.js", &[("Accept-Encoding", "br"), ("If-None-Match", &tag)]).await;
    assert_eq!(known.head.as_ref().map(|head| (head.status, head.length)), Some((304, None)));
    let other = get(&mounts, "/static/a.js", &[("If-None-Match", &tag)]).await;
    assert_eq!(other.body, b"plain");
}

#[tokio::test]
async fn file_that_shrinks_while_it_is_sent_breaks_the_response() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path().join("a.bin");
    fs::write(&path, vec![1; 2_000_000]).expect("written");
    let mounts = mounts(directory.path());
    let mut client = client("GET", "/static/a.bin", &[]);
    client.on_data = Some(Box::new(move || {
        let file = fs::File::options().write(true).open(&path).expect("open");
        file.set_len(100).expect("length");
    }));
    let served = answer(&mounts, &mut client).await.expect("begun");
    assert!(client.is_aborted && !client.is_complete);
    assert_eq!(served.bytes, client.body.len() as u64);
}

#[tokio::test]
async fn client_that_leaves_ends_the_reading() {
    let directory = tempfile::tempdir().expect("temporary directory");
    fs::write(directory.path().join("a.bin"), vec![1; 2_000_000]).expect("written");
    let mounts = mounts(directory.path());
    let mut client = client("GET", "/static/a.bin", &[]);
    client.leaves_after = Some(100_000);
    answer(&mounts, &mut client).await.expect("begun");
    assert!(client.is_aborted && client.body.len() < 1_000_000, "{}", client.body.len());
}

#[tokio::test]
async fn directory_that_took_the_place_of_another_is_served() {
    let outer = tempfile::tempdir().expect("temporary directory");
    let (old, new, current) = (outer.path().join("old"), outer.path().join("new"), outer.path().join("current"));
    for (directory, text) in [(&old, "old"), (&new, "new")] {
        fs::create_dir(directory).expect("directory");
        fs::write(directory.join("a.txt"), text).expect("written");
    }
    symlink(&old, &current).expect("link");
    let mounts = mounts(&current);
    assert_eq!(get(&mounts, "/static/a.txt", &[]).await.body, b"old");
    fs::remove_file(&current).expect("removed");
    mounts.look_now();
    assert_eq!(get(&mounts, "/static/a.txt", &[]).await.body, b"old", "nothing took its place yet");
    symlink(&new, &current).expect("link");
    mounts.look_now();
    assert_eq!(get(&mounts, "/static/a.txt", &[]).await.body, b"new");
}

#[test]
fn directory_that_is_missing_is_named() {
    let mount =
        StaticMount { prefix: "/s".to_owned(), directory: "/nowhere/at/all".into(), index: Vec::new(), max_age: None };
    let error = Mounts::open(&[mount]).expect_err("missing");
    assert_eq!(error.to_string(), "cannot open the directory /nowhere/at/all that is mounted at /s");
}

async fn hand_over(file: fs::File, offset: u64, length: u64) -> (Result<u64, SendError>, Recorder) {
    let mut client = client("GET", "/", &[]);
    (send_range(&mut client, file.into(), offset, length, true).await, client)
}

#[tokio::test]
async fn range_of_a_workers_file_is_sent() {
    let bytes: Vec<u8> = (0..600_000_u32).map(|at| (at % 251) as u8).collect();
    let path = tempfile::NamedTempFile::new().expect("temporary file");
    fs::write(path.path(), &bytes).expect("written");
    for (offset, length, expect) in [
        (0, u64::MAX, 0..600_000),
        (10, u64::MAX, 10..600_000),
        (10, 5, 10..15),
        (600_000, u64::MAX, 600_000..600_000),
        (700_000, u64::MAX, 600_000..600_000),
        (5, 0, 5..5),
    ] {
        let file = fs::File::open(path.path()).expect("open");
        let (outcome, client) = hand_over(file, offset, length).await;
        assert_eq!(outcome, Ok(expect.len() as u64), "{offset} {length}");
        assert!(client.body == bytes[expect] && client.is_complete, "{offset} {length}");
    }
}

#[tokio::test]
async fn workers_file_that_cannot_be_sent_is_an_error() {
    let file = || tempfile::tempfile().expect("temporary file");
    let short = file();
    short.set_len(10).expect("length");
    let (outcome, client) = hand_over(short, 5, 10).await;
    assert_eq!(outcome, Err(SendError::File(ReadError::Truncated)));
    assert!(client.body.len() == 5 && !client.is_complete);
    for (offset, length) in [(u64::MAX - 1, 5), (0, u64::MAX - 1), (1 << 62, 1 << 62)] {
        assert_eq!(hand_over(file(), offset, length).await.0, Err(SendError::File(ReadError::Truncated)));
    }
    for path in ["/", "/dev/zero"] {
        let opened = fs::File::open(path).expect("open");
        assert_eq!(hand_over(opened, 0, u64::MAX).await.0, Err(SendError::File(ReadError::NotRegular)), "{path}");
    }
}

#[tokio::test]
async fn file_without_a_size_is_sent_to_its_end() {
    let (outcome, client) = hand_over(fs::File::open("/proc/self/status").expect("open"), 0, u64::MAX).await;
    assert!(client.body.starts_with(b"Name:") && client.is_complete);
    assert_eq!(outcome, Ok(client.body.len() as u64));
}

fn site(directory: &Path, prefix: &str, index: &[&str]) -> Mounts {
    let index = index.iter().map(|name| (*name).to_owned()).collect();
    let mount = StaticMount { prefix: prefix.to_owned(), directory: directory.to_owned(), index, max_age: None };
    Mounts::open(&[mount]).expect("mounts")
}

/// Status, body and `Location` of what comes before an application; none where the application is asked.
async fn first(mounts: &Mounts, method: &str, target: &str) -> Option<(u16, String, Option<String>)> {
    let mut client = client(method, target, &[]);
    let mount = mounts.root().expect("files at the root");
    let sent = serve_first(&mut client, mount).await.expect("no failure")?;
    Some((sent.status, String::from_utf8_lossy(&client.body).into_owned(), client.field("location")))
}

#[tokio::test]
async fn files_at_the_root_come_first_and_what_is_none_is_left_to_the_application() {
    let keep = tempfile::tempdir().expect("directory");
    fs::create_dir_all(keep.path().join("docs")).expect("directory");
    fs::write(keep.path().join("robots.txt"), "robots").expect("file");
    fs::write(keep.path().join("docs/index.html"), "<p>").expect("file");
    fs::write(keep.path().join(".env"), "secret").expect("file");
    let plain = site(keep.path(), "", &[]);
    assert_eq!(first(&plain, "GET", "/robots.txt").await, Some((200, "robots".to_owned(), None)));
    for (method, target) in [
        ("GET", "/"),
        ("GET", "/docs"),
        ("GET", "/docs/"),
        ("GET", "/.env"),
        ("GET", "/missing"),
        ("POST", "/robots.txt"),
        ("OPTIONS", "/robots.txt"),
    ] {
        assert_eq!(first(&plain, method, target).await, None, "{method} {target}");
    }
    let indexed = site(keep.path(), "", &["index.htm", "index.html"]);
    assert_eq!(first(&indexed, "GET", "/docs/?q").await, Some((200, "<p>".to_owned(), None)));
    assert_eq!(first(&indexed, "GET", "/docs?q=1").await, Some((301, String::new(), Some("/docs/?q=1".to_owned()))));
    for target in ["/", "/missing/", "//docs/", "/docs//", "/robots.txt/"] {
        assert_eq!(first(&indexed, "GET", target).await, None, "{target}");
    }
}

#[tokio::test]
async fn directories_under_a_prefix_are_answered_by_their_index() {
    let keep = tempfile::tempdir().expect("directory");
    fs::write(keep.path().join("index.html"), "<p>").expect("file");
    let mounts = site(keep.path(), "/static", &["index.html"]);
    for (target, status, location) in
        [("/static/", 200, None), ("/static/index.html", 200, None), ("/static", 301, Some("/static/".to_owned()))]
    {
        let mut client = client("GET", target, &[]);
        let mount = mounts.find(target.as_bytes()).expect("a mount");
        let sent = serve(&mut client, mount).await.expect("an answer");
        assert_eq!((sent.status, client.field("location")), (status, location), "{target}");
    }
    assert!(mounts.root().is_none());
}

#[tokio::test]
async fn single_file_answers_its_url_alone_and_may_be_replaced() {
    let keep = tempfile::tempdir().expect("directory");
    fs::write(keep.path().join("icon"), "old").expect("file");
    fs::write(keep.path().join("secret"), "secret").expect("file");
    let mounts = site(&keep.path().join("icon"), "/favicon.ico", &["secret"]);
    let answer = async |target: &str| {
        let mut client = client("GET", target, &[]);
        let mount = mounts.find(target.as_bytes()).expect("a mount");
        serve(&mut client, mount).await.map(|_| String::from_utf8_lossy(&client.body).into_owned())
    };
    assert_eq!(answer("/favicon.ico").await.ok().as_deref(), Some("old"));
    for target in ["/favicon.ico/", "/favicon.ico/secret", "/favicon.ico/icon", "/favicon.ico/../secret"] {
        assert!(matches!(answer(target).await, Err(Failure::NotFound)), "{target}");
    }
    fs::write(keep.path().join("new"), "new").expect("file");
    fs::rename(keep.path().join("new"), keep.path().join("icon")).expect("rename");
    assert_eq!(answer("/favicon.ico").await.ok().as_deref(), Some("new"));
    fs::remove_file(keep.path().join("icon")).expect("remove");
    assert!(matches!(answer("/favicon.ico").await, Err(Failure::NotFound)));
}
