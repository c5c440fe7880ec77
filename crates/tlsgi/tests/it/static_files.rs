//! Static files as browsers, download tools and intruders ask for them.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::harness::{Answer, Server, example, read_answer};

/// A server with `/static` and `/static/nested` mounted, and the directory of the first.
struct Site {
    server: Server,
    directory: PathBuf,
    _keep: tempfile::TempDir,
}

impl Site {
    fn start() -> Self {
        let keep = tempfile::tempdir().expect("temporary directory");
        let directory = keep.path().join("files");
        fs::create_dir_all(directory.join("sub")).expect("directory");
        fs::write(keep.path().join("secret.txt"), "secret").expect("file");
        let mount = format!("/static={}", directory.display());
        let nested = format!("/static/nested={}", directory.join("sub").display());
        let server = Server::start(&example("wsgi_app.py"), &["--static", &mount, "--static", &nested]);
        Self { server, directory, _keep: keep }
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.directory.join(name), bytes).expect("file");
    }

    fn ask(&self, method: &str, path: &str, fields: &[&str]) -> Answer {
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        for field in fields {
            text.push_str(field);
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
        if method == "HEAD" { self.head(&text) } else { self.server.request(&text) }
    }

    /// A HEAD has a length and no body: everything up to the end of the connection is its answer.
    fn head(&self, text: &str) -> Answer {
        let mut stream = self.server.connect();
        stream.write_all(text.as_bytes()).expect("written");
        let mut all = Vec::new();
        // What comes instead of an orderly end is judged by the length of what arrived.
        let _ = std::io::Read::read_to_end(&mut stream, &mut all);
        let end = all.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head") + 4;
        let head = String::from_utf8(all[..end].to_vec()).expect("text");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Answer { status, head, body: all[end..].to_vec() }
    }
}

/// Bytes that differ from place to place.
fn pattern(size: u32) -> Vec<u8> {
    (0..size).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[test]
fn file_comes_with_what_a_browser_needs_and_is_not_sent_twice() {
    let site = Site::start();
    site.write("app.js", "let a = 1;\n");
    let answer = site.ask("GET", "/static/app.js?v=1", &[]);
    assert_eq!((answer.status, answer.text().as_str()), (200, "let a = 1;\n"));
    assert_eq!(answer.field("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(answer.field("content-length"), Some("11"));
    assert_eq!(answer.field("x-content-type-options"), Some("nosniff"));
    let etag = answer.field("etag").expect("a tag");
    let modified = answer.field("last-modified").expect("a date");
    for condition in [format!("If-None-Match: {etag}"), format!("If-Modified-Since: {modified}")] {
        let known = site.ask("GET", "/static/app.js", &[&condition]);
        assert_eq!((known.status, known.body.len(), known.field("etag")), (304, 0, Some(etag)), "{condition}");
        assert_eq!(known.field("content-length"), None);
    }
    let failed = site.ask("GET", "/static/app.js", &["If-Match: \"other\""]);
    assert_eq!((failed.status, failed.body.len()), (412, 0));
    let head = site.ask("HEAD", "/static/app.js", &[]);
    assert_eq!((head.status, head.field("content-length"), head.body.len()), (200, Some("11"), 0));
}

#[test]
fn application_answers_what_no_mount_does() {
    let site = Site::start();
    site.write("sub/a.txt", "nested");
    assert_eq!(site.ask("GET", "/static/nested/a.txt", &[]).text(), "nested");
    assert_eq!(site.ask("GET", "/static/sub/a.txt", &[]).text(), "nested");
    for path in ["/staticx", "/", "/media/a.txt", "//static/sub/a.txt", "/static%2fsub%2fa.txt"] {
        let answer = site.ask("GET", path, &[]);
        assert!(answer.text().starts_with("Hello"), "{path}: {}", answer.text());
    }
}

#[test]
fn ranges_of_a_large_file_make_the_whole() {
    let site = Site::start();
    let bytes = pattern(3_000_001);
    site.write("large.bin", &bytes);
    assert!(site.ask("GET", "/static/large.bin", &[]).body == bytes);
    let mut joined = Vec::new();
    for range in ["0-0", "1-999999", "1000000-2999999", "-1"] {
        let part = site.ask("GET", "/static/large.bin", &[&format!("Range: bytes={range}")]);
        assert_eq!(part.status, 206, "{range}");
        assert!(part.field("content-range").is_some_and(|value| value.ends_with("/3000001")), "{range}");
        joined.extend_from_slice(&part.body);
    }
    assert!(joined == bytes);
    let beyond = site.ask("GET", "/static/large.bin", &["Range: bytes=3000001-"]);
    assert_eq!((beyond.status, beyond.field("content-range")), (416, Some("bytes */3000001")));
}

#[test]
fn several_ranges_are_parts_of_one_body() {
    let site = Site::start();
    site.write("a.txt", "0123456789");
    let answer = site.ask("GET", "/static/a.txt", &["Range: bytes=0-1, -2"]);
    assert_eq!(answer.status, 206);
    let kind = answer.field("content-type").expect("a type");
    let boundary = kind.strip_prefix("multipart/byteranges; boundary=").expect("multipart");
    let part = |range: &str, text: &str| {
        format!(
            "--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes {range}/10\r\n\r\n{text}\r\n"
        )
    };
    assert_eq!(answer.text(), format!("{}{}--{boundary}--\r\n", part("0-1", "01"), part("8-9", "89")));
    assert_eq!(answer.field("content-range"), None);
}

#[test]
fn connection_goes_on_after_every_kind_of_answer() {
    let site = Site::start();
    site.write("a.txt", "0123456789");
    let mut stream = site.server.connect();
    let ask = |stream: &mut _, path: &str, field: &str| {
        let text = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{field}\r\n");
        Write::write_all(stream, text.as_bytes()).expect("written");
        read_answer(stream).status
    };
    for (path, field, status) in [
        ("/static/a.txt", "", 200),
        ("/static/a.txt", "If-None-Match: *\r\n", 304),
        ("/static/a.txt", "Range: bytes=0-0\r\n", 206),
        ("/static/a.txt", "Range: bytes=0-0,5-6\r\n", 206),
        ("/static/a.txt", "Range: bytes=99-\r\n", 416),
        ("/static/a.txt", "If-Match: \"x\"\r\n", 412),
        ("/static/none", "", 404),
        ("/static/a.txt", "", 200),
    ] {
        assert_eq!(ask(&mut stream, path, field), status, "{path} {field}");
    }
}

#[test]
fn smaller_sibling_goes_to_who_understands_it() {
    let site = Site::start();
    for (name, text) in [("a.css", "plain"), ("a.css.br", "brotli"), ("a.css.zst", "zstandard"), ("a.css.gz", "gzip")] {
        site.write(name, text);
    }
    for (accepted, coding, text) in [
        ("br, gzip", Some("br"), "brotli"),
        ("zstd, gzip", Some("zstd"), "zstandard"),
        ("br;q=0.1, gzip", Some("gzip"), "gzip"),
        ("br;q=0, identity", None, "plain"),
    ] {
        let answer = site.ask("GET", "/static/a.css", &[&format!("Accept-Encoding: {accepted}")]);
        assert_eq!((answer.field("content-encoding"), answer.text().as_str()), (coding, text), "{accepted}");
        assert_eq!(answer.field("vary"), Some("accept-encoding"), "{accepted}");
        assert_eq!(answer.field("content-type"), Some("text/css; charset=utf-8"), "{accepted}");
    }
}

#[test]
fn nothing_outside_the_directory_can_be_read() {
    let site = Site::start();
    site.write(".env", "hidden");
    site.write("a.txt", "a");
    symlink("../secret.txt", site.directory.join("link")).expect("link");
    symlink("/etc/passwd", site.directory.join("passwd")).expect("link");
    symlink("a.txt", site.directory.join("inside")).expect("link");
    assert_eq!(site.ask("GET", "/static/inside", &[]).text(), "a");
    for path in [
        "/static",
        "/static/",
        "/static/sub",
        "/static/sub/",
        "/static/a.txt/",
        "/static/link",
        "/static/passwd",
        "/static/.env",
        "/static/%2eenv",
        "/static/../secret.txt",
        "/static/%2e%2e/secret.txt",
        "/static/..%2fsecret.txt",
        "/static/%2e%2e%2fsecret.txt",
        "/static/sub/../../secret.txt",
        "/static/..%5csecret.txt",
        "/static/..\\secret.txt",
        "/static/%252e%252e/secret.txt",
        "/static//etc/passwd",
        "/static/%2fetc/passwd",
        "/static/a.txt%00",
        "/static/%00",
        "/static/%c0%ae%c0%ae/secret.txt",
        "/static/%zz",
        "/%73tatic/../secret.txt",
    ] {
        let answer = site.ask("GET", path, &[]);
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        assert!(!answer.text().contains("secret") && !answer.text().contains("hidden"), "{path}");
    }
    let request = "GET /static/../../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(site.server.request(request).status, 404);
}

#[test]
fn files_are_only_read() {
    let site = Site::start();
    site.write("a.txt", "a");
    for method in ["POST", "PUT", "DELETE"] {
        let answer = site.ask(method, "/static/a.txt", &["Content-Length: 0"]);
        assert_eq!((answer.status, answer.field("allow")), (405, Some("GET, HEAD, OPTIONS")), "{method}");
    }
    let options = site.ask("OPTIONS", "/static/a.txt", &[]);
    assert_eq!((options.status, options.field("allow"), options.body.len()), (204, Some("GET, HEAD, OPTIONS"), 0));
    assert_eq!(fs::read(site.directory.join("a.txt")).expect("still there"), b"a");
}

#[test]
fn curl_resumes_a_download() {
    let site = Site::start();
    let bytes = pattern(500_000);
    site.write("a.bin", &bytes);
    let target = site.server.directory().join("download");
    fs::write(&target, &bytes[..123_456]).expect("first part");
    let name = target.display().to_string();
    let output = site.server.curl(&["--continue-at", "-", "--output", &name, &site.server.url("/static/a.bin")]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(fs::read(&target).expect("download") == bytes);
}

#[test]
fn http2_carries_many_large_files_at_once() {
    let site = Site::start();
    let bytes = pattern(1_000_003);
    site.write("large.bin", &bytes);
    let target = |number: usize| site.server.directory().join(format!("download{number}"));
    let names: Vec<String> = (0..8).map(|number| target(number).display().to_string()).collect();
    let url = site.server.url("/static/large.bin");
    let mut arguments = vec!["--http2", "--parallel", "--write-out", "%{http_version} "];
    for name in &names {
        arguments.extend(["--output", name.as_str(), url.as_str()]);
    }
    let output = site.server.curl(&arguments);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), ["2"; 8].join(" "), "{output:?}");
    assert!((0..8).all(|number| fs::read(target(number)).expect("download") == bytes));
}

#[test]
fn files_of_the_document_root_come_before_the_application() {
    let keep = tempfile::tempdir().expect("temporary directory");
    let root = keep.path().join("public");
    fs::create_dir_all(root.join("docs")).expect("directory");
    fs::write(root.join("robots.txt"), "robots").expect("file");
    fs::write(root.join("docs/index.html"), "documents").expect("file");
    fs::write(root.join(".env"), "secret").expect("file");
    fs::write(keep.path().join("icon"), "icon").expect("file");
    let source = "def application(environ, start_response):\n    start_response('200 OK', [])\n    \
                  body = environ['wsgi.input'].read().decode()\n    return [f\"app {environ['REQUEST_METHOD']} \
                  {environ['PATH_INFO']} {body}\".encode()]\n";
    let icon = format!("/favicon.ico={}", keep.path().join("icon").display());
    let root = root.display().to_string();
    let options = ["--document-root", &root, "--directory-index", "index.html", "--static", &icon];
    let server = Server::with_source(source, &options);
    for (path, expect) in [
        ("/robots.txt", "robots"),
        ("/robots.txt?x=1", "robots"),
        ("/docs/", "documents"),
        ("/favicon.ico", "icon"),
        ("/", "app GET / "),
        ("/.env", "app GET /.env "),
        ("/docs/missing", "app GET /docs/missing "),
        ("/../icon", "app GET /../icon "),
        ("/%2e%2e/icon", "app GET /../icon "),
    ] {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.text().as_str()), (200, expect), "{path}; log:\n{}", server.log());
    }
    let answer = server.get("/docs?x");
    assert_eq!((answer.status, answer.field("location")), (301, Some("/docs/?x")));
    let posted = "POST /robots.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody";
    assert_eq!(server.request(posted).text(), "app POST /robots.txt body");
    let with_body = "GET /none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody";
    assert_eq!(server.request(with_body).text(), "app GET /none body");
}

#[test]
fn files_of_the_document_root_come_before_another_server() {
    let keep = tempfile::tempdir().expect("temporary directory");
    fs::write(keep.path().join("robots.txt"), "robots").expect("file");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("bound").local_addr().expect("address");
    let mut command = crate::harness::command();
    command
        .args(["serve", "--host", "127.0.0.1", "--https-port", "0", "--port", "0", "--document-root"])
        .arg(keep.path());
    let state = tempfile::tempdir().expect("temporary directory");
    command.arg("--route").arg(format!("/=http://{closed}")).arg("--state-dir").arg(state.path().join("state"));
    let server = Server::run_by(state, command);
    assert_eq!(server.get("/robots.txt").text(), "robots");
    assert_eq!(server.get("/missing").status, 502);
}

#[test]
fn site_of_files_alone_needs_no_application() {
    let keep = tempfile::tempdir().expect("temporary directory");
    fs::write(keep.path().join("index.html"), "page").expect("file");
    let mut command = crate::harness::command();
    command.args(["serve", "--host", "127.0.0.1", "--https-port", "0", "--port", "0", "--pool", "none"]);
    command.args(["--directory-index", "index.html", "--document-root"]).arg(keep.path());
    let state = tempfile::tempdir().expect("temporary directory");
    command.arg("--state-dir").arg(state.path().join("state"));
    let server = Server::run_by(state, command);
    assert_eq!(server.get("/").text(), "page");
    assert_eq!(server.get("/missing").status, 404);
}
